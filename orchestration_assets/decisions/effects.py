"""What decisions bring about: proposals of a unit with the status that people gave them, and who is kept out.

In this order: what people judged of each method tells what it applies by itself; what was undone is undone; what was
rejected is rejected; and what a person stated comes first in its cell.
"""

from collections.abc import Callable

import polars as pl

from orchestration_assets.settlement.agreement import compared_fields
from orchestration_assets.settlement.gate import PROPOSAL_SCHEMA
from orchestration_assets.settlement.labels import regate
from orchestration_assets.settlement.verdicts import KEPT_OUT, withdraw_contradicted
from orchestration_assets.way import Unit
from validators.judgement import FINDING_SCHEMA, RAW
from validators.parsing import write
from validators.rules import RuleSet, digest

PERSON = "person"
"""The method of a value that a person stated."""
BY_JUDGED_CASES = "judged"
"""Who decided where the cases that people judged let a method apply by itself, or no longer."""
STATED = ("accept", "correct")
_CELL = ["_id", "field"]


def decided(
    unit: Unit, on: pl.DataFrame, undoing: pl.DataFrame, strata: pl.DataFrame, rules: RuleSet
) -> pl.DataFrame:
    """The proposals of `unit` as the decisions have them.

    `on`: decisions in force and undone records, each with the `_id` that it is about; `undoing`: the undos in force;
    `strata`: what people judged of each method (`judged.strata`).
    """
    proposals = _regated(unit, strata, rules)
    proposals = _undone(proposals, undoing, on.filter(pl.col("action") == "undo"))
    proposals = _rejected(proposals, on.filter(pl.col("action") == "reject", pl.col("field").is_not_null()))
    said = stated(unit.frame, on, rules, is_contested=unit.is_contested)
    return pl.concat([_as_proposals(said, proposals), _beside(said, proposals)])


def kept_out(on: pl.DataFrame) -> pl.DataFrame:
    """The records that a person does not let in, as FINDING_SCHEMA."""
    records = on.filter(pl.col("action") == "reject", pl.col("field").is_null())
    return records.select(
        "_id",
        "_source",
        pl.lit(None, pl.String).alias("field"),
        pl.lit("out_of_domain").alias("kind"),
        pl.lit(KEPT_OUT).alias("rule"),
        pl.lit("error").alias("severity"),
        pl.concat_str(pl.lit("was kept out by "), _who_and_why()).alias("message"),
        pl.lit(None, pl.String).alias("value"),
        pl.lit(digest(KEPT_OUT)).alias("rule_fingerprint"),
    ).cast(FINDING_SCHEMA)


def stated(frame: pl.DataFrame, on: pl.DataFrame, rules: RuleSet, *, is_contested: bool) -> pl.DataFrame:
    """The cells whose value a person stated: `on`, with the text as delivered as `original`, and `is_own`.

    Under entity grain what is true of one report is true of all that speak of the same: the latest decision goes for
    those that say something else.
    """
    own = on.filter(pl.col("action").is_in(STATED), pl.col("field").is_in(list(rules.fields)))
    own = own.with_columns(is_own=pl.lit(value=True))
    if is_contested and rules.grain == "entity":
        own = pl.concat([own, _of_others(frame, own, rules)])
    texts = [
        frame.lazy().select("_id", pl.lit(name).alias("field"), pl.col(RAW + name).alias("original"))
        for name in own["field"].unique()
    ]
    if not texts:
        return own
    asked = own.drop("original").lazy().join(pl.concat(texts), on=_CELL, maintain_order="left")
    return asked.select(own.columns).collect()


def _of_others(frame: pl.DataFrame, own: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """What was stated of one report, for the other reports on the same that state another value, or none."""
    identities = frame.select("_id", "_identity").drop_nulls()
    about = own.filter(pl.col("field").is_in(compared_fields(rules))).join(identities, on="_id")
    last = about.sort("decision").unique(["_identity", "field"], keep="last", maintain_order=True)
    parts = [own.head(0)]
    for (name,), part in last.partition_by("field", as_dict=True).items():
        says = frame.select(
            "_identity",
            pl.col("_id").alias("_other"),
            pl.col("_source").alias("_of"),
            write(pl.col(name), rules.fields[str(name)].dtype).alias("_says"),
        )
        others = part.join(says, on="_identity").filter(~pl.col("_says").eq_missing(pl.col("value")))
        parts.append(
            others.with_columns(
                pl.col("_other").alias("_id"),
                pl.col("_of").alias("_source"),
                pl.lit(value=False).alias("is_own"),
            ).select(own.columns)
        )
    return pl.concat(parts).join(own.select(_CELL), on=_CELL, how="anti", maintain_order="left")


def _regated(unit: Unit, strata: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """The unit's proposals as judged cases have them; none takes the place of what the gate applies in its cell."""
    before = unit.proposals
    if strata.is_empty() or before.is_empty():
        return before
    is_new = pl.col("status") != pl.col("_was")
    after = regate(before, strata, rules).with_columns(before["status"].alias("_was"))
    filled = after.filter((pl.col("status") == "applied") & ~is_new).select(_CELL).unique()
    after = after.join(filled.with_columns(_is_filled=True), on=_CELL, how="left", maintain_order="left")
    is_in_the_way = is_new & (pl.col("status") == "applied") & pl.col("_is_filled").fill_null(value=False)
    after = after.with_columns(pl.when(is_in_the_way).then("_was").otherwise("status").alias("status"))
    if unit.is_contested:
        after = _unless_contradicted(unit.frame, after, rules)
    return after.with_columns(
        pl.when(is_new).then(pl.lit(BY_JUDGED_CASES)).otherwise("decided_by").alias("decided_by"),
        pl.when(is_new).then(pl.lit("judged")).otherwise("evidence_class").alias("evidence_class"),
    ).select(before.columns)


def _unless_contradicted(frame: pl.DataFrame, proposals: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """A translation that is newly applied remains a suggestion where the other reports contradict it."""
    is_new = (pl.col("status") == "applied") & (pl.col("_was") != "applied") & pl.col("shape").is_not_null()
    if proposals.filter(is_new).is_empty():
        return proposals
    withdrawn = withdraw_contradicted(frame, proposals, rules)
    return proposals.with_columns(
        pl.when(is_new).then(withdrawn[name]).otherwise(name).alias(name) for name in ("status", "evidence")
    )


def _undone(proposals: pl.DataFrame, undoing: pl.DataFrame, records: pl.DataFrame) -> pl.DataFrame:
    """Every proposal of an undone (method, version), and what was applied to an undone record, is `undone`."""
    for undo in undoing.filter(pl.col("undoes_method").is_not_null()).iter_rows(named=True):
        version = pl.lit(undo["undoes_version"], pl.String)
        is_method = (pl.col("method") == undo["undoes_method"]) & pl.col("version").eq_missing(version)
        proposals = _withdrawn(
            proposals, is_method, "undone", pl.lit(undo["by"]), pl.lit(undo["why"], pl.String)
        )
    if records.is_empty():
        return proposals
    whole = (
        records.filter(pl.col("field").is_null())
        .select("_id", _who="by", _why="why")
        .unique("_id", keep="last")
    )
    cells = records.filter(pl.col("field").is_not_null()).select(*_CELL, _who="by", _why="why")
    is_applied = pl.col("status") == "applied"
    proposals = _joined(proposals, whole, ["_id"], lambda: is_applied, "undone")
    return _joined(proposals, cells.unique(_CELL, keep="last"), _CELL, lambda: is_applied, "undone")


def _rejected(proposals: pl.DataFrame, rows: pl.DataFrame) -> pl.DataFrame:
    """What was found wrong is never applied again: the value, whoever proposes it, and what this method says of the cell."""
    names = ("method", "version", "arm")
    told = rows.select(*_CELL, _who="by", _why="why", _value="value", **{f"_{n}": n for n in names})

    def is_wrong() -> pl.Expr:
        is_same = pl.all_horizontal(pl.col(n).eq_missing(pl.col(f"_{n}")) for n in names)
        return is_same | pl.col("repaired").eq_missing(pl.col("_value"))

    return _joined(proposals, told, _CELL, is_wrong, "rejected")


def _beside(said: pl.DataFrame, proposals: pl.DataFrame) -> pl.DataFrame:
    """The proposals beside what was stated: of its cells, those that say the same are one with it, the others are wrong."""
    told = said.select(
        *_CELL, _who="by", _why="why", _value="value", _method="method", _version="version", _arm="arm"
    )

    def is_other() -> pl.Expr:
        return ~pl.col("repaired").eq_missing(pl.col("_value"))

    marked = _joined(proposals, told.select(*_CELL, "_who", "_why", "_value"), _CELL, is_other, "rejected")
    one = told.select(*_CELL, method="_method", version="_version", arm="_arm", repaired="_value")
    same = [*_CELL, "method", "version", "arm", "repaired"]
    return marked.join(one, on=same, how="anti", nulls_equal=True, maintain_order="left")


def _as_proposals(said: pl.DataFrame, proposals: pl.DataFrame) -> pl.DataFrame:
    """What was stated, as applied PROPOSAL_SCHEMA; an accepted proposal keeps its method and what was measured of it."""
    is_accepted = (pl.col("action") == "accept") & pl.col("method").is_not_null()
    same = [*_CELL, "method", "version", "arm"]
    known = proposals.select(*same, "confidence", "evidence", repaired_="repaired").unique(
        [*same, "repaired_"], maintain_order=True
    )
    rows = said.join(
        known,
        left_on=[*same, "value"],
        right_on=[*same, "repaired_"],
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    word = pl.when(is_accepted).then(pl.lit("accepted by ")).otherwise(pl.lit("stated by "))
    of_other = pl.when("is_own").then(pl.lit("")).otherwise(pl.lit("of another report on the same: "))
    moment = pl.concat_str(pl.lit(" on "), pl.col("at").dt.strftime("%Y-%m-%d %H:%M UTC"))
    evidence = pl.concat_str(
        pl.concat_str("evidence", pl.lit("; ")).fill_null(""),
        of_other,
        word,
        pl.col("by"),
        moment,
        _because(),
    )
    return rows.select(
        "_id",
        "_source",
        "field",
        "original",
        pl.col("value").alias("repaired"),
        pl.when(is_accepted).then("method").otherwise(pl.lit(PERSON)).alias("method"),
        pl.when(is_accepted).then("version").otherwise(pl.lit("1")).alias("version"),
        pl.when(is_accepted).then("arm").otherwise(pl.lit("a person")).alias("arm"),
        pl.when(is_accepted).then("shape").alias("shape"),
        pl.when(is_accepted).then("confidence").alias("confidence"),
        pl.lit("judged").alias("evidence_class"),
        evidence.alias("evidence"),
        pl.lit("applied").alias("status"),
        pl.col("by").alias("decided_by"),
    ).cast(PROPOSAL_SCHEMA)


def _joined(
    proposals: pl.DataFrame, rows: pl.DataFrame, on: list[str], is_it: Callable[[], pl.Expr], status: str
) -> pl.DataFrame:
    """`proposals` with `status` where a row of `rows` (with `_who` and `_why`) is about them and `is_it` holds."""
    if rows.is_empty():
        return proposals
    marked = proposals.join(rows, on=on, how="left", maintain_order="left")
    is_meant = pl.col("_who").is_not_null() & is_it()
    return _withdrawn(marked, is_meant, status, pl.col("_who"), pl.col("_why")).select(proposals.columns)


def _withdrawn(
    proposals: pl.DataFrame, is_it: pl.Expr, status: str, who: pl.Expr, why: pl.Expr
) -> pl.DataFrame:
    is_open = is_it & pl.col("status").is_in(["applied", "suggested"])
    because = pl.concat_str(pl.lit(": "), why).fill_null("")
    told = pl.concat_str("evidence", pl.lit(f"; {status} by "), who, because)
    return proposals.with_columns(
        pl.when(is_open).then(pl.lit(status)).otherwise("status").alias("status"),
        pl.when(is_open).then(told).otherwise("evidence").alias("evidence"),
        pl.when(is_open).then(who).otherwise("decided_by").alias("decided_by"),
    )


def _who_and_why() -> pl.Expr:
    return pl.concat_str(pl.col("by"), _because())


def _because() -> pl.Expr:
    return pl.concat_str(pl.lit(": "), pl.col("why")).fill_null("")
