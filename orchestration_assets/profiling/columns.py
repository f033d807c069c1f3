"""What the values of one column show: kind, nulls, range, allowed values, pattern, whether it identifies or is personal."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from orchestration_assets.drift.kinds import kind_of
from orchestration_assets.drift.lexicon import IDENTIFIER, MOMENT
from orchestration_assets.drift.names import sense
from orchestration_assets.profiling.patterns import pattern_of
from orchestration_assets.translation.vocabularies import PLACEHOLDERS
from validators.codes import ISO_3166, ISO_4217
from validators.parsing import Notation, parse

_NEARLY_ALL = 0.95
_MOST_ALLOWED = 30
_SOMETIMES = 8
_SPELLED_OUT = str.maketrans(
    dict(
        zip("äöüßÄÖÜ", ("ae", "oe", "ue", "ss", "Ae", "Oe", "Ue"), strict=True)
    )  # as names without umlauts do
)
_MAIL = r"^[^@\s]+@[^@\s]+\.[^@\s]+$"
_NEARLY_UNIQUE = 0.9
_MEASURED = r"^[+-]?[0-9]+(?:[.,][0-9]+)?\s*(?:%|\p{L}[\p{L} .-]*)$"
_OFTEN = 0.01
_MONEY = {"amount", "price", "fee", "tax", "net", "gross", "discount", "refund", "balance", "total"}
_PERSONAL = {"email", "phone", "address", "birth", "account", "card", "ip"}
_OF_PEOPLE = {"customer", "first", "last"}
_MOMENTS = (
    "%Y-%m-%dT%H:%M:%S%.f%#z", "%Y-%m-%d %H:%M:%S%.f%#z", "%Y-%m-%dT%H:%M:%S%.f", "%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M:%S",
    "%m/%d/%Y %H:%M", "%m/%d/%Y %I:%M %p", "%d-%m-%Y %H:%M", "%Y/%m/%d %H:%M:%S", "%Y/%m/%d %H:%M",
)  # fmt: skip
_DAYS = ("%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%Y/%m/%d", "%Y.%m.%d")
_EPOCHS = {"epoch_s": 10, "epoch_ms": 13, "epoch_us": 16}
_MOMENT = pl.Datetime("us", "UTC")


@dataclass(frozen=True)
class ColumnProfile:
    """One column of a file. Shares are of all its records; `type` is the annotation of a contract's field."""

    column: str
    type: str
    kind: str
    null_share: float
    null_tokens: tuple[str, ...]
    distinct: int
    is_unique: bool
    is_nearly_unique: bool = False
    lowest: float | None = None
    highest: float | None = None
    usual: tuple[float, float] | None = None
    """Between these are 98 % of the numbers."""
    allowed: tuple[str, ...] = ()
    code_list: str = ""
    pattern: str = ""
    datetime: str = ""
    decimal: str = "."
    unit: str | None = None
    is_money: bool = False
    is_identifier: bool = False
    is_personal: bool = False
    remarks: tuple[str, ...] = field(default=())


def profiled(column: str, texts: pl.Series, *, tokens: Sequence[str] = ()) -> ColumnProfile:
    """The profile of a column of text; `tokens` are texts that stand for no value."""
    there = texts.filter(texts.is_not_null() & (texts.str.strip_chars() != "") & ~texts.is_in(list(tokens)))
    said = sense(column)
    kind = kind_of(there)
    things = said.known
    is_identifier = IDENTIFIER in said.kinds and kind not in ("points in time", "days", "times of day")
    common = ColumnProfile(
        column=column,
        type="str",
        kind=kind or "nothing",
        null_share=1 - there.len() / max(texts.len(), 1),
        null_tokens=tuple(token for token in tokens if (texts == token).any()),
        distinct=there.n_unique(),
        is_unique=there.len() == texts.len() > 1 and there.n_unique() == there.len(),
        is_nearly_unique=there.len() > _NEARLY_ALL * texts.len()
        and there.n_unique() > _NEARLY_UNIQUE * there.len(),
        unit=said.unit,
        is_money=bool(things & _MONEY),
        is_identifier=is_identifier,
        is_personal=_is_personal(said.things, kind),
    )
    return _typed(common, there, is_moment=MOMENT in said.kinds)


def null_tokens(values: pl.DataFrame) -> tuple[str, ...]:
    """The texts of the file that stand for no value: words for nothing that stand there several times, as they are written."""
    found: dict[str, int] = {}
    for column in values.columns:
        text = values[column].drop_nulls()
        hits = text.filter(text.str.to_lowercase().is_in(sorted(PLACEHOLDERS)))
        for token, count in hits.value_counts().iter_rows():
            found[token] = found.get(token, 0) + count
    return tuple(sorted(token for token, count in found.items() if count >= 3))


def _is_personal(things: frozenset[str], kind: str) -> bool:
    is_name = "name" in things and (things == {"name"} or bool(things & _OF_PEOPLE))
    return kind == "e-mail addresses" or bool(things & _PERSONAL) or is_name


def _typed(known: ColumnProfile, there: pl.Series, *, is_moment: bool) -> ColumnProfile:
    """The profile with its type, and with what goes with a type."""
    if (epoch := _epoch(known, there, is_moment=is_moment)) is not None:
        return replace(known, type="moment", datetime=epoch)
    match known.kind:
        case "points in time":
            return _of_moments(known, there)
        case "days":
            return _of_days(known, there)
        case "whole numbers" if not _is_code(known, there):
            return _of_numbers(known, there, "int", ".")
        case "numbers with a decimal point":
            return _of_numbers(known, there, "float", ".")
        case "numbers with a decimal comma":
            return _of_numbers(known, there, "float", ",")
    return _of_texts(known, there)


def _is_code(known: ColumnProfile, there: pl.Series) -> bool:
    """Whether whole numbers are names of things, not quantities: some begin with 0, or their column says so."""
    has_zeros = there.str.contains(r"^0[0-9]").any()
    return (
        has_zeros
        or known.is_identifier
        or bool(sense(known.column).known & {"phone", "postcode", "account", "card"})
    )


def _epoch(known: ColumnProfile, there: pl.Series, *, is_moment: bool) -> str | None:
    if known.kind != "whole numbers" or not (
        is_moment or sense(known.column).known & {"created", "updated", "booked"}
    ):
        return None
    for name, digits in _EPOCHS.items():
        if (there.str.len_chars() == digits).mean() == 1:
            return name
    return None


def _of_moments(known: ColumnProfile, there: pl.Series) -> ColumnProfile:
    shares = {form: _read_share(there, form) for form in _MOMENTS}
    best = max(shares, key=lambda form: shares[form])
    remarks = _day_first_remark(shares, best)
    if "%#z" not in best and not there.str.contains(r"(?:Z|[+-][0-9]{2}:?[0-9]{2})$").any():
        remarks = (*remarks, "no zone is written: say where its clock stands (`timezone`)")
    return replace(known, type="moment", datetime="" if best == _MOMENTS[0] else best, remarks=remarks)


def _of_days(known: ColumnProfile, there: pl.Series) -> ColumnProfile:
    if there.str.contains(r"^[0-9]{4}-").mean() == 1:
        return replace(known, type="day")
    shares = {form: _read_share(there, form) for form in _DAYS}
    best = max(shares, key=lambda form: shares[form])
    return replace(known, type="moment", datetime=best, remarks=_day_first_remark(shares, best))


def _day_first_remark(shares: dict[str, float], best: str) -> tuple[str, ...]:
    other = best.replace("%d/%m", "%_").replace("%m/%d", "%d/%m").replace("%_", "%m/%d")
    is_open = other != best and shares.get(other, 0.0) == shares[best]
    return ("no value says whether day or month stands first",) if is_open else ()


def _read_share(there: pl.Series, form: str) -> float:
    read = there.to_frame("text").select(
        parse(pl.col("text"), _MOMENT, Notation(datetime=form)).is_not_null().mean()
    )
    return float(read.item() or 0.0)


def _of_numbers(known: ColumnProfile, there: pl.Series, kind: str, decimal: str) -> ColumnProfile:
    number = there.str.replace(",", ".", literal=True) if decimal == "," else there
    values = number.cast(pl.Float64, strict=False).drop_nulls()
    remarks: tuple[str, ...] = ()
    if known.is_money and kind == "int" and known.unit is None and (values.median() or 0) >= 100:  # type: ignore[operator]
        remarks = ("whole numbers of money: perhaps cents (`unit: cents`)",)
    if known.unit or (known.is_money and kind == "int"):
        kind = "float"
    return replace(
        known,
        type=kind,
        decimal=decimal,
        lowest=values.quantile(0.0),
        highest=values.quantile(1.0),
        usual=(values.quantile(0.01) or 0.0, values.quantile(0.99) or 0.0) if values.len() else None,
        remarks=remarks,
    )


def _of_texts(known: ColumnProfile, there: pl.Series) -> ColumnProfile:
    if known.kind == "yes or no" and there.str.to_lowercase().n_unique() <= 2 and known.distinct <= 4:
        return replace(known, type="bool")
    for name, codes, concept in (("ISO_4217", ISO_4217, "currency"), ("ISO_3166", ISO_3166, "country")):
        is_listed = float(there.is_in(codes).mean() or 0.0) >= 0.8  # type: ignore[arg-type]
        if is_listed and concept in sense(known.column).known:
            return replace(known, code_list=name)
    if there.len() and there.str.contains(_MEASURED).sum() >= _NEARLY_ALL * there.len():
        return replace(known, remarks=("numbers with a unit written behind them: text to the contract",))
    if not known.is_personal and not known.is_identifier and (allowed := _allowed(there)):
        typos = _typing_errors(there, allowed)
        told = (f"left out of the allowed values as typing errors: {', '.join(typos)}",) if typos else ()
        return replace(known, allowed=tuple(value for value in allowed if value not in typos), remarks=told)
    if known.kind == "text" and not known.is_identifier:
        return known
    if known.kind == "e-mail addresses":
        return replace(known, pattern=_MAIL)
    return replace(known, pattern=pattern_of(there, share=0.9))


def _allowed(there: pl.Series) -> tuple[str, ...]:
    """The values that stand for nearly all, each of them often, if they are few."""
    counts = there.value_counts(sort=True)
    often = counts.filter(pl.col("count") >= max(3, _OFTEN * there.len()))
    is_few = 1 < often.height <= _MOST_ALLOWED
    is_all = often["count"].sum() >= _NEARLY_ALL * there.len()
    is_apart = counts.filter(pl.col("count") >= _SOMETIMES).height <= often.height
    return tuple(sorted(often[there.name])) if is_few and is_all and is_apart else ()


def _typing_errors(there: pl.Series, allowed: tuple[str, ...]) -> tuple[str, ...]:
    """Those of the allowed values that are one character away from another that is ten times as frequent."""
    from rapidfuzz.distance import Hamming

    counts = dict(there.value_counts().iter_rows())
    return tuple(
        value
        for value in allowed
        if any(
            len(other) == len(value)
            and counts[other] >= 10 * counts[value]
            and Hamming.distance(value, other) == 1
            for other in allowed
        )
    )


def name_for(column: str, taken: set[str]) -> str:
    """A name for the contract's field: the column's words in small letters, unlike those that are taken."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", column)
    plain = words.translate(_SPELLED_OUT)
    ascii_only = re.sub(r"[^a-z0-9]+", "_", plain.lower()).strip("_")
    name = ascii_only if re.match(r"[a-z]", ascii_only) else f"column_{ascii_only}".rstrip("_")
    number, wanted = 2, name
    while name in taken:
        name, number = f"{wanted}_{number}", number + 1
    return name
