"""`breakwater review FEED`: what waits for a person, by pattern, and decisions from the command line."""

import argparse
import getpass
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from orchestration_assets.decisions.ledger import Action, Decision
    from orchestration_assets.steps.context import Context

_PATTERN = ("_source", "field", "kind", "rule", "method", "version", "arm", "shape")
_MASK = "•••"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("feed")
    parser.add_argument("--partition", help="default: every partition")
    parser.add_argument("--source", help="only of this source")
    parser.add_argument("--field", help="only about this field")
    parser.add_argument(
        "--records", type=int, default=1, metavar="N", help="name N records of each pattern (default: 1)"
    )
    parser.add_argument("--accept", nargs=2, metavar=("RECORD_ID", "FIELD"), help="the proposal is right")
    parser.add_argument(
        "--correct", nargs=3, metavar=("RECORD_ID", "FIELD", "VALUE"), help="this value is right; '' for none"
    )
    parser.add_argument(
        "--reject",
        nargs="+",
        metavar="RECORD_ID [FIELD]",
        help="the proposal is wrong; without FIELD: keep the record out",
    )
    parser.add_argument("--leave", nargs="+", metavar="RECORD_ID [FIELD]", help="leave it to another person")
    parser.add_argument("--value", help="with --accept and --reject: which of several proposals")
    parser.add_argument("--why", help="why: it is kept")
    parser.add_argument("--by", help="who decides (default: the user of this machine)")
    parser.add_argument(
        "--replaces", metavar="DECISION", help="the earlier decision that this one takes the place of"
    )
    parser.add_argument("--show-personal", action="store_true", help="show the values of personal fields")
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """0 done, 1 if there is no such record or proposal, 2 if a decision was refused."""
    context = context_of(options.feed)
    if made := _decisions(options, context):
        return _decide(options, context, made)
    patterns = waiting(context, options)
    if options.json:
        print(json.dumps(patterns, indent=1, default=str))
    else:
        print("\n".join(_line(pattern) for pattern in patterns) or "nothing waits")
    return 0


def context_of(feed: str) -> "Context":
    """The feed as the settings have it, with its latest partition in the lake."""
    from orchestration_assets.errors import NotFoundError
    from orchestration_assets.feed import load_feeds
    from orchestration_assets.lake import Lake
    from orchestration_assets.settings import settings
    from orchestration_assets.steps.context import Context

    found = settings()
    declared, lake = load_feeds(found.feeds, found.catalog).of(feed), Lake(found.lake)
    partitions = lake.partitions(f"{feed}/metrics")
    if not partitions:
        raise NotFoundError(f"the lake has nothing of {feed} yet\nHint: `breakwater run` first")
    return Context(declared, lake, partitions[-1], Path(found.outside))


def who(given: str | None) -> str:
    """Who decides: as said, or else the user of this machine."""
    return given or getpass.getuser()


def waiting(context: "Context", options: argparse.Namespace) -> list[dict[str, Any]]:
    """One entry per pattern of open cells, the most frequent first: how many, an example, and record ids."""
    import polars as pl

    cells = _open_cells(context, options)
    if cells.is_empty():
        return []
    grouped = cells.group_by(_PATTERN).agg(
        pl.len().alias("cells"),
        pl.col("id").n_unique().alias("records"),
        pl.col("value").first().alias("example"),
        pl.col("repaired").first().alias("proposal"),
        pl.col("id").unique(maintain_order=True).head(options.records).alias("ids"),
    )
    hidden = [] if options.show_personal else context.rules.personal
    is_hidden = pl.col("field").is_in(hidden)
    shown = grouped.with_columns(
        pl.when(is_hidden & pl.col(name).is_not_null()).then(pl.lit(_MASK)).otherwise(name).alias(name)
        for name in ("example", "proposal")
    )
    ordered = shown.sort("cells", *_PATTERN, descending=[True, *[False] * len(_PATTERN)], nulls_last=True)
    return ordered.rename({"_source": "source"}).to_dicts()


def _open_cells(context: "Context", options: argparse.Namespace) -> "pl.DataFrame":
    """One row per reason for which a record is in review, with the first proposal that waits for the cell."""
    import polars as pl

    from orchestration_assets.lake import PARTITION

    record = [PARTITION, "_source", "_delivery", "_row"]
    if not context.lake.exists(context.table("review")):
        return pl.DataFrame()
    reasons = context.lake.scan(context.table("review")).select(*record, "_errors").explode("_errors")
    cells = reasons.select(*record, pl.col("_errors").struct.unnest())
    suggested = context.lake.scan(context.table("repairs")).filter(pl.col("status") == "suggested")
    first = suggested.select(*record, "field", "repaired", "method", "version", "arm", "shape").unique(
        [*record, "field"], keep="first", maintain_order=True
    )
    asked = {PARTITION: options.partition, "_source": options.source, "field": options.field}
    wanted = [pl.col(name) == value for name, value in asked.items() if value is not None]
    parts = [pl.col(name).cast(pl.String) for name in ("_source", PARTITION, "_delivery", "_row")]
    named = cells.filter(*wanted, pl.lit(value=True)).with_columns(
        pl.concat_str(parts, separator=":").alias("id")
    )
    joined = named.join(first, on=[*record, "field"], how="left", nulls_equal=True, maintain_order="left")
    return joined.sort("id").collect()


def _line(pattern: dict[str, Any]) -> str:
    kind = pattern["kind"].replace("_", " ")
    value = "" if pattern["example"] is None else f" `{pattern['example']}`"
    proposal = "no proposal"
    if pattern["method"] is not None:
        proposed = "nothing" if pattern["proposal"] is None else f"`{pattern['proposal']}`"
        proposal = f"→ {proposed} by {pattern['method']} {pattern['version']} ({pattern['arm']})"
    head = f"{pattern['cells']:>7,}  {pattern['source']}.{pattern['field']} is {kind}{value} {proposal}"
    return "\n".join([head, *(f"         {record}" for record in pattern["ids"])])


def _decisions(options: argparse.Namespace, context: "Context") -> "list[Decision]":
    """What the options decide."""
    from orchestration_assets.decisions.cells import RecordId, decision_on
    from orchestration_assets.errors import DeclarationError

    asked: list[tuple[Action, list[str] | None]] = [
        ("accept", options.accept),
        ("correct", options.correct),
        ("reject", options.reject),
        ("leave", options.leave),
    ]
    made = []
    for action, given in asked:
        if given is None:
            continue
        if len(given) > (3 if action == "correct" else 2):
            raise DeclarationError(f"--{action} takes a record id and a field\nHint: one decision at a time")
        value = given[2] or None if action == "correct" else options.value
        made.append(
            decision_on(
                context.lake,
                options.feed,
                context.rules,
                RecordId.parse(given[0]),
                by=who(options.by),
                action=action,
                field=given[1] if len(given) > 1 else None,
                value=value,
                why=options.why,
                replaces=options.replaces,
            )
        )
    return made


def _decide(options: argparse.Namespace, context: "Context", made: "list[Decision]") -> int:
    from orchestration_assets.decisions.ledger import decide
    from orchestration_assets.exit_codes import DEGRADED, DONE

    refused = decide(context.lake, options.feed, made, context.rules)
    told = [{"reason": one.reason, "last": (one.last or {}).get("decision")} for one in refused]
    if options.json:
        print(json.dumps({"decided": len(made) - len(refused), "refused": told}, indent=1))
    else:
        print(f"{len(made) - len(refused)} decided; it takes effect when the sensor or a run takes it up")
    for one in told:
        hint = f"\nHint: --replaces {one['last']} takes its place" if one["last"] else ""
        print(f"breakwater review: refused: {one['reason']}{hint}", file=sys.stderr)
    return DEGRADED if refused else DONE
