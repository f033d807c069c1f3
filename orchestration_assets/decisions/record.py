"""One record that waits, as a person needs it: what was delivered beside what is proposed, and what is wrong in words.

With it what others say of the same, what was so before, and the record's story. Personal values are masked unless they
may be seen.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime

import polars as pl

from orchestration_assets.decisions.index import index_of
from orchestration_assets.decisions.others import history_of, others_of
from orchestration_assets.decisions.shown import MASK, shown
from orchestration_assets.decisions.story import Story, parsed, story_of
from orchestration_assets.decisions.tables import RECORD, held_records, proposals_of
from orchestration_assets.decisions.view import FeedView
from orchestration_assets.errors import NotFoundError
from validators.parsing import write
from validators.triage import typed

NOTHING = "(nothing)"
_OF_PROPOSAL = "method version arm shape confidence evidence_class evidence status".split()


@dataclass(frozen=True)
class Alternative:
    """One value that could stand in a field. `value` is raw, for the decision, and never shown; `shown` is what is shown.

    `by`: who proposes it, in words; `method` None: other reports say so, and to take it is to correct. `reports`: how many
    other reports of the same say it.
    """

    value: str | None
    shown: str
    by: str
    method: str | None = None
    version: str | None = None
    arm: str | None = None
    shape: str | None = None
    confidence: float | None = None
    evidence_class: str | None = None
    evidence: str = ""
    status: str = ""
    reports: int = 0


@dataclass(frozen=True)
class FieldCase:
    """One field of the record: what was delivered, what is read from it, what is wrong with it, what could stand instead.

    `read`: what the source's notation reads, with what was repaired by itself, in the contract's text.
    """

    name: str
    description: str
    original: str | None
    read: str | None
    is_open: bool
    is_personal: bool
    is_repaired: bool
    wrong: tuple[str, ...]
    alternatives: tuple[Alternative, ...]


@dataclass(frozen=True)
class Case:
    """One record that waits. `wrong`: what is wrong with it as a whole; `seen`: the last decision that it knows of.

    `others`: one row per other report of the same (record id, source, verdict, when, the contract's fields). `history`: by
    the field whose value they share with it, trusted records, the nearest first.
    """

    record_id: str
    feed: str
    table: str
    state: str
    key: str
    value: float
    since: datetime | None
    age_hours: float
    wrong: tuple[str, ...]
    fields: tuple[FieldCase, ...]
    others: pl.DataFrame
    history: dict[str, pl.DataFrame]
    story: Story
    seen: str


def case_of(
    view: FeedView, record_id: str, *, sees_personal: bool = False, now: datetime | None = None
) -> Case:
    """Everything about one record that waits; raises `NotFoundError` if it does not."""
    source, partition, delivery, row = parsed(record_id)
    identity = zip(RECORD, (partition, source, delivery, row), strict=True)
    held = held_records(view, pl.all_horizontal(pl.col(name) == value for name, value in identity))
    if held.is_empty():
        raise NotFoundError(
            f"{record_id} does not wait for a person\nHint: it was settled meanwhile; look again"
        )
    index = index_of(view)
    cells = index.cells.filter(pl.col("record_id") == record_id)
    proposals = proposals_of(view, held)
    read = _read(view, held, proposals)
    others = others_of(view, partition, record_id, read)
    hidden = set() if sees_personal else set(view.rules.personal)
    told = held.row(0, named=True)
    reasons = {name: _wrong(told, name) for name in [*view.rules.fields, None]}
    states = cells["state"].to_list()
    since = cells["since"][0] if cells.height else None
    age = ((now or datetime.now(UTC)) - since).total_seconds() / 3600 if since else 0.0
    return Case(
        record_id=record_id,
        feed=view.feed,
        table=told["table"],
        state=min(states, key=("open", "left", "decided", "kept_out").index) if states else "open",
        key=MASK if set(view.rules.key) & hidden else shown(cells["key"][0] if cells.height else ""),
        value=float(cells["value"][0]) if cells.height else 1.0,
        since=since,
        age_hours=max(age, 0.0),
        wrong=reasons[None],
        fields=tuple(
            _field(view, name, told[name], read[name], reasons[name], proposals, others, hidden)
            for name in view.rules.fields
        ),
        others=_masked(others, hidden),
        history={
            by: _masked(rows, hidden)
            for by, rows in history_of(view, partition, record_id, read, cells).items()
        },
        story=story_of(view.lake, record_id, show_personal=sees_personal),
        seen=index.seen,
    )


def _read(view: FeedView, held: pl.DataFrame, proposals: pl.DataFrame) -> dict[str, str | None]:
    """What stands in each field now, in the contract's text: as the source's notation reads it, or as it was repaired."""
    rules = view.rules
    notations = view.notations.get(held["_source"][0], {})
    frame = typed(held.select("_source", *rules.fields).lazy(), rules, notations).collect()
    texts = frame.select(write(pl.col(name), spec.dtype).alias(name) for name, spec in rules.fields.items())
    applied = proposals.filter(pl.col("status") == "applied").unique(
        "field", keep="first", maintain_order=True
    )
    return {**texts.row(0, named=True), **dict(applied.select("field", "repaired").iter_rows())}


def _wrong(told: dict[str, object], name: str | None) -> tuple[str, ...]:
    errors = told["_errors"] or []
    return tuple(
        f"{error['kind'].replace('_', ' ')}: {error['message']}"
        for error in errors  # type: ignore[attr-defined]
        if error["field"] == name
    )


def _field(
    view: FeedView,
    name: str,
    original: str | None,
    read: str | None,
    wrong: tuple[str, ...],
    proposals: pl.DataFrame,
    others: pl.DataFrame,
    hidden: set[str],
) -> FieldCase:
    mine = proposals.filter(pl.col("field") == name)
    is_hidden = name in hidden
    return FieldCase(
        name=name,
        description=view.rules.fields[name].description,
        original=_shown(original, is_hidden=is_hidden),
        read=_shown(read, is_hidden=is_hidden),
        is_open=bool(wrong),
        is_personal=name in view.rules.personal,
        is_repaired=bool((mine["status"] == "applied").any()),
        wrong=wrong,
        alternatives=_alternatives(mine, others[name], is_hidden=is_hidden) if wrong or mine.height else (),
    )


def _alternatives(proposals: pl.DataFrame, others: pl.Series, *, is_hidden: bool) -> tuple[Alternative, ...]:
    """What is proposed, the surest first, and what only other reports say."""
    said = Counter(text for text in others if text is not None)
    given = [
        Alternative(
            value=row["repaired"],
            shown=_shown(row["repaired"], is_hidden=is_hidden) or NOTHING,
            by=f"{row['method']} {row['version']} ({shown(row['arm'], 80)})",
            reports=said.get(row["repaired"], 0),
            **{k: row[k] for k in _OF_PROPOSAL if k != "evidence"},
            evidence=shown(row["evidence"], 500),
        )
        for row in proposals.iter_rows(named=True)
    ]
    given.sort(key=lambda one: -(0.5 if one.confidence is None else one.confidence))
    proposed = {one.value for one in given}
    only_said = [
        Alternative(text, _shown(text, is_hidden=is_hidden) or NOTHING, by=_reports(count), reports=count)
        for text, count in said.most_common()
        if text not in proposed
    ]
    return (*given, *only_said)


def _reports(count: int) -> str:
    return "1 other report says so" if count == 1 else f"{count} other reports say so"


def _shown(text: str | None, *, is_hidden: bool) -> str | None:
    return None if text is None else MASK if is_hidden else shown(text)


def _masked(rows: pl.DataFrame, hidden: set[str]) -> pl.DataFrame:
    """`rows` with every text masked, if it is of a field that is `hidden`, and safe to show."""
    return rows.with_columns(
        pl.Series(c, [_shown(text, is_hidden=c in hidden) for text in rows[c]], pl.String)
        for c, dtype in rows.schema.items()
        if dtype == pl.String
    )
