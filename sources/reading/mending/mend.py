"""Which broken lines are mended, which sound ones are not what they seem, and what is only proposed."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import polars as pl

from sources.reading.csv_lines import Dialect, are_covered
from sources.reading.lines import NO_POSITIONS, Replaced
from sources.reading.mending import repairs
from sources.reading.mending.profiles import FEWEST_RECORDS, MOST_RECORDS, Profile, learnt
from sources.reading.mending.quotes import candidates_of
from sources.reading.mending.trials import Trials
from sources.reading.records import Records, as_line

VERSION = "1"
MOST_BROKEN_LINES = 50_000
"""Of a fragment; what is beyond stays unreadable: such a file is broken as a whole."""


@dataclass(frozen=True, slots=True)
class Mended:
    """What came of it.

    `records`: one row per mended record: `position` and `last`, its lines, `method`, `version`, `cases`, `right`,
    `evidence`; `texts` has what stands for its lines. `proposals`: `position` of a line and what it could be.
    `held`: `position` of sound records that may
    lack a part, and the `reason`.
    """

    records: pl.DataFrame
    proposals: pl.DataFrame
    held: pl.DataFrame
    texts: Replaced


NO_HELD = pl.DataFrame(schema={"position": pl.Int64, "reason": pl.String})
NO_PROPOSALS = pl.DataFrame(schema={"position": pl.Int64, "proposal": pl.String})
NO_RECORDS = pl.DataFrame(
    schema={
        "position": pl.Int64, "last": pl.Int64, "method": pl.String, "version": pl.String,
        "cases": pl.Int64, "right": pl.Int64, "evidence": pl.String,
    }
)  # fmt: skip
NOTHING_MENDED = Mended(NO_RECORDS, NO_PROPOSALS, NO_HELD, {})


def mended(sound: Records, open_lines: np.ndarray) -> Mended:
    """Return what becomes of the open lines: broken ones, and sound ones with quotes within a field.

    Without enough sound records nothing is mended.
    """
    dialect = sound.dialect
    if dialect.width == 1 or len(sound) < FEWEST_RECORDS or not 0 < len(open_lines) <= MOST_BROKEN_LINES:
        return NOTHING_MENDED
    known = _certain_records(sound, open_lines)
    if known.height < FEWEST_RECORDS:
        return NOTHING_MENDED
    profiles = learnt(known)
    lines = pl.DataFrame(
        {
            "position": open_lines,
            "line": sound.judged.text(open_lines),
            "quotes": sound.judged.quotes[open_lines],
            "fields": sound.judged.fields[open_lines],
        }
    )
    strays = _Strays(lines, sound, profiles)
    found = [*_alone(lines, profiles, dialect), *_pairs(lines, profiles, dialect), *strays.joined()]
    found = [part for part in found if part.height]
    if not found:
        return Mended(NO_RECORDS, NO_PROPOSALS, strays.held(NO_HELD["position"]), {})
    readings = pl.concat(found)
    held = strays.held(_lines_of(readings)["line"])
    return _gated(_without_conflicts(readings), _trials(sound, known, profiles), held, dialect)


def without_swallowed(sound: Records) -> Records:
    """Return the records without those that two stray quotes make of several.

    Of such a one each line has as many delimiters as a record, and its first and its last are records like the others
    without their quote. The lines between them are records again.
    """
    suspects = _suspects(sound)
    if not len(suspects):
        return sound
    known = _certain_records(sound.without(sound.begins[sound.ends > sound.begins]), NO_POSITIONS)
    profiles = learnt(known) if known.height >= FEWEST_RECORDS else []
    if all(profile.is_text for profile in profiles):
        return sound
    first, last = sound.begins[suspects], sound.ends[suspects]
    is_swallowed = _are_records_without_quote(sound, first, profiles) & _are_records_without_quote(
        sound, last, profiles
    )
    first, last = first[is_swallowed], last[is_swallowed]
    is_between = are_covered((first, last), len(sound.judged)) & sound.judged.is_sound
    between = np.flatnonzero(is_between)
    return sound.without(first).with_records(between, between)


def _suspects(sound: Records) -> np.ndarray:
    """Return which records go over several lines that all have as many delimiters as a record."""
    several = np.flatnonzero(sound.ends > sound.begins)
    others = np.concatenate([[0], np.cumsum(sound.judged.fields != sound.dialect.width)])
    is_suspect = others[sound.ends[several] + 1] == others[sound.begins[several]]
    return several[is_suspect] if sound.dialect.width > 1 else several[:0]


def _are_records_without_quote(sound: Records, lines: np.ndarray, profiles: list[Profile]) -> np.ndarray:
    dialect = sound.dialect
    candidates = candidates_of(
        sound.judged.text(lines), dialect.delimiter, dialect.quote or "", dialect.width
    )
    fields = [candidates[str(i)] for i in range(dialect.width)]
    is_record = np.zeros(len(lines), bool)
    is_record[candidates["at"].filter(pl.Series(repairs.all_fit(fields, profiles))).to_numpy()] = True
    return is_record


def lines_of(held: pl.DataFrame, sound: Records) -> pl.DataFrame:
    """Return every line of the records that are held, with their reason."""
    at = np.searchsorted(sound.begins, held["position"].to_numpy())
    spans = held.with_columns(last=pl.Series(sound.ends[at], dtype=pl.Int64))
    return spans.select(position=pl.int_ranges("position", pl.col("last") + 1), reason="reason").explode(
        "position"
    )


def _alone(lines: pl.DataFrame, profiles: list[Profile], dialect: Dialect) -> Iterator[pl.DataFrame]:
    """Yield what lines can be by themselves."""
    width = len(profiles)
    plain = lines.filter(pl.col("quotes") == 0)
    for extra in range(1, repairs.MOST_DELIMITERS + 1):
        some = plain.filter(pl.col("fields") == width + extra)
        if some.height and dialect.quote is not None:
            parts = repairs.split(some["line"], dialect.delimiter, width + extra)
            yield _placed(repairs.without_extra_delimiters(parts, profiles, dialect.delimiter), some, some)
    for other in repairs.OTHER_DELIMITERS:
        is_other = pl.col("line").str.count_matches(other, literal=True) == width - 1
        some = plain.filter((pl.col("fields") == 1) & is_other)
        if some.height and other != dialect.delimiter:
            parts = repairs.split(some["line"], other, width)
            yield _placed(repairs.with_other_delimiter(parts, profiles, other), some, some)
    some = lines.filter(pl.col("quotes") % 2 == 1)
    if some.height and dialect.quote is not None:
        candidates = candidates_of(some["line"], dialect.delimiter, dialect.quote, width)
        yield _placed(repairs.without_extra_quote(candidates, profiles, dialect.quote), some, some)


def _pairs(lines: pl.DataFrame, profiles: list[Profile], dialect: Dialect) -> Iterator[pl.DataFrame]:
    """Yield what two lines, one behind the other, can be together."""
    width = len(profiles)
    behind = lines.select(pl.all().shift(-1).name.suffix("_behind"))
    is_pair = (
        (pl.col("position_behind") == pl.col("position") + 1)
        & (pl.col("quotes") + pl.col("quotes_behind") == 0)
        & (pl.col("fields") + pl.col("fields_behind") == width + 1)
        & (pl.col("fields") > 1)
        & (pl.col("fields_behind") > 1)
    )
    pairs = pl.concat([lines, behind], how="horizontal").filter(is_pair)
    joined, placed = [], []
    for (count,), some in pairs.partition_by("fields", as_dict=True).items():
        first = repairs.split(some["line"], dialect.delimiter, count)
        second = repairs.split(some["line_behind"], dialect.delimiter, width + 1 - count)
        joined.append(repairs.joined_parts(first, second).with_columns(column=pl.lit(count - 1)))
        placed.append(some.select("position", "position_behind"))
    if joined:
        fields, lines_of_pair = pl.concat(joined), pl.concat(placed)
        columns = fields["column"].to_numpy()
        found = repairs.joined(list(fields.drop("column")), columns, profiles)
        yield _placed(found, lines_of_pair, lines_of_pair.select(position="position_behind"))


@dataclass(frozen=True, slots=True)
class _Strays:
    """Lines without a delimiter: the rest of the record before them, the beginning of the one behind, or neither."""

    lines: pl.DataFrame
    sound: Records
    profiles: list[Profile]

    def joined(self) -> Iterator[pl.DataFrame]:
        """Yield records that are only sound together with such a line."""
        lines = self._lines()
        before, behind = self._before(lines), self._behind(lines)
        if not lines.height:
            return
        last, first = self.profiles[-1], self.profiles[0]
        goes_on = self._is_completed(before, lines["line"], last, len(self.profiles) - 1, is_rest=True)
        begins = self._is_completed(behind, lines["line"], first, 0, is_rest=False)
        yield self._joined(lines, before, goes_on & ~begins, is_rest=True)
        yield self._joined(lines, behind, begins & ~goes_on, is_rest=False)

    def held(self, explained: pl.Series) -> pl.DataFrame:
        """Return the sound records beside such a line whose last or first field is text: it may belong to them.

        Not beside lines that can be something else, and not before the lines at the end, which are mostly sums.
        """
        lines = self._lines().filter(~pl.col("position").is_in(explained.implode()))
        lines = lines.filter(lines["position"] < (self.sound.begins.max() if len(self.sound.begins) else 0))
        found = [NO_HELD]
        for neighbours, profile, reason in (
            (self._before(lines), self.profiles[-1], "its last field may go on in the line behind it"),
            (self._behind(lines), self.profiles[0], "its first field may begin in the line before it"),
        ):
            if profile.is_text:
                positions = self.sound.begins[neighbours[neighbours >= 0]]
                found.append(
                    pl.DataFrame(
                        {"position": positions, "reason": [reason] * len(positions)}, schema=NO_HELD.schema
                    )
                )
        return pl.concat(found).unique("position", keep="first", maintain_order=True)

    def _lines(self) -> pl.DataFrame:
        return self.lines.filter((pl.col("fields") == 1) & (pl.col("quotes") == 0) & (pl.col("line") != ""))

    def _before(self, lines: pl.DataFrame) -> np.ndarray:
        """Return which sound record ends on the line before, -1 for none."""
        return _found_in(self.sound.ends, lines["position"].to_numpy() - 1)

    def _behind(self, lines: pl.DataFrame) -> np.ndarray:
        return _found_in(self.sound.begins, lines["position"].to_numpy() + 1)

    def _is_completed(
        self, records: np.ndarray, text: pl.Series, profile: Profile, column: int, *, is_rest: bool
    ) -> np.ndarray:
        """Return whether the value of the record beside fits its column only together with the text."""
        if profile.is_text:
            return np.zeros(len(records), bool)
        value = self._fields(records)[str(column)]
        whole = value + text if is_rest else text + value
        fits = pl.DataFrame({"value": value, "whole": whole}).select(
            ~profile.fits(pl.col("value")) & profile.fits(pl.col("whole"))
        )
        return (records >= 0) & fits.to_series().to_numpy()

    def _fields(self, records: np.ndarray) -> pl.DataFrame:
        """Return the fields of the records at these places, those of any other where there is none."""
        places, at = np.unique(np.maximum(records, 0), return_inverse=True)
        return self.sound.fields(places)[at.tolist()]

    def _joined(
        self, lines: pl.DataFrame, records: np.ndarray, is_one: np.ndarray, *, is_rest: bool
    ) -> pl.DataFrame:
        at, text = records[is_one], lines["line"].filter(pl.Series(is_one))
        column = len(self.profiles) - 1 if is_rest else 0
        fields = self._fields(at)
        value = fields[str(column)]
        fields = fields.with_columns((value + text if is_rest else text + value).alias(str(column)))
        is_whole = repairs.all_fit(list(fields), self.profiles)
        fields, at = fields.filter(pl.Series(is_whole)), at[is_whole]
        is_one = is_one.copy()
        is_one[np.flatnonzero(is_one)[~is_whole]] = False
        stray = lines["position"].filter(pl.Series(is_one)).to_numpy()
        begins, ends = (self.sound.begins[at], stray) if is_rest else (stray, self.sound.ends[at])
        placed = pl.DataFrame(
            {"position": begins, "last": ends}, schema={"position": pl.Int64, "last": pl.Int64}
        )
        return pl.concat([placed, fields], how="horizontal").with_columns(
            arm=pl.lit(f"{repairs.CUT}:{column}")
        )


def _found_in(ascending: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Return where each wanted number stands, -1 where it does not."""
    if not len(ascending):
        return np.full(len(wanted), -1)
    at = np.minimum(np.searchsorted(ascending, wanted), len(ascending) - 1)
    return np.where(ascending[at] == wanted, at, -1)


def _placed(found: pl.DataFrame, first: pl.DataFrame, last: pl.DataFrame) -> pl.DataFrame:
    at = found["at"]
    lines = [first["position"].gather(at), last["position"].gather(at).alias("last")]
    return pl.DataFrame(lines).hstack(found.drop("at"))


def _without_conflicts(found: pl.DataFrame) -> pl.DataFrame:
    """Drop the readings of a line that has several: in none of them is anything certain."""
    lines = found.with_row_index("reading").select(
        "reading", pl.int_ranges("position", pl.col("last") + 1).alias("line")
    )
    twice = lines.explode("line").filter(pl.len().over("line") > 1)["reading"].unique()
    return found.with_row_index("reading").filter(~pl.col("reading").is_in(twice.implode())).drop("reading")


def _lines_of(found: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Return one row per `line` of each reading."""
    return found.select(*names, pl.int_ranges("position", pl.col("last") + 1).alias("line")).explode("line")


def _certain_records(sound: Records, open_lines: np.ndarray) -> pl.DataFrame:
    """Return the records to learn from: none with a quote within a field, and none beside a line without delimiter.

    What is wrong with the broken lines may be wrong with those too.
    """
    judged = sound.judged
    is_stray = np.zeros(len(judged) + 2, bool)
    is_stray[1 + open_lines[judged.fields[open_lines] == 1]] = True
    is_doubtful = judged.is_bare[sound.begins] | is_stray[sound.begins] | is_stray[sound.ends + 2]
    certain = np.flatnonzero(~is_doubtful)
    return sound.fields(certain[:: max(1, len(certain) // MOST_RECORDS)][:MOST_RECORDS])


def _trials(sound: Records, known: pl.DataFrame, profiles: list[Profile]) -> Trials:
    """Return sound records to try repairs on: those whose values hold nothing that would have to be quoted."""
    dialect = sound.dialect
    marks = [dialect.delimiter, "\n", "\r", *([dialect.quote] if dialect.quote else [])]
    is_plain = ~pl.any_horizontal(pl.all().str.contains_any(marks))
    quotes = sound.judged.quotes[sound.begins[:MOST_RECORDS]]
    is_all_quoted = bool((quotes == 2 * dialect.width).mean() > 0.5)
    return Trials(known.filter(is_plain), profiles, dialect.delimiter, dialect.quote, is_all_quoted)


def _gated(found: pl.DataFrame, trials: Trials, held: pl.DataFrame, dialect: Dialect) -> Mended:
    """Part what is certain from what is only proposed."""
    arms = found["arm"].unique(maintain_order=True).to_list()
    measured = {arm: trials.of(arm) for arm in arms}
    told = pl.DataFrame(
        {
            "arm": arms,
            "method": [arm.partition(":")[0] for arm in arms],
            "version": [VERSION] * len(arms),
            "cases": [measured[arm].cases for arm in arms],
            "right": [measured[arm].right for arm in arms],
            "evidence": [_evidence(arm, trials) for arm in arms],
            "is_certain": [measured[arm].is_certain for arm in arms],
        }
    )
    found = found.join(told, on="arm", how="left", maintain_order="left")
    proposed = found.filter(~pl.col("is_certain"))
    proposal = pl.concat_str(pl.lit("perhaps "), "method", pl.lit(": "), "evidence")
    lines = proposed.select(
        pl.int_ranges("position", pl.col("last") + 1).alias("position"), proposal=proposal
    )
    records = found.filter("is_certain").sort("position")
    taken = records["position"].implode()
    return Mended(
        records.select(NO_RECORDS.columns),
        lines.explode("position"),
        held.filter(~pl.col("position").is_in(taken)),
        _texts(records, dialect),
    )


def _texts(records: pl.DataFrame, dialect: Dialect) -> Replaced:
    fields = records.select(str(i) for i in range(dialect.width)).iter_rows()
    spans = records.select("position", "last").iter_rows()
    return {
        first: (last, as_line(list(row), dialect)) for (first, last), row in zip(spans, fields, strict=True)
    }


def _evidence(arm: str, trials: Trials) -> str:
    measured = trials.of(arm)
    where = arm.rpartition(":")[2]
    column = f"column {int(where) + 1}: " if where.isdecimal() else ""
    return f"{column}{measured.right} of {measured.cases} sound records broken in the same way were mended rightly"
