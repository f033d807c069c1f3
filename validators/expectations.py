"""A Great Expectations suite on what was published: a second opinion, derived from the contract, by another library.

Belongs here: what to expect, asking Great Expectations, its Data Docs. What a *record* must keep is judged in `triage`.
Great Expectations knows pandas only, and its import costs ten seconds: both happen inside `validate`.
"""

import datetime as dt
import fcntl
import html
import json
import re
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from validators.rules import FieldSpec, RuleSet

if TYPE_CHECKING:
    import pandas as pd

COMPLETE_SHARE = 0.5  # of a field in which nulls are good; also of a rule whose breach is only a warning
HISTORY_LIMIT = 60  # results that the index lists, newest first; their pages stay
_COUNTS = frozenset(
    {
        "element_count",
        "missing_count",
        "missing_percent",
        "unexpected_count",
        "unexpected_percent",
        "unexpected_percent_nonmissing",
        "unexpected_percent_total",
    }
)

# Data Docs take their looks and the index its table from public CDNs. Behind a firewall, this stands in for them.
_WITHOUT_CDN = r"""
<style>
.no-cdn body {font: 15px/1.5 system-ui, sans-serif; margin: 2rem}
.no-cdn td, .no-cdn th {padding: .2rem .8rem; text-align: left; vertical-align: top; border-top: 1px solid #ddd}
.no-cdn .fa-check-circle::before {content: "\2713"; color: #176f2c; font-style: normal}
.no-cdn .fa-times::before {content: "\2717"; color: #b3261e; font-style: normal}
.no-cdn button, .no-cdn footer, .no-cdn img {display: none}
html:not(.no-cdn) #without-cdn {display: none}
</style>
<script>if (!window.jQuery) document.documentElement.classList.add("no-cdn")</script>
"""

Arguments = dict[str, Any]


@dataclass(frozen=True)
class Expected:
    """One expectation: its class in `great_expectations.expectations`, and the arguments of that."""

    kind: str
    arguments: Arguments


@dataclass(frozen=True)
class ExpectationReport:
    """What the suite found: counts and words, no values. `records` were looked at; `index` is where Data Docs begin."""

    expectations: int
    failed: int
    records: int
    failures: tuple[str, ...]
    index: Path

    @property
    def is_passed(self) -> bool:
        """Whether every expectation was met; one that crashed was not."""
        return self.failed == 0


def validate(
    frame: pl.DataFrame, rules: RuleSet, *, partition: str, docs: Path, sample: int
) -> ExpectationReport:
    """Looks at a sample of the published records of one partition, and writes the result into the Data Docs in `docs`.

    The sample is `sampled(frame, rules, sample)`. `docs` belongs to one feed: the pages, and under `results` what they
    were made of, so that the index goes on listing earlier partitions. Neither holds a value of a personal field. To be seen
    with their looks, the pages want the CDNs that Great Expectations names; without these they are plain.
    """
    records = sampled(frame, rules, sample)
    with warnings.catch_warnings():  # other people's libraries, on import too
        warnings.simplefilter("ignore")
        context = _context(docs)
        found = _ask(context, derive(rules), records, rules.contract)
        for result in found.results:
            _leave_out_personal_values(result, frozenset(rules.personal))
        found.meta["batch_spec"]["data_asset_name"] = (
            f"trusted, {records.height:,} of {frame.height:,} records"
        )
        with _alone(docs):
            page = _publish(context, found, partition)
            _serve_without_cdn(docs, page)
    failures = tuple(sorted(_words(result) for result in found.results if not result.success))
    index = docs.absolute() / "index.html"
    return ExpectationReport(len(found.results), len(failures), records.height, failures, index)


def sampled(frame: pl.DataFrame, rules: RuleSet, sample: int) -> pl.DataFrame:
    """At most `sample` records, in their order: those whose key has the smallest hashes.

    Which ones follows from the keys alone, not from the order or from chance. Records of one key are in it together,
    so that a key that is there twice is found with the sample's share as probability, not with that share's square.
    """
    if frame.height <= sample:
        return frame
    by = [name for name in rules.key if name in frame.columns] or frame.columns[:1]
    return frame.filter(frame.select(by).hash_rows().rank("ordinal") <= sample)


def derive(rules: RuleSet) -> tuple[Expected, ...]:
    """What to expect of a published partition, by its contract.

    That there are records; under entity grain, that no key is there twice; of each field, that it is complete, and what
    pandera's built-in checks say. Left out: an author's own checks, fields of lists and structs, and patterns that
    Python does not read as polars does. A rule whose breach is only a warning must be kept by `COMPLETE_SHARE`.
    """
    expected = [Expected("ExpectTableRowCountToBeBetween", {"min_value": 1})]
    for spec in rules.fields.values():
        expected += _of_field(spec)
    if rules.grain == "entity":
        expected.append(_unique(rules.key))
    return tuple(expected)


def _of_field(spec: FieldSpec) -> Iterator[Expected]:
    if spec.dtype.is_nested() or spec.dtype == pl.Binary:
        return
    kept = COMPLETE_SHARE if spec.policy.severity == "warning" else 1.0
    complete = COMPLETE_SHARE if spec.is_nullable else kept
    yield Expected("ExpectColumnValuesToNotBeNull", {"column": spec.name, "mostly": complete})
    checks = list(spec.checks)
    if isinstance(spec.dtype, pl.Enum):
        checks.append(("isin", {"allowed_values": spec.dtype.categories}))
    for check, arguments in checks:
        same = _SAME.get(check, _nothing)(arguments)
        if same is not None:
            yield Expected(same.kind, {"column": spec.name, **same.arguments, "mostly": kept})


def _unique(key: list[str]) -> Expected:
    if len(key) == 1:
        return Expected("ExpectColumnValuesToBeUnique", {"column": key[0]})
    return Expected("ExpectCompoundColumnsToBeUnique", {"column_list": key})


def _between(lowest: Any = None, highest: Any = None, **strict: bool) -> Expected | None:
    bounds = {"min_value": _plain(lowest), "max_value": _plain(highest)}
    given = {
        name: value for name, value in bounds.items() if isinstance(value, (int, float, Decimal, dt.datetime))
    }
    return Expected("ExpectColumnValuesToBeBetween", {**given, **strict}) if given else None


def _in_range(arguments: Arguments) -> Expected | None:
    return _between(
        arguments["min_value"],
        arguments["max_value"],
        strict_min=not arguments.get("include_min", True),
        strict_max=not arguments.get("include_max", True),
    )


def _in_set(values: Any, *, is_allowed: bool) -> Expected:
    kind = "ExpectColumnValuesToBeInSet" if is_allowed else "ExpectColumnValuesToNotBeInSet"
    return Expected(kind, {"value_set": [_plain(value) for value in sorted(values, key=str)]})


def _like(pattern: str | re.Pattern[str], begin: str = "") -> Expected | None:
    text = pattern.pattern if isinstance(pattern, re.Pattern) else pattern
    regex = text if text.startswith("^") else f"{begin}{text}"
    return Expected("ExpectColumnValuesToMatchRegex", {"regex": regex}) if _is_pythons(regex) else None


def _is_pythons(regex: str) -> bool:
    """Whether Python reads a pattern of polars without an error or a doubt (`[[:alpha:]]` means something else to it)."""
    re.purge()  # it warns of a pattern only when it first compiles it, which pandera did
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            re.compile(regex)
        except (re.error, Warning):
            return False
    return True


def _length(arguments: Arguments) -> Expected:
    exact = arguments.get("exact_value")
    bounds = {name: arguments.get(name) if exact is None else exact for name in ("min_value", "max_value")}
    return Expected("ExpectColumnValueLengthsToBeBetween", {k: v for k, v in bounds.items() if v is not None})


def _nothing(_arguments: Arguments) -> None:
    """For a check that Great Expectations has no counterpart to."""


# pandera's built-in checks, and what says the same in Great Expectations.
_SAME: dict[str, Callable[[Arguments], Expected | None]] = {
    "equal_to": lambda given: _in_set([given["value"]], is_allowed=True),
    "not_equal_to": lambda given: _in_set([given["value"]], is_allowed=False),
    "isin": lambda given: _in_set(given["allowed_values"], is_allowed=True),
    "notin": lambda given: _in_set(given["forbidden_values"], is_allowed=False),
    "greater_than": lambda given: _between(given["min_value"], strict_min=True),
    "greater_than_or_equal_to": lambda given: _between(given["min_value"]),
    "less_than": lambda given: _between(highest=given["max_value"], strict_max=True),
    "less_than_or_equal_to": lambda given: _between(highest=given["max_value"]),
    "in_range": _in_range,
    "str_matches": lambda given: _like(given["pattern"], begin="^"),
    "str_contains": lambda given: _like(given["pattern"]),
    "str_startswith": lambda given: _like("^" + re.escape(given["string"])),
    "str_endswith": lambda given: _like(re.escape(given["string"]) + "$"),
    "str_length": _length,
}


def _plain(value: Any) -> Any:
    """A day as its midnight: Great Expectations compares with moments only."""
    is_day = isinstance(value, dt.date) and not isinstance(value, dt.datetime)
    return dt.datetime(value.year, value.month, value.day) if is_day else value  # noqa: DTZ001 - a day has no time zone


def _pandas(records: pl.DataFrame, names: list[str]) -> "pd.DataFrame":
    """The fields that are looked at. Backed by Arrow, which keeps whole numbers whole beside nulls."""
    looked_at = records.select(name for name in names if name in records.columns)
    converted = looked_at.with_columns(
        pl.selectors.float().fill_nan(None),  # no value, as in the contract
        pl.selectors.date().cast(pl.Datetime("us")),
        (pl.selectors.categorical() | pl.selectors.enum()).cast(pl.String),
    ).to_pandas(use_pyarrow_extension_array=True)
    # pandas cannot look up Python's numbers in Arrow's decimals
    return converted.astype(dict.fromkeys(looked_at.select(pl.selectors.decimal()).columns, object))


def _context(docs: Path) -> Any:
    """A context in memory, but for results and pages under `docs`. It asks no environment, and calls nobody."""
    import great_expectations as gx
    from great_expectations.data_context.types.base import (
        DataContextConfig,
        InMemoryStoreBackendDefaults,
        ProgressBarsConfig,
    )

    defaults = InMemoryStoreBackendDefaults(init_temp_docs_sites=False)
    defaults.stores[defaults.validation_results_store_name]["store_backend"] = _folder(docs / "results")
    defaults.data_docs_sites = {
        docs.name: {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "store_backend": _folder(docs),
            "site_index_builder": {
                "class_name": "DefaultSiteIndexBuilder",
                "validation_results_limit": HISTORY_LIMIT,
            },
            "site_section_builders": {"profiling": "None"},  # its word for no
        }
    }
    config = DataContextConfig(
        analytics_enabled=False,
        progress_bars=ProgressBarsConfig(globally=False),
        store_backend_defaults=defaults,
    )
    return gx.get_context(mode="ephemeral", project_config=config)


def _folder(path: Path) -> dict[str, str]:
    return {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(path.absolute())}


def _ask(context: Any, expected: tuple[Expected, ...], records: pl.DataFrame, name: str) -> Any:
    import great_expectations as gx
    import great_expectations.expectations as gxe

    suite = gx.ExpectationSuite(name=name)
    for one in expected:
        suite.add_expectation(getattr(gxe, one.kind)(**one.arguments))
    context.suites.add(suite)
    asset = context.data_sources.add_pandas("published").add_dataframe_asset("trusted")
    names = list(dict.fromkeys(column for one in expected for column in _columns(one.arguments)))
    whole = asset.add_batch_definition_whole_dataframe("sample")
    batch = whole.get_batch({"dataframe": _pandas(records, names)})
    return batch.validate(suite, result_format="SUMMARY")


def _publish(context: Any, found: Any, partition: str) -> str:
    """Keeps the result, and makes its page and the index. Returns the folder of the page."""
    from great_expectations.core.run_identifier import RunIdentifier
    from great_expectations.data_context.types.resource_identifiers import (
        ExpectationSuiteIdentifier,
        ValidationResultIdentifier,
    )

    run = RunIdentifier(run_name=_file_name(partition), run_time=dt.datetime.now(dt.UTC))
    found.meta |= {"run_id": run, "validation_time": run.run_time}
    suite = ExpectationSuiteIdentifier(name=found.suite_name)
    result = ValidationResultIdentifier(suite, run, found.batch_id)
    context.validation_results_store.set(result, found)
    context.build_data_docs(resource_identifiers=[result, suite])
    return "/".join(("validations", suite.name, *run.to_tuple()))


def _file_name(partition: str) -> str:
    """A partition as the name of a folder, on any system."""
    return re.sub(r"[^\w.-]", "_", partition).strip(".") or "_"


@contextmanager
def _alone(docs: Path) -> Iterator[None]:
    """One run at a time: each rebuilds the index, and removes pages of results that it does not know."""
    docs.mkdir(parents=True, exist_ok=True)
    with (docs / ".lock").open("w") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def _serve_without_cdn(docs: Path, folder: str) -> None:
    """Adds to the pages that were just written what they need in order to be read where there is no CDN."""
    for page in (docs / "index.html", *docs.glob("expectations/*.html"), *(docs / folder).glob("*.html")):
        listed = _history(docs) if page.parent == docs else ""
        addition = f'<div id="without-cdn">{listed}</div>{_WITHOUT_CDN}</body>'
        page.write_text(page.read_text(encoding="utf-8").replace("</body>", addition), encoding="utf-8")


def _history(docs: Path) -> str:
    """The newest results as a table: partition, when, whether it passed."""
    results = sorted(docs.glob("results/*/*/*/*.json"), key=lambda path: path.parent.name, reverse=True)
    rows = [_row(path, docs) for path in results[:HISTORY_LIMIT]]
    return f"<table><tr><th>Partition<th>When<th>Passed</tr>{''.join(rows)}</table>"


def _row(result: Path, docs: Path) -> str:
    _, suite, partition, when, name = result.relative_to(docs).with_suffix(".html").parts
    page = html.escape(f"validations/{suite}/{partition}/{when}/{name}")
    moment = dt.datetime.strptime(when, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=dt.UTC)
    link = f'<a href="{page}">{html.escape(partition)}</a>'
    return f"<tr><td>{link}<td>{moment:%Y-%m-%d %H:%M} UTC<td>{_passed(result)}</tr>"


def _passed(result: Path) -> str:
    try:
        return "yes" if json.loads(result.read_text(encoding="utf-8"))["success"] else "no"
    except (ValueError, KeyError):  # a run that was killed left half of it
        return "unknown"


def _columns(arguments: Arguments) -> list[str]:
    return [arguments["column"]] if "column" in arguments else list(arguments.get("column_list", ()))


def _has_crashed(result: Any) -> bool:
    """Great Expectations tells of one exception as such, of several under the names of what raised them."""
    told = result.exception_info or {}
    return any(one.get("raised_exception") for one in (told, *told.values()) if isinstance(one, dict))


def _leave_out_personal_values(result: Any, personal: frozenset[str]) -> None:
    if personal.isdisjoint(_columns(result.expectation_config.kwargs)):
        return
    if _has_crashed(result):  # a message may quote the value that it stumbled over
        result.exception_info = {
            "raised_exception": True,
            "exception_message": "left out: it may quote a personal value",
            "exception_traceback": "",
        }
    result.result = {name: value for name, value in result.result.items() if name in _COUNTS}


def _words(result: Any) -> str:
    """One failed expectation in words and counts."""
    config = result.expectation_config
    owner = ", ".join(_columns(config.kwargs)) or "the whole"
    what = f"{owner}: {config.type.replace('_', ' ')}"
    if _has_crashed(result):
        return f"{what}: could not be evaluated"
    if "unexpected_count" in result.result:
        return (
            f"{what}: {result.result['unexpected_count']:,} of {result.result['element_count']:,} unexpected"
        )
    return f"{what}: {result.result['observed_value']:,} records"
