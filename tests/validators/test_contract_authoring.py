"""What the author of a contract is told, before any record is judged."""

from typing import Annotated, Optional

import pandera.polars as pa
import polars as pl
import pytest

from orchestration_assets.imputation.impute import check_methods as check_imputers
from orchestration_assets.translation.registry import check_methods as check_translators
from validators.contract import POLICY, Contract, FieldPolicy, field, load_contract
from validators.contracts.flights import FlightReport
from validators.contracts.payments import Payment
from validators.errors import ContractError, ContractNotFoundError
from validators.rules import compile_contract


def _with_a_union() -> None:
    class Bad(Contract):
        order: str = field(key=True)
        price: float | None = field()


def _with_an_optional() -> None:
    class Bad(Contract):
        order: str = field(key=True)
        price: Optional[float] = field()  # noqa: UP045 - what is refused


def _with_a_quoted_union() -> None:
    class Bad(Contract):
        order: str = field(key=True)
        price: "float | None" = field()

    compile_contract(Bad)


@pytest.mark.parametrize("declare", [_with_a_union, _with_an_optional, _with_a_quoted_union])
def test_a_type_or_none_is_refused_and_the_hint_names_nullable(declare) -> None:
    with pytest.raises(ContractError, match=r"(?s)Bad\.price.*Hint: .*nullable=True"):
        declare()


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ({"max_error": 0.0}, "max_error is 0.0"),
        ({"max_error": 1.0}, "max_error is 1.0"),
        ({"max_error": -0.01}, "max_error is -0.01"),
        ({"evidence": "hearsay"}, "evidence is 'hearsay'\nHint: one of agreement, masked, judged"),
        ({"severity": "bad"}, "severity is 'bad'\nHint: one of warning, error, fatal"),
    ],
)
def test_an_unknown_setting_of_a_field_is_refused_with_what_there_is(setting, said) -> None:
    with pytest.raises(ContractError) as caught:
        field(**setting)
    assert said in str(caught.value)
    assert "\nHint: " in str(caught.value)


def test_an_unknown_grain_is_refused() -> None:
    with pytest.raises(ContractError, match="Ledger: grain is 'row'\nHint: one of entity, report"):

        class Ledger(Contract, grain="row"):
            order: str = field(key=True)


def test_a_contract_says_by_itself_what_its_records_are_about() -> None:
    class Keyless(Contract):
        price: float = field()

    with pytest.raises(
        ContractError, match=r"(?s)Keyless has grain 'entity' but no field\(key=True\).*Hint: "
    ):
        compile_contract(Keyless)

    class Entityless(Contract, grain="report"):
        order: str = field(key=True)

    with pytest.raises(
        ContractError, match=r"(?s)Entityless has grain 'report' but no field\(entity=True\).*Hint: "
    ):
        compile_contract(Entityless)


@pytest.mark.parametrize("reference", ["", "Payment", "validators.contracts.payments:", ":Payment"])
def test_a_reference_that_is_not_module_and_class_is_refused(reference) -> None:
    with pytest.raises(ContractNotFoundError, match="is not of the form MODULE:CLASS\nHint: "):
        load_contract(reference)


@pytest.mark.parametrize("reference", ["no_such_module:Payment", "validators.contracts.payments:Peyment"])
def test_a_reference_to_nothing_is_not_found(reference) -> None:
    with pytest.raises(ContractNotFoundError, match="cannot be loaded"):
        load_contract(reference)


def test_a_reference_to_something_else_is_no_contract() -> None:
    with pytest.raises(ContractError, match="is no Contract\nHint: derive it"):
        load_contract("validators.codes:ISO_4217")


def test_what_a_module_raises_while_it_is_imported_is_told_as_the_authors_mistake(
    tmp_path, monkeypatch
) -> None:
    (tmp_path / "breaks_on_import.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(
        ContractError, match=r"(?s)ZeroDivisionError.*Hint: python -c 'import breaks_on_import'"
    ):
        load_contract("breaks_on_import:Anything")


def test_the_shipped_contracts_load_by_their_reference() -> None:
    assert load_contract("validators.contracts.payments:Payment") is Payment
    assert load_contract("validators.contracts.flights:FlightReport") is FlightReport


def _judges_a_sum() -> type[Contract]:
    class Whole(Contract):
        order: str = field(key=True)
        price: float = field()

        @pa.check("price")
        def total(cls, data):
            return data.lazyframe.select(pl.col(data.key).sum() > 0)

    return Whole


def _judges_by_a_bool() -> type[Contract]:
    class Whole(Contract):
        order: str = field(key=True, unique_values_eq=["a", "b"])

    return Whole


def _judges_uniqueness() -> type[Contract]:
    class Whole(Contract):
        order: str = field(key=True, unique=True)

    return Whole


def _judges_uniqueness_together() -> type[Contract]:
    class Whole(Contract):
        order: str = field(key=True)
        line: int = field(key=True)

        class Config(pa.DataFrameModel.Config):
            unique = ["order", "line"]  # noqa: RUF012 - as pandera writes it

    return Whole


@pytest.mark.parametrize(
    "contract", [_judges_a_sum, _judges_by_a_bool, _judges_uniqueness, _judges_uniqueness_together]
)
def test_a_rule_on_a_whole_column_is_refused_when_the_contract_is_compiled(contract) -> None:
    with pytest.raises(ContractError, match=r"(?s)Whole: .*judges a whole column.*Hint: "):
        compile_contract(contract())


def test_a_rule_that_does_not_suit_the_type_is_refused_when_the_contract_is_compiled() -> None:
    class Mismatched(Contract):
        order: str = field(key=True, gt=3)

    with pytest.raises(
        ContractError, match=r"(?s)Mismatched: 'greater_than' of order cannot be evaluated.*Hint: "
    ):
        compile_contract(Mismatched)


def test_a_pattern_that_polars_cannot_read_is_refused_when_the_contract_is_compiled() -> None:
    class LookingAhead(Contract):
        order: str = field(key=True, str_matches="^(?=a)")

    with pytest.raises(ContractError, match="'str_matches' of order cannot be evaluated"):
        compile_contract(LookingAhead)


def test_a_field_without_a_single_type_is_refused() -> None:
    class Untyped(Contract):
        order: str = field(key=True)
        lines: list = field()

    with pytest.raises(ContractError, match=r"Untyped\.lines has no single type\nHint: "):
        compile_contract(Untyped)


@pytest.mark.parametrize(
    "method", ["mood", "mode", "mode:colour", "median:", "mode:price", "reference:order"]
)
def test_an_unknown_imputer_is_refused_with_those_that_there_are(method) -> None:
    class Order(Contract):
        order: str = field(key=True)
        price: float = field(impute=method)

    with pytest.raises(ContractError) as caught:
        check_imputers(compile_contract(Order))
    assert f"Order.price names the imputer '{method}', which does not exist" in str(caught.value)
    assert (
        "Hint: one of reference, agreement, nearest, model, or mode:<other field>, median:<other field>"
        in str(caught.value)
    )


def test_an_unknown_translator_is_refused_with_those_that_there_are() -> None:
    class Order(Contract):
        order: str = field(key=True, translate=("code", "babelfish"))

    with pytest.raises(ContractError) as caught:
        check_translators(compile_contract(Order))
    assert "Order.order names the translator 'babelfish', which does not exist" in str(caught.value)
    assert (
        "Hint: one of bic, boolean, clock, code, company_name, country, currency, dateparser, datetime, decimals, ean, email,"
        " encoding, iban, imei, isbn, isin, issn, language, learned, lei, luhn, money, number, percent, person_name, phone, price,"
        " quantity, region, scale, spelling, split, swapped, text, url, vat"
    ) in str(caught.value)


@pytest.mark.parametrize("contract", [Payment, FlightReport])
def test_the_methods_of_the_shipped_contracts_exist(contract) -> None:
    rules = compile_contract(contract)
    check_imputers(rules)
    check_translators(rules)


def test_the_policy_of_a_field_stands_in_its_metadata_beside_what_else_is_there() -> None:
    class Order(Contract):
        order: str = field(key=True, metadata={"owner": "sales"}, translate="code", severity="fatal")

    metadata = Order.to_schema().columns["order"].metadata
    assert metadata == {
        "owner": "sales",
        POLICY: FieldPolicy(is_key=True, translate=("code",), severity="fatal"),
    }


def test_the_key_is_the_key_fields_under_entity_grain_and_the_entity_fields_under_report_grain() -> None:
    assert compile_contract(Payment).key == ["payment_id"]
    assert compile_contract(FlightReport).key == ["flight"]
    assert compile_contract(FlightReport).source_field == "src"
    assert compile_contract(Payment).source_field is None
    assert compile_contract(Payment).personal == ["email"]


def _order(**setting) -> str:
    class Order(Contract):
        order: str = field(key=True)
        price: float = field(**setting)

    return compile_contract(Order).fingerprint


@pytest.mark.parametrize(
    "setting",
    [
        {"gt": 1},
        {"gt": 2},
        {"nullable": True},
        {"max_error": 0.02},
        {"severity": "warning"},
        {"personal": True},
    ],
)
def test_the_fingerprint_changes_with_a_rule_a_type_or_a_policy_and_with_nothing_else(setting) -> None:
    assert _order() == _order()
    assert _order(**setting) != _order()
    assert _order(**setting) == _order(**setting)


def test_a_contract_can_be_compiled_after_pandera_made_its_schema() -> None:
    class Early(Contract):
        order: str = field(key=True, str_matches="^a")

    Early.to_schema().validate(pl.DataFrame({"order": ["a"]}), lazy=True)
    holds = [rule.holds for rule in compile_contract(Early).rules if rule.name == "str_matches"]
    assert pl.DataFrame({"order": ["a", "b"]}).select(holds).to_series().to_list() == [True, False]


def test_a_parametrised_type_keeps_its_parameters() -> None:
    class Moment(Contract):
        order: str = field(key=True)
        at: Annotated[pl.Datetime, "ms", "Europe/Berlin"] = field()

    assert compile_contract(Moment).schema == pl.Schema(
        {"order": pl.String, "at": pl.Datetime("ms", "Europe/Berlin")}
    )


@pytest.mark.parametrize("determinant", ["price", "nothing"])
def test_a_field_is_determined_by_other_fields_of_the_contract(determinant: str) -> None:
    class Shop(Contract):
        """One row per price."""

        number: str = field(key=True)
        price: float = field(determined_by=[["number", determinant]])

    with pytest.raises(
        ContractError, match=rf"price is determined by {determinant}: .*\nHint: one or more of number"
    ):
        compile_contract(Shop)
