"""A feed as it is declared: its contract, its cadence, its limits. Models and loading only."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from orchestration_assets.errors import DeclarationError
from sources.declaration import Source
from sources.errors import Mistake
from sources.loading import load_declaration, load_sources
from sources.notation import Timezone

FEEDS = Path(__file__).parent / "feeds"


Key = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]


class _Declared(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DailyPartitions(_Declared):
    """One partition per day, named `2026-11-01`."""

    kind: Literal["daily"]
    start: date = Field(description="The first day.")
    timezone: Timezone = Field(default="UTC", description="Where a day begins.")


class StaticPartitions(_Declared):
    """Partitions that are listed by name."""

    kind: Literal["static"]
    keys: list[Key] = Field(min_length=1, description="Their names.")

    @model_validator(mode="after")
    def _has_each_key_once(self) -> Self:
        if twice := sorted({key for key in self.keys if self.keys.count(key) > 1}):
            raise ValueError(f"`keys` names twice: {', '.join(twice)}")
        return self


class Limits(_Declared):
    """What the asset checks expect. Shares are of the records landed."""

    held_share: float = Field(
        default=0.2, ge=0, le=1, description="At most this share in review and quarantine."
    )
    repaired_share: float = Field(
        default=0.5, ge=0, le=1, description="At least this share of the troubled repaired."
    )
    unreadable_share: float = Field(
        default=0.01, ge=0, le=1, description="At most this share of lines unreadable."
    )
    unseen_shapes: int = Field(
        default=100, ge=0, description="At most this many shapes that no translator reads."
    )
    volume_ratio: float = Field(
        default=2.0,
        gt=1,
        description="At most this factor from the median volume of the feed, and of each source.",
    )
    stale_share: float = Field(
        default=0.0, ge=0, le=1, description="At most this share of records from snapshots that stand in."
    )
    freshness_hours: float | None = Field(
        default=None, gt=0, description="Landed at most so long after the partition's end."
    )


class Desk(_Declared):
    """What orders the queue of records that wait for a person."""

    value: str | None = Field(
        default=None,
        description="The number of the contract that is at stake in a record; without it each record counts one.",
    )
    within_hours: float = Field(
        default=72,
        gt=0,
        description="For how long a record may wait for a person, from when it was delivered.",
    )


class Costs(_Declared):
    """What a wrong value and a person's time cost, in one currency: a repair is applied by itself as long as that pays.

    Fields that state a `max_error` promise that, or less if less pays.
    """

    minute: float = Field(gt=0, allow_inf_nan=False, description="A minute of a person.")
    minutes_per_decision: float = Field(
        default=0.5, gt=0, allow_inf_nan=False, description="So long a person takes to decide about one cell."
    )
    wrong: float = Field(
        gt=0,
        allow_inf_nan=False,
        description="A wrong value that is published, in fields without an `error_cost`.",
    )


class Feed(_Declared):
    """One kind of record, from one or many sources, under one contract."""

    feed: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")] = Field(
        description="Its name, also its tables' folder."
    )
    contract: str = Field(description="MODULE:CLASS of the pandera model.")
    owner: str = Field(
        pattern=r"^(team:[A-Za-z0-9_.-]+|\S+@\S+)$", description="`team:…` or an e-mail address."
    )
    description: str = Field(default="", description="What it is, for the asset's page.")
    partitions: Annotated[DailyPartitions | StaticPartitions, Field(discriminator="kind")]
    schedule: str = Field(default="0 5 * * *", description="Cron expression of its daily run, in UTC.")
    prefer: list[str] = Field(
        default_factory=list, description="Sources in order of preference; the others follow by name."
    )
    patience: float | None = Field(
        default=None,
        ge=0,
        description="Seconds that a run waits for a slow source when others have landed; by default half of its deadline.",
    )
    catch_up_days: int = Field(
        default=3,
        ge=0,
        le=366,
        description="For so many days what is missing from a partition is asked for again.",
    )
    limits: Limits = Field(default_factory=Limits)
    desk: Desk = Field(default_factory=Desk)
    costs: Costs | None = Field(
        default=None, description="What errors and minutes cost; decides how sure repairs must be."
    )


@dataclass(frozen=True)
class Declared:
    """A feed with its sources, in order of preference."""

    feed: Feed
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Declarations:
    """Every feed that can be used, and every mistake in the files of the others."""

    feeds: dict[str, Declared] = field(default_factory=dict)
    mistakes: list[Mistake] = field(default_factory=list)

    def of(self, name: str) -> Declared:
        """The feed `name`; raises `DeclarationError`."""
        if name in self.feeds:
            return self.feeds[name]
        known = ", ".join(sorted(self.feeds)) or "none"
        raise DeclarationError(
            f"there is no feed '{name}'; known: {known}\nHint: `breakwater check` lists what is wrong"
        )


def load_feeds(feeds: Path, catalog: Path) -> Declarations:
    """Every feed of the folder `feeds` with its sources of the folder `catalog`. One bad file removes no other."""
    sources = load_sources(catalog)
    loaded = Declarations(mistakes=list(sources.mistakes))
    for path in sorted([*feeds.glob("*.yaml"), *feeds.glob("*.yml")]):
        feed, mistakes = load_declaration(path, Feed)
        loaded.mistakes.extend(mistakes)
        if feed is None:
            continue
        if feed.feed in loaded.feeds:
            message = f"the name `{feed.feed}` is taken by another file"
            loaded.mistakes.append(Mistake(path.name, 0, message, "Give this feed a name of its own."))
            continue
        mine = [source for source in sources.sources.values() if source.feed == feed.feed]
        if unknown := sorted(set(feed.prefer) - {source.source for source in mine}):
            loaded.mistakes.append(
                Mistake(path.name, 0, f"`prefer` names no source of this feed: {', '.join(unknown)}")
            )
        loaded.feeds[feed.feed] = Declared(feed, tuple(sorted(mine, key=lambda s: _rank(feed, s.source))))
    loaded.mistakes.extend(_homeless(sources.sources.values(), loaded.feeds))
    return loaded


def partition_end(feed: Feed, partition: str) -> datetime | None:
    """When the partition ended, in UTC; None for static partitions."""
    if not isinstance(feed.partitions, DailyPartitions):
        return None
    midnight = datetime.combine(date.fromisoformat(partition) + timedelta(days=1), datetime.min.time())
    return midnight.replace(tzinfo=ZoneInfo(feed.partitions.timezone)).astimezone(UTC)


def check_partition(feed: Feed, partition: str) -> str:
    """`partition`, if the feed has it; raises `DeclarationError` otherwise."""
    if isinstance(feed.partitions, StaticPartitions):
        if partition in feed.partitions.keys:
            return partition
        raise DeclarationError(
            f"{feed.feed} has no partition '{partition}'\nHint: one of {', '.join(feed.partitions.keys)}"
        )
    try:
        day = date.fromisoformat(partition)
    except ValueError as error:
        raise DeclarationError(f"'{partition}' is no day\nHint: write it as 2026-11-01") from error
    today = datetime.now(ZoneInfo(feed.partitions.timezone)).date()
    if not feed.partitions.start <= day < today:
        raise DeclarationError(
            f"{feed.feed} has no partition '{partition}': it begins on {feed.partitions.start}, and a day is run when it is over\n"
            f"Hint: the latest is {today - timedelta(days=1)}"
        )
    return day.isoformat()


def latest_partition(feed: Feed) -> str:
    """The last day that is over, or the last static key."""
    if isinstance(feed.partitions, StaticPartitions):
        return feed.partitions.keys[-1]
    today = datetime.now(ZoneInfo(feed.partitions.timezone)).date()
    return (today - timedelta(days=1)).isoformat()


def recent_partitions(feed: Feed, now: datetime) -> list[str]:
    """The partitions whose gaps are still asked for: the days that ended in the last `catch_up_days`, or every listed key."""
    if isinstance(feed.partitions, StaticPartitions):
        return list(feed.partitions.keys) if feed.catch_up_days else []
    today = now.astimezone(ZoneInfo(feed.partitions.timezone)).date()
    days = [today - timedelta(days=back) for back in range(1, feed.catch_up_days + 1)]
    return [day.isoformat() for day in reversed(days) if day >= feed.partitions.start]


def _rank(feed: Feed, source: str) -> tuple[int, str]:
    return (feed.prefer.index(source) if source in feed.prefer else len(feed.prefer), source)


def _homeless(sources: Iterable[Source], feeds: dict[str, Declared]) -> list[Mistake]:
    return [
        Mistake(
            f"{s.source}.yaml",
            0,
            f"source '{s.source}' belongs to feed '{s.feed}', which does not exist",
            f"Add feeds/{s.feed}.yaml, or name one of {', '.join(sorted(feeds)) or 'the feeds'}.",
        )
        for s in sources
        if s.feed not in feeds
    ]
