"""Compiling a contract: each of its rules becomes one polars expression that is true where the rule holds.

pandera's built-in checks return `lazyframe.select(<expression>)`. Called with a stand-in for the frame, they hand over
the expression itself, so that all rules of a contract run in one pass. Checks that do more are run on the frame.
"""
# ruff: noqa: SLF001 - pandera has no public way to a check's function and arguments

import hashlib
import inspect
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Literal, cast

import polars as pl
from pandera.api.polars.types import PolarsData
from pandera.backends.polars.register import register_polars_backends
from pandera.polars import Check

from validators.contract import POLICY, Contract, FieldPolicy, Grain, Severity
from validators.errors import ContractError

Kind = Literal["missing", "malformed", "out_of_domain", "inconsistent", "duplicate", "unreadable"]

# A text that breaks a pattern or a length is written wrongly; a value that breaks any other rule is outside its domain.
_NOTATION_CHECKS = {"str_matches", "str_contains", "str_startswith", "str_endswith", "str_length"}

_MOST_LISTED = 12
_WORDS = {
    "isin": "must be one of {allowed_values}",
    "notin": "must be none of {forbidden_values}",
    "equal_to": "must be {value}",
    "not_equal_to": "must not be {value}",
    "greater_than": "must be greater than {min_value}",
    "greater_than_or_equal_to": "must be at least {min_value}",
    "less_than": "must be less than {max_value}",
    "less_than_or_equal_to": "must be at most {max_value}",
    "in_range": "must be between {min_value} and {max_value}",
    "str_matches": "must look like {pattern}",
    "str_contains": "must contain {pattern}",
    "str_startswith": "must begin with {string}",
    "str_endswith": "must end with {string}",
}


@dataclass(frozen=True)
class Rule:
    """One rule of a contract. `holds` is true or null where it is kept; `run` replaces it for opaque checks."""

    field: str | None
    name: str
    kind: Kind
    severity: Severity
    message: str
    fingerprint: str
    holds: pl.Expr | None
    run: Callable[[pl.LazyFrame], pl.LazyFrame] | None = None


@dataclass(frozen=True)
class FieldSpec:
    """One field of a contract: its polars type, whether a null is good, its policy, its title for people."""

    name: str
    dtype: pl.DataType
    is_nullable: bool
    policy: FieldPolicy
    allowed: tuple[Any, ...] | None = None
    description: str = ""
    # pandera's built-in ones whose breach is more than a warning: name and arguments
    checks: tuple[tuple[str, dict[str, Any]], ...] = ()


@dataclass(frozen=True)
class RuleSet:
    """A contract, compiled. `fingerprint` changes when any rule, type or policy of it changes."""

    contract: str
    grain: Grain
    fields: dict[str, FieldSpec]
    rules: tuple[Rule, ...]
    description: str = ""

    @cached_property
    def fingerprint(self) -> str:
        """Hash of all that the contract says."""
        policies = {
            name: (str(spec.dtype), spec.is_nullable, repr(spec.policy)) for name, spec in self.fields.items()
        }
        return digest(self.contract, self.grain, policies, [rule.fingerprint for rule in self.rules])

    @property
    def key(self) -> list[str]:
        """The fields that identify what a record is about: its key (entity grain) or its entity (report grain)."""
        wanted = "is_key" if self.grain == "entity" else "is_entity"
        return [name for name, spec in self.fields.items() if getattr(spec.policy, wanted)]

    @property
    def source_field(self) -> str | None:
        """The field that says who reports, where the contract has one."""
        return next((name for name, spec in self.fields.items() if spec.policy.is_source), None)

    @property
    def personal(self) -> list[str]:
        """The fields that must not appear in messages and logs."""
        return [name for name, spec in self.fields.items() if spec.policy.is_personal]

    @property
    def schema(self) -> pl.Schema:
        """Name and type of each field, in the contract's order."""
        return pl.Schema({name: spec.dtype for name, spec in self.fields.items()})

    def is_good(self, name: str) -> pl.Expr:
        """Whether the typed value of the field is there and keeps every rule of the field that is an expression."""
        kept = [rule.holds for rule in self.rules if rule.field == name and rule.holds is not None]
        return pl.all_horizontal(pl.col(name).is_not_null(), *kept)

    def told(self) -> dict[str, Any]:
        """The contract in plain values, as an auditor reads it: its name, its key, and every rule with its fingerprint."""
        shown = ("field", "name", "kind", "severity", "message", "fingerprint")
        return {
            "name": self.contract,
            "grain": self.grain,
            "key": self.key,
            "fingerprint": self.fingerprint,
            "rules": [{name: getattr(rule, name) for name in shown} for rule in self.rules],
        }

    def promising(self, limits: Mapping[str, float]) -> "RuleSet":
        """The same with another `max_error` in the fields of `limits`."""
        promised = {
            name: replace(self.fields[name], policy=replace(self.fields[name].policy, max_error=limit))
            for name, limit in limits.items()
        }
        return replace(self, fields={**self.fields, **promised})

    def rules_of(self, *severities: Severity) -> list[Rule]:
        """The rules of these severities."""
        return [rule for rule in self.rules if rule.severity in severities]


class _Recorder:
    """Stands in for a LazyFrame, and hands back the expressions that a check would select."""

    def select(self, *expressions: pl.Expr) -> tuple[pl.Expr, ...]:
        return expressions


def digest(*parts: Any, length: int = 12) -> str:
    """A short, stable hash of plain values."""
    text = json.dumps(parts, sort_keys=True, default=_stable)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


def compile_contract(contract: type[Contract]) -> RuleSet:
    """Every rule of `contract` as an expression over a frame of its typed fields.

    Raises `ContractError` for a contract without a key, with unknown types, or with rules that judge whole columns or
    cannot be evaluated on the types of their fields.
    """
    register_polars_backends()
    try:
        schema = contract.to_schema()
    except ContractError:
        raise
    except Exception as error:
        raise ContractError(
            f"{contract.__name__} is no pandera model: {error}\nHint: {contract.__name__}.to_schema() shows where"
        ) from error
    fields = {name: _field_spec(contract, name, column) for name, column in schema.columns.items()}
    _check_determinants(contract, fields)
    rules: list[Rule] = []
    for name, column in schema.columns.items():
        spec = fields[name]
        if not spec.is_nullable:
            rules.append(_not_nullable(spec))
        rules += [_check_rule(check, name, spec.policy.severity) for check in column.checks]
    rules += [_check_rule(check, None, "error") for check in schema.checks]
    if schema.unique:
        raise _whole_column(contract, f"Config.unique = {schema.unique}")
    nothing = pl.LazyFrame(schema={name: spec.dtype for name, spec in fields.items()})
    for rule in rules:
        _try_out(rule, nothing, contract)
    compiled = RuleSet(
        contract.__name__, contract.__grain__, fields, tuple(rules), (contract.__doc__ or "").strip()
    )
    if not compiled.key:
        wanted = "key=True" if contract.__grain__ == "entity" else "entity=True"
        raise ContractError(
            f"{contract.__name__} has grain '{contract.__grain__}' but no field({wanted})\n"
            f"Hint: mark the field that says which {'record' if contract.__grain__ == 'entity' else 'entity'} it is"
        )
    return compiled


def _check_determinants(contract: type[Contract], fields: dict[str, FieldSpec]) -> None:
    for name, spec in fields.items():
        for what, declared in (
            ("is determined by", spec.policy.determined_by),
            ("is plausible for", spec.policy.plausible_for),
        ):
            named = {other for by in declared for other in by}
            wrong = sorted(other for other in named if other == name or other not in fields)
            if not wrong:
                continue
            raise ContractError(
                f"{contract.__name__}.{name} {what} {', '.join(wrong)}: itself, or no field of the contract\n"
                f"Hint: one or more of {', '.join(other for other in fields if other != name)}"
            )


def _field_spec(contract: type[Contract], name: str, column: Any) -> FieldSpec:
    if column.dtype is None or column.regex:
        raise _no_type(contract, name)
    if not column.required:
        raise ContractError(
            f"{contract.__name__}.{name} may be absent as a column\n"
            "Hint: write the type without None, and field(nullable=True) where a null is good"
        )
    if column.unique:
        raise _whole_column(contract, f"{name}: unique=True")
    policy = (column.metadata or {}).get(POLICY, FieldPolicy())
    allowed = next((c._check_kwargs["allowed_values"] for c in column.checks if c.name == "isin"), None)
    dtype = column.dtype.type
    try:
        dtype = dtype() if isinstance(dtype, type) else dtype
    except TypeError as error:  # a type that needs parameters
        raise _no_type(contract, name) from error
    return FieldSpec(
        name=name,
        dtype=dtype,
        is_nullable=column.nullable,
        policy=policy,
        allowed=None if allowed is None else tuple(sorted(allowed, key=str)),
        description=column.description or column.title or "",
        checks=tuple(
            (check.name, dict(check._check_kwargs))
            for check in column.checks
            if check.is_builtin_check(check.name) and not check.raise_warning
        ),
    )


def _no_type(contract: type[Contract], name: str) -> ContractError:
    return ContractError(
        f"{contract.__name__}.{name} has no single type\nHint: annotate it, for instance `float`"
    )


def _whole_column(contract: type[Contract], what: str) -> ContractError:
    return ContractError(
        f"{contract.__name__}: {what} judges a whole column, not its records\n"
        "Hint: let a check return one boolean per record; field(key=True) is what makes records unique"
    )


def _try_out(rule: Rule, nothing: pl.LazyFrame, contract: type[Contract]) -> None:
    """Evaluates a rule on no records, which must give no results: a rule on a whole column gives one all the same."""
    where = f"'{rule.name}' of {rule.field or 'the whole record'}"
    try:
        results = (nothing.select(rule.holds) if rule.run is None else rule.run(nothing)).collect()
    except ContractError as error:
        raise _whole_column(contract, where) from error
    except Exception as error:  # an author's check may raise anything
        raise ContractError(
            f"{contract.__name__}: {where} cannot be evaluated: {type(error).__name__}: {error}\n"
            "Hint: the check must suit the field's type, and work on a frame without records"
        ) from error
    if results.height:
        raise _whole_column(contract, where)


def _not_nullable(spec: FieldSpec) -> Rule:
    holds = pl.col(spec.name).is_not_null()
    if spec.dtype.is_float():
        holds &= pl.col(spec.name).is_not_nan().fill_null(value=False)
    return Rule(
        field=spec.name,
        name="not_nullable",
        kind="missing",
        severity=spec.policy.severity,
        message="a value is required",
        fingerprint=digest(spec.name, "not_nullable"),
        holds=holds,
    )


def _check_rule(check: Check, name: str | None, severity: Severity) -> Rule:
    expression = None if check.element_wise else _expression(check, name)
    opaque = None if expression is not None else _opaque(check, name)
    label = check.name or "check"
    kind: Kind = (
        "inconsistent" if name is None else "malformed" if label in _NOTATION_CHECKS else "out_of_domain"
    )
    return Rule(
        field=name,
        name=label,
        kind=kind,
        severity="warning" if check.raise_warning else severity,
        message=_message(check, label),
        fingerprint=digest(name, label, check._check_kwargs or _code(check), check.ignore_na),
        holds=expression,
        run=opaque,
    )


def _message(check: Check, label: str) -> str:
    """What the check asks for, in words that fit behind the value: `must be greater than 0`."""
    if check.description:
        return f"must satisfy: {check.description}"
    told = check._check_kwargs
    allowed = told.get("allowed_values")
    if allowed is not None and len(allowed) > _MOST_LISTED:
        return f"must be one of {len(allowed)} known values"
    words = _WORDS.get(label)
    if words is None:
        return f"must satisfy {check.error or label}"
    return words.format(**{name: _listed(value) for name, value in told.items()})


def _listed(value: Any) -> str:
    if isinstance(value, (set, frozenset, list, tuple)):
        return ", ".join(sorted(map(str, value)))
    return str(value)


def _function(check: Check) -> Callable[..., Any]:
    """What the check calls. A schema made before pandera knew polars holds built-in checks that do not (pandera#2042)."""
    name = getattr(check._check_fn, "__name__", None)
    return check.get_builtin_check_fn(name) if name and check.is_builtin_check(name) else check._check_fn


def _expression(check: Check, name: str | None) -> pl.Expr | None:
    try:
        stand_in = cast("pl.LazyFrame", _Recorder())
        selected = _function(check)(PolarsData(stand_in, name or "*"), **check._check_kwargs)
    except Exception:  # noqa: BLE001 - a check that wants a real frame may raise anything; it is then run on one
        return None
    if not (isinstance(selected, tuple) and len(selected) == 1 and isinstance(selected[0], pl.Expr)):
        return None
    if selected[0].meta.has_multiple_outputs():  # `pl.all()`: what that is depends on the frame
        return None
    return selected[0].fill_null(value=bool(check.ignore_na))


def _opaque(check: Check, name: str | None) -> Callable[[pl.LazyFrame], pl.LazyFrame]:
    def run(frame: pl.LazyFrame) -> pl.LazyFrame:
        if check.element_wise:
            out = frame.select(pl.col(name or "*").map_elements(_function(check), return_dtype=pl.Boolean))
        else:
            out = _function(check)(PolarsData(frame, name or "*"), **check._check_kwargs)
        if isinstance(out, bool):
            raise ContractError(
                f"check '{check.name}' judges a whole column, not its records\n"
                "Hint: let it return one boolean per record"
            )
        return out.select(pl.all_horizontal(pl.all().fill_null(value=bool(check.ignore_na))))

    return run


def _code(check: Check) -> str:
    try:
        return inspect.getsource(_function(check))
    except (OSError, TypeError):
        return check.name or ""


def _stable(value: Any) -> Any:
    if isinstance(value, (set, frozenset)):
        return sorted(map(str, value))
    return str(value)
