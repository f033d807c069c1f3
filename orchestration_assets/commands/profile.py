"""`breakwater profile`: what a file shows, and the declarations that would fit it. It activates nothing."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from orchestration_assets.profiling.taking import Proposal


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("file", metavar="FILE_OR_URL", help="a file, or an http or https address")
    parser.add_argument(
        "--feed", help="map its columns onto this feed's contract, instead of drafting a new one"
    )
    parser.add_argument("--name", help="name of the source, and of a new feed (default: that of the file)")
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="write the drafts below DIR instead of printing them"
    )
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """0 if there is something to propose."""
    from orchestration_assets.profiling.taking import propose

    proposal = propose(options.file, feed=options.feed, name=options.name)
    if options.out is not None:
        written = _written(options.out, proposal)
        if not options.json:
            print("\n".join(str(path) for path in written))
    if options.json:
        print(json.dumps(_as_dict(proposal), indent=1, ensure_ascii=False))
    elif options.out is None:
        for name, text in proposal.files.items():
            print(f"# --- {name}\n{text}")
    if not options.json:
        _tell(proposal, is_printed=options.out is None)
    return 0


def _as_dict(proposal: "Proposal") -> dict[str, Any]:
    from dataclasses import asdict

    return asdict(proposal)


def _tell(proposal: "Proposal", *, is_printed: bool) -> None:
    """The remarks; where the drafts are printed, those that do not stand in them already."""
    drafts = "\n".join(proposal.files.values()) if is_printed else ""
    for line in (f"# {remark}" for remark in proposal.remarks):
        if line not in drafts.splitlines():
            print(line)


def _written(folder: Path, proposal: "Proposal") -> list[Path]:
    """Write each draft into a new file; raises `DeclarationError` rather than touch what is in use or there already."""
    from orchestration_assets.errors import DeclarationError
    from orchestration_assets.settings import settings

    found = settings()
    targets = {folder / name: text for name, text in proposal.files.items()}
    contracts = Path(__file__).resolve().parents[2] / "validators" / "contracts"
    in_use = {path.resolve() for path in (found.catalog, found.feeds, contracts)}
    for target in targets:
        if target.resolve().parent in in_use:
            raise DeclarationError(
                f"{target} would be in use at once\nHint: write into another folder, read the drafts, and move them"
            )
        if target.exists():
            raise DeclarationError(f"{target} is there already\nHint: name another folder, or remove it")
    for target, text in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return sorted(targets)
