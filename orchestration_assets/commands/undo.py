"""`breakwater undo FEED`: the originals come back, of one method's repairs, of one record, or of what one person decided."""

import argparse
import json
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration_assets.decisions.ledger import Decision
    from orchestration_assets.steps.context import Context
    from orchestration_assets.steps.withdrawing import Plan


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("feed")
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--method", help="all that this method proposed, together with --version")
    what.add_argument("--record", metavar="RECORD_ID", help="all that was applied to this record")
    what.add_argument("--by", metavar="WHO", help="all that this person decided")
    parser.add_argument("--version", help="of the method")
    parser.add_argument("--field", help="with --record: of this field alone")
    parser.add_argument("--reason", help="why: it is kept")
    parser.add_argument("--who", help="who undoes (default: the user of this machine)")
    parser.add_argument("--take-back", action="store_true", help="take such an undo back")
    parser.add_argument("--dry-run", action="store_true", help="say what would be restored, and do nothing")
    parser.add_argument(
        "--no-run", action="store_true", help="leave the partitions to the sensor, or to their next run"
    )
    parser.add_argument("--json", action="store_true", help="print JSON at the end, progress on stderr")


def run(options: argparse.Namespace) -> int:
    """0 done or nothing to do, 2 if a partition was not published, 3 if a run failed."""
    from orchestration_assets.commands.review import context_of
    from orchestration_assets.decisions.ledger import decide
    from orchestration_assets.errors import DeclarationError
    from orchestration_assets.steps.withdrawing import planned

    if (options.method is None) != (options.version is None):
        raise DeclarationError(
            "--method and --version go together\nHint: `breakwater explain` names both of a repair"
        )
    out = sys.stderr if options.json else sys.stdout
    context = context_of(options.feed)
    plan = planned(context, _undo(options, context), is_taken_back=options.take_back)
    print(_told(plan, options), file=out, flush=True)
    results = []
    if not options.dry_run:
        if plan.decision is not None:
            decide(context.lake, options.feed, [plan.decision])
        if not options.no_run:
            results = run_outdated(context, plan.partitions, out)
    if options.json:
        print(json.dumps(_as_dict(plan, results, is_dry=options.dry_run), indent=1))
    return max((result["exit_code"] for result in results), default=0)


def run_outdated(context: "Context", partitions: list[str], out: Any) -> list[dict[str, Any]]:
    """Run those of `partitions` that have not taken up all decisions; returns what `--json` prints of each run."""
    from dataclasses import replace

    from orchestration_assets.decisions.ledger import decisions_of
    from orchestration_assets.running import run_partition
    from orchestration_assets.steps.pending import taken_up

    feed = context.feed.feed
    rows = decisions_of(context.lake, feed)
    last = rows["decision"][-1] if rows.height else ""
    results = []
    for partition in partitions:
        if taken_up(replace(context, partition=partition))["last"] < last:
            print(f"\n{feed} {partition}", file=out, flush=True)
            result = run_partition(feed, partition, out, ask=[])
            for trouble in result.troubles:
                print(f"{feed} {partition}: {trouble}", file=sys.stderr)
            results.append(result.as_dict())
    return results


def _undo(options: argparse.Namespace, context: "Context") -> "Decision":
    from dataclasses import replace

    from orchestration_assets.commands.review import who
    from orchestration_assets.decisions.cells import RecordId
    from orchestration_assets.decisions.ledger import Decision
    from orchestration_assets.steps.withdrawing import undo_of_record

    by = who(options.who)
    if options.record is not None:
        record = RecordId.parse(options.record)
        of_record = replace(context, partition=record.partition)
        return undo_of_record(of_record, record, by, options.field, options.reason)
    return Decision(
        by=by,
        action="undo",
        why=options.reason,
        undoes_method=options.method,
        undoes_version=options.version,
        undoes_by=options.by,
    )


def _told(plan: "Plan", options: argparse.Namespace) -> str:
    word = "would come back" if options.take_back else "would be restored"
    if not options.dry_run:
        word = word.replace("would come", "come").replace("would be", "are")
    lines = [plan.done] if plan.done else []
    lines += [
        f"  {row['_partition']}  {row['field']:<16}{row['status']:<10}{row['cells']:>9,}"
        for row in plan.cells.iter_rows(named=True)
    ]
    count = int(plan.cells["cells"].sum()) if plan.cells.height else 0
    lines.append(f"{count:,} proposed cells and {plan.decisions:,} decisions are concerned")
    partitions = ", ".join(plan.partitions) or "none"
    return "\n".join([*lines, f"brought up to date, so that originals {word}: {partitions}"])


def _as_dict(plan: "Plan", results: list[dict[str, Any]], *, is_dry: bool) -> dict[str, Any]:
    return {
        "is_done_already": bool(plan.done),
        "is_dry_run": is_dry,
        "cells": plan.cells.to_dicts(),
        "decisions": plan.decisions,
        "partitions": plan.partitions,
        "runs": results,
    }
