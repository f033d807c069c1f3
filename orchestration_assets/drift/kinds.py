"""Of what kind the values of a column are, told from their text alone: numbers, moments, addresses, codes, words."""

import polars as pl

_SHARE = 0.85
_DAY = r"(?:[0-9]{4}[-/.][0-9]{1,2}[-/.][0-9]{1,2}|[0-9]{1,2}[-/.][0-9]{1,2}[-/.][0-9]{2,4})"
_CLOCK = r"[0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]+)?)?"
_PATTERNS = {
    "yes or no": r"(?i)^(?:true|false|yes|no|y|n|t|f|ja|nein)$",
    "whole numbers": r"^[+-]?[0-9]+$",
    "numbers with a decimal point": r"^[+-]?[0-9]*\.[0-9]+$",
    "numbers with a decimal comma": r"^[+-]?[0-9]*,[0-9]+$",
    "days": rf"^{_DAY}$",
    "points in time": rf"^{_DAY}[T ]{_CLOCK}\s*(?:Z|UTC|[+-][0-9]{{2}}:?[0-9]{{2}}|[AaPp]\.?[Mm]\.?)?$",
    "times of day": rf"^{_CLOCK}\s*(?:[AaPp]\.?[Mm]\.?)?$",
    "e-mail addresses": r"^[^@\s]+@[^@\s]+\.[^@\s]+$",
    "codes": r"^[A-Za-z]{1,4}[-_]?[0-9][A-Za-z0-9_-]*$",
}
_NUMBERS = ("whole numbers", "numbers with a decimal point", "numbers with a decimal comma")


def kinds_of(values: pl.DataFrame) -> dict[str, str]:
    """The kind of each column of texts that has one for nearly all its values; `text` for mixtures and words.

    A few decimals among whole numbers leave a column one of whole numbers: two deliveries of one source are alike then.
    """
    return {column: kind for column in values.columns if (kind := _ordinary_kind(values[column]))}


def _ordinary_kind(texts: pl.Series) -> str:
    there = texts.drop_nulls()
    whole = there.filter(there.str.contains(_PATTERNS["whole numbers"]))
    return "whole numbers" if 0 < _SHARE * there.len() <= whole.len() else kind_of(there)


def kind_of(texts: pl.Series) -> str:
    """The kind of nearly all the texts that are there, `text` where there is none; empty where there are no texts."""
    there = texts.drop_nulls()
    there = there.filter(there.str.strip_chars() != "")
    if there.is_empty():
        return ""
    shares = {kind: float(there.str.contains(pattern).mean() or 0.0) for kind, pattern in _PATTERNS.items()}  # type: ignore[arg-type]
    mixed = [shares[kind] for kind in _NUMBERS]
    if sum(mixed) >= _SHARE and max(mixed[1:]) > 0:
        return _NUMBERS[1] if mixed[1] >= mixed[2] else _NUMBERS[2]
    best = max(shares, key=lambda kind: shares[kind])
    return best if shares[best] >= _SHARE else "text"
