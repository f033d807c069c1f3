"""`breakwater repair FILE`: judge and repair one file without Dagster, the quickest way to see what it does.

The output has the records in the order of the input, in its columns, and `_status`. A cell is changed only by a repair
that passed the gate, in held records too; what did not pass goes to `--proposals`.
"""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import polars as pl

    from orchestration_assets.feed import Costs
    from orchestration_assets.way import Repaired
    from sources.declaration import Source
    from validators.rules import RuleSet

SOURCE = "file"
_OURS = {"_id", "_source", "_status", "_new", "_verdict"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("file", type=Path, help="a CSV file with a header")
    parser.add_argument("--contract", required=True, metavar="MODULE:CLASS")
    parser.add_argument("--out", required=True, type=Path, help="where the repaired CSV file goes")
    parser.add_argument(
        "--labels",
        type=Path,
        help="CSV: the true records, in the input's columns, and `_row`, their position from 0",
    )
    parser.add_argument(
        "--proposals", type=Path, help="where the suggestions go that did not pass the gate (CSV)"
    )
    parser.add_argument(
        "--ask",
        type=int,
        default=0,
        metavar="N",
        help="print the N positions whose labels would teach the most",
    )
    parser.add_argument(
        "--cost-wrong", type=float, metavar="COST", help="what a wrong value costs; with --cost-minute"
    )
    parser.add_argument(
        "--cost-minute", type=float, metavar="COST", help="what a person's minute costs, in the same currency"
    )
    parser.add_argument(
        "--minutes-per-decision", type=float, metavar="MINUTES", help="what a person needs for one cell (0.5)"
    )
    parser.add_argument("--delimiter", default=",")
    parser.add_argument("--encoding", default="utf-8")
    parser.add_argument("--json", action="store_true", help="print the summary as JSON")


def run(options: argparse.Namespace) -> int:
    """0 done, 1 for a mistake in what was asked."""
    import polars as pl

    from orchestration_assets.steps.context import rules_of
    from orchestration_assets.way import repair_records

    _keep_apart(options)
    rules = rules_of(options.contract, _costs(options))
    header, texts, unreadable = read_records(options.file, options, list(rules.fields))
    records = texts.with_row_index("_id").with_columns(
        pl.col("_id").cast(pl.UInt64), pl.lit(SOURCE).alias("_source")
    )
    labels = None if options.labels is None else _labels(options, rules, records.height)
    given = [n for n in rules.fields if n in header]
    frame = records.select(
        "_id", "_source", *given, *[pl.lit(None, pl.String).alias(n) for n in rules.fields if n not in header]
    )
    repaired = repair_records(frame, rules, {}, labels)
    out = _output(texts, repaired, given)
    _write(out.select(*header, "_status"), options.out)
    if options.proposals:
        _write(_proposals(repaired), options.proposals)
    asked = positions_asked(repaired, frame, rules, options.ask) if options.ask else []
    summary = _summary(out, repaired, unreadable, asked)
    print(json.dumps(summary, indent=1) if options.json else _told(summary, options.out))
    return 0


def _costs(options: argparse.Namespace) -> "Costs | None":
    """What errors and minutes cost, if anything is said of it; raises `DeclarationError` for half of it."""
    given = {
        "minute": options.cost_minute,
        "wrong": options.cost_wrong,
        "minutes_per_decision": options.minutes_per_decision,
    }
    told = {name: cost for name, cost in given.items() if cost is not None}
    if not told:
        return None
    from pydantic import ValidationError

    from orchestration_assets.errors import DeclarationError
    from orchestration_assets.feed import Costs

    try:
        return Costs.model_validate(told)
    except ValidationError as error:
        wrong = "; ".join(f"{e['loc'][0]}: {e['msg']}" for e in error.errors(include_url=False))
        raise DeclarationError(
            f"no threshold follows from these costs: {wrong}\n"
            "Hint: --cost-wrong and --cost-minute go together, and each is above 0"
        ) from error


def _keep_apart(options: argparse.Namespace) -> None:
    """Raises `DeclarationError` if an output would overwrite an input, or the other output."""
    from orchestration_assets.errors import DeclarationError

    paths = [
        p.resolve() for p in (options.file, options.out, options.labels, options.proposals) if p is not None
    ]
    if len(set(paths)) < len(paths):
        raise DeclarationError(
            "two of the files are one and the same\nHint: --out and --proposals need names of their own"
        )


def read_records(
    path: Path, options: argparse.Namespace, fields: list[str]
) -> tuple[list[str], "pl.DataFrame", int]:
    """The file's header, its records as text, and how many lines are none; raises for a file of the wrong kind."""
    import tempfile

    import polars as pl

    from orchestration_assets.errors import DeclarationError, NotFoundError
    from sources.landing import land
    from sources.reading import read_fragment

    if not path.is_file():
        raise NotFoundError(f"there is no file {path}\nHint: name a CSV file")
    columns = _header(path, options)
    if missing := [name for name in fields if name not in columns]:
        raise DeclarationError(
            f"{path.name} lacks columns of the contract: {', '.join(missing)}\nHint: it has {', '.join(columns)}"
        )
    source = _source(path, options, columns)
    with tempfile.TemporaryDirectory() as store:
        delivery = land(source, "all", store=Path(store), root=Path.cwd())[0]
        if delivery.status != "landed":
            raise DeclarationError(
                f"{path.name}: {delivery.reason}\nHint: a CSV file with a header and records is needed"
            )
        readings = [
            read_fragment(source, delivery, fragment, store=Path(store)) for fragment in delivery.fragments
        ]
    texts = pl.concat([reading.records for reading in readings]).drop("_row")
    return (
        columns,
        texts.rename(dict(zip(texts.columns, columns, strict=True))),
        sum(r.unreadable.height for r in readings),
    )


def _source(path: Path, options: argparse.Namespace, columns: list[str]) -> "Source":
    """The file as a source of text columns: `c0`, `c1` and so on."""
    from pydantic import ValidationError

    from orchestration_assets.errors import DeclarationError
    from sources.declaration import Source

    declared = {
        "source": SOURCE,
        "feed": SOURCE,
        "owner": "team:file",
        "delivers": "snapshot",
        "endpoints": [{"kind": "files", "path": _escaped(path)}],
        "notation": {"format": "csv", "delimiter": options.delimiter, "encoding": options.encoding},
        "fields": {f"c{i}": {"from": name, "optional": True} for i, name in enumerate(columns)},
    }
    try:
        return Source.model_validate(declared)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_url=False)
        )
        raise DeclarationError(
            f"{path.name} cannot be read so: {wrong}\nHint: --encoding, --delimiter"
        ) from error


def _header(path: Path, options: argparse.Namespace) -> list[str]:
    import csv

    from orchestration_assets.errors import DeclarationError

    try:
        with path.open(encoding=options.encoding, newline="") as file:
            columns = next(csv.reader(file, delimiter=options.delimiter), [])
    except (UnicodeError, LookupError, csv.Error, TypeError) as error:
        raise DeclarationError(
            f"{path.name} is not read as CSV in {options.encoding}: {error}\nHint: --encoding, --delimiter"
        ) from error
    if columns:
        columns[0] = columns[0].removeprefix("\ufeff")
    if len(set(columns)) != len(columns) or not all(columns):
        raise DeclarationError(
            f"{path.name} has a header with empty or repeated names\nHint: name each column once"
        )
    if taken := sorted(_OURS & set(columns)):
        raise DeclarationError(
            f"{path.name} has columns with names of ours: {', '.join(taken)}\nHint: rename or drop them"
        )
    return columns


def _escaped(path: Path) -> str:
    from glob import escape

    return escape(str(path.absolute()))


def _labels(options: argparse.Namespace, rules: "RuleSet", height: int) -> "pl.DataFrame":
    """One row per labelled cell: `_id`, `field`, `truth`."""
    import polars as pl

    from orchestration_assets.errors import DeclarationError

    try:
        labels = pl.read_csv(options.labels, infer_schema=False, empty_string_is_null=True)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise DeclarationError(
            f"{options.labels} is not read: {error}\nHint: CSV with the input's columns and `_row`"
        ) from error
    names = [name for name in rules.fields if name in labels.columns]
    row = labels["_row"].cast(pl.Int64, strict=False) if "_row" in labels.columns else None
    if row is None or not names or row.null_count() or not row.is_between(0, height - 1).all():
        raise DeclarationError(
            f"{options.labels} needs the input's columns and `_row`, positions from 0 to {height - 1}\nHint: --ask N names positions"
        )
    keyed = labels.select(row.cast(pl.UInt64).alias("_id"), *names)
    return keyed.unpivot(index="_id", variable_name="field", value_name="truth").unique(
        ["_id", "field"], keep="last"
    )


def _output(texts: "pl.DataFrame", repaired: "Repaired", names: list[str]) -> "pl.DataFrame":
    """The input's text with the applied repairs in it, and `_status`."""
    import polars as pl

    from orchestration_assets.settlement.apply import applied

    out = texts.with_row_index("_id").with_columns(pl.col("_id").cast(pl.UInt64))
    changes = applied(repaired.proposals).partition_by("field", as_dict=True)
    for name in names:
        if (part := changes.get((name,))) is not None:
            new = part.select("_id", pl.col("repaired").fill_null("").alias("_new"))
            out = out.join(new, on="_id", how="left", maintain_order="left")
            out = out.with_columns(pl.coalesce("_new", name).alias(name)).drop("_new")
    held = [s.held.select("_id", "_verdict") for s in repaired.settled]
    verdicts = pl.concat(held) if held else pl.DataFrame(schema={"_id": pl.UInt64, "_verdict": pl.String})
    out = out.join(verdicts, on="_id", how="left", maintain_order="left")
    return out.with_columns(pl.col("_verdict").fill_null("trusted").alias("_status"))


def _proposals(repaired: "Repaired") -> "pl.DataFrame":
    import polars as pl

    kept = repaired.proposals.filter(pl.col("status") != "applied").sort("_id", "field", maintain_order=True)
    return kept.select(pl.col("_id").alias("_row"), pl.exclude("_id", "_source"))


def positions_asked(repaired: "Repaired", frame: "pl.DataFrame", rules: "RuleSet", count: int) -> list[int]:
    """The positions of up to `count` of the records `frame` whose labels would teach the most."""
    import polars as pl

    from orchestration_assets.imputation.agreed import asked_of_entities
    from orchestration_assets.settlement.labels import ask

    if not repaired.settled:
        return []
    held = pl.concat([s.held.filter(pl.col("_verdict") != "duplicate")["_id"] for s in repaired.settled])
    findings = pl.concat([s.findings for s in repaired.settled])
    if repaired.agreed is not None:
        return asked_of_entities(repaired.agreed, repaired.contested, findings)[:count]
    reporters = frame.select("_id", pl.col(rules.source_field or "_source").alias("_reporter"))
    return ask(findings, held, reporters, count)


def _summary(out: "pl.DataFrame", repaired: "Repaired", unreadable: int, asked: list[int]) -> dict[str, Any]:
    from orchestration_assets.settlement.apply import applied

    verdicts = dict(out.group_by("_status").len().iter_rows())
    in_force = applied(repaired.proposals)
    return {
        "records": out.height,
        "unreadable": unreadable,
        **{name: verdicts.get(name, 0) for name in ("trusted", "review", "quarantine", "duplicate")},
        "repaired_cells": in_force.height,
        "suggested_cells": int((repaired.proposals["status"] == "suggested").sum()),
        "by_method": dict(sorted(in_force.group_by("method").len().iter_rows())),
        "ask": asked,
    }


def _told(summary: dict[str, Any], path: Path) -> str:
    lines = [
        f"{name:<16}{summary[name]:>10,}"
        for name in (
            "records",
            "unreadable",
            "trusted",
            "review",
            "quarantine",
            "duplicate",
            "repaired_cells",
            "suggested_cells",
        )
    ]
    lines += [f"  by {name:<12}{count:>11,}" for name, count in summary["by_method"].items()]
    lines.append(f"written to {path}")
    if summary["ask"]:
        lines.append(f"label these positions: {' '.join(map(str, summary['ask']))}")
    return "\n".join(lines)


def _write(frame: "pl.DataFrame", path: Path) -> None:
    import polars as pl

    from orchestration_assets.errors import LakeError

    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Else `""` would stand where nothing stood.
        frame.with_columns(pl.col(pl.String).replace("", None)).write_csv(path)
    except OSError as error:
        raise LakeError(
            f"{path} cannot be written: {error.strerror or error}\nHint: check the folder's owner and mode"
        ) from error
