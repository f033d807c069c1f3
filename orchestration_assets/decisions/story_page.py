"""A record's story as one self-contained page for an auditor: everything escaped, no script, nothing fetched, fit to print."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from typing import Any

from orchestration_assets.decisions.shown import shown
from orchestration_assets.decisions.story import Story, decided_in_words, found_in_words, sure_in_words

_LONGEST = 2000
_STYLE = """
:root { color-scheme: light; }
body { font: 15px/1.45 system-ui, sans-serif; color: #1c1e21; background: #fff; }
body { margin: 2rem auto; max-width: 62rem; padding: 0 1rem; }
h1 { font-size: 1.35rem; overflow-wrap: anywhere; }
h2 { font-size: 1.05rem; margin: 1.6rem 0 .4rem; border-bottom: 1px solid #c9ced6; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .25rem .5rem; border-bottom: 1px solid #e4e7eb; }
th, dt { font-weight: 600; color: #4a5361; }
td, dd { overflow-wrap: anywhere; }
code { font: .92em ui-monospace, monospace; white-space: pre-wrap; unicode-bidi: isolate; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .15rem 1rem; }
dd { margin: 0; }
.verdict { font-weight: 700; }
.none { color: #5d6673; }
@media print {
  body { margin: 0; max-width: none; font-size: 11px; }
  tr { break-inside: avoid; }
  h2 { break-after: avoid; }
}
"""
_OF_LANDED = ("file", "line", "endpoint", "stored_as", "content_hash", "landed_at")
_OF_DELIVERY = ("bytes", "lines", "status", "reason", "found", "mapping")
_OF_METHOD = (
    *(
        "method",
        "version",
        "arm",
        "field",
        "source",
        "shape",
        "parameters",
        "cases",
        "right",
        "evidence_class",
    ),
    *("error_bound", "max_error", "is_applied"),
)


def page_of(story: Story) -> str:
    """The page. Masked values are masked in `story` already."""
    verdict = f'<span class="verdict">{_text(story["verdict"])}</span>'
    reason = f": {_text(story['reason'])}" if story["reason"] else ""
    parts = [
        f"<h1>Record {_code(story['record_id'])}</h1>",
        f"<p>Feed {_code(story['feed'])}, partition {_code(story['partition'])}. Verdict: {verdict}{reason}</p>",
        _section("The record", _table(("field", "value", "repaired"), _values(story))),
        _section("Where it came from", _pairs(_input(story))),
        _section("What was found", _table(("what", "rule", "fingerprint", "severity"), _findings(story))),
        _section("What was proposed and applied", _table(_OF_REPAIRS, _repairs(story))),
        _section(
            "The methods, as they were measured", _table(_OF_METHOD, _rows(story["methods"], _OF_METHOD))
        ),
        _section("What people decided", _table(("decision", "about", "what"), _decisions(story))),
        _section("The rules", _contract(story["contract"])),
        _section("The runs that wrote it", _table(("run", "at", "tables"), _runs(story))),
        f'<p class="none">Written on {datetime.now(UTC):%Y-%m-%d %H:%M} UTC from the tables of the lake.</p>',
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        '<meta name="referrer" content="no-referrer"><meta name="viewport" content="width=device-width">'
        f"<title>{_text(story['record_id'])}</title><style>{_STYLE}</style></head>\n"
        f"<body>\n{chr(10).join(parts)}\n</body></html>\n"
    )


_OF_REPAIRS = (
    "field",
    "delivered",
    "proposed",
    "status",
    "method",
    "arm",
    "how sure",
    "evidence",
    "decided by",
)


def _values(story: Story) -> Iterable[Sequence[str]]:
    for name, value in story["record"].items():
        yield _text(name), _value(value), "yes" if name in story["repaired"] else ""


def _input(story: Story) -> Iterable[tuple[str, str]]:
    for name in _OF_LANDED:
        yield name.replace("_", " "), _value(story["landed"][name])
    for name in _OF_DELIVERY:
        if (value := story["delivery"].get(name)) not in (None, "", []):
            yield name, _value(value)
    for tried in story["delivery"].get("tried") or []:
        yield "did not serve", _text(f"{tried['endpoint']}: {tried['reason']} ({tried['attempts']} attempts)")
    if (mended := story["mended"]) is not None:
        yield "mended", _text(f"{mended['method']} {mended['version']}: {mended['evidence']}")
        yield "delivered as", _value(mended["bytes"])


def _findings(story: Story) -> Iterable[Sequence[str]]:
    for finding in story["findings"]:
        told = (found_in_words(finding), finding["rule"], finding["rule_fingerprint"], finding["severity"])
        yield tuple(_text(part) for part in told)


def _repairs(story: Story) -> Iterable[Sequence[str]]:
    for repair in story["repairs"]:
        yield (
            _text(repair["field"]),
            _value(repair["original"]),
            _value(repair["repaired"]),
            _text(repair["status"]),
            _text(f"{repair['method']} {repair['version']}"),
            _text(repair["arm"]),
            _text(sure_in_words(repair)),
            _text(repair["evidence"]),
            _text(repair["decided_by"]),
        )


def _decisions(story: Story) -> Iterable[Sequence[str]]:
    for row in story["decisions"]:
        about = f"{row['method']} {row['version']} ({row['arm']})" if row["method"] else row["kind"] or ""
        yield _code(row["decision"]), _text(about), _text(decided_in_words(row))


def _runs(story: Story) -> Iterable[Sequence[str]]:
    for run in story["runs"]:
        yield _code(run["run_id"]), _text(run["at"][:19] + " UTC"), _text(", ".join(run["tables"]))


def _contract(contract: dict[str, Any] | None) -> str:
    if contract is None:
        return '<p class="none">none are recorded for this partition; its next run records them</p>'
    told = f"<p>{_code(contract['name'])}, grain {_text(contract['grain'])}, fingerprint {_code(contract['fingerprint'])}.</p>"
    columns = ("field", "name", "kind", "severity", "message", "fingerprint")
    return told + _table(columns, _rows(contract["rules"], columns))


def _rows(rows: list[dict[str, Any]], columns: Sequence[str]) -> Iterable[Sequence[str]]:
    for row in rows:
        yield tuple(_text(row[name]) for name in columns)


def _section(title: str, content: str) -> str:
    return f"<h2>{_text(title)}</h2>\n{content}"


def _pairs(pairs: Iterable[tuple[str, str]]) -> str:
    return "<dl>" + "".join(f"<dt>{_text(name)}</dt><dd>{value}</dd>" for name, value in pairs) + "</dl>"


def _table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """`rows` hold what is escaped already."""
    body = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in rows)
    if not body:
        return '<p class="none">nothing</p>'
    head = "".join(f"<th>{_text(name.replace('_', ' '))}</th>" for name in columns)
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _value(value: Any) -> str:
    return '<span class="none">nothing</span>' if value is None else _code(value)


def _code(value: Any) -> str:
    return f"<code>{_text(value)}</code>"


def _text(value: Any) -> str:
    if isinstance(value, float):
        value = f"{value:.6g}"
    return escape(shown(value, _LONGEST))
