"""The contract of the table `glass`: chemical analyses of splinters of glass, by kind of glass."""

from validators.contract import Contract, field

# Analyses state two decimals, also where they are zeros; `?` stands for nothing.
_TWO_DECIMALS = r"^[0-9]{1,2}\.[0-9]{2}$"


def _oxide(description: str) -> str:
    return field(
        str_matches=_TWO_DECIMALS,
        translate="decimals",
        impute=("nearest", "model"),
        max_error=0.05,
        unit="percent",
        description=f"{description}, in percent of the weight",
    )


class Splinter(Contract, grain="entity"):
    """One row per splinter."""

    ID: int = field(key=True, ge=1, description="the splinter's number")
    RI: str = field(
        str_matches=r"^1\.[0-9]{5}$",
        translate="decimals",
        impute="nearest",
        max_error=0.05,
        description="refractive index, with five decimals",
    )
    Na: str = _oxide("sodium")
    Mg: str = _oxide("magnesium")
    Al: str = _oxide("aluminium")
    Si: str = _oxide("silicon")
    K: str = _oxide("potassium")
    Ca: str = _oxide("calcium")
    Ba: str = _oxide("barium")
    Fe: str = _oxide("iron")
    Type: str = field(
        isin=[str(n) for n in range(1, 8)],
        impute=("nearest", "model"),
        max_error=0.05,
        description="the kind of glass: windows of buildings and of vehicles, containers, tableware, headlamps",
    )
