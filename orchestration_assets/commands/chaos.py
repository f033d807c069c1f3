"""`breakwater chaos`: rounds of the feed `payments` in an outside world that misbehaves, without Dagster."""

import argparse
import json
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from orchestration_assets.exit_codes import DONE, FAILED

_TOLD_EVERY = 25


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("--rounds", type=int, default=20, metavar="N", help="how many (default: 20)")
    parser.add_argument(
        "--seed", type=int, default=1, metavar="S", help="of the first round; the next has S + 1 (default: 1)"
    )
    parser.add_argument(
        "--fault",
        action="append",
        default=[],
        metavar="NAME",
        help="inject only this; may be given several times (default: any)",
    )
    parser.add_argument(
        "--folder", type=Path, metavar="DIR", help="keep there the worlds, and the lakes of broken rounds"
    )
    parser.add_argument("--json", action="store_true", help="print JSON at the end, progress on stderr")


def run(options: argparse.Namespace) -> int:
    """0 if every promise held in every round and all was recovered from, else 3."""
    from orchestration_assets.chaos.figures import as_lines, figures
    from orchestration_assets.chaos.rounds import rounds

    _refuse_mistakes(options)
    out = sys.stderr if options.json else sys.stdout
    done = []
    with ExitStack() as stack:
        temporary = options.folder or Path(
            stack.enter_context(tempfile.TemporaryDirectory(prefix="breakwater-chaos-"))
        )
        for played in rounds(
            temporary,
            count=options.rounds,
            seed=options.seed,
            only=options.fault,
            keep=options.folder is not None,
        ):
            done.append(played)
            if len(done) % _TOLD_EVERY == 0 or played.broken:
                broken = "; ".join(played.broken)
                print(
                    f"round {len(done)}, seed {played.seed}: {broken or 'all is well'}", file=out, flush=True
                )
    found = figures(done)
    print(json.dumps(found, indent=1) if options.json else "\n".join(as_lines(found)))
    return FAILED if found["broken"] else DONE


def _refuse_mistakes(options: argparse.Namespace) -> None:
    from orchestration_assets.errors import DeclarationError
    from sources.chaos.faults import FAULTS

    if options.rounds < 1 or options.seed < 0:
        raise DeclarationError(
            "--rounds must be at least 1, and --seed not negative\nHint: breakwater chaos -h"
        )
    if unknown := sorted(set(options.fault) - set(FAULTS)):
        raise DeclarationError(
            f"there is no fault {', '.join(unknown)}\nHint: one of {', '.join(sorted(FAULTS))}"
        )
