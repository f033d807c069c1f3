"""The translators that a contract can name. A new one is one function and one line here."""

from orchestration_assets.translation import (
    calendars,
    contacts,
    identifiers,
    moments,
    names,
    neighbours,
    numbers,
    prices,
    quantities,
    regions,
    spelling,
    truths,
    vocabularies,
)
from orchestration_assets.translation.readings import Translator
from validators.errors import ContractError
from validators.rules import RuleSet

TRANSLATORS: dict[str, Translator] = {
    translator.name: translator
    for translator in (
        numbers.NUMBER,
        numbers.MONEY,
        prices.PRICE,
        quantities.QUANTITY,
        quantities.PERCENT,
        quantities.SCALE,
        moments.DATETIME,
        moments.CLOCK,
        calendars.DATEPARSER,
        vocabularies.CODE,
        vocabularies.CURRENCY,
        vocabularies.COUNTRY,
        vocabularies.TEXT,
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
