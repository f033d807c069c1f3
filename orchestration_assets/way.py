"""The whole way of a set of records that fits in memory: triage, translation, imputation, settlement, in one call.

The assets take the same steps fragment by fragment, with files between them; `breakwater repair` takes them here.
"""

from dataclasses import dataclass, replace

import polars as pl

from orchestration_assets.imputation import agreed as agreement
from orchestration_assets.imputation import dependent as dependency
from orchestration_assets.imputation import impute as imputation
from orchestration_assets.imputation import plausible
from orchestration_assets.imputation.cells import open_cells
from orchestration_assets.imputation.unbelieved import reopened
from orchestration_assets.settlement.agreement import contradictions, with_more
from orchestration_assets.settlement.apply import applied, apply_repairs, repaired_and_judged
from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA
from orchestration_assets.settlement.labels import as_repairs, judge_methods, regate
from orchestration_assets.settlement.verdicts import Settled, settle, withdraw_contradicted
from orchestration_assets.translation import neighbours, prices, spelling
from orchestration_assets.translation import translate as translation
from orchestration_assets.translation.decide import Decision
from orchestration_assets.translation.learned.examples import EXAMPLE_SCHEMA, of_labels, of_others, of_people
from orchestration_assets.translation.learned.fitting import (
    LEARNED,
    LearnedTranslation,
    learn_translation,
    methods_of_learned,
)
from orchestration_assets.translation.learned.proposing import with_learned
from validators.judgement import RAW
from validators.parsing import read_back, write
from validators.rules import RuleSet
from validators.triage import Triage, contested, identities, identity_hash, triage


@dataclass(frozen=True)
class Unit:
    """Records that are settled together. `frame` and `findings` as triage left them; `proposals` so far."""

    name: str
    frame: pl.DataFrame
    findings: pl.DataFrame
    proposals: pl.DataFrame
    is_contested: bool


@dataclass(frozen=True)
class Repaired:
    """What became of the records: `clean` needed nothing; `settled` holds the others, unit by unit.

    `agreed`: what was learned of the reporters; `contested`: the records that speak of the same (`_id`, `_identity`).
    """

    clean: pl.DataFrame
    settled: list[Settled]
    proposals: pl.DataFrame
    methods: pl.DataFrame
    agreed: agreement.Agreed | None
    contested: pl.DataFrame


def split_units(name: str, triaged: Triage) -> list[Unit]:
    """The troubled records of a fragment: those alone in their identity, and those that others speak of too."""
    empty = PROPOSAL_SCHEMA.to_frame()
    units = []
    for is_contested in (False, True):
        frame = triaged.troubled.filter(pl.col("_is_contested") == is_contested)
        if frame.height:
            findings = triaged.findings.join(frame.select("_id"), on="_id", how="semi", maintain_order="left")
            label = f"{name}-contested" if is_contested else name
            units.append(Unit(label, frame, findings, empty, is_contested))
    return units


def known_sample(triaged: Triage, rules: RuleSet, rows: int = 4000) -> pl.DataFrame:
    """Good values as text, evenly taken: `_source`, one column per field, `_is_clean`.

    False: contested, but good, and the good values of records with a bad one (null where it is the bad one): a feed of
    which every record breaks some rule has known values all the same.
    """
    bad = triaged.findings.filter(pl.col("severity") != "warning").select("_id", "field")
    clean, troubled = triaged.clean, triaged.troubled
    is_bad = troubled["_id"].is_in(bad["_id"].implode())
    is_contested_and_good = troubled["_is_contested"] & ~is_bad
    texts = [write(pl.col(name), spec.dtype).alias(name) for name, spec in rules.fields.items()]
    good = clean[_evenly(pl.arange(clean.height, eager=True), rows)]
    parts = [good.select("_source", *texts, pl.lit(value=True).alias("_is_clean"))]
    contested = troubled[_evenly(is_contested_and_good.arg_true(), rows)]
    parts.append(contested.select("_source", *texts, pl.lit(value=False).alias("_is_clean")))
    parts.append(_good_cells(troubled[_evenly(is_bad.arg_true(), rows)], bad, rules, texts))
    return each_once(pl.concat(parts), rules)


def each_once(known: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Of known records what a source says of one thing once: delivering it again is no more evidence for it.

    Which of them stays does not depend on their order: a clean one, then the one with the smallest texts.
    """
    said = ["_source", *rules.key, *([rules.source_field] if rules.source_field else [])]
    is_named = pl.all_horizontal(pl.col(name).is_not_null() for name in rules.key)
    others = [name for name in known.columns if name not in {*said, "_is_clean"}]
    rows = known.with_row_index("_nth").with_columns(is_named.alias("_is_named"))
    named = rows.filter("_is_named").sort(
        "_is_clean", *others, descending=[True, *[False] * len(others)], nulls_last=True
    )
    once = named.unique(said, keep="first", maintain_order=True)["_nth"]
    return rows.filter(~pl.col("_is_named") | pl.col("_nth").is_in(once.implode())).select(known.columns)


def _evenly(positions: pl.Series, rows: int) -> pl.Series:
    return positions.gather_every(max(positions.len() // rows, 1)).head(rows)


def _good_cells(
    records: pl.DataFrame, bad: pl.DataFrame, rules: RuleSet, texts: list[pl.Expr]
) -> pl.DataFrame:
    """What is good in records with a bad cell, as `known_sample`; nothing of a record that is bad as a whole."""
    as_a_whole = bad.filter(pl.col("field").is_null())["_id"]
    records = records.filter(~pl.col("_id").is_in(as_a_whole.implode()))
    ids = {name: part["_id"] for (name,), part in bad.partition_by("field", as_dict=True).items() if name}
    nothing = pl.Series("_id", [], pl.UInt64)
    kept = [
        pl.when(~records["_id"].is_in(ids.get(name, nothing).implode())).then(text).alias(name)
        for name, text in zip(rules.fields, texts, strict=True)
    ]
    return records.select("_source", *kept, pl.lit(value=False).alias("_is_clean"))


def translate_unit(
    unit: Unit,
    decisions: list[Decision],
    pairs: list[neighbours.Pair],
    spelled: spelling.Spelling,
    learned: LearnedTranslation,
    rules: RuleSet,
) -> Unit:
    """`unit` with the proposals of the translators; what other reports contradict is only suggested."""
    cells = translation.cells_to_translate(unit.findings, rules)
    proposals = translation.propose(cells, decisions, rules)
    proposals = pl.concat(
        [
            proposals,
            neighbours.propose_across(unit.frame, unit.findings, pairs, rules),
            spelling.propose_spelling(unit.frame, unit.findings, spelled, rules),
        ]
    )
    proposals = prices.withdraw_other_currency(unit.frame, proposals, rules)
    proposals = with_learned(proposals, cells, unit.frame if unit.is_contested else None, learned, rules)
    if unit.is_contested:
        proposals = withdraw_contradicted(unit.frame, proposals, rules)
    return replace(unit, proposals=proposals)


def _examples(
    records: pl.DataFrame,
    own: pl.Series,
    labels: pl.DataFrame | None,
    units: list[Unit],
    decisions: list[Decision],
    rules: RuleSet,
    notations: translation.Notations,
) -> pl.DataFrame:
    """What people stated, and what contested records say of the same, where no translator is sure of it already."""
    parts = [EXAMPLE_SCHEMA.to_frame()]
    if labels is not None:
        parts.append(of_people(of_labels(labels, records, own), rules, notations))
    for unit in units:
        if unit.is_contested:
            cells = translation.cells_to_translate(unit.findings, rules)
            parts.append(
                of_others(unit.frame, unit.frame.head(0), translation.unread(cells, decisions), rules)
            )
    return pl.concat(parts)


def _effective(unit: Unit, rules: RuleSet) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The records of `unit` with its applied proposals in place, and all that is wrong with them then."""
    frame, *found = repaired_and_judged(unit.frame, unit.findings, applied(unit.proposals), rules)
    if unit.is_contested:
        found.append(contradictions(frame, rules))
    return frame, pl.concat(found)


def repair_records(
    records: pl.DataFrame,
    rules: RuleSet,
    notations: translation.Notations,
    labels: pl.DataFrame | None = None,
) -> Repaired:
    """The way of `records` (`_id`, `_source`, one text column per field) in memory.

    `labels` (`_id`, `field`, `truth`): cells that a person has judged; they are settled by it, and measure the methods.
    """
    of_source = notations.get(records["_source"][0], {}) if records.height else {}
    own = identities(records.lazy(), rules, of_source)
    spelled = spelling.learn(spelling.count_values(records.lazy(), rules), rules)
    texts = dependency.texts_of(records, rules, of_source)
    dependent = dependency.learn(lambda: [texts], rules)
    unusual = plausible.implausible([plausible.compared(records, rules, of_source)], rules)
    triaged = triage(
        records,
        rules,
        of_source,
        own=own,
        contested_identities=contested([own]),
        suspicions=pl.concat(
            [
                spelling.suspicions(records, spelled, rules),
                dependency.suspicions(records, dependent.cells, rules),
                plausible.suspicions(records, unusual, rules, of_source),
            ]
        ),
    )
    units = split_units("records", triaged)
    known = known_sample(triaged, rules)
    samples = [translation.shape_samples(translation.cells_to_translate(u.findings, rules)) for u in units]
    decisions = translation.decide_all(translation.pool(samples), rules, notations, known) if samples else []
    pairs = neighbours.fit_across(known, rules)
    learned = learn_translation(_examples(records, own, labels, units, decisions, rules, notations), rules)
    units = [translate_unit(unit, decisions, pairs, spelled, learned, rules) for unit in units]
    effective = [_effective(unit, rules) for unit in units]
    frames = [frame for frame, _ in effective]
    cells = [open_cells(frame, wrong, rules) for frame, wrong in effective]
    cases = [
        imputation.claim_cases(frame, rules)
        for unit, frame in zip(units, frames, strict=True)
        if unit.is_contested
    ]
    groups = imputation.pooled_groups(imputation.groups_asked(of_unit, rules) for of_unit in cells)
    imputers = imputation.Imputers(
        claims=imputation.fit_claim_calibrations(cases, rules),
        groups=imputation.fit_groups(triaged.clean.lazy(), groups, rules, known.filter(pl.col("_is_clean"))),
        learned=imputation.fit_learned(known.filter(pl.col("_is_clean")), rules),
        agreed=_agreed(units, frames, rules, labels),
        dependent=dependent,
    )
    reports = [frame if unit.is_contested else None for unit, frame in zip(units, frames, strict=True)]
    believed = [_believed(of_unit, imputers.agreed, rules) for of_unit in reports]
    against = [
        _contradicted(of_unit, imputers.agreed, belief, rules)
        for of_unit, belief in zip(reports, believed, strict=True)
    ]
    units = [
        _imputed(unit, open_, imputers, rules, of_unit, belief)
        for unit, open_, of_unit, belief in zip(units, cells, reports, believed, strict=True)
    ]
    if labels is not None:
        units = _labelled(units, labels, rules)
    taken = taken_in_memory(units, triaged, rules)
    settled = [
        settle(
            u.frame,
            u.findings,
            u.proposals,
            rules,
            is_contested=u.is_contested,
            taken=taken,
            contradicted=found,
        )
        for u, found in zip(units, against, strict=True)
    ]
    methods = [
        METHOD_SCHEMA.to_frame(),
        translation.methods_of(decisions, rules),
        neighbours.methods_across(pairs),
        spelling.methods_of_spelling(spelled, rules),
        methods_of_learned(learned, rules),
        imputation.methods_of(imputers, rules),
    ]
    proposals = [PROPOSAL_SCHEMA.to_frame(), *(u.proposals for u in units)]
    of_entity = triaged.troubled.filter("_is_contested").select("_id", "_identity")
    return Repaired(
        triaged.clean, settled, pl.concat(proposals), pl.concat(methods), imputers.agreed, of_entity
    )


def _imputed(
    unit: Unit,
    cells: pl.DataFrame,
    imputers: imputation.Imputers,
    rules: RuleSet,
    reports: pl.DataFrame | None,
    believed: pl.DataFrame | None,
) -> Unit:
    """`unit` with the proposals of the imputers for its open `cells`, and for those whose translation is not believed."""
    proposals = unit.proposals
    if reports is not None and believed is not None and imputers.agreed is not None:
        proposals, more = reopened(proposals, unit.findings, believed, reports, imputers.agreed, rules)
        cells = pl.concat([cells, more])
    new = imputation.impute(cells, imputers, rules, reports=reports, believed=believed)
    return replace(unit, proposals=pl.concat([imputation.overruled(proposals, new), new]))


def _agreed(
    units: list[Unit], frames: list[pl.DataFrame], rules: RuleSet, labels: pl.DataFrame | None
) -> agreement.Agreed | None:
    contested_frames = [frame for unit, frame in zip(units, frames, strict=True) if unit.is_contested]
    if not contested_frames:
        return None
    together = pl.concat(contested_frames)
    told = None
    if labels is not None:
        told = labels.join(together.select("_id", "_identity"), on="_id").select(
            "_identity", "field", "truth"
        )
    return agreement.fit_agreed(agreement.stated(together, rules), rules, told)


def _believed(
    reports: pl.DataFrame | None, agreed: agreement.Agreed | None, rules: RuleSet
) -> pl.DataFrame | None:
    return None if reports is None or agreed is None else agreement.believed(reports, agreed, rules)


def _contradicted(
    reports: pl.DataFrame | None,
    agreed: agreement.Agreed | None,
    believed: pl.DataFrame | None,
    rules: RuleSet,
) -> pl.DataFrame | None:
    """What the other reports contradict, and what is believed does."""
    if reports is None:
        return None
    found = contradictions(reports, rules)
    if agreed is None or believed is None:
        return found
    return with_more(found, agreement.contradicted(believed, agreed, rules))


def repaired_identities(unit: Unit, rules: RuleSet) -> pl.DataFrame:
    """The records of `unit` whose key was repaired: `_id` and `_identity`, the hash of what it is now."""
    keys = applied(unit.proposals.filter(pl.col("field").is_in(rules.key)))
    if len(rules.key) == 1:
        name = rules.key[0]
        renamed = keys.select("_id", read_back(pl.col("repaired"), rules.fields[name].dtype).alias(name))
    else:
        renamed = apply_repairs(unit.frame.join(keys.select("_id"), on="_id", how="semi"), keys, rules)
    return renamed.select("_id", identity_hash(rules).alias("_identity")).drop_nulls()


def taken_in_memory(units: list[Unit], triaged: Triage, rules: RuleSet) -> pl.Series:
    """`_id` of the records whose repaired key is that of another record (entity grain)."""
    if rules.grain != "entity" or not units:
        return pl.Series("_id", [], pl.UInt64)
    renamed = pl.concat([repaired_identities(unit, rules) for unit in units])
    existing = pl.concat(
        [part.select(identity_hash(rules)).to_series() for part in (triaged.clean, triaged.troubled)]
    )
    return taken_ids(renamed, existing)


def taken_ids(renamed: pl.DataFrame, existing: pl.Series) -> pl.Series:
    """`_id` of the rows of `renamed` (`_id`, `_identity`) whose identity exists, or is repaired to twice."""
    is_taken = pl.col("_identity").is_in(existing.implode()) | pl.col("_identity").is_duplicated()
    return renamed.filter(is_taken)["_id"]


def _labelled(units: list[Unit], labels: pl.DataFrame, rules: RuleSet) -> list[Unit]:
    """`units` with what people judged: first in each cell's order, and measuring every method."""
    everything = pl.concat([unit.proposals for unit in units])
    # What was learned from labels is measured by the labels themselves, each without itself: it is not judged by them again.
    judged = judge_methods(everything.filter(pl.col("method") != LEARNED.name), labels)
    out = []
    for unit in units:
        texts = unit.frame.select(
            "_id", "_source", *[pl.col(RAW + name).alias(name) for name in rules.fields]
        )
        texts = texts.unpivot(index=["_id", "_source"], variable_name="field", value_name="original")
        stated = as_repairs(labels, texts)
        proposals = pl.concat([stated, regate(unit.proposals, judged, rules)])
        out.append(replace(unit, proposals=proposals))
    return out
