"""The translators that a contract can name. A new one is one function and one line here."""

from orchestration_assets.translation import (
    calendars,
    contacts,
    decimals,
    identifiers,
    mojibake,
    moments,
    names,
    neighbours,
    numbers,
    prices,
    quantities,
    regions,
    shares,
    spelling,
    truths,
    vocabularies,
)
from orchestration_assets.translation.learned.fitting import LEARNED
from orchestration_assets.translation.readings import Translator
from validators.codes import ISO_3166
from validators.errors import ContractError
from validators.rules import FieldSpec, RuleSet

TRANSLATORS: dict[str, Translator] = {
    translator.name: translator
    for translator in (
        decimals.DECIMALS,
        numbers.NUMBER,
        numbers.MONEY,
        prices.PRICE,
        quantities.QUANTITY,
        shares.PERCENT,
        shares.SCALE,
        moments.DATETIME,
        moments.CLOCK,
        calendars.DATEPARSER,
        vocabularies.CODE,
        vocabularies.CURRENCY,
        vocabularies.COUNTRY,
        vocabularies.TEXT,
        mojibake.ENCODING,
        regions.REGION,
        regions.LANGUAGE,
        truths.BOOLEAN,
        contacts.EMAIL,
        contacts.URL,
        contacts.PHONE,
        names.PERSON_NAME,
        names.COMPANY_NAME,
        *identifiers.IDENTIFIERS,
        spelling.SPELLING,
        neighbours.SPLIT,
        neighbours.SWAPPED,
        LEARNED,
    )
}


def check_methods(rules: RuleSet) -> None:
    """Raises `ContractError` if a field names a translator that does not exist."""
    for name, spec in rules.fields.items():
        unknown = [method for method in spec.policy.translate if method not in TRANSLATORS]
        if unknown:
            raise ContractError(
                f"{rules.contract}.{name} names the translator '{unknown[0]}', which does not exist\n"
                f"Hint: one of {', '.join(sorted(TRANSLATORS))}"
            )
        _check_policy(f"{rules.contract}.{name}", spec, rules)


def _check_policy(where: str, spec: FieldSpec, rules: RuleSet) -> None:
    unit, region, currency = spec.policy.unit, spec.policy.region, spec.policy.currency
    units = {"quantity": sorted(quantities.UNITS), "percent": list(shares.PER_ONE)}
    for method, allowed in units.items():
        if method in spec.policy.translate and (unit or "fraction") not in allowed:
            raise ContractError(f"{where}: the unit is '{unit}'\nHint: {method} knows {', '.join(allowed)}")
    if currency is not None and currency not in rules.fields:
        raise ContractError(f"{where}: there is no field '{currency}' for its currency\nHint: name a field")
    if region is not None and region not in ISO_3166 and region not in rules.fields:
        raise ContractError(
            f"{where}: the region '{region}' is neither a country nor a field\nHint: for instance US, or the field that names it"
        )
