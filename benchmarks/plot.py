"""A line in a plot, as SVG by hand: what the documentation shows needs no library."""

from collections.abc import Sequence

_WIDTH, _HEIGHT, _LEFT, _TOP, _ROOM = 520, 260, 56, 28, 44


def line_plot(
    title: str, across: str, points: Sequence[tuple[float, float]], *, ticks: Sequence[float]
) -> str:
    """SVG of `points` (x, share), x from 0 on, shares from 0 to 1; `ticks` on the axis `across`."""
    most = max(x for x, _ in points) or 1

    def at(x: float, share: float) -> tuple[float, float]:
        return (
            _LEFT + x / most * (_WIDTH - _LEFT - 24),
            _TOP + (1 - share) * (_HEIGHT - _TOP - _ROOM),
        )

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="18" font-weight="bold">{title}</text>',
    ]
    for share in (0, 0.25, 0.5, 0.75, 1):
        (left, y), (right, _) = at(0, share), at(most, share)
        parts.append(f'<line x1="{left:.0f}" x2="{right:.0f}" y1="{y:.0f}" y2="{y:.0f}" stroke="#ddd"/>')
        parts.append(f'<text x="{left - 8:.0f}" y="{y + 4:.0f}" text-anchor="end">{share:g}</text>')
    for tick in ticks:
        x, y = at(tick, 0)
        parts.append(f'<text x="{x:.0f}" y="{y + 18:.0f}" text-anchor="middle">{tick:g}</text>')
    middle, _ = at(most / 2, 0)
    parts.append(f'<text x="{middle:.0f}" y="{_HEIGHT - 8}" text-anchor="middle">{across}</text>')
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in (at(*point) for point in points))
    parts.append(f'<polyline points="{path}" fill="none" stroke="#1f5fa8" stroke-width="2"/>')
    for point in points:
        x, y = at(*point)
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="#1f5fa8"/>')
        parts.append(f'<text x="{x:.1f}" y="{y - 8:.1f}" text-anchor="middle">{point[1]:.3f}</text>')
    return "\n".join([*parts, "</svg>", ""])
