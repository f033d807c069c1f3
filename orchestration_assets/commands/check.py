"""`breakwater check`: every mistake in every declaration at once, each with its file, its line and a hint."""

import argparse
import json


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def run(options: argparse.Namespace) -> int:
    """0 if every declaration can be used, else 1."""
    from orchestration_assets.declarations import all_mistakes
    from orchestration_assets.settings import settings

    declarations, mistakes = all_mistakes(settings())
    if options.json:
        rows = [{"file": m.file, "line": m.line, "message": m.message, "hint": m.hint} for m in mistakes]
        print(json.dumps({"feeds": sorted(declarations.feeds), "mistakes": rows}, indent=1))
        return 1 if mistakes else 0
    for name, declared in sorted(declarations.feeds.items()):
        sources = ", ".join(source.source for source in declared.sources) or "no source"
        print(f"feed {name}: {declared.feed.contract}; {sources}")
    for m in mistakes:
        place = f"{m.file}:{m.line}" if m.line else m.file
        print(f"{place}: {m.message}")
        if m.hint:
            print(f"  Hint: {m.hint}")
    print(f"{len(mistakes)} mistakes" if mistakes else "no mistakes")
    return 1 if mistakes else 0
