"""The contract of the table `beers`: canned craft beers of the United States, and who brews them where."""

from validators.codes import ISO_3166_2_US
from validators.contract import Contract, field


class Beer(Contract, grain="entity"):
    """One row per beer."""

    index: int = field(ge=1, description="the row's number")
    id: int = field(key=True, ge=1, description="the beer's number")
    beer_name: str = field(description="as it is sold")
    style: str = field(nullable=True, description="the kind of beer")
    ounces: float = field(gt=0, le=640, unit="fl oz", translate="quantity", description="what a can holds")
    abv: float = field(
        nullable=True,
        in_range={"min_value": 0, "max_value": 0.7},
        unit="fraction",
        translate="percent",
        description="alcohol by volume, as a fraction of one",
    )
    ibu: int = field(
        nullable=True,
        in_range={"min_value": 0, "max_value": 1000},
        translate="number",
        description="bitterness, in international bitterness units",
    )
    brewery_id: int = field(ge=0, description="the brewery's number")
    brewery_name: str = field(description="who brews it")
    city: str = field(translate="split", description="where the brewery is")
    state: str = field(
        isin=ISO_3166_2_US,
        translate=("region", "split"),
        region="US",
        description="in which state, as the post abbreviates it",
    )
