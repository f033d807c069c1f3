"""The units of a partition as people's decisions have them: what settlement settles.

Nothing that was handed over is changed: whoever settles again begins from what the methods proposed by themselves.
"""

from functools import cached_property
from typing import Any

import polars as pl

from orchestration_assets.decisions import judged
from orchestration_assets.decisions.effects import STATED, decided, kept_out
from orchestration_assets.decisions.following import on_records
from orchestration_assets.decisions.ledger import DECISION_SCHEMA, SEPARATOR, decisions_of, in_force, undoing
from orchestration_assets.imputation.agreed import fields_by_agreement
from orchestration_assets.lake import PARTITION
from orchestration_assets.settlement.agreement import contradictions, with_more, with_their_others
from orchestration_assets.settlement.apply import apply_repairs
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.fragments import ROW_BITS
from orchestration_assets.steps.units import Units
from orchestration_assets.translation.learned.examples import EXAMPLE_SCHEMA, of_people
from orchestration_assets.way import Unit
from validators.judgement import FINDING_SCHEMA
from validators.rules import digest
from validators.triage import identities

NOTHING_DECIDED = {"last": "", "strata": ""}
"""What a settlement hands over of people, where nobody decided anything."""


class DecidedUnits(Units):
    """`Units`, whose proposals are as people decided."""

    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.ledger = decisions_of(context.lake, context.feed.feed)
        self.undoing = undoing(self.ledger)
        self.standing = in_force(self.ledger)
        self._on = {} if self.ledger.is_empty() else {label: self._matched(label) for label in self.labels}

    @cached_property
    def judged(self) -> pl.DataFrame:
        """What the decisions say of the methods in this partition, as JUDGED_SCHEMA."""
        parts = [judged.JUDGED_SCHEMA.to_frame()]
        for label, on in self._on.items():
            if on.height:
                rows = judged.judge(on.filter(pl.col("action") != "undo"), super().proposals(label))
                undone = on.filter(pl.col("action") == "undo").select("_id", "decision", "field")
                parts.append(self._named(pl.concat([rows, undone], how="diagonal")))
        return pl.concat(parts).sort(
            "_source", "_delivery", "_row", "decision", "method", "arm", nulls_last=True
        )

    @cached_property
    def strata(self) -> pl.DataFrame:
        """What people judged of each method, in all partitions."""
        lake, table = self.context.lake, self.context.table(judged.TABLE)
        parts = [self.judged]
        if lake.exists(table):
            others = lake.scan(table).filter(pl.col(PARTITION) != self.context.partition)
            parts.append(others.select(judged.JUDGED_SCHEMA.names()).collect())
        return judged.strata(pl.concat(parts), self.standing["decision"], self.context.rules)

    def proposals(self, label: str) -> pl.DataFrame:
        """The unit's proposals as people decided."""
        proposals = super().proposals(label)
        if self.ledger.is_empty():
            return proposals
        unit = Unit(label, self.frames(label)[0], self.findings(label), proposals, self.is_contested(label))
        return decided(unit, self._on[label], self.undoing, self.strata, self.context.rules)

    def kept_out(self, label: str) -> pl.DataFrame:
        """What a person does not let in of the unit, as FINDING_SCHEMA."""
        return FINDING_SCHEMA.to_frame() if self.ledger.is_empty() else kept_out(self._on[label])

    def contradicted(self, label: str) -> pl.DataFrame | None:
        """What the reports of a contested unit contradict, before any claim is overruled."""
        if not self.is_contested(label):
            return None
        known = self.saved(label, "contradicted")
        if self.ledger.is_empty():
            return known
        was, now = super().proposals(label), self.proposals(label)
        cell = ["_id", "field", "repaired"]
        is_read = (pl.col("status") == "applied") & pl.col("shape").is_not_null()
        gone = was.filter(is_read).join(now.filter(is_read), on=cell, how="anti", nulls_equal=True)["_id"]
        if gone.is_empty():
            return known
        # A reading was taken back: what its record is said to contradict is looked at once more.
        rules, frame = self.context.rules, self.frames(label)[0]
        again = with_their_others(frame, gone)
        found = contradictions(apply_repairs(again, now.filter(pl.col("shape").is_not_null()), rules), rules)
        is_again = pl.col("_id").is_in(again["_id"].implode())
        by_belief = known.filter(is_again & pl.col("field").is_in(fields_by_agreement(rules)))
        return pl.concat([known.filter(~is_again), with_more(found, by_belief)])

    def told(self) -> pl.DataFrame | None:
        """What people stated of contested records: `_identity`, `field`, `truth`; None if nothing."""
        names = fields_by_agreement(self.context.rules)
        parts = []
        for label, on in self._on.items():
            said = on.filter(pl.col("action").is_in(STATED), pl.col("field").is_in(names))
            if said.height and self.is_contested(label):
                identities = self.frames(label)[0].select("_id", "_identity").drop_nulls()
                parts.append(said.sort("decision").join(identities, on="_id"))
        if not parts:
            return None
        last = pl.concat(parts).unique(["_identity", "field"], keep="last", maintain_order=True)
        return last.select("_identity", "field", pl.col("value").alias("truth"))

    def examples(self) -> pl.DataFrame:
        """What people stated anywhere in the feed of texts that were delivered, as EXAMPLE_SCHEMA."""
        rules, notations = self.context.rules, self.context.notations
        said = self.standing.filter("is_seen", pl.col("action").is_in(STATED)).drop_nulls(["original", "key"])
        parts = [EXAMPLE_SCHEMA.to_frame()]
        for (source,), part in said.partition_by("_source", as_dict=True).items():
            keys = pl.col("key").str.split(SEPARATOR).list.to_struct(fields=rules.key).struct.unnest()
            about = identities(part.lazy().select(keys), rules, notations.get(str(source), {}))
            told = part.select(
                "_source", "field", "original", pl.col("value").alias("truth"), about.alias("about")
            )
            parts.append(of_people(told, rules, notations))
        return pl.concat(parts)

    def hand_over(self) -> dict[str, str]:
        """Commit what the decisions say of the methods here; returns up to where decisions were taken up."""
        lake, table = self.context.lake, self.context.table(judged.TABLE)
        if self.ledger.is_empty():
            return NOTHING_DECIDED
        lake.replace(table, self.context.partition, self.judged)
        return {"last": self.ledger["decision"][-1], "strata": fingerprint(self.strata)}

    def _matched(self, label: str) -> pl.DataFrame:
        """The decisions in force on the unit's records, and the undos of records, each with `_id`."""
        frame = self.frames(label)[0]
        records = self.undoing.filter(pl.col("_source").is_not_null())
        return pl.concat([self._on_records(rows, frame) for rows in (self.standing, records)])

    def _on_records(self, rows: pl.DataFrame, frame: pl.DataFrame) -> pl.DataFrame:
        context, deliveries = self.context, self._deliveries
        if rows.is_empty() or frame.is_empty():
            return pl.DataFrame(schema={"_id": pl.UInt64, **DECISION_SCHEMA})
        firsts = {(d["source"], d["delivery"]): d["ordinal"] << ROW_BITS for d in deliveries}
        return on_records(rows, frame, context.rules, partition=context.partition, firsts=firsts)

    @cached_property
    def _deliveries(self) -> list[dict[str, Any]]:
        return list(self.context.handed_over("triage")["deliveries"])

    def _named(self, rows: pl.DataFrame) -> pl.DataFrame:
        """`rows` by `_id` with the record's id instead."""
        known = {d["ordinal"]: d for d in self._deliveries}
        ordinal = pl.col("_id") // 2**ROW_BITS
        own = {name: {o: d[name] for o, d in known.items()} for name in ("source", "delivery")}
        named = rows.with_columns(
            ordinal.replace_strict(own["source"], return_dtype=pl.String).alias("_source"),
            ordinal.replace_strict(own["delivery"], return_dtype=pl.String).alias("_delivery"),
            (pl.col("_id") % 2**ROW_BITS).cast(pl.Int64).alias("_row"),
        )
        return named.select(judged.JUDGED_SCHEMA.names())


def fingerprint(strata: pl.DataFrame) -> str:
    """A hash of what people judged of each method."""
    return digest(strata.rows())
