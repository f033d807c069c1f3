"""Values that stand in a neighbouring field of their record: two in one (`split`), or each in the other's (`swapped`).

A contract names these methods on both fields. Both cells of a record are repaired, or neither: what is measured is the
pair, on known pairs that are merged or exchanged, and on known values that must stay as they are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations, permutations

import polars as pl

from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA, Measured
from orchestration_assets.translation.contacts import PHONE
from orchestration_assets.translation.measurements import Asked, Measurements
from orchestration_assets.translation.readings import Translator
from orchestration_assets.translation.regional import measure_regional, with_e164
from validators.judgement import IDENTITY, RAW
from validators.parsing import read_back
from validators.rules import FieldSpec, RuleSet
from validators.shapes import shape

SPLIT = Translator("split", "1", lambda _spec, _notation: [])
SWAPPED = Translator("swapped", "1", lambda _spec, _notation: [])

_BETWEEN = r"(?:\s*[,;/|]\s*|\s+-\s+|\s+)"
_MOST_WORDS = 3


@dataclass(frozen=True)
class Pair:
    """Two fields of one record, and what was measured of `method` on them.

    `known_first` and `known_second`: values of records in which both fields are good.
    """

    method: Translator
    first: FieldSpec
    second: FieldSpec
    measured: Measured
    known_first: pl.Series
    known_second: pl.Series

    @property
    def is_applied(self) -> bool:
        """Whether the fields that it repairs accept what was measured."""
        return all(self.measured.may_apply(spec.policy) for spec in _repaired(self))


def fit_across(known: pl.DataFrame, rules: RuleSet, measurements: Measurements | None = None) -> list[Pair]:
    """Measure every pair of fields that name `split` or `swapped` on `known` records (one text column per field).

    What `measurements` hold from before is not measured again.
    """
    before = Measurements() if measurements is None else measurements
    return [_fit(*pair, known, rules, before) for pair in _pairs(rules)]


def propose_across(
    frame: pl.DataFrame, findings: pl.DataFrame, pairs: list[Pair], rules: RuleSet
) -> pl.DataFrame:
    """Two proposals, as PROPOSAL_SCHEMA, per record of `frame` whose values stand in the wrong one of two fields.

    `frame` as triage left the troubled records; only cells with `findings` set off a proposal.
    """
    bad = findings.filter(pl.col("severity") != "warning").select("_id", "field")
    parts = [PROPOSAL_SCHEMA.to_frame()]
    for pair in pairs:
        found = _FOUND[pair.method.name](frame, bad, pair, rules)
        parts += [
            _proposals(found, pair, spec, new) for spec, new in zip(_repaired(pair), "ab", strict=False)
        ]
    # A record of three such fields may be read in several ways: then in none.
    proposals = pl.concat(parts)
    once = proposals.group_by("_id", "field").len().filter(pl.col("len") > 1)["_id"]
    return proposals.filter(~pl.col("_id").is_in(once.implode()))


def methods_across(pairs: list[Pair]) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA: one row per pair and field."""
    rows = [
        {
            "method": pair.method.name,
            "version": pair.method.version,
            "field": spec.name,
            "source": "",
            "shape": "",
            "arm": _arm(pair),
            "parameters": "",
            "cases": pair.measured.cases,
            "right": pair.measured.right,
            "evidence_class": pair.measured.evidence_class,
            "error_bound": pair.measured.error_bound,
            "max_error": spec.policy.max_error,
            "is_applied": pair.is_applied,
            "fit": pair.measured.fit,
        }
        for pair in pairs
        for spec in _repaired(pair)
    ]
    return pl.DataFrame(rows, schema=METHOD_SCHEMA)


def _repaired(pair: Pair) -> tuple[FieldSpec, ...]:
    """The fields of the pair that the method repairs: a country says how to read a number, and stays as it is."""
    return (pair.first,) if pair.method is PHONE else (pair.first, pair.second)


def _arm(pair: Pair) -> str:
    return f"{pair.first.name} and {pair.second.name}"


def _pairs(rules: RuleSet) -> Iterator[tuple[Translator, FieldSpec, FieldSpec]]:
    def naming(method: Translator) -> list[FieldSpec]:
        return [spec for spec in rules.fields.values() if method.name in spec.policy.translate]

    for first, second in permutations(naming(SPLIT), 2):
        if first.dtype == pl.String:
            yield SPLIT, first, second
    for first, second in combinations(naming(SWAPPED), 2):
        yield SWAPPED, first, second
    for spec in naming(PHONE):
        if spec.policy.region in rules.fields:
            yield PHONE, spec, rules.fields[spec.policy.region]


def _fit(
    method: Translator,
    first: FieldSpec,
    second: FieldSpec,
    known: pl.DataFrame,
    rules: RuleSet,
    before: Measurements,
) -> Pair:
    lacking = [n for n in (first.name, second.name) if n not in known.columns]
    known = known.with_columns(pl.lit(None, pl.String).alias(n) for n in lacking)
    both = known.select(pl.col(first.name).alias("a"), pl.col(second.name).alias("b")).drop_nulls()
    pair = Pair(method, first, second, Measured(0, 0, "masked"), both["a"].unique(), both["b"].unique())
    asked = Asked(first.name, "", method.name, method.version, (first.name, second.name), _arm(pair))
    (measured,) = before.of(
        [asked],
        min(spec.policy.max_error for spec in _repaired(pair)),
        lambda _missing: [_MEASURE[method.name](both.unique(maintain_order=True), pair, rules)],
    )
    return replace(pair, measured=measured)


def _accepts(frame: pl.DataFrame, text: str, spec: FieldSpec, rules: RuleSet) -> pl.Series:
    """Whether each text of the column is a good value of the field."""
    typed = frame.select(read_back(pl.col(text), spec.dtype).alias(spec.name))
    return typed.select(rules.is_good(spec.name).fill_null(value=False)).to_series()


def _measure_split(known: pl.DataFrame, pair: Pair, rules: RuleSet) -> Measured:
    """Known pairs, merged and taken apart again; and what is no merged pair, which must stay whole."""
    # What a value of one record alone says would not be known if that were the one to repair.
    repeated = [known.filter(pl.col(c).is_duplicated())[c].unique() for c in ("a", "b")]
    seen = replace(pair, known_first=repeated[0], known_second=repeated[1])
    merged = split(known.select(pl.concat_str("a", pl.lit(" "), "b").alias("text"), "a", "b"), seen, rules)
    tried = merged.filter(pl.col("part_a").is_not_null())
    right = tried.filter((pl.col("part_a") == pl.col("a")) & (pl.col("part_b") == pl.col("b"))).height
    unknown = replace(seen, known_first=pl.Series([], dtype=pl.String))
    whole = known.select(pl.col("a").alias("text")).unique()
    mistaken = int(split(whole, unknown, rules)["part_a"].is_not_null().sum())
    return Measured(tried.height + mistaken, right, "masked")


def split(frame: pl.DataFrame, pair: Pair, rules: RuleSet) -> pl.DataFrame:
    """`frame` with `part_a` and `part_b`: the two values that its `text` holds, null unless it holds one pair only.

    A part of the second field is on its code list, or a known value; a first part that is known goes before others.
    """
    texts = (
        frame.select("text")
        .unique()
        .with_columns(pl.when(~pl.col("text").is_in(pair.known_first.implode())).then("text").alias("open"))
    )
    parts = [
        _candidates(texts, words, pair, rules, is_first=b)
        for words in range(_MOST_WORDS)
        for b in (True, False)
    ]
    found = pl.concat(parts).unique()
    is_best = pl.col("is_known") == pl.col("is_known").max().over("text")
    best = found.filter(is_best).filter(pl.len().over("text") == 1).drop("is_known")
    return frame.join(best, on="text", how="left", maintain_order="left")


def _candidates(
    texts: pl.DataFrame, words: int, pair: Pair, rules: RuleSet, *, is_first: bool
) -> pl.DataFrame:
    """`text`, `part_a`, `part_b`, `is_known`: the text cut so that the second field's part has `words` blanks in it."""
    second = rf"(?<b>\S+(?:\s\S+){{{words}}})"
    pattern = (
        rf"^\s*(?<a>.*\S){_BETWEEN}{second}\s*$" if is_first else rf"^\s*{second}{_BETWEEN}(?<a>\S.*?)\s*$"
    )
    cut = texts.select("text", pl.col("open").str.extract_groups(pattern).alias("cut")).unnest("cut")
    cut = cut.with_columns(
        pl.col("a").str.strip_chars(" ,;/|-"), pl.col("b").str.strip_chars(" ,;/|")
    ).drop_nulls()
    is_listed = pl.lit(value=True) if pair.second.allowed else pl.col("b").is_in(pair.known_second.implode())
    cut = cut.filter(is_listed, pl.col("a") != "")
    cut = cut.filter(_accepts(cut, "a", pair.first, rules) & _accepts(cut, "b", pair.second, rules))
    is_known = pl.col("a").is_in(pair.known_first.implode()).alias("is_known")
    return cut.select("text", pl.col("a").alias("part_a"), pl.col("b").alias("part_b"), is_known)


def _measure_swapped(known: pl.DataFrame, pair: Pair, rules: RuleSet) -> Measured:
    """Known pairs, exchanged: where both fields refuse the other's value, it is seen and undone."""
    exchanged = _exchangeable(known.rename({"a": "b", "b": "a"}), pair, rules)
    return Measured(exchanged.height, exchanged.height, "masked")


def _exchangeable(frame: pl.DataFrame, pair: Pair, rules: RuleSet) -> pl.DataFrame:
    """The rows of which the text `a` is a good value of the second field only, and `b` of the first only."""
    good = {
        (text, spec.name): _accepts(frame, text, spec, rules)
        for text in ("a", "b")
        for spec in (pair.first, pair.second)
    }
    first, second = pair.first.name, pair.second.name
    return frame.filter(~good["a", first] & ~good["b", second] & good["a", second] & good["b", first])


def _found_split(frame: pl.DataFrame, bad: pl.DataFrame, pair: Pair, rules: RuleSet) -> pl.DataFrame:
    """One row per record: IDENTITY, `was_a`, `was_b`, `a`, `b`."""
    of_second = bad.filter(pl.col("field") == pair.second.name)["_id"]
    raw_a, raw_b = pl.col(RAW + pair.first.name), pl.col(RAW + pair.second.name)
    lacks = pl.col("_id").is_in(of_second.implode()) | raw_b.is_null()
    # What stands in the second field, if anything, is either nothing or the same as in the first.
    asked = frame.filter(lacks & raw_a.is_not_null() & (raw_b.is_null() | (raw_b == raw_a)))
    texts = asked.select(*IDENTITY, raw_a.alias("was_a"), raw_b.alias("was_b"), raw_a.alias("text"))
    cut = split(texts, pair, rules).drop_nulls("part_a")
    return cut.select(*IDENTITY, "was_a", "was_b", pl.col("part_a").alias("a"), pl.col("part_b").alias("b"))


def _found_swapped(frame: pl.DataFrame, bad: pl.DataFrame, pair: Pair, rules: RuleSet) -> pl.DataFrame:
    """One row per record: IDENTITY, `was_a`, `was_b`, `a`, `b`."""
    ids = [bad.filter(pl.col("field") == spec.name)["_id"] for spec in (pair.first, pair.second)]
    asked = frame.filter(*[pl.col("_id").is_in(of.implode()) for of in ids])
    texts = asked.select(
        *IDENTITY, pl.col(RAW + pair.first.name).alias("a"), pl.col(RAW + pair.second.name).alias("b")
    ).drop_nulls()
    swapped = _exchangeable(texts, pair, rules)
    return swapped.select(
        *IDENTITY,
        pl.col("a").alias("was_a"),
        pl.col("b").alias("was_b"),
        pl.col("b").alias("a"),
        pl.col("a").alias("b"),
    )


def _measure_phone(known: pl.DataFrame, _pair: Pair, _rules: RuleSet) -> Measured:
    return measure_regional(known)


def _found_phone(frame: pl.DataFrame, bad: pl.DataFrame, pair: Pair, rules: RuleSet) -> pl.DataFrame:
    """One row per record with a refused number and a good country: IDENTITY, `was_a`, `a`."""
    refused, unsure = (bad.filter(pl.col("field") == s.name)["_id"] for s in (pair.first, pair.second))
    asked = frame.filter(pl.col("_id").is_in(refused.implode()) & ~pl.col("_id").is_in(unsure.implode()))
    raw = pl.col(RAW + pair.first.name)
    texts = asked.select(
        *IDENTITY, raw.alias("was_a"), raw.alias("text"), pl.col(pair.second.name).alias("region")
    )
    read = with_e164(texts).drop_nulls("number")
    return read.filter(_accepts(read, "number", pair.first, rules)).rename({"number": "a"})


_MEASURE = {SPLIT.name: _measure_split, SWAPPED.name: _measure_swapped, PHONE.name: _measure_phone}
_FOUND = {SPLIT.name: _found_split, SWAPPED.name: _found_swapped, PHONE.name: _found_phone}


def _proposals(found: pl.DataFrame, pair: Pair, spec: FieldSpec, new: str) -> pl.DataFrame:
    status = "applied" if pair.is_applied else "suggested"
    return found.select(
        *IDENTITY,
        pl.lit(spec.name).alias("field"),
        pl.col(f"was_{new}").alias("original"),
        pl.col(new).alias("repaired"),
        pl.lit(pair.method.name).alias("method"),
        pl.lit(pair.method.version).alias("version"),
        pl.lit(_arm(pair)).alias("arm"),
        shape(pl.col("was_a")).alias("shape"),
        pl.lit(pair.measured.confidence, pl.Float64).alias("confidence"),
        pl.lit(pair.measured.evidence_class).alias("evidence_class"),
        pl.lit(pair.measured.describe(f"{pair.method.name}, {_arm(pair)}")).alias("evidence"),
        pl.lit(status).alias("status"),
        pl.lit("gate").alias("decided_by"),
    )
