"""Price strings of web pages against their amounts: `python -m benchmarks prices`."""

import json
from pathlib import Path
from typing import Any

import polars as pl

from orchestration_assets.settings import settings


def amount_of(told: Any) -> float | None:
    """The expected amount; the few that JSON cannot hold are written as a decimal in an expression."""
    if isinstance(told, dict):
        return float(told["expr"].partition("'")[2].partition("'")[0])
    return None if told is None else float(told)


def load(path: Path) -> pl.DataFrame:
    """One row per example: `text`, `beside` (what the page says of the currency elsewhere), `decimal`, `wanted`, `mark`."""
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    told = [
        (
            r["price_raw"],
            r["currency_raw"],
            r.get("decimal_separator"),
            amount_of(r["amount_float"]),
            r["currency"],
        )
        for r in rows
    ]
    schema = {
        "text": pl.String,
        "beside": pl.String,
        "decimal": pl.String,
        "wanted": pl.Float64,
        "mark": pl.String,
    }
    return pl.DataFrame(told, schema=schema, orient="row")


def read(examples: pl.DataFrame, *, with_library: bool) -> pl.DataFrame:
    """`examples` with `amount` and `currency`; each decimal mark that a source declares is read by itself."""
    from orchestration_assets.translation.prices import mark_in, read_prices

    parts = []
    for (decimal,), part in examples.with_row_index("row").partition_by("decimal", as_dict=True).items():
        known = decimal if decimal in (".", ",") else None
        read = read_prices(part["text"], known, with_library=with_library)
        parts.append(pl.concat([part, read], how="horizontal"))
    found = pl.concat(parts).sort("row")
    return found.with_columns(pl.coalesce("currency", mark_in(pl.col("beside"))).alias("currency"))


def counts(examples: pl.DataFrame, *, with_library: bool) -> dict[str, int]:
    """How many amounts are exact, wrong and abstained from, and how many currencies are exact."""
    found = read(examples, with_library=with_library)
    is_exact = found["amount"].eq_missing(found["wanted"])
    is_wrong = ~is_exact & found["amount"].is_not_null()
    flags = {
        "amount exact": is_exact,
        "wrong": is_wrong,
        "abstained": ~is_exact & ~is_wrong,
        "currency exact": found["currency"].eq_missing(found["mark"]),
    }
    return {name: int(flag.sum()) for name, flag in flags.items()}


def prices() -> None:
    """Print how many amounts are exact, wrong and abstained from, with and without the library."""
    path = settings().reference / "price_parser" / "examples.jsonl"
    if not path.is_file():
        print(f"\nno price strings: {path} is not there (github.com/scrapinghub/price-parser has them)")
        return
    examples = load(path)
    for with_library in (False, True):
        whose = "price-parser for the rest" if with_library else "own readings alone"
        print(f"\n{examples.height} price strings, {whose}")
        for name, count in counts(examples, with_library=with_library).items():
            print(f"  {name:<16}{count:>6} {count / examples.height:>8.4f}")
