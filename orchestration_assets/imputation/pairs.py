"""Pairs of rows that belong together, by number: no loop over groups."""

import numpy as np


def pairs_within(group: np.ndarray, *, most_before: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    """All pairs (earlier row, later row) of the same group; `group` is sorted.

    `most_before`: of the rows of a group only the first so many are an earlier one.
    """
    rows = np.arange(len(group))
    starts = np.flatnonzero(np.r_[True, group[1:] != group[:-1]]) if len(group) else rows
    start = np.repeat(starts, np.diff(np.r_[starts, len(group)]))
    before = rows - start if most_before is None else np.minimum(rows - start, most_before)
    later = np.repeat(rows, before)
    within = np.arange(len(later)) - np.repeat(np.cumsum(before) - before, before)
    return start[later] + within, later
