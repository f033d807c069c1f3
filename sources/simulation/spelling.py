"""What a damaged cell says instead: one expression per kind and field, in the source's own surroundings.

Expressions read the ten true columns, `amount_e4`, the columns of `Notation.cells` as `cell_<field>`, and `draw`
in [0, 1). Which cell is damaged, and how, is drawn in `damage`.
"""

from datetime import UTC, datetime

import numpy as np
import polars as pl

from sources.simulation.notation import Notation, amount_text, grouped_amount_text, one_of
from sources.simulation.vocabulary import (
    COUNTRY_CODES,
    CURRENCY_CODES,
    NO_COUNTRY,
    NO_CURRENCY,
    PLACEHOLDERS,
    country_as,
    currency_as,
)

TYPO_FIELDS = ("payment_id", "customer_id", "email", "merchant_id", "device_id", "currency", "country")
OUT_OF_DOMAIN_FIELDS = ("amount", "currency", "country", "paid_at", "device_risk")
DISAGREE_FIELDS = ("amount", "currency", "country")

_FAR_AWAY = (datetime(1970, 1, 1, tzinfo=UTC), datetime(2262, 4, 11, 23, 47, tzinfo=UTC))
_LETTERS = "abcdefghijklmnopqrstuvwxyz"
_DIGITS = "0123456789"


def missing(field: str, notation: Notation) -> pl.Expr:
    """Return null, or empty text in half of the cells that hold text."""
    nothing = pl.lit(None, pl.String)
    return nothing if field in notation.numbers else one_of([nothing, pl.lit("")], pl.col("draw"))


def placeholder() -> pl.Expr:
    """Return a word that stands for nothing."""
    return one_of([pl.lit(word) for word in PLACEHOLDERS], pl.col("draw"))


def other_notation(field: str, notation: Notation) -> pl.Expr:
    """Return the true value in a notation that the source does not use; never the cell as it was."""
    ways = _WAYS.get(field, _of_text)(field, notation)
    chosen = one_of(ways, pl.col("draw"))
    return pl.when(chosen.eq_missing(pl.col(f"cell_{field}"))).then(ways[0]).otherwise(chosen)


def changed_truth(kind: str, field: str) -> pl.Expr:
    """Return the column to be written in place of the true one, for the kinds that the source writes properly."""
    if kind == "unit":
        e4 = pl.col("amount_e4")
        return pl.when(pl.col("draw") < 0.5).then(e4 * 100).otherwise(e4 // 100).alias("amount_e4")
    return _out_of_domain(field) if kind == "out_of_domain" else _disagreeing(field)


def mistyped(text: str, way: int, place: float, letter: float) -> str:
    """Return the text with one character replaced (way 0), dropped (1), doubled (2) or transposed (3)."""
    at = int(place * len(text))
    if way == 1:
        return text[:at] + text[at + 1 :]
    if way == 2:
        return text[: at + 1] + text[at:]
    if way == 3:
        at = min(at, len(text) - 2)
        swapped = text[:at] + text[at + 1] + text[at] + text[at + 2 :]
        if swapped != text:
            return swapped
    return text[:at] + _another(text[at], letter) + text[at + 1 :]


def typos(field: str, rows: pl.DataFrame, rng: np.random.Generator) -> pl.Series:
    """Return one mistyped cell per row; symbols of one character are typed as the code that they stand for."""
    cell = pl.col(f"cell_{field}")
    texts = rows.select(pl.when(cell.str.len_chars() < 2).then(pl.col(field)).otherwise(cell)).to_series()
    draws = rng.random((rows.height, 3)).tolist()
    typed = [mistyped(text, int(a * 4), b, c) for text, (a, b, c) in zip(texts, draws, strict=True)]
    return pl.Series(typed, dtype=pl.String)


def _another(character: str, draw: float) -> str:
    alphabet = _DIGITS if character.isdigit() else _LETTERS
    others = alphabet.replace(character.lower(), "")
    other = others[int(draw * len(others))]
    return other.upper() if character.isupper() else other


def _out_of_domain(field: str) -> pl.Expr:
    values = {
        "amount": (-pl.col("amount_e4")).alias("amount_e4"),
        "currency": pl.lit(NO_CURRENCY),
        "country": pl.lit(NO_COUNTRY),
        "paid_at": one_of([pl.lit(t, pl.Datetime("us", "UTC")) for t in _FAR_AWAY], pl.col("draw")),
        "device_risk": pl.lit(7.3),
    }
    value = values[field]
    return value if field == "amount" else value.alias(field)


def _disagreeing(field: str) -> pl.Expr:
    if field == "amount":
        cents = pl.col("amount_e4") // 100
        more = pl.max_horizontal((cents * pl.col("draw") * 0.3).cast(pl.Int64), 1)
        return ((cents + more) * 100).alias("amount_e4")
    codes = CURRENCY_CODES if field == "currency" else COUNTRY_CODES
    following = dict(zip(codes, codes[1:] + codes[:1], strict=True))
    distant = dict(zip(codes, codes[3:] + codes[:3], strict=True))
    return one_of([pl.col(field).replace(m) for m in (following, distant)], pl.col("draw")).alias(field)


def _of_text(field: str, notation: Notation) -> list[pl.Expr]:
    """Text whose only other notations are spaces around it and the wrong case."""
    cell = pl.col(f"cell_{field}")
    if field in notation.numbers:
        return [pl.col(field)]
    case = cell.str.to_uppercase() if field == "email" else cell.str.to_lowercase()
    return [case, _spaced(cell)]


def _of_amount(_field: str, notation: Notation) -> list[pl.Expr]:
    plain, code = amount_text("point"), pl.col("currency")
    symbols = {"EUR": "€", "USD": "$", "GBP": "£"}
    comma = pl.concat_str(code.replace_strict(symbols, default=code + " "), amount_text("comma"))
    point = grouped_amount_text(",", ".")
    if notation.amount == "cents":
        # Without separated thousands it would look like an amount in the wrong unit.
        point = pl.when(pl.col("amount_e4") >= 10_000_000).then(point).otherwise(code + " " + plain)
    return [code + " " + plain, plain + " " + code, comma, grouped_amount_text(".", ","), point]


def _of_time(_field: str, notation: Notation) -> list[pl.Expr]:
    layouts = (notation.slashes, "%d.%m.%y %H:%M", "%Y-%m-%d %H:%M", "%-d %b %Y %H:%M")
    return [notation.local_time(layout) for layout in layouts]


def _of_risk(field: str, notation: Notation) -> list[pl.Expr]:
    old, new = (",", ".") if notation.amount == "comma" else (".", ",")
    return [pl.col(f"cell_{field}").str.replace(old, new, literal=True)]


def _of_currency(field: str, notation: Notation) -> list[pl.Expr]:
    code, cell = pl.col("currency"), pl.col(f"cell_{field}")
    words = [code.replace(currency_as(column)) for column in ("name", "symbol")]
    return [*words, code] if notation.is_coded else [*words, cell.str.to_lowercase(), _spaced(cell)]


def _of_country(field: str, notation: Notation) -> list[pl.Expr]:
    code, cell = pl.col("country"), pl.col(f"cell_{field}")
    words = [code.replace(country_as(column)) for column in ("alpha_3", "english", "german")]
    if notation.is_coded:
        return [code, *words]
    text = [cell.str.to_lowercase(), _spaced(cell)]
    is_habit = notation.source == "gateway_b" and notation.style == "systems"
    return text if is_habit else [*words, *text]


def _spaced(cell: pl.Expr) -> pl.Expr:
    ways = [pl.lit(" ") + cell, cell + pl.lit("  "), pl.lit(" ") + cell + pl.lit(" ")]
    # The draw also chose this way: its next digits choose the spaces.
    return one_of(ways, pl.col("draw") * 1_000 % 1)


_WAYS = {
    "amount": _of_amount,
    "paid_at": _of_time,
    "device_risk": _of_risk,
    "currency": _of_currency,
    "country": _of_country,
}
