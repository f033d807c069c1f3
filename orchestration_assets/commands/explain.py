"""`breakwater explain RECORD_ID`: the whole story of one record, from file and line to verdict."""

import argparse
import json
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("record_id", help="SOURCE:PARTITION:DELIVERY:ROW, as the tables have it")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--html", type=Path, metavar="FILE", help="write it as one self-contained page")
    parser.add_argument("--show-personal", action="store_true", help="show the values of personal fields")


def run(options: argparse.Namespace) -> int:
    """0, or 1 if there is no such record."""
    from orchestration_assets.decisions.story import story_of, told
    from orchestration_assets.lake import Lake, writing
    from orchestration_assets.settings import settings

    story = story_of(Lake(settings().lake), options.record_id, show_personal=options.show_personal)
    if options.html is not None:
        from orchestration_assets.decisions.story_page import page_of

        with writing(options.html.parent):
            options.html.write_text(page_of(story), encoding="utf-8")
    print(json.dumps(story, indent=1, default=str) if options.json else told(story))
    return 0
