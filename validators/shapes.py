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
    return _of_letters(_with_marks(text))


def with_shape(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """`frame` with `shape`, that of its column `name`; in two steps, so that no text is gone through twice."""
    marked = frame.with_columns(_with_marks(pl.col(name)).alias("shape"))
    return marked.with_columns(_of_letters(pl.col("shape")))


def _with_marks(text: pl.Expr) -> pl.Expr:
    """Digits as 9, and a mark on either side of a word that is kept."""
    return text.str.replace_all(_PATTERN, "\u0001$1\u0002").str.replace_all(r"[0-9]", "9")


def _of_letters(marked: pl.Expr) -> pl.Expr:
    has_word = marked.str.contains("\u0001", literal=True)
    # Both sides of a `when` are worked out for every row: the costly one gets only the rows for which it is taken.
    worded = _with_words(pl.when(has_word).then(marked))
    return pl.when(has_word).then(worded).otherwise(marked.str.replace_all(r"\p{L}", "a"))


def _with_words(text: pl.Expr) -> pl.Expr:
    parts = text.str.split("\u0001")
    kept = pl.element().str.extract(r"^([^\u0002]*)\u0002", 1).str.to_uppercase()
    rest = pl.element().str.replace(r"^[^\u0002]*\u0002", "").str.replace_all(r"\p{L}", "a")
    return parts.list.eval(pl.concat_str(kept.fill_null(""), rest)).list.join("")
