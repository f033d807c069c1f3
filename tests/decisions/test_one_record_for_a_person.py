"""One record as a person needs it: the original beside the proposals, what others say, what was so before."""

from datetime import timedelta

import pytest

from orchestration_assets.decisions.record import case_of
from orchestration_assets.decisions.shown import MASK
from orchestration_assets.errors import NotFoundError
from tests.decisions.till import (
    DAY,
    DELIVERY,
    LANDED,
    NEXT_DAY,
    decided,
    proposal,
    put,
    reason,
    sale,
    story_parts,
    trust,
    view_on,
)

RECORD = f"till:{NEXT_DAY}:{DELIVERY}:1"


@pytest.fixture
def view(tmp_path):
    """A sale with a price that cannot be read and no city; a stall and a second till report the same."""
    found = view_on(tmp_path)
    wrong = [reason("price"), reason("city", "missing", "a value is required")]
    put(
        found,
        review=[
            sale(1, *wrong, number="N1", price="7.50", city=None),
            sale(2, reason("city", "out_of_domain"), source="stall", number="N1", price="7.50", city="Oslo"),
        ],
        quarantine=[sale(3, reason("price"), number="N2", price="x")],
        repairs=[
            proposal(1, "price", "7.5", evidence="right in 9 of 10 masked cases"),
            proposal(1, "price", "750", arm="point", confidence=0.2),
            proposal(1, "city", "Rome", method="mode", arm="mode:email", shape=None, confidence=0.4),
            proposal(1, "email", "ann@example.org", status="applied", method="code", shape="a@a"),
        ],
        day=NEXT_DAY,
    )
    trust(
        found,
        [
            {"_row": 7, "number": "N1", "price": 8.0, "city": "Bern", "email": "ann@example.org"},
            {"_row": 8, "number": "N9", "price": 9.0, "city": "Bern", "email": "ann@example.org"},
        ],
        day=NEXT_DAY,
    )
    trust(
        found,
        [{"_row": 5, "number": "N5", "price": 5.0, "city": "Rome", "email": "ann@example.org"}],
        day=DAY,
    )
    story_parts(found, NEXT_DAY)
    return found


def field_of(case, name):
    return next(one for one in case.fields if one.name == name)


def test_a_case_says_what_is_wrong_and_what_is_proposed_the_surest_first(view) -> None:
    case = case_of(view, RECORD, now=LANDED + timedelta(hours=3))
    assert (case.table, case.state, case.key, case.value, case.age_hours) == (
        "review",
        "open",
        "N1",
        7.5,
        3.0,
    )
    price = field_of(case, "price")
    assert (price.original, price.read, price.is_open) == ("7.50", None, True)
    assert price.wrong == ("malformed: is not read",)
    told = [(a.value, a.method, a.arm, a.confidence, a.reports) for a in price.alternatives]
    assert told == [
        ("7.5", "money", "comma", 0.9, 1),
        ("750", "money", "point", 0.2, 0),
        ("8", None, None, None, 1),
    ]
    assert price.alternatives[0].evidence == "right in 9 of 10 masked cases"
    assert price.alternatives[2].by == "1 other report says so"
    assert not field_of(case, "number").is_open
    assert field_of(case, "number").alternatives == ()


def test_a_case_shows_what_others_say_of_the_same(view) -> None:
    others = case_of(view, RECORD).others
    told = others.select("record_id", "verdict", "number", "price", "city").rows()
    assert told == [
        (f"stall:{NEXT_DAY}:{DELIVERY}:2", "review", "N1", "7.5", "Oslo"),
        (f"stall:{NEXT_DAY}:{DELIVERY}:7", "trusted", "N1", "8", "Bern"),
    ]


def test_a_case_shows_what_was_trusted_of_the_same_before(view) -> None:
    history = case_of(view, RECORD, sees_personal=True).history
    assert list(history) == ["number", "email"]
    assert history["email"].select("_partition", "number", "city").rows() == [
        (NEXT_DAY, "N1", "Bern"), (NEXT_DAY, "N9", "Bern"), (DAY, "N5", "Rome"),
    ]  # fmt: skip


def test_personal_values_are_masked_wherever_they_would_stand(view) -> None:
    assert "example.org" not in _all_of(case_of(view, RECORD))
    email = field_of(case_of(view, RECORD), "email")
    assert (email.original, email.read, email.is_repaired, email.alternatives[0].shown) == (
        MASK,
        MASK,
        True,
        MASK,
    )
    assert "ann@example.org" in _all_of(case_of(view, RECORD, sees_personal=True))


def _all_of(case) -> str:
    """All of a case that is shown: not the raw values, which only decisions take."""
    fields = [
        [f.original, f.read, f.wrong, [(a.shown, a.by, a.evidence) for a in f.alternatives]]
        for f in case.fields
    ]
    frames = [case.others.rows(), *(rows.rows() for rows in case.history.values())]
    return str([case.key, fields, frames, case.story])


def test_hostile_values_are_shown_as_visible_text(tmp_path) -> None:
    view = view_on(tmp_path)
    bad = "<script>\x1b[2J\u202e=1" + "x" * 5000
    put(
        view,
        review=[sale(1, reason("price"), price=bad, number=bad)],
        repairs=[proposal(1, "price", "1", arm=bad, evidence=bad)],
    )
    story_parts(view, DAY)
    case = case_of(view, f"till:{DAY}:{DELIVERY}:1")
    price = field_of(case, "price")
    for text in (price.original, case.key, price.alternatives[0].evidence, price.alternatives[0].by):
        assert text.isprintable()
        assert "\u202e" not in text
        assert len(text) < 600


def test_what_people_decided_before_is_part_of_the_case(view) -> None:
    decided(view, 1, "price", "leave", by="bob", why="not mine", partition=NEXT_DAY)
    case = case_of(view, RECORD)
    assert [(d["by"], d["action"], d["why"]) for d in case.story["decisions"]] == [
        ("bob", "leave", "not mine")
    ]
    assert case.seen == case.story["decisions"][0]["decision"]


@pytest.mark.parametrize(
    "name", ["till:2026-11-02:dddddddddddd:400", "nonsense", "a:b:c:²", "till:../..:d:1"]
)
def test_what_does_not_wait_is_no_case(view, name) -> None:
    with pytest.raises(NotFoundError):
        case_of(view, name)
