"""The declarations themselves as an asset: one bad file shows as a failed check, and takes no feed away."""

import dagster as dg

from orchestration_assets.build import feed_definitions
from orchestration_assets.decisions.worth import value_field
from orchestration_assets.errors import DeclarationError
from orchestration_assets.feed import Declarations, Declared, load_feeds
from orchestration_assets.resources import LakeResource
from orchestration_assets.settings import Settings
from orchestration_assets.steps.context import rules_of
from sources.declaration import Source
from sources.errors import Mistake
from validators.errors import ContractError
from validators.rules import RuleSet

KEY = dg.AssetKey(["breakwater", "declarations"])


def all_mistakes(found: Settings) -> tuple[Declarations, list[Mistake]]:
    """The declarations, and every mistake in them, those of the contracts included."""
    declarations = load_feeds(found.feeds, found.catalog)
    mistakes = list(declarations.mistakes)
    for declared in declarations.feeds.values():
        name = f"{declared.feed.feed}.yaml"
        if not declared.sources:
            message = f"no source names the feed '{declared.feed.feed}'"
            mistakes.append(Mistake(name, 0, message, "Add one to the catalog."))
        try:
            rules = rules_of(declared.feed.contract)
        except ContractError as error:
            message, _, hint = str(error).partition("\nHint: ")
            mistakes.append(Mistake(name, 0, message, hint))
            continue
        try:
            value_field(declared.feed.desk.value, rules)
        except DeclarationError as error:
            message, _, hint = str(error).partition("\nHint: ")
            mistakes.append(Mistake(name, 0, message, hint))
        for source in declared.sources:
            mistakes += _unmapped(source, rules)
    return declarations, mistakes + usable_feeds(declarations)[1]


def usable_feeds(
    declarations: Declarations, lake: LakeResource | None = None
) -> tuple[dict[str, dg.Definitions], list[Mistake]]:
    """The definitions of each feed that Dagster takes, and what it says of the others: none takes the rest away."""
    taken: dict[str, dg.Definitions] = {}
    mistakes = []
    for name, declared in declarations.feeds.items():
        try:
            taken[name] = _checked_definitions(declared, lake)
        except (dg.DagsterError, ValueError) as error:  # a schedule, an owner: only Dagster knows its rules
            mistakes.append(Mistake(f"{name}.yaml", 0, f"Dagster refuses it: {str(error).splitlines()[0]}"))
    return taken, mistakes


def _checked_definitions(declared: Declared, lake: LakeResource | None) -> dg.Definitions:
    definitions = feed_definitions(declared, lake=lake)
    dg.Definitions.validate_loadable(definitions)
    return definitions


def _unmapped(source: Source, rules: RuleSet) -> list[Mistake]:
    file = f"{source.source}.yaml"
    unknown = sorted(set(source.fields) - set(rules.fields))
    lacking = sorted(set(rules.key) - set(source.fields))
    mistakes = []
    if unknown:
        message = f"`fields` names what {rules.contract} does not have: {', '.join(unknown)}"
        mistakes.append(Mistake(file, 0, message, f"It has {', '.join(rules.fields)}."))
    if lacking:
        message = f"`fields` lacks the key: {', '.join(lacking)}"
        mistakes.append(Mistake(file, 0, message, "Every source must state it."))
    return mistakes


def build_declarations(found: Settings) -> dg.Definitions:
    """An asset that stands for the YAML files, and its check."""
    asset = dg.AssetSpec(
        KEY,
        description="One file per source and feed: what is declared. Materialized by whoever edits the files.",
        group_name="declarations",
        kinds={"yaml"},
    )

    @dg.asset_check(asset=KEY, description="Every declaration can be used.")
    def declarations_are_sound() -> dg.AssetCheckResult:
        declarations, mistakes = all_mistakes(found)
        listed = [f"- `{m.file}`, line {m.line}: {m.message}. {m.hint}" for m in mistakes]
        return dg.AssetCheckResult(
            passed=not mistakes,
            severity=dg.AssetCheckSeverity.ERROR,
            description="Expected no mistake in any declaration. "
            f"Found {len(mistakes)}." + (" To do: mend the files listed." if mistakes else ""),
            metadata={
                "feeds": len(declarations.feeds),
                "mistakes": len(mistakes),
                "list": dg.MetadataValue.md("\n".join(listed) or "none"),
            },
        )

    return dg.Definitions(assets=[asset], asset_checks=[declarations_are_sound])
