"""The shape of a value: what remains when digits become 9 and letters a, month and unit words kept."""

import string

import polars as pl

# Words that carry a notation are kept, in capitals so that no letter rule touches them again.
_KEPT = (
    "january february march april may june july august september october november december "
    "jan feb mar apr jun jul aug sep oct nov dec januar februar märz mai juni juli oktober dezember mär okt dez "
    "am pm noon midnight eur usd gbp chf pln sek oz kg km usd"
).split()
_PATTERN = r"(?i)(?-u:\b)(" + "|".join(sorted(set(_KEPT), key=len, reverse=True)) + r")(?-u:\b)"
_BETWEEN = "\u0003"
_DIGITS = bytes.maketrans(b"0123456789", b"9" * 10)
_PLAIN = bytes.maketrans((string.ascii_letters + string.digits).encode(), b"a" * 52 + b"9" * 10)


def shape(text: pl.Expr) -> pl.Expr:
    """The shape of each text: `7:10 a.m.` is `9:99 a.a.`; white space is kept, runs are not shortened."""
    return text.map_batches(_shapes, return_dtype=pl.String, is_elementwise=True)


def with_shape(frame: pl.LazyFrame, name: str) -> pl.LazyFrame:
    """`frame` with `shape`, that of its column `name`."""
    return frame.with_columns(shape(pl.col(name)).alias("shape"))


def _shapes(texts: pl.Series) -> pl.Series:
    """Texts of plain letters and digits, which most are, are translated all at once, byte by byte."""
    frame, text = texts.cast(pl.String).to_frame("text"), pl.col("text")
    is_ascii = text.str.len_bytes() == text.str.len_chars()
    has_mark = text.str.contains(_BETWEEN, literal=True)
    is_plain = (is_ascii & ~has_mark & ~text.str.contains(_PATTERN)).fill_null(value=False)
    plain = frame.select(is_plain).to_series()
    if not plain.any():
        return _of_others(frame["text"]).alias(texts.name)
    shapes = _translated(frame.filter(plain)["text"], _PLAIN)
    if not plain.all():
        places = pl.concat([plain.arg_true(), (~plain).arg_true()])
        shapes = pl.concat([shapes, _of_others(frame.filter(~plain)["text"])]).gather(places.arg_sort())
    return shapes.alias(texts.name)


def _of_others(texts: pl.Series) -> pl.Series:
    """The shapes of texts with words to keep, or letters beyond ASCII: few are left once their digits are 9."""
    if texts.str.contains(_BETWEEN, literal=True).any() or texts.null_count() == texts.len():
        return texts.to_frame("text").select(_of_letters(_with_marks(pl.col("text")))).to_series()
    digits = pl.Series(texts.name, _translated(texts.fill_null(""), _DIGITS))
    distinct = digits.unique().to_frame("text")
    distinct = distinct.with_columns(_of_letters(_with_marks(pl.col("text"))).alias("shape"))
    shapes = digits.to_frame("text").join(distinct, on="text", how="left", maintain_order="left")["shape"]
    return shapes.to_frame().select(pl.when(texts.is_not_null()).then("shape")).to_series()


def _translated(texts: pl.Series, table: bytes) -> pl.Series:
    joined = texts.str.join(_BETWEEN).item().encode().translate(table).decode()
    return pl.Series([joined]).str.split(_BETWEEN).explode(empty_as_null=False)


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
