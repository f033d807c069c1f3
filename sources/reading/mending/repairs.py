"""What may be wrong with a broken line, and the one record that it can then be: nothing where there are two.

Each function takes lines that are broken in one way and returns one row per line that has exactly one reading: `at` (its
place among them), the fields `0`, `1`, …, and `arm`, the kind of damage and the column that it is in.
"""

from functools import reduce

import numpy as np
import polars as pl

from sources.reading.mending.profiles import Profile

MOST_DELIMITERS = 3
DELIMITER, CUT, QUOTE, OTHER = "delimiter within a field", "line cut in two", "extra quote", "other delimiter"

OTHER_DELIMITERS = (",", ";", "\t", "|")

Parts = list[pl.Series]


def fields_schema(width: int) -> dict[str, pl.DataType]:
    """Return the columns of what the functions here return."""
    fields = {str(i): pl.String() for i in range(width)}
    return {"at": pl.Int64(), **fields, "arm": pl.String()}


def split(text: pl.Series, delimiter: str, count: int) -> Parts:
    """Return the parts of lines that have `count` of them."""
    if count == 1:
        return [text]
    parts = text.str.split_exact(delimiter, count - 1).struct.unnest()
    return list(parts)


def all_fit(parts: Parts, profiles: list[Profile]) -> np.ndarray:
    """Return whether every field of each record is as its column is."""
    frame = pl.DataFrame([part.alias(str(i)) for i, part in enumerate(parts)])
    fits = [profile.fits(pl.col(str(i))) for i, profile in enumerate(profiles)]
    return frame.select(pl.all_horizontal(fits)).to_series().to_numpy()


def without_extra_delimiters(parts: Parts, profiles: list[Profile], delimiter: str) -> pl.DataFrame:
    """Read lines with too many fields: one column's value holds all the delimiters that are too many.

    Every way to spread the parts over the columns counts as a reading, also over several columns.
    """
    width, extra = len(profiles), len(parts) - len(profiles)
    fits = _fits(parts, profiles, delimiter, extra)
    is_single = _readings(fits, width, extra) == 1
    found = []
    for column in range(width):
        is_here = is_single & _merges_only(fits, column, width, extra)
        if is_here.any():
            fields = [
                *parts[:column],
                _joined(parts[column : column + extra + 1], delimiter),
                *parts[column + extra + 1 :],
            ]
            found.append(_records(is_here, fields, f"{DELIMITER}:{extra}:{column}"))
    return _together(found, width)


def joined_parts(first: Parts, second: Parts) -> pl.DataFrame:
    """Return the fields of two lines as one that was cut within a field."""
    fields = [*first[:-1], first[-1] + second[0], *second[1:]]
    return pl.DataFrame([field.alias(str(i)) for i, field in enumerate(fields)])


def joined(fields: Parts, columns: np.ndarray, profiles: list[Profile]) -> pl.DataFrame:
    """Read records whose value in a column was on two lines; not one of text, which may hold a line end."""
    is_text = np.array([profile.is_text for profile in profiles])
    is_single = all_fit(fields, profiles) & ~is_text[columns]
    arm = pl.format(f"{CUT}:{{}}", pl.Series(columns[is_single]))
    return _records(is_single, fields, arm)


def with_other_delimiter(parts: Parts, profiles: list[Profile], delimiter: str) -> pl.DataFrame:
    """Read lines that have as many fields as there are columns if another delimiter parts them."""
    has_tight = any(not profile.is_text for profile in profiles)
    return _records(all_fit(parts, profiles) & has_tight, parts, f"{OTHER}:{delimiter}")


def without_extra_quote(candidates: pl.DataFrame, profiles: list[Profile], quote: str) -> pl.DataFrame:
    """Read lines of which a quote, or none, is left out.

    `candidates`: one row per way to read a line, as this returns them; `arm` names the column of the quote that is left out,
    or nothing, where the quotes are taken for characters.
    """
    width = len(profiles)
    names = [str(i) for i in range(width)]
    # Text may hold a quote: where it is taken for a character, the rest of the value is what counts.
    is_literal = pl.col("arm") == ""
    shown = candidates.select(
        pl.when(is_literal & profile.is_text)
        .then(pl.col(name).str.replace_all(quote, "", literal=True))
        .otherwise(pl.col(name))
        .alias(name)
        for name, profile in zip(names, profiles, strict=True)
    )
    does_fit = candidates.filter(pl.Series(all_fit(list(shown), profiles), dtype=pl.Boolean))
    distinct = does_fit.unique(["at", *names], keep="first", maintain_order=True)
    single = distinct.filter(pl.len().over("at") == 1)
    return single.filter(pl.col("arm") != "")


def _fits(
    parts: Parts, profiles: list[Profile], delimiter: str, extra: int
) -> dict[tuple[int, int, int], np.ndarray]:
    """Return by column, parts used up before beyond one per column, and delimiters in it, whether the value fits."""
    exprs = {}
    for column, profile in enumerate(profiles):
        for used in range(extra + 1):
            exprs[column, used, 0] = profile.fits(pl.col(str(column + used)))
            for more in range(1, extra - used + 1):
                pieces = [pl.col(str(i)) for i in range(column + used, column + used + more + 1)]
                joined = pl.concat_str(pieces, separator=delimiter)
                exprs[column, used, more] = profile.fits_joined(pieces, joined)
    frame = pl.DataFrame([part.alias(str(i)) for i, part in enumerate(parts)])
    fits = frame.select(expr.alias(str(i)) for i, expr in enumerate(exprs.values()))
    return {key: column.to_numpy() for key, column in zip(exprs, fits, strict=True)}


def _readings(fits: dict[tuple[int, int, int], np.ndarray], width: int, extra: int) -> np.ndarray:
    """Return in how many ways the parts can be spread over the columns."""
    size = len(fits[0, 0, 0])
    ways = [np.zeros(size, int) for _ in range(extra)] + [np.ones(size, int)]
    for column in reversed(range(width)):
        ways = [
            np.sum([fits[column, used, more] * ways[used + more] for more in range(extra - used + 1)], axis=0)
            for used in range(extra + 1)
        ]
    return ways[0]


def _merges_only(
    fits: dict[tuple[int, int, int], np.ndarray], column: int, width: int, extra: int
) -> np.ndarray:
    before = [fits[c, 0, 0] for c in range(column)]
    behind = [fits[c, extra, 0] for c in range(column + 1, width)]
    return np.logical_and.reduce([*before, fits[column, 0, extra], *behind])


def _joined(pieces: Parts, delimiter: str) -> pl.Series:
    return reduce(lambda left, right: left + delimiter + right, pieces)


def _records(is_record: np.ndarray, fields: Parts, arm: str | pl.Expr) -> pl.DataFrame:
    at = np.flatnonzero(is_record)
    columns = {str(i): field.gather(at) for i, field in enumerate(fields)}
    return pl.DataFrame({"at": at, **columns}).with_columns(
        arm=pl.lit(arm, pl.String) if isinstance(arm, str) else arm
    )


def _together(found: list[pl.DataFrame], width: int) -> pl.DataFrame:
    return pl.concat(found) if found else pl.DataFrame(schema=fields_schema(width))
