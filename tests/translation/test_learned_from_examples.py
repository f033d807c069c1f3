"""Lookups and programs learned from examples: measured without themselves, applied only where that keeps the promise."""

import random
from typing import Annotated

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from orchestration_assets.settlement.gate import METHOD_SCHEMA, error_bound
from orchestration_assets.translation.learned.examples import EXAMPLE_SCHEMA, of_people
from orchestration_assets.translation.learned.fitting import (
    LearnedTranslation,
    learn_translation,
    methods_of_learned,
)
from orchestration_assets.translation.learned.proposing import propose_learned, with_learned
from validators.contract import Contract, field
from validators.rules import compile_contract

PROMISE = 0.1  # 29 cases, if all were right


class Client(Contract):
    """One row per client."""

    number: str = field(key=True)
    phone: str = field(
        translate="learned", max_error=PROMISE, str_matches=r"^\([0-9]{3}\) [0-9]{3}-[0-9]{4}$"
    )
    since: Annotated[pl.Datetime, "us", "UTC"] = field(translate="datetime", max_error=PROMISE)
    name: str = field(
        translate="learned", max_error=PROMISE, personal=True, str_matches=r"^[A-Z][a-z]+ [A-Z][\w' ]+$"
    )
    balance: float = field(translate="money", max_error=PROMISE, evidence="agreement")
    status: str = field(isin=["refunded", "paid", "open"], translate="code", max_error=PROMISE)
    left: str = field(max_error=PROMISE, nullable=True)


RULES = compile_contract(Client)


def people(name: str, pairs: list[tuple[str, str]], source: str = "s") -> pl.DataFrame:
    rows = [(source, name, *pair) for pair in pairs]
    told = pl.DataFrame(rows, schema=["_source", "field", "original", "truth"], orient="row")
    return of_people(told, RULES, {})


def others(name: str, pairs: list[tuple[str, str]], about: list[int] | None = None) -> pl.DataFrame:
    """Pairs of other reports, each of another thing unless `about` says which."""
    things = range(len(pairs)) if about is None else about
    rows = [("s", name, *pair, i, "agreement", False) for i, pair in zip(things, pairs, strict=True)]
    return pl.DataFrame(rows, schema=EXAMPLE_SCHEMA, orient="row")


def proposed(learned: LearnedTranslation, name: str, *texts: str, source: str = "s") -> list[tuple]:
    """What is made of each text, and its status; null where nothing is proposed."""
    found = propose_learned(cells(name, *texts, source=source), learned, RULES)
    told = {row["_id"]: (row["repaired"], row["status"]) for row in found.to_dicts()}
    return [told.get(i) for i in range(len(texts))]


def cells(name: str, *texts: str, source: str = "s", is_good: bool = False) -> pl.DataFrame:
    rows = [(i, source, name, text, "", is_good) for i, text in enumerate(texts)]
    texts_of = dict.fromkeys(("_source", "field", "value", "shape"), pl.String)
    schema = {"_id": pl.UInt64, **texts_of, "is_good": pl.Boolean}
    return pl.DataFrame(rows, schema=schema, orient="row")


def phones(count: int) -> list[tuple[str, str]]:
    """`2125550142` for `(212) 555-0142`."""
    draw = random.Random(5)
    numbers = [f"{draw.randrange(200, 999)}{draw.randrange(10**7):07d}" for _ in range(count)]
    return [(n, f"({n[:3]}) {n[3:6]}-{n[6:]}") for n in numbers]


def test_two_corrections_make_a_suggestion_and_enough_of_them_a_repair() -> None:
    assert proposed(learn_translation(people("phone", phones(2)), RULES), "phone", "3035550199") == [
        ("(303) 555-0199", "suggested")
    ]
    few, many = (learn_translation(people("phone", phones(n)), RULES) for n in (28, 29))
    assert proposed(few, "phone", "3035550199") == [("(303) 555-0199", "suggested")]
    assert proposed(many, "phone", "3035550199", "303555019", "x") == [
        ("(303) 555-0199", "applied"),
        None,
        None,
    ]
    assert proposed(many, "phone", "3035550199", source="another") == [None]


def test_the_evidence_is_a_program_that_people_can_read() -> None:
    learned = learn_translation(people("phone", phones(29)), RULES)
    [proposal] = propose_learned(cells("phone", "3035550199"), learned, RULES).to_dicts()
    assert proposal["evidence"] == (
        "learned from 29 corrections: '(', characters 1-3 of number 1, ') ', characters 4-6 of number 1, '-', "
        "the last 4 characters of number 1: right in 29 of 29 judged cases"
    )
    assert (proposal["method"], proposal["arm"], proposal["confidence"]) == ("learned", "program", 1.0)
    [method] = methods_of_learned(learned, RULES).filter(arm="program").to_dicts()
    assert (method["shape"], method["cases"], method["right"], method["is_applied"]) == ("9+", 29, 29, True)
    assert method["error_bound"] == error_bound(29, 29)


def test_the_same_text_met_again_is_no_further_case_of_a_program() -> None:
    learned = learn_translation(people("phone", phones(3) * 100), RULES)
    [program] = learned.programs
    assert (program.measured.cases, program.is_applied) == (3, False)


def test_what_one_text_stands_for_is_looked_up_once_enough_things_say_so() -> None:
    refunds = [("R", "refunded")] * 29 + [("P", "paid")] * 4
    learned = learn_translation(people("status", refunds), RULES)
    assert proposed(learned, "status", "R", "P", "X") == [
        ("refunded", "applied"),
        ("paid", "suggested"),
        None,
    ]
    methods = methods_of_learned(learned, RULES)
    assert methods.schema == METHOD_SCHEMA
    assert methods.filter(shape="a").sort("cases").select("parameters", "cases", "right").rows() == [
        ("'P' stands for 'paid'", 4, 4),
        ("'R' stands for 'refunded'", 29, 29),
    ]


def test_the_same_pair_of_the_same_thing_is_no_further_case() -> None:
    pairs = [("0", "12")] * 40
    assert proposed(learn_translation(others("balance", pairs), RULES), "balance", "0") == [("12", "applied")]
    [again] = learn_translation(
        others("balance", pairs, [i % 9 for i in range(40)]), RULES
    ).lookups.to_dicts()
    assert (again["cases"], again["is_applied"]) == (9, False)


def test_a_text_that_stands_for_two_things_is_not_applied() -> None:
    both = [("R", "refunded")] * 60 + [("R", "paid")] * 40
    learned = learn_translation(people("status", both), RULES)
    [lookup] = learned.lookups.to_dicts()
    assert (lookup["repaired"], lookup["cases"], lookup["right"], lookup["is_applied"]) == (
        "refunded",
        100,
        60,
        False,
    )


def test_pairs_of_others_apply_nothing_where_the_field_wants_more_than_agreement() -> None:
    learned = learn_translation(others("phone", phones(60)), RULES)
    assert proposed(learned, "phone", "3035550199") == [("(303) 555-0199", "suggested")]
    cents = [(f"c{n}", f"{n / 100:g}") for n in range(10000, 13700, 37)]
    learned = learn_translation(others("balance", cents), RULES)
    assert proposed(learned, "balance", "c77755", "c40500", "c5") == [
        ("777.55", "applied"),
        ("405", "applied"),
        None,
    ]


def test_people_who_plainly_found_it_wrong_outweigh_what_others_agree_on() -> None:
    cents = [(f"c{n}", f"{n / 100:g}") for n in range(10000, 13700, 37)]
    ones = [(f"c{n}", str(n)) for n in range(20001, 20009)]
    learned = learn_translation(pl.concat([others("balance", cents), people("balance", ones)]), RULES)
    assert [status for _, status in filter(None, proposed(learned, "balance", "c77755"))] == ["suggested"]


def test_days_and_months_that_no_example_tells_apart_are_left_to_a_person() -> None:
    same = [
        (f"{d:02d};{d:02d};{y}", f"{y}-{d:02d}-{d:02d}T00:00:00Z")
        for d in range(1, 13)
        for y in range(2020, 2024)
    ]
    learned = learn_translation(people("since", same), RULES)
    found = propose_learned(cells("since", "03;04;2021", "04;04;2021"), learned, RULES).sort("_id")
    assert found["status"].to_list() == ["suggested", "applied"]
    assert "; could also be " in found["evidence"][0]
    told = [
        (f"{d:02d};{m:02d};2024", f"2024-{m:02d}-{d:02d}T00:00:00Z") for d in (13, 7) for m in range(1, 13)
    ]
    learned = learn_translation(people("since", same + told), RULES)
    assert proposed(learned, "since", "03;04;2021", "31;02;2021") == [
        ("2021-04-03T00:00:00Z", "applied"),
        None,
    ]


def test_a_few_wrong_examples_are_passed_over_and_counted() -> None:
    wrong = [(number, "(555) 555-5555") for number, _ in phones(100)[:4]]
    learned = learn_translation(people("phone", wrong + phones(100)[4:]), RULES)
    [program] = learned.programs
    assert (program.measured.cases, program.measured.right) == (100, 96)
    assert proposed(learned, "phone", "3035550199") == [
        ("(303) 555-0199", "applied")
    ]  # 4 of 100: at most .09 wrong


def test_examples_without_a_rule_in_them_teach_no_program() -> None:
    draw = random.Random(3)
    noise = [(f"c{draw.randrange(10**5)}", f"{draw.randrange(10**5)}") for _ in range(80)]
    assert learn_translation(others("balance", noise), RULES).is_empty


def test_names_of_personal_fields_are_read_and_not_quoted() -> None:
    names = [(f"{last}, {first}", f"{first} {last}") for first in "Ann Bob Eve Max Ida Jo".split() for last in
             ("Doe", "Lee", "O'Neill", "Mc Coy", "Smith", "Roe")]  # fmt: skip
    learned = learn_translation(people("name", names), RULES)
    found = proposed(learned, "name", "Petersen, Karl", "O'Hara, Maureen", "Mc Adam, Rachel")
    assert [value for value, _ in filter(None, found)] == [
        "Karl Petersen",
        "Maureen O'Hara",
        "Rachel Mc Adam",
    ]
    told = methods_of_learned(learned, RULES)["parameters"].str.join("; ").item()
    assert not any(word in told for word in ("Doe", "Ann", "Smith"))


def test_what_keeps_the_rules_is_changed_only_where_nearly_all_of_its_kind_is_to_be() -> None:
    swapped = [(f"Roe {a}{b}", f"{a.upper()}{b} Roe") for a in "abcdef" for b in "klmnop"]
    systematic = people("name", [(t.title(), truth) for t, truth in swapped])
    assert systematic["is_good"].all()
    learned = learn_translation(systematic, RULES)
    good = propose_learned(cells("name", "Moe Xa", is_good=True), learned, RULES)
    assert good.select("repaired", "status").rows() == [("Xa Moe", "applied")]
    assert propose_learned(cells("name", "Moe Xa"), learned, RULES).is_empty()
    usual = [(f"Poe {a}{b}", f"Poe {a}{b}") for a in "ABCDEFG" for b in "qrstuv"]
    assert learn_translation(pl.concat([systematic, people("name", usual)]), RULES).programs == ()


def test_fields_that_are_not_translated_learn_nothing() -> None:
    assert people("left", [("a", "b")] * 40).is_empty()
    assert people("status", [("R", "refund")] * 40).is_empty()  # what the contract refuses is no truth


def test_people_overrule_what_another_translator_reads_otherwise() -> None:
    learned = learn_translation(people("status", [("R", "refunded")] * 29), RULES)
    asked = cells("status", "R", "R")
    own = propose_learned(asked, learned, RULES)
    other = own.with_columns(method=pl.lit("code"), repaired=pl.lit("paid"), evidence=pl.lit("of words"))
    same = own.with_columns(method=pl.lit("code"))
    both = with_learned(pl.concat([other.head(1), same.tail(1)]), asked.drop("is_good"), None, learned, RULES)
    assert both.sort("_id", "method").select("_id", "method", "repaired", "status").rows() == [
        (0, "code", "paid", "suggested"),
        (0, "learned", "refunded", "applied"),
        (1, "code", "refunded", "applied"),
    ]


@st.composite
def sources(draw: st.DrawFn) -> tuple[list[tuple[str, str]], list[tuple[str, str]]]:
    """Examples of a source with a hidden notation of telephone numbers, some of them wrong, and texts to come."""
    first, second = draw(st.sampled_from(["", "tel ", "+1-"])), draw(st.sampled_from([" ", ".", "", "/"]))
    order = draw(st.permutations([0, 1, 2]))
    wrong = draw(st.sampled_from([0.0, 0.0, 0.02, 0.08, 0.2, 0.5]))
    chance = random.Random(draw(st.integers(0, 10**6)))

    def pair(share: float) -> tuple[str, str]:
        runs = [f"{chance.randrange(10**w):0{w}d}" for w in (3, 3, 4)]
        a, b, c = runs if chance.random() >= share else chance.sample(["111", "222", "3333"], 3)
        written = first + second.join(runs[i] for i in order)
        return written, f"({a[:3]}) {b[:3]}-{c.rjust(4, '0')[:4]}"

    return [pair(wrong) for _ in range(draw(st.integers(2, 90)))], [pair(0.0) for _ in range(200)]


@given(sources())
@settings(max_examples=40)
def test_what_is_applied_keeps_its_promise_on_texts_to_come(source: tuple) -> None:
    shown, to_come = source
    learned = learn_translation(people("phone", shown), RULES)
    for program in learned.programs:
        assert program.is_applied == (program.measured.error_bound <= PROMISE)
        assert program.measured.cases <= len({text for text, _ in shown})
    found = proposed(learned, "phone", *(text for text, _ in to_come))
    sure = [
        (of[0], truth) for of, (_, truth) in zip(found, to_come, strict=True) if of and of[1] == "applied"
    ]
    wrong = sum(value != truth for value, truth in sure)
    assert wrong <= binom.ppf(1 - 1e-6, len(sure), PROMISE) if sure else wrong == 0
