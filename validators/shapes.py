"""The shape of a value: what remains when digits become 9 and letters a, month and unit words kept."""

import polars as pl

# Words that carry a notation are kept, in capitals so that no letter rule touches them again.
_KEPT = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep oct nov dec januar februar märz mai juni juli oktober dezember mär okt dez "
    "am pm noon midnight eur usd gbp chf pln sek oz kg km usd"
).split()
_PATTERN = r"(?i)(?-u:\b)(" + "|".join(sorted(set(_KEPT), key=len, reverse=True)) + r")(?-u:\b)"


def shape(text: pl.Expr) -> pl.Expr:
    """The shape of each text: `7:10 a.m.` is `9:99 a.a.`; white space is kept, runs are not shortened."""
    marked = text.str.replace_all(_PATTERN, "\u0001$1\u0002")
    lettered = marked.str.replace_all(r"[0-9]", "9")
    has_word = lettered.str.contains("\u0001", literal=True)
    plain = lettered.str.replace_all(r"\p{L}", "a")
    return pl.when(has_word).then(_with_words(lettered)).otherwise(plain)


def _with_words(text: pl.Expr) -> pl.Expr:
    parts = text.str.split("\u0001")
    kept = pl.element().str.extract(r"^([^\u0002]*)\u0002", 1).str.to_uppercase()
    rest = pl.element().str.replace(r"^[^\u0002]*\u0002", "").str.replace_all(r"\p{L}", "a")
    return parts.list.eval(pl.concat_str(kept.fill_null(""), rest)).list.join("")
