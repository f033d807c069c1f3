"""The command `breakwater`. A subcommand imports only what it needs: the heavy imports are in the functions."""

import argparse
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import NoReturn

from orchestration_assets.exit_codes import FAILED, USAGE
from orchestration_assets.memory import keep_freed_memory

COMMANDS = {
    "run": "take a partition all the way: land, triage, repair, settle, publish",
    "report": "what became of a partition, as a table",
    "explain": "the whole story of one record",
    "review": "what waits for a person, and decisions from the command line",
    "replay": "held records through the current contract and methods: what would become of them",
    "undo": "originals back: of a method's repairs, of a record, or of what a person decided",
    "check": "every mistake in every declaration",
    "repair": "judge and repair one file, without Dagster",
    "profile": "what a file shows, and the declarations that would fit it",
    "desk": "the pages where people decide what waits for them",
    "ui": "Dagster's pages, which take in new declarations while they run",
    "simulate": "deliver days of the simulated outside world",
    "chaos": "rounds in an outside world that misbehaves: is anything lost, twice, or silently wrong?",
}


class _Parser(argparse.ArgumentParser):
    """Usage errors end with the exit code that the documentation lists."""

    def error(self, message: str) -> NoReturn:
        self.print_usage(sys.stderr)
        print(f"{self.prog}: {message}", file=sys.stderr)
        raise SystemExit(USAGE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code: 0 done, 1 usage or configuration, 2 done but degraded, 3 failed."""
    keep_freed_memory()
    parser = _Parser(
        prog="breakwater",
        description="Bring bad records back, with a known error rate.",
        epilog="exit codes: 0 done, 1 usage or configuration, 2 done but degraded, 3 failed",
    )
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, text in COMMANDS.items():
        command = commands.add_parser(name, help=text, description=text)
        import_module(f"orchestration_assets.commands.{name}").add_arguments(command)
    options = parser.parse_args(arguments)
    return _run(options)


def _run(options: argparse.Namespace) -> int:
    module = import_module(f"orchestration_assets.commands.{options.command}")
    try:
        return module.run(options)
    except KeyboardInterrupt:
        print("stopped", file=sys.stderr)
        return FAILED
    except BrokenPipeError:
        return FAILED
    except Exception as error:
        if (code := _code_of(error)) is None:
            raise
        print(f"breakwater {options.command}: {error}", file=sys.stderr)
        return code


def _code_of(error: Exception) -> int | None:
    """The exit code of an error that the user can understand; None for a defect of ours, which keeps its traceback."""
    from orchestration_assets.errors import BreakwaterError, LakeError, LakeNameError, LockedError, StepError

    if isinstance(error, LakeNameError):
        return USAGE
    if isinstance(error, LakeError | LockedError | StepError):
        return FAILED
    if isinstance(error, BreakwaterError):
        return USAGE
    # By name, so that commands that never load contracts or sources do not import them.
    families = {base.__name__ for base in type(error).__mro__}
    return USAGE if families & {"ContractError", "SourceError", "SimulationMistake"} else None


if __name__ == "__main__":
    raise SystemExit(main())
