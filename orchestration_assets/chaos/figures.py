"""What many rounds come to: records by where they went, promises that did not hold, seconds to recover."""

from collections import Counter
from collections.abc import Sequence
from statistics import median
from typing import Any

from orchestration_assets.chaos.judging import PLACES
from orchestration_assets.chaos.rounds import Round

WORST = 5


def figures(done: Sequence[Round]) -> dict[str, Any]:
    """The totals of the rounds, the slowest recoveries, and every round that broke a promise."""
    judged = [round_.judgement for round_ in done]
    seconds = sorted(r.recovery_seconds for r in done if r.recovery_seconds is not None)
    slowest = sorted(done, key=lambda r: -(r.recovery_seconds or float("inf")))[:WORST]
    return {
        "rounds": len(done),
        "faults": dict(sorted(Counter(name for r in done for name, _ in r.faults).items())),
        "offered": sum(j.offered for j in judged),
        **{place: sum(j.total(place) for j in judged) for place in PLACES},
        "twice": sum(j.twice for j in judged),
        "wrong": sum(j.wrong for j in judged),
        "wrong_repairs": sum(j.wrong_repairs for j in judged),
        "not_recovered": sum(r.recovery_seconds is None for r in done),
        "recovery_seconds": _spread(seconds),
        "slowest": [described(r) for r in slowest],
        "broken": [described(r) for r in done if r.broken],
    }


def described(round_: Round) -> dict[str, Any]:
    """One round as `--json` prints it."""
    seconds = round_.recovery_seconds
    return {
        "seed": round_.seed,
        "faults": [f"{fault} of {source}" for fault, source in round_.faults],
        "published_before": round_.is_known,
        "recovery_seconds": None if seconds is None else round(seconds, 2),
        "broken": list(round_.broken),
        "notes": round_.judgement.notes[:WORST],
    }


def as_lines(found: dict[str, Any]) -> list[str]:
    """The figures for people."""
    spread = found["recovery_seconds"]
    places = ", ".join(f"{place} {found[place]:,}" for place in PLACES)
    return [
        f"rounds               {found['rounds']:,}",
        f"faults injected      {sum(found['faults'].values()):,} (kinds: {len(found['faults'])})",
        f"records offered      {found['offered']:,}: {places}",
        f"twice                {found['twice']:,}",
        f"silently wrong       {found['wrong']:,}; cells repaired to a value that is not the true one: {found['wrong_repairs']:,}",
        f"not recovered        {found['not_recovered']:,}",
        "seconds to recover   " + (", ".join(f"{name} {s:.2f}" for name, s in spread.items()) or "none"),
        *[f"slowest              {_line(row)}" for row in found["slowest"]],
        *[f"broken               {_line(row)}: {'; '.join(row['broken'])}" for row in found["broken"]],
    ]


def _line(row: dict[str, Any]) -> str:
    seconds = "never" if row["recovery_seconds"] is None else f"{row['recovery_seconds']:.2f} s"
    return f"seed {row['seed']}, {', '.join(row['faults'])}: {seconds}"


def _spread(seconds: Sequence[float]) -> dict[str, float]:
    if not seconds:
        return {}
    named = {"min": seconds[0], "median": median(seconds), "max": seconds[-1]}
    return {name: round(value, 3) for name, value in named.items()}
