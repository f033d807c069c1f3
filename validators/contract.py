"""What a contract is: a pandera model whose fields carry, in their metadata, the route of a bad value.

Belongs here: `Contract`, `field`, the policy of a field. Compiling a contract to expressions is in `rules`.
"""

import importlib
import math
import types
import typing
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import pandera.polars as pa

from validators.errors import ContractError, ContractNotFoundError

Grain = Literal["entity", "report"]
Severity = Literal["warning", "error", "fatal"]
EvidenceClass = Literal["agreement", "masked", "judged"]

EVIDENCE_STRENGTH: dict[str, int] = {"agreement": 0, "masked": 1, "judged": 2}
POLICY = "breakwater"
DEFAULT_MAX_ERROR = 0.01


@dataclass(frozen=True)
class FieldPolicy:
    """What may be done with a bad value of one field, and how sure one must be."""

    is_key: bool = False
    is_entity: bool = False
    is_source: bool = False
    is_personal: bool = False
    translate: tuple[str, ...] = ()
    impute: tuple[str, ...] = ()
    determined_by: tuple[tuple[str, ...], ...] = ()
    plausible_for: tuple[tuple[str, ...], ...] = ()
    max_error: float = DEFAULT_MAX_ERROR
    evidence: EvidenceClass = "masked"
    severity: Severity = "error"
    unit: str | None = None
    region: str | None = None
    currency: str | None = None
    # Whether the contract states `max_error`, and what an error costs: where a feed declares costs, these decide.
    is_max_error_stated: bool = False
    error_cost: float | None = None

    def accepts(self, evidence: str) -> bool:
        """Whether evidence of this class is at least as strong as the weakest one that the field accepts."""
        return EVIDENCE_STRENGTH[evidence] >= EVIDENCE_STRENGTH[self.evidence]


def field(  # noqa: PLR0913 - a declaration: every argument is a keyword
    *,
    key: bool = False,
    entity: bool = False,
    source: bool = False,
    personal: bool = False,
    translate: str | tuple[str, ...] | list[str] = (),
    impute: str | tuple[str, ...] | list[str] = (),
    determined_by: str | Sequence[str | list[str]] = (),
    plausible_for: str | Sequence[str | list[str]] = (),
    max_error: float | None = None,
    error_cost: float | None = None,
    evidence: EvidenceClass = "masked",
    severity: Severity = "error",
    unit: str | None = None,
    region: str | None = None,
    currency: str | None = None,
    **pandera_field: Any,
) -> Any:
    """Pandera's `Field`, with the routes of a bad value in its metadata.

    `key` identifies the record (entity grain), `entity` what several sources report on (report grain), `source` names
    the column that says who reports. `translate` and `impute` name methods, in order of preference. A repair is applied
    by itself if the upper bound of its error rate is at most `max_error`, on `evidence` of this class or a stronger one.
    Without `max_error` it is 0.01, or, in a feed that declares costs, what pays at `error_cost`, the cost of one wrong value.
    `determined_by` names the fields from each of which this one follows; a list within the list names several that determine it
    together: `["provider_number", ["state", "measure_code"]]`. `plausible_for` names, in the same way, for whom a value must be usual: one
    that is far from all others with the same merchant, or that no other record of the same device has, is found, as a warning.
    `unit` is what a number of the field counts (`oz`, `C`, `fraction`), `region` the country (ISO 3166-1) of a telephone
    number or a subdivision that does not name its own, `currency` the field that says which currency an amount is in.
    """
    if max_error is not None and not 0 < max_error < 1:
        raise ContractError(
            f"max_error is {max_error}\nHint: it is a share between 0 and 1, for instance 0.01"
        )
    if error_cost is not None and not 0 < error_cost < math.inf:
        raise ContractError(
            f"error_cost is {error_cost}\nHint: it is above 0, in the currency of the feed's costs, for instance 40"
        )
    if evidence not in EVIDENCE_STRENGTH:
        raise ContractError(f"evidence is '{evidence}'\nHint: one of {', '.join(EVIDENCE_STRENGTH)}")
    if severity not in typing.get_args(Severity):
        raise ContractError(f"severity is '{severity}'\nHint: one of {', '.join(typing.get_args(Severity))}")
    policy = FieldPolicy(
        is_key=key,
        is_entity=entity,
        is_source=source,
        is_personal=personal,
        translate=_names(translate),
        impute=_names(impute),
        determined_by=_determinants(determined_by),
        plausible_for=_determinants(plausible_for),
        max_error=DEFAULT_MAX_ERROR if max_error is None else max_error,
        is_max_error_stated=max_error is not None,
        error_cost=error_cost,
        evidence=evidence,
        severity=severity,
        unit=unit,
        region=region,
        currency=currency,
    )
    metadata = {**pandera_field.pop("metadata", {}), POLICY: policy}
    return pa.Field(metadata=metadata, **pandera_field)


_DEFAULT_GRAIN: Grain = "entity"


class Contract(pa.DataFrameModel):
    """The model of a good record. Subclass it once per feed: `class Payment(Contract, grain="entity")`."""

    __grain__ = _DEFAULT_GRAIN  # no annotation, and not `grain`: pandera would take it for a field

    def __init_subclass__(cls, grain: Grain | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if grain is not None:
            if grain not in typing.get_args(Grain):
                raise ContractError(f"{cls.__name__}: grain is '{grain}'\nHint: one of entity, report")
            cls.__grain__ = grain
        for name, annotation in cls.__annotations__.items():
            if _is_optional(annotation):
                raise ContractError(
                    f"{cls.__name__}.{name}: `{annotation}` means to pandera that the column may be absent\n"
                    "Hint: write the type without None, and field(nullable=True) where a null is good"
                )


def load_contract(reference: str) -> type[Contract]:
    """The contract that `MODULE:CLASS` names."""
    module_name, _, class_name = reference.partition(":")
    hint = "Hint: write it as MODULE:CLASS, for instance validators.contracts.payments:Payment"
    if not module_name or not class_name:
        raise ContractNotFoundError(f"contract '{reference}' is not of the form MODULE:CLASS\n{hint}")
    try:
        contract = getattr(importlib.import_module(module_name), class_name)
    except (ImportError, AttributeError) as error:
        raise ContractNotFoundError(f"contract '{reference}' cannot be loaded: {error}\n{hint}") from error
    except ContractError:
        raise
    except Exception as error:  # whatever the author's module raises on import is the author's mistake
        raise ContractError(
            f"contract '{reference}' cannot be loaded: {type(error).__name__}: {error}\n"
            f"Hint: python -c 'import {module_name}' shows where"
        ) from error
    if not (isinstance(contract, type) and issubclass(contract, Contract)):
        raise ContractError(
            f"'{reference}' is no Contract\nHint: derive it from validators.contract.Contract"
        )
    return contract


def _names(value: str | tuple[str, ...] | list[str]) -> tuple[str, ...]:
    return (value,) if isinstance(value, str) else tuple(value)


def _determinants(value: str | Sequence[str | list[str]]) -> tuple[tuple[str, ...], ...]:
    return tuple(_names(one) for one in ([value] if isinstance(value, str) else value))


def _is_optional(annotation: Any) -> bool:
    is_union = isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union
    return is_union and type(None) in typing.get_args(annotation)
