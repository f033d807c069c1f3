"""Amounts of money inside text: `From $109.90`, `31,07 € (bez DPH)`, `1 150 грн.`, with the currency's mark.

An amount has at most as many decimals as its currency (Unicode CLDR; two where none is named): three digits behind the
only separator are a group of thousands, unless the currency has three. Several different amounts are not read.
"""
# ruff: noqa: RUF001 - letters of other scripts are meant

import re
from collections import defaultdict
from collections.abc import Callable
from functools import cache, partial

import polars as pl

from orchestration_assets.translation.answers import answered
from orchestration_assets.translation.numbers import COMMA, POINT, as_text, plain, render_amount
from orchestration_assets.translation.readings import Reading, Translator
from orchestration_assets.translation.vocabularies import LANGUAGES
from validators.codes import ISO_4217
from validators.parsing import Notation
from validators.rules import FieldSpec, RuleSet

_BLANK = r" '\u2019\u00a0\u202f\u2009"
_NUMBER = rf"(?:[0-9]{{1,3}}(?:[{_BLANK}][0-9]{{3}})+(?:[.,][0-9]{{1,2}})?\b|[0-9]+(?:[.,][0-9]+)*|[.,]{{1,2}}[0-9]+(?:[.,][0-9]+)*)"
_TYPOGRAPHIC = r"(?:(?:[A-Z]{1,3}|[a-z]{2})?[$€£¥₹₽₺₩₪₴₫฿₦₱₡₲₵₸₮₼₾₭៛৳؋₨₣₤₧₥ƒ﷼]|¢)"
# Languages beyond those of the vocabularies: here only their own currency's mark is wanted.
_MARKED = (
    "en de fr es it nl pl sv pt cs sk hu ro bg hr sr sl uk ru be kk tr el da nb fi is et lv lt mk sq az ka hy he ar fa ur"
    " hi bn ta th vi id ms ja ko zh fil sw am mn uz ky tg"
).split()
_WORDS = {  # as shops write them, where CLDR has another form
    "Kč": "CZK", "Kc": "CZK", "zł": "PLN", "zl": "PLN", "Ft": "HUF", "lei": "RON", "kr": "", "Fr": "CHF", "лв": "BGN", "грн": "UAH",
    "hrn": "UAH", "руб": "RUB", "р": "RUB", "din": "RSD", "kn": "HRK", "Rs": "", "RM": "MYR", "Rp": "IDR", "R": "ZAR", "TL": "TRY",
    "KD": "KWD", "BD": "BHD", "JD": "JOD", "Dhs": "AED", "Dh": "", "SR": "SAR", "QR": "QAR", "NIS": "ILS",
    "KSh": "KES", "Bs": "", "CFA": "XOF", "FCFA": "XAF", "euro": "EUR", "euros": "EUR", "dollars": "", "pounds": "GBP",
    "تومان": "IRR", "ریال": "IRR", "元": "CNY", "円": "JPY", "원": "KRW", "тг": "KZT", "сом": "KGS", "so'm": "UZS",
}  # fmt: skip
_NO_PRICE = (
    # A measure or a share, a date, a range, a threshold.
    rf"{_NUMBER}\s*(?:%|(?:ft|cm|mm|m|kg|g|ml|l|oz|lb|[Ll]it(?:re|er)s?|inch|pcs|min)\b)"
    r"|\b[0-9]{1,2}[./-][0-9]{1,2}[./-](?:19|20)[0-9]{2}\b|\b(?:19|20)[0-9]{2}-[0-9]{2}-[0-9]{2}\b|[0-9]\+"
)
_RANGE = rf"{_NUMBER}\s*(?:-|–|to|bis|до|à)\s*{_NUMBER}"
_NOTHING_TO_PAY = r"^\s*(?i:free|gratis|kostenlos|gratuit|umsonst|бесплатно)\s*!?\s*$"
_DISTINCT_FOR_LIBRARY = 10_000


@cache
def currency_marks() -> dict[str, frozenset[str]]:
    """Marks as they are written next to an amount, to the ISO 4217 codes that they may stand for; none: not known."""
    from babel import Locale

    codes: dict[str, set[str]] = defaultdict(set)
    for language in dict.fromkeys([*LANGUAGES, *_MARKED]):
        for code, symbol in Locale(language).currency_symbols.items():
            if code in ISO_4217 and (len(symbol) > 1 or not symbol.isalnum()):
                codes[symbol.strip("\u200e\u200f. ")].add(code)
    marks = {mark: frozenset(of) for mark, of in codes.items() if mark}
    marks |= {mark: frozenset([code] if code else []) for mark, code in _WORDS.items()}
    dollars = frozenset(
        code for code, symbol in Locale("en").currency_symbols.items() if symbol.endswith("$")
    )
    return {
        **marks,
        "$": marks.get("$", frozenset()) | dollars,
        **{code: frozenset([code]) for code in ISO_4217},
    }


@cache
def _three_decimals() -> frozenset[str]:
    """The marks of the currencies that are divided by a thousand."""
    from babel.numbers import get_currency_precision

    three = {code for code in ISO_4217 if get_currency_precision(code) == 3}
    return frozenset(mark for mark, codes in currency_marks().items() if codes and codes <= three)


@cache
def _mark() -> str:
    words = sorted((m for m in currency_marks() if not re.fullmatch(_TYPOGRAPHIC, m)), key=len, reverse=True)
    short = "|".join(re.escape(word) for word in words if len(word) < 3)
    long = "|".join(re.escape(word) for word in words if len(word) >= 3)
    return rf"(?:{_TYPOGRAPHIC}|(?:(?i:{long})|{short})\b\.?)"  # `16 ft` is no forint


def read_prices(texts: pl.Series, decimal: str | None = None, *, with_library: bool = False) -> pl.DataFrame:
    """One row per text: `amount`, null where there is none or it is not certain, and `currency`, the mark as written.

    `decimal`: the source's decimal mark where it is declared. `with_library`: several amounts, and what else no reading
    here covers, go to price-parser, each distinct text once; it takes the first amount.
    """
    read = _read(texts.alias("text").to_frame(), decimal)
    if not with_library:
        return read.select("amount", "currency")
    is_open = read["amount"].is_null() & read["currency"].is_not_null() & texts.str.contains("[0-9]")
    asked = texts.filter(is_open).unique(maintain_order=True).head(_DISTINCT_FOR_LIBRARY)
    how = partial(by_library, decimal=decimal)
    theirs = answered(asked.to_list(), how, "price-parser", f"amount 1, {decimal}")
    amounts = pl.DataFrame({"text": asked, "theirs": pl.Series(theirs, dtype=pl.String).cast(pl.Float64)})
    joined = read.join(amounts, on="text", how="left", maintain_order="left")
    return joined.select(pl.coalesce("amount", "theirs").alias("amount"), "currency")


def by_library(text: str, decimal: str | None = None) -> str | None:
    """The amount that price-parser reads in a text, as text; null where it reads none."""
    from price_parser import Price

    found = Price.fromstring(text, decimal_separator=decimal).amount_float
    return None if found is None else repr(float(found))


def _read(frame: pl.DataFrame, decimal: str | None) -> pl.DataFrame:
    """`text`, `amount`, `currency`."""
    text = pl.col("text")
    digits, currency = digits_in(text), mark_in(text)
    amount = _amount(digits, currency, decimal)
    is_free = text.str.contains(_NOTHING_TO_PAY)
    return frame.select(
        "text", pl.when(is_free).then(0.0).otherwise(amount).alias("amount"), currency.alias("currency")
    )


def _marked(tidy: pl.Expr) -> pl.Expr:
    """The amounts with a mark next to them."""
    mark = _mark()
    before, after = rf"{mark}[\s:]*[-–]?\s*{_NUMBER}", rf"{_NUMBER}(?:,[-–])?\s*{mark}"
    return tidy.str.extract_all(rf"(?:\b|^|[^\p{{L}}])(?:{before})|{after}")


def digits_in(text: pl.Expr) -> pl.Expr:
    """The number of the one amount in a text, as it is written; null where there are several, or none that is a price."""
    tidy = _tidy(text)
    marked = _marked(tidy)
    of_marked = marked.list.eval(pl.element().str.extract(rf"({_NUMBER})", 1)).list.drop_nulls()
    is_marked = marked.list.len() > 0
    found = (
        pl.when(is_marked)
        .then(of_marked)
        .otherwise(tidy.str.extract_all(_NUMBER))
        .list.unique(maintain_order=True)
    )
    is_price = ~tidy.str.contains(_RANGE) & ~tidy.str.contains(r"[0-9]\+")
    is_price &= is_marked | ~tidy.str.contains(_NO_PRICE)
    return pl.when((found.list.len() == 1) & is_price).then(found.list.first())


def mark_in(text: pl.Expr) -> pl.Expr:
    """The currency's mark in a text, as it is written."""
    tidy, mark = _tidy(text), _mark()
    codes = "|".join(ISO_4217)
    return pl.coalesce(
        # A code says more than a symbol: `$1,190.00 AUD`.
        tidy.str.extract(rf"{_NUMBER}\s*({codes})\b", 1),
        tidy.str.extract(rf"\b({codes})\s*[$€£¥]?\s*{_NUMBER}", 1),
        _marked(tidy).list.first().str.extract(rf"({mark})", 1),
        tidy.str.extract(rf"(?:^|[^\p{{L}}])({mark})", 1),
    )


def _tidy(text: pl.Expr) -> pl.Expr:
    """No blank behind a decimal mark, one between a number and a word, and a mark in the place of the decimal one undone."""
    return (
        text.str.replace_all(r"([0-9][.,]) ([0-9]{2})(\D|$)", "$1$2$3")
        .str.replace_all(r"([0-9])(\p{L})", "$1 $2")
        .str.replace(r"^(\s*[0-9]+)\s?([€$£])\s?([0-9]{2})\s*$", "$1.$3 $2")
    )


def _amount(digits: pl.Expr, currency: pl.Expr, decimal: str | None) -> pl.Expr:
    digits = digits.str.replace_all(rf"[{_BLANK}]", "").str.replace(r"^([.,])+", "0$1")
    if decimal is not None:
        return plain(digits, decimal=decimal).cast(pl.Float64, strict=False)
    digits = pl.when(~digits.str.contains(r"^0[.,][0-9]+[.,]")).then(digits)
    last = digits.str.extract(r"([.,])[0-9]*$", 1)
    behind = digits.str.extract(r"[.,]([0-9]*)$", 1).str.len_chars()
    is_three = currency.is_in(list(_three_decimals())).fill_null(value=False)
    is_only = digits.str.count_matches(r"[.,]") == 1
    has_both = digits.str.contains(".", literal=True) & digits.str.contains(",", literal=True)
    is_group = (behind == 3) & ~is_three & ~has_both & ~digits.str.starts_with("0")
    is_group |= ~is_only & ~has_both
    point = pl.when(last.is_null() | is_group).then(pl.lit("")).otherwise(last)
    as_point, as_comma = plain(digits, decimal="."), plain(digits, decimal=",")
    whole = digits.str.replace_all(r"[.,]", "")
    return (
        pl.when(point == ".")
        .then(as_point)
        .when(point == ",")
        .then(as_comma)
        .otherwise(whole)
        .cast(pl.Float64, strict=False)
    )


def _readings(spec: FieldSpec, notation: Notation) -> list[Reading]:
    if notation.unit is not None:
        return []
    return [
        Reading(
            name=f"amount in text, decimal {convention}",
            parse=_parse(pattern, decimal, spec),
            render=render_amount(decimal, prefix="from ", suffix=" EUR *"),
            convention=convention,
        )
        for convention, pattern, decimal in (("point", POINT, "."), ("comma", COMMA, ","))
    ]


def _parse(pattern: str, decimal: str, spec: FieldSpec) -> Callable[[pl.Expr], pl.Expr]:
    def parse(text: pl.Expr) -> pl.Expr:
        digits = digits_in(text).str.replace_all(rf"[{_BLANK}]", " ").str.extract(rf"^({pattern})$", 1)
        # A sign is no part of the number here: `-5 EUR` is a refund, a discount or a dash.
        number = pl.when(~text.str.contains(r"[-−–]\s*[€$£]?\s*[0-9]")).then(digits)
        return as_text(plain(number, decimal=decimal).cast(pl.Float64, strict=False), spec)

    return parse


PRICE = Translator("price", "1", _readings)
"""One amount between words; which decimal mark is meant, the column decides."""


def withdraw_other_currency(frame: pl.DataFrame, proposals: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Amounts whose mark is not that of the record's currency become suggestions.

    For fields with `field(currency=…)`; `frame` as triage left the records.
    """
    for name, spec in rules.fields.items():
        of = spec.policy.currency
        if of is None or of not in frame.columns:
            continue
        stated = frame.select("_id", pl.col(of).cast(pl.String).alias("_stated"))
        joined = proposals.join(stated, on="_id", how="left", maintain_order="left")
        codes = {mark: sorted(codes) for mark, codes in currency_marks().items() if codes}
        mark = mark_in(pl.col("original")).str.strip_suffix(".")
        meant = mark.replace_strict(codes, default=None, return_dtype=pl.List(pl.String))
        differs = ~meant.list.contains(pl.col("_stated")).fill_null(value=True)
        is_other = (pl.col("field") == name) & (pl.col("status") == "applied") & differs & meant.is_not_null()
        proposals = joined.with_columns(
            pl.when(is_other).then(pl.lit("suggested")).otherwise("status").alias("status"),
            pl.when(is_other).then(None).otherwise("confidence").alias("confidence"),
            pl.when(is_other)
            .then(
                pl.concat_str(
                    "evidence", pl.lit("; but its mark is that of another currency than the record's")
                )
            )
            .otherwise("evidence")
            .alias("evidence"),
        ).drop("_stated")
    return proposals
