"""What must be true of a settled partition, looked up in its files, and what should be: one outcome per property."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import numpy as np
import polars as pl

from orchestration_assets.feed import partition_end
from orchestration_assets.lake import PARTITION
from orchestration_assets.parallel import side_by_side
from orchestration_assets.steps import availability
from orchestration_assets.steps.context import Context
from orchestration_assets.steps.landing import in_force, summary
from orchestration_assets.steps.outcome import Outcome
from validators.judgement import broken

_HELD = ("review", "quarantine", "aside")


def must_hold(context: Context) -> list[Outcome]:
    """The properties without which nothing is published."""
    return side_by_side(lambda look: look(context), [nothing_lost, contract_holds, trusted_not_emptied])


def should_hold(context: Context, metrics: dict[str, float]) -> list[Outcome]:
    """The properties that a person should hear of."""
    return [
        deliveries_accepted(context),
        repaired_share(context, metrics),
        held_share(context, metrics),
        unreadable_share(context, metrics),
        unseen_shapes(context, metrics),
        volume(context, metrics),
        freshness(context),
        *availability.should_hold(context),
    ]


def nothing_lost(context: Context) -> Outcome:
    """Every line of every delivery in force is in exactly one place: by count, and line by line."""
    triaged = context.handed_over("triage")
    seen = {(d["source"], d["delivery"]): np.zeros(d["lines"], np.uint8) for d in triaged["deliveries"]}
    strange = sum(_tick(seen, place) for place in _places(context))
    lines = sum(len(rows) for rows in seen.values())
    lost = sum(int((rows == 0).sum()) for rows in seen.values())
    repeated = sum(int((rows > 1).sum()) for rows in seen.values())
    lost -= triaged["counts"].get("continuation_lines", 0)
    is_passed = lost == 0 and repeated == 0 and strange == 0
    return Outcome(
        "nothing_lost",
        is_passed,
        expected=f"each of {lines:,} landed lines in exactly one of trusted, review, quarantine, aside, unreadable",
        found=f"{lost:,} in none, {repeated:,} in more than one, {strange:,} that were never landed",
        action="nothing to do"
        if is_passed
        else "do not publish; run the partition again and report the defect",
        is_blocking=True,
        numbers={"landed": lines, "lost": lost, "repeated": repeated},
    )


def contract_holds(context: Context) -> Outcome:
    """The contract, judged once more on the files that are about to be published."""
    settled, table = context.handed_over("settled"), context.table("trusted")
    published = context.lake.active(table, context.partition)
    fresh = [
        pl.scan_parquet(context.lake.path(table) / path, hive_partitioning=False)
        for path, _, _ in settled["staged"]
        if path not in published
    ]
    rows = sum(int(records.select(pl.len()).collect().item()) for records in fresh)
    bad = sum(side_by_side(lambda records: broken(records, context.rules), fresh))
    fatal = settled["counts"]["fatal"]
    is_passed = bad == 0 and fatal == 0
    return Outcome(
        "contract_holds",
        is_passed,
        expected=f"the contract {context.rules.contract} to hold on every record to be published, and no fatal finding",
        found=f"{bad:,} of {rows:,} newly written records break it; {fatal:,} fatal findings",
        action="nothing to do"
        if is_passed
        else "the former `trusted` stays; look at findings with severity fatal",
        is_blocking=True,
        numbers={"records": rows, "broken": bad, "fatal": fatal},
    )


def trusted_not_emptied(context: Context) -> Outcome:
    """A partition that had trusted records is not replaced by none."""
    before = sum(f.rows for f in context.lake.active(context.table("trusted"), context.partition).values())
    after = sum(rows for _, rows, _ in context.handed_over("settled")["staged"])
    is_passed = after > 0 or before == 0
    return Outcome(
        "trusted_not_emptied",
        is_passed,
        expected="records to publish, or none published before",
        found=f"{after:,} to publish, {before:,} published now",
        action="nothing to do"
        if is_passed
        else "the former `trusted` stays; look at the deliveries of the sources",
        is_blocking=True,
        numbers={"to_publish": after, "published": before},
    )


def deliveries_accepted(context: Context) -> Outcome:
    """Each source delivered, and nothing that it delivered had to be refused or stands in for something newer."""
    counts = summary(context)
    troubles = [f"{source}: {trouble}" for source, row in counts.items() for trouble in _troubles(row)]
    return Outcome(
        "deliveries_accepted",
        not troubles,
        expected=f"a sound delivery of each of {len(counts)} sources",
        found="; ".join(troubles) or "a sound delivery of each",
        action="ask the owner of the source, or mend its file in sources/catalog"
        if troubles
        else "nothing to do",
        numbers={
            "sources": len(counts),
            "sources_landed": sum(r["status"] == "landed" for r in counts.values()),
        },
    )


def _why(row: dict[str, Any]) -> str:
    return next(filter(None, (row[name] for name in ("reason", "refused_because", "waiting_because"))), "")


def _troubles(row: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the deliveries of one source, in words."""
    if row["status"] == "absent":
        yield f"absent: {_why(row)}"
    elif row["status"] in ("stale", "late", "waiting"):
        stands_in = f"; a former snapshot {row['stands_in']}" if row["stands_in"] else ""
        yield f"{row['status']}: {_why(row)}{stands_in}"
    elif row["reason"]:
        yield f"delivered nothing this time ({row['reason']}); what it delivered before stays in force"
    if row.get("refused"):
        yield f"{row['refused']} refused: {row['refused_because']}"
    if row.get("waiting") and row["status"] not in ("absent", "waiting"):
        yield f"{row['waiting']} waiting for a person: {row['waiting_because']}"
    if not row.get("is_closed", True):
        yield "the last line has no end, the file may be cut off"
    if row.get("extra_columns"):
        yield f"columns that are not declared: {', '.join(row['extra_columns'])}"


def repaired_share(context: Context, metrics: dict[str, float]) -> Outcome:
    """How many of the troubled records were repaired."""
    limit = context.feed.limits.repaired_share
    troubled = metrics["translated"] + metrics["imputed"] + metrics["review"] + metrics["quarantine"]
    return Outcome(
        "repaired_share",
        troubled == 0 or metrics["repaired_share"] >= limit,
        expected=f"at least {limit:.0%} of the troubled records repaired",
        found=f"{metrics['repaired_share']:.1%} of {troubled:,.0f}",
        action="see `methods` for what was not certain enough, and the check unseen_shapes",
        numbers={"share": metrics["repaired_share"]},
    )


def held_share(context: Context, metrics: dict[str, float]) -> Outcome:
    """How many of the landed records are in review and quarantine."""
    limit = context.feed.limits.held_share
    return Outcome(
        "held_share",
        metrics["held_share"] <= limit,
        expected=f"at most {limit:.0%} of the landed records in review and quarantine",
        found=f"{metrics['held_share']:.1%} ({metrics['review'] + metrics['quarantine']:,.0f} records)",
        action="see `findings` by source, field and rule",
        numbers={"share": metrics["held_share"]},
    )


def unreadable_share(context: Context, metrics: dict[str, float]) -> Outcome:
    """How many of the landed lines are no records."""
    limit = context.feed.limits.unreadable_share
    return Outcome(
        "unreadable_share",
        metrics["unreadable_share"] <= limit,
        expected=f"at most {limit:.1%} of the landed lines unreadable",
        found=f"{metrics['unreadable_share']:.2%} ({metrics['unreadable']:,.0f} lines)",
        action="see the tables <source>/unreadable: each line with its bytes, position and reason",
        numbers={"share": metrics["unreadable_share"]},
    )


def unseen_shapes(context: Context, metrics: dict[str, float]) -> Outcome:
    """How many shapes no translator reads, the most frequent named."""
    limit = context.feed.limits.unseen_shapes
    worst = [
        f"{r['source']}.{r['field']} `{r['shape']}` ×{r['cells']}"
        for r in context.handed_over("translated")["unseen"]
    ]
    return Outcome(
        "unseen_shapes",
        metrics["unseen_shapes"] <= limit,
        expected=f"at most {limit} shapes that no translator reads",
        found=f"{metrics['unseen_shapes']:,.0f}"
        + (f"; most frequent: {', '.join(worst[:5])}" if worst else ""),
        action="declare the notation in the source's YAML, or add a reading to a translator",
        numbers={"shapes": metrics["unseen_shapes"]},
    )


def volume(context: Context, metrics: dict[str, float]) -> Outcome:
    """The records landed, of all sources and of each that delivered, against the medians of the feed's other partitions."""
    ratio = context.feed.limits.volume_ratio
    landed, usual = _volumes(context, metrics), _usual_volumes(context)
    known = {name: usual[name] for name in landed if name in usual}
    if "landed" not in known:
        return Outcome(
            "volume",
            is_passed=True,
            expected="nothing yet: there are fewer than two other partitions to compare with",
            found=f"{metrics['landed']:,.0f} landed",
            action="nothing to do",
            numbers={"landed": metrics["landed"]},
        )
    odd = [name for name, middle in known.items() if not middle / ratio <= landed[name] <= middle * ratio]
    middle = known["landed"]
    sources = [
        f"{name.removeprefix('landed_')} {landed[name]:,.0f}, where its median is {known[name]:,.0f}"
        for name in odd
        if name != "landed"
    ]
    return Outcome(
        "volume",
        not odd,
        expected=f"between {middle / ratio:,.0f} and {middle * ratio:,.0f} records (the median of the other partitions is "
        f"{middle:,.0f}), and each source within a factor of {ratio:g} of its own",
        found="; ".join([f"{metrics['landed']:,.0f} landed", *sources]),
        action="compare landed per source with other days; a file may be cut off or delivered twice",
        numbers={"landed": metrics["landed"], "median": middle, "sources_odd": len(sources)},
    )


def _volumes(context: Context, metrics: dict[str, float]) -> dict[str, float]:
    """Metric to records: of the partition, and of each source that delivered any; one that did not is named elsewhere."""
    by_source = {f"landed_{s.source}": metrics.get(f"landed_{s.source}", 0) for s in context.sources}
    return {"landed": metrics["landed"], **{name: count for name, count in by_source.items() if count}}


def _usual_volumes(context: Context) -> dict[str, float]:
    """Metric to its median in the feed's other partitions: where at least two have it, days of 0 left out."""
    table = context.lake.read(context.table("metrics"))
    if table.is_empty():
        return {}
    is_other = pl.col("metric").str.starts_with("landed") & (pl.col(PARTITION) != context.partition)
    counts = table.filter(is_other & ((pl.col("value") > 0) | (pl.col("metric") == "landed")))
    medians = counts.group_by("metric").agg(pl.len().alias("days"), pl.col("value").median())
    return dict(medians.filter(pl.col("days") > 1).select("metric", "value").iter_rows())


def freshness(context: Context) -> Outcome:
    """When the deliveries came, against the end of the partition (or against now, where there is none)."""
    limit = context.feed.limits.freshness_hours
    moments = [row["landed_at"] for _, row in in_force(context)]
    if limit is None or not moments:
        found = "nothing has landed" if not moments else f"landed at {max(moments):%Y-%m-%d %H:%M} UTC"
        expected = (
            "no limit is set"
            if limit is None
            else f"landed at most {limit:g} hours after the partition's end"
        )
        return Outcome(
            "freshness", bool(moments) or limit is None, expected, found, action="set limits.freshness_hours"
        )
    reference = partition_end(context.feed, context.partition)
    newest = max(moments)
    hours = (newest - reference if reference else datetime.now(UTC) - newest).total_seconds() / 3600
    return Outcome(
        "freshness",
        hours <= limit,
        expected=f"landed at most {limit:g} hours after the partition's end",
        found=f"{hours:.1f} hours, at {newest:%Y-%m-%d %H:%M} UTC",
        action="nothing to do for a backfill; else ask the source's owner",
        numbers={"hours": round(hours, 2)},
    )


def _tick(seen: dict[tuple[str, str], np.ndarray], place: pl.DataFrame) -> int:
    """Count each row of `place` once more in `seen`; returns how many belong to nothing that was landed."""
    strange = 0
    for of_delivery, part in _by_delivery(place):
        counts, rows = seen.get(of_delivery), part["_row"].to_numpy()
        inside = rows[:0] if counts is None else rows[(rows >= 0) & (rows < len(counts))]
        strange += len(rows) - len(inside)
        if counts is not None:
            is_ascending = bool((inside[1:] > inside[:-1]).all())
            ordered = inside if is_ascending else np.sort(inside)
            counts[ordered] = np.minimum(counts[ordered] + 1, 2)  # twice is as wrong as often
            counts[ordered[1:][ordered[1:] == ordered[:-1]]] = 2
    return strange


def _by_delivery(place: pl.DataFrame) -> list[tuple[tuple[str, str], pl.DataFrame]]:
    """The rows of `place` by `_source` and `_delivery`; most files hold those of one."""
    keys = ["_source", "_delivery"]
    is_one = place.select(
        pl.all_horizontal((pl.col(key) == pl.col(key).first()).all() for key in keys)
    ).item()
    if place.height and is_one:
        return [((place["_source"][0], place["_delivery"][0]), place)]
    parts = place.partition_by(keys, as_dict=True).items()
    return [((source, delivery), part) for (source, delivery), part in parts]


def _places(context: Context) -> Iterator[pl.DataFrame]:
    """The files in which a record or line can stand, each as `_source`, `_delivery`, `_row`."""
    head = ["_source", "_delivery", "_row"]
    trusted = context.lake.path(context.table("trusted"))
    for path, _, _ in context.handed_over("settled")["staged"]:
        yield pl.read_parquet(trusted / path, columns=head, hive_partitioning=False)
    for name in _HELD:
        table = context.table(name)
        for path in context.lake.active(table, context.partition):
            yield pl.read_parquet(context.lake.path(table) / path, columns=head, hive_partitioning=False)
    for source in context.sources:
        table = f"{source.source}/unreadable"
        for path in context.lake.active(table, context.partition):
            lines = pl.read_parquet(
                context.lake.path(table) / path, columns=head[1:], hive_partitioning=False
            )
            yield lines.select(pl.lit(source.source).alias("_source"), *head[1:])
