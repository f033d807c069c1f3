"""The feeds of the project as a person looks at them: for the desk, and for the commands that show what waits."""

from orchestration_assets.decisions.view import FeedView
from orchestration_assets.decisions.worth import value_field
from orchestration_assets.errors import DeclarationError
from orchestration_assets.feed import Declared, load_feeds
from orchestration_assets.lake import Lake
from orchestration_assets.settings import Settings
from orchestration_assets.steps.context import notations_of, rules_of
from validators.errors import ContractError


def view_of(found: Settings, feed: str) -> FeedView:
    """The feed `feed`; raises `DeclarationError` or `ContractError` if there is none that can be used."""
    return _viewed(load_feeds(found.feeds, found.catalog).of(feed), Lake(found.lake))


def views_of(found: Settings) -> dict[str, FeedView]:
    """Every feed that can be used, by name; `breakwater check` tells what is wrong with the others."""
    views = {}
    for name, declared in load_feeds(found.feeds, found.catalog).feeds.items():
        try:
            views[name] = _viewed(declared, Lake(found.lake))
        except (ContractError, DeclarationError):
            continue
    return views


def _viewed(declared: Declared, lake: Lake) -> FeedView:
    rules = rules_of(declared.feed.contract, declared.feed.costs)
    value_field(declared.feed.desk.value, rules)
    notations = {source.source: notations_of(source) for source in declared.sources}
    return FeedView(lake, declared, rules, notations)
