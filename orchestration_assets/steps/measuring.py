"""Measuring: what became of the partition, in numbers under stable names."""

from typing import Any

import polars as pl

from orchestration_assets.steps.context import Context
from orchestration_assets.steps.landing import summary

METRIC_SCHEMA = pl.Schema({"metric": pl.String, "value": pl.Float64})
"""One row per (partition, metric). Shares are of the records landed, durations in seconds."""

_STEPS = ("landing", "triage", "translated", "imputed", "settled")
_OF_SETTLEMENT = (
    *("clean", "translated", "imputed", "trusted", "review", "quarantine", "duplicate", "outside"),
    *("repairs_applied", "repairs_suggested", "decided"),
)


def measure_partition(context: Context) -> dict[str, float]:
    """Write the partition's metrics; returns them by name."""
    handed = {step: context.handed_over(step) for step in _STEPS}
    values = {**_counts(handed), **_durations(handed)}
    values["rows_per_second"] = _share(values["landed"], values["seconds"])
    for source, counts in summary(context).items():
        values[f"landed_{source}"] = counts.get("lines", 0)
    rows = [{"metric": name, "value": float(value)} for name, value in values.items()]
    context.lake.replace(
        context.table("metrics"), context.partition, pl.DataFrame(rows, schema=METRIC_SCHEMA)
    )
    return values


def _counts(handed: dict[str, Any]) -> dict[str, float]:
    triage, settled = handed["triage"]["counts"], handed["settled"]["counts"]
    landed = triage.get("lines", 0) - triage.get("continuation_lines", 0)
    unreadable = triage.get("unreadable", 0)
    held = settled["review"] + settled["quarantine"]
    placed = settled["trusted"] + held + settled["duplicate"] + settled["outside"] + unreadable
    repaired = settled["translated"] + settled["imputed"]
    return {
        "landed": landed,
        "unreadable": unreadable,
        "mended": triage.get("mended", 0),
        **{name: settled[name] for name in _OF_SETTLEMENT},
        "lost": landed - placed,
        "findings": triage.get("findings", 0),
        "unseen_shapes": handed["translated"]["counts"]["unseen_shapes"],
        "held_share": _share(held, landed),
        "repaired_share": _share(repaired, repaired + held),
        "trusted_share": _share(settled["trusted"], landed),
        "unreadable_share": _share(unreadable, landed),
    }


def _durations(handed: dict[str, Any]) -> dict[str, float]:
    by_step = {f"{step}_seconds": content["seconds"] for step, content in handed.items()}
    return {**by_step, "seconds": sum(by_step.values())}


def _share(part: float, whole: float) -> float:
    return round(part / whole, 6) if whole else 0.0
