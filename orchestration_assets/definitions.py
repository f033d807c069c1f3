"""The code location: every feed that is declared well, and a check that shows what is wrong with the others."""

import dagster as dg

from orchestration_assets.build import default_lake
from orchestration_assets.declarations import build_declarations, usable_feeds
from orchestration_assets.feed import load_feeds
from orchestration_assets.memory import keep_freed_memory
from orchestration_assets.settings import settings


@dg.definitions
def defs() -> dg.Definitions:
    """Read anew each time the location is loaded."""
    keep_freed_memory()  # runs are children of the process that loads this
    found = settings()
    declarations = load_feeds(found.feeds, found.catalog)
    feeds, _ = usable_feeds(declarations, default_lake())
    common = dg.Definitions(executor=dg.in_process_executor)
    return dg.Definitions.merge(common, build_declarations(found), *feeds.values())
