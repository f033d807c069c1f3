"""Truth discovery: what is true of an entity, from reporters who differ in reliability and copy from each other.

A reporter's reliability is learned from agreement with the others, from the copying between reporters and from what
people labelled; the probability of a value is what the independent reporters who claim it are worth together. After
Dong, Berti-Équille and Srivastava, "Integrating conflicting data: the role of source dependence", PVLDB 2009;
reliability is shared between the fields of a reporter, and departs from that where labels say so.
"""

from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from orchestration_assets.imputation.pairs import pairs_within

VERSION = "1"
WRONG_VALUES = 5
"""Among so many values a reporter who errs is taken to choose."""
PAIRED_REPORTERS = 400
"""The reporters with the most claims; copying is looked for among them."""
LEARNED_ROWS = 200_000
"""Reliability is learned from about so many claims."""
_ORIGINALS = 64
_ROUNDS = 30
_SETTLED = 1e-4
_RIGHT_BEFORE, _WRONG_BEFORE = 2.0, 1.0
_CASES_OF_REPORTER = 2.0
_LABEL_WEIGHT = 3.0
_SAME_BY_CHANCE = 0.05
# Without labels copying and being right look alike: half of what speaks for copying is believed.
_BELIEVED_COPYING, _BELIEVED_WITH_LABELS = 0.5, 0.95
_LEAST, _MOST = 0.01, 0.999
_KEYS = ["_identity", "field", "claim", "_reporter"]


@dataclass(frozen=True)
class Claims:
    """Who claims what. `rows`: one row per distinct (`_identity`, `field`, `claim`, `_reporter`), sorted.

    An item is one field of one entity, a value one claim about an item; reporters are numbered by how much they
    claim. `is_true`: 1 or 0 where the item is labelled, else nan.
    """

    rows: pl.DataFrame
    item: np.ndarray
    value: np.ndarray
    reporter: np.ndarray
    of_field: np.ndarray
    is_true: np.ndarray
    names: pl.Series
    fields: tuple[str, ...]

    @property
    def reporters(self) -> int:
        """How many numbers reporters have: the last one is for all who were not known before."""
        return self.names.len() + 1

    def grouped(self, item: np.ndarray, value: np.ndarray) -> "Claims":
        """The same rows as claims about other items; both sorted."""
        return replace(self, item=item, value=value)

    def taken(self, rows: np.ndarray) -> "Claims":
        """Some of the rows, in their order; numbers stay what they are."""
        return replace(
            self,
            rows=self.rows[rows],
            item=self.item[rows],
            value=self.value[rows],
            reporter=self.reporter[rows],
            of_field=self.of_field[rows],
            is_true=self.is_true[rows],
        )


@dataclass(frozen=True)
class Reliability:
    """`accuracy[field, reporter]`: the share of its claims that is right; `copying[field, a, b]`: from 0 to 1."""

    accuracy: np.ndarray
    copying: np.ndarray

    def copied(self, of_field: np.ndarray, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """How much each pair of reporters copies; 0 for those that are not among PAIRED_REPORTERS."""
        last = self.copying.shape[1] - 1
        return self.copying[of_field, np.minimum(one, last), np.minimum(other, last)]


def encoded(claims: pl.DataFrame, labels: pl.DataFrame | None = None, like: Claims | None = None) -> Claims:
    """`claims`: `_identity`, `field`, `_reporter`, `claim` (null: none); `labels`: `_identity`, `field`, `truth`.

    `like`: claims whose numbers of fields and reporters are kept, as what was learned from them needs it.
    """
    rows = _with_truth(claims.select(_KEYS).drop_nulls(["_identity", "claim"]).unique().sort(_KEYS), labels)
    fields = tuple(sorted(rows["field"].unique())) if like is None else like.fields
    frequent = rows["_reporter"].value_counts().sort("count", "_reporter", descending=[True, False])
    names = frequent["_reporter"] if like is None else like.names
    numbers = rows.select(
        item=pl.struct("_identity", "field").rle_id(),
        value=pl.struct("_identity", "field", "claim").rle_id(),
        of_field=pl.col("field").replace_strict(list(fields), range(len(fields)), return_dtype=pl.UInt32),
    )
    reporter = rows.select("_reporter").join(
        names.to_frame("_reporter").with_row_index("number"),
        on="_reporter",
        how="left",
        nulls_equal=True,
        maintain_order="left",
    )
    return Claims(
        rows.drop("is_true"),
        item=numbers["item"].to_numpy().astype(np.int64),
        value=numbers["value"].to_numpy().astype(np.int64),
        reporter=reporter["number"].fill_null(names.len()).to_numpy().astype(np.int64),
        of_field=numbers["of_field"].to_numpy().astype(np.int64),
        is_true=rows["is_true"].fill_null(float("nan")).to_numpy(),
        names=names,
        fields=fields,
    )


def learned(claims: Claims) -> Reliability:
    """Reliability and copying, each from the other in turn until what is believed no longer changes."""
    claims = _sampled(claims)
    agreeing, together = _agreement(claims)
    reliability = Reliability(np.full((len(claims.fields), claims.reporters), 0.8), np.zeros((1, 1, 1)))
    reliability = _settled(claims, reliability, agreeing, together, _BELIEVED_COPYING)
    if not np.isnan(claims.is_true).all():
        reliability = _settled(claims, reliability, agreeing, together, _BELIEVED_WITH_LABELS)
    return reliability


def probabilities(claims: Claims, reliability: Reliability, weight: np.ndarray | None = None) -> np.ndarray:
    """Per row the probability of its value, by all who make a claim on its item; labels are not looked at.

    `weight`: how far each claim counts, from 0 to 1. Rows must be sorted by item and value.
    """
    if not len(claims.item):
        return np.zeros(0)
    accuracy = reliability.accuracy[claims.of_field, claims.reporter]
    vote = np.log(WRONG_VALUES * accuracy / (1 - accuracy)) * _independence(claims, accuracy, reliability)
    _, first, value = np.unique(claims.value, return_index=True, return_inverse=True)
    votes = np.bincount(value, vote if weight is None else vote * weight)
    _, item, sizes = np.unique(claims.item[first], return_inverse=True, return_counts=True)
    highest = np.zeros(len(sizes))  # what none claims has no vote
    np.maximum.at(highest, item, votes)
    odds = np.exp(votes - highest[item])
    unclaimed = np.maximum(1, WRONG_VALUES - sizes) * np.exp(-highest)
    return (odds / (np.bincount(item, odds) + unclaimed)[item])[value]


def _with_truth(rows: pl.DataFrame, labels: pl.DataFrame | None) -> pl.DataFrame:
    if labels is None:
        return rows.with_columns(is_true=pl.repeat(None, pl.len(), dtype=pl.Float64))
    told = labels.unique(["_identity", "field"]).with_columns(is_told=pl.lit(value=True))
    rows = rows.join(told, on=["_identity", "field"], how="left", maintain_order="left")
    is_true = pl.col("claim").eq_missing(pl.col("truth")).cast(pl.Float64)
    return rows.with_columns(is_true=pl.when("is_told").then(is_true)).drop("truth", "is_told")


def _sampled(claims: Claims) -> Claims:
    """Whole items with about LEARNED_ROWS claims; every labelled one."""
    step = len(claims.item) // LEARNED_ROWS + 1
    return (
        claims
        if step == 1
        else claims.taken(np.flatnonzero((claims.item % step == 0) | ~np.isnan(claims.is_true)))
    )


def _agreement(claims: Claims) -> tuple[np.ndarray, np.ndarray]:
    """Per (field, reporter, reporter): on how many items they say the same, and on how many both say something."""
    size = min(claims.names.len(), PAIRED_REPORTERS)
    among = np.flatnonzero(claims.reporter < size)
    left, right = (among[rows] for rows in pairs_within(claims.item[among]))
    place = (claims.of_field[left] * size + claims.reporter[left]) * size + claims.reporter[right]
    shape = (len(claims.fields), size, size)
    counted = [
        np.bincount(place, weights, minlength=int(np.prod(shape))).reshape(shape)
        for weights in ((claims.value[left] == claims.value[right]).astype(float), None)
    ]
    agreeing, together = (one + one.transpose(0, 2, 1) for one in counted)
    return agreeing, together


def _settled(
    claims: Claims,
    reliability: Reliability,
    agreeing: np.ndarray,
    together: np.ndarray,
    share_believed: float,
) -> Reliability:
    before = np.zeros(len(claims.item))
    for _ in range(_ROUNDS):
        copying = share_believed * _copying(reliability.accuracy, agreeing, together)
        reliability = replace(reliability, copying=copying)
        probability = probabilities(claims, reliability)
        probability = np.where(np.isnan(claims.is_true), probability, claims.is_true)
        reliability = replace(reliability, accuracy=_accuracy(claims, probability))
        if np.abs(probability - before).max(initial=0) < _SETTLED:
            break
        before = probability
    return reliability


def _accuracy(claims: Claims, probability: np.ndarray) -> np.ndarray:
    """What each reporter got right over all fields; per field what people judged, with that as the expectation before."""
    is_labelled = ~np.isnan(claims.is_true)
    weight = np.where(is_labelled, _LABEL_WEIGHT, 1.0)
    right = np.bincount(claims.reporter, weight * probability, minlength=claims.reporters) + _RIGHT_BEFORE
    cases = np.bincount(claims.reporter, weight, minlength=claims.reporters) + _RIGHT_BEFORE + _WRONG_BEFORE
    place, shape = (
        claims.of_field * claims.reporters + claims.reporter,
        (len(claims.fields), claims.reporters),
    )
    judged = np.bincount(place, weight * is_labelled, minlength=int(np.prod(shape))).reshape(shape)
    judged_right = np.bincount(
        place, np.where(is_labelled, weight * probability, 0.0), minlength=int(np.prod(shape))
    ).reshape(shape)
    accuracy = (judged_right + _CASES_OF_REPORTER * right / cases) / (judged + _CASES_OF_REPORTER)
    return np.clip(accuracy, _LEAST, _MOST)


def _copying(accuracy: np.ndarray, agreeing: np.ndarray, together: np.ndarray) -> np.ndarray:
    """How far two reporters agree beyond what two independent ones of their accuracy would; none is unpaired."""
    accuracy = accuracy[:, : agreeing.shape[1]]
    one, other = accuracy[:, :, None], accuracy[:, None, :]
    expected = one * other + (1 - one) * (1 - other) * _SAME_BY_CHANCE
    observed = (agreeing + 0.5) / (together + 1)
    copying = np.where(together > 0, np.clip((observed - expected) / (1 - expected), 0, 1), 0)
    return np.pad(
        copying, ((0, 0), (0, 1), (0, 1))
    )  # the last place is for all reporters that are not paired


def _independence(claims: Claims, accuracy: np.ndarray, reliability: Reliability) -> np.ndarray:
    """Per row the share of its vote that is its own: those who claim the same and are more accurate come first."""
    order = np.lexsort((claims.reporter, -accuracy, claims.value))
    value = claims.value[order]
    left, right = pairs_within(value, most_before=_ORIGINALS)
    left, right = order[left], order[right]
    copied = reliability.copied(claims.of_field[left], claims.reporter[left], claims.reporter[right])
    own = np.log1p(-np.minimum(copied, 1 - 1e-9))
    return np.exp(np.bincount(right, own, minlength=len(value)))
