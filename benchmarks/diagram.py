"""A reliability diagram as SVG: what was said to be right how often, against how often it was."""

from collections.abc import Sequence
from html import escape
from pathlib import Path

import polars as pl

EDGES = (0.0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 1.0)
_COLOURS = {"agreement": "#b35806", "masked": "#2166ac", "judged": "#1b7837"}
_SIDE, _LEFT, _TOP, _GAP = 320, 60, 44, 70
_TICKS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
_CLOSE_UP = (0.9, 0.92, 0.94, 0.96, 0.98, 1.0)
_STYLE = "text{font:12px sans-serif;fill:#333}.h{font-size:14px}.g{stroke:#ddd}.d{stroke:#999;stroke-dasharray:4 4}"


def draw(bins: pl.DataFrame, path: Path) -> None:
    """Write the diagram of `bins` (`promises.reliability`): the whole range, and beside it what is above 0.9 close up."""
    width, height = 2 * (_LEFT + _SIDE) + _GAP, _TOP + _SIDE + 78
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
            f'aria-label="Share of right proposals by their confidence"><style>{_STYLE}</style>'
        ),
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        *_panel(bins, _TICKS, _LEFT, "all proposals with a confidence"),
        *_panel(bins, _CLOSE_UP, 2 * _LEFT + _SIDE + _GAP // 2, "above 0.9"),
        *_legend(bins, height - 12),
        "</svg>",
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(parts) + "\n", encoding="utf-8")


def _panel(bins: pl.DataFrame, ticks: Sequence[float], left: int, title: str) -> list[str]:
    low = ticks[0]

    def x(value: float) -> float:
        return round(left + (value - low) / (1 - low) * _SIDE, 1)

    def y(value: float) -> float:
        return round(_TOP + _SIDE - (max(value, low) - low) / (1 - low) * _SIDE, 1)

    parts = [f'<text class="h" x="{left}" y="{_TOP - 18}">{escape(title)}</text>']
    for tick in ticks:
        parts += [
            f'<line class="g" x1="{x(tick)}" y1="{y(low)}" x2="{x(tick)}" y2="{y(1)}"/>',
            f'<line class="g" x1="{x(low)}" y1="{y(tick)}" x2="{x(1)}" y2="{y(tick)}"/>',
            f'<text x="{x(tick)}" y="{y(low) + 16}" text-anchor="middle">{tick:g}</text>',
            f'<text x="{left - 6}" y="{y(tick) + 4}" text-anchor="end">{tick:g}</text>',
        ]
    parts.append(f'<line class="d" x1="{x(low)}" y1="{y(low)}" x2="{x(1)}" y2="{y(1)}"/>')
    parts.append(
        f'<text x="{left + _SIDE / 2}" y="{y(low) + 34}" text-anchor="middle">confidence (across), share that was right (up)</text>'
    )
    for row in bins.filter(pl.col("confidence") >= low).to_dicts():
        colour, at = _COLOURS[row["evidence_class"]], x(row["confidence"])
        told = f"{row['evidence_class']}: {row['right']} of {row['cases']} right at {row['confidence']:.3f}"
        parts.append(
            f'<g stroke="{colour}" fill="{colour}"><title>{escape(told)}</title>'
            f'<line x1="{at}" y1="{y(row["low"])}" x2="{at}" y2="{y(row["high"])}" stroke-width="2"/>'
            f'<circle cx="{at}" cy="{y(row["share"])}" r="4"/></g>'
        )
    return parts


def _legend(bins: pl.DataFrame, at: int) -> list[str]:
    cases = dict(bins.group_by("evidence_class").agg(pl.col("cases").sum()).iter_rows())
    parts = []
    for i, (name, colour) in enumerate((n, c) for n, c in _COLOURS.items() if n in cases):
        left = _LEFT + i * 190
        parts.append(f'<circle cx="{left}" cy="{at - 4}" r="4" fill="{colour}"/>')
        parts.append(f'<text x="{left + 10}" y="{at}">{name}, {cases[name]:,} proposals</text>')
    return parts
