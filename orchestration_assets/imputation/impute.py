"""The way of a missing or contradicted value: which methods the contract names, fitted, measured, asked in turn.

Methods: `reference` and `agreement` (what the other reports on the same entity say), `mode:<field>` and
`median:<field>` (what good records with the same value of that field hold).
"""

from collections.abc import Iterable
from dataclasses import dataclass

import polars as pl

from orchestration_assets.imputation.calibration import Calibration, calibrate
from orchestration_assets.imputation.cells import as_method, as_proposals, cells_to_impute
from orchestration_assets.imputation.groups import VERSION as GROUPS_VERSION
from orchestration_assets.imputation.groups import GroupModel, fit_median, fit_mode, predict
from orchestration_assets.settlement.agreement import claims_of, contradictions
from orchestration_assets.settlement.claims import VERSION as CLAIMS_VERSION
from orchestration_assets.settlement.claims import others_say
from orchestration_assets.settlement.gate import METHOD_SCHEMA, PROPOSAL_SCHEMA
from validators.errors import ContractError
from validators.judgement import findings_of
from validators.parsing import write
from validators.rules import RuleSet

MAJORITY = 2
BY_CLAIMS = ("reference", "agreement")
BY_GROUP = {"mode": fit_mode, "median": fit_median}
CASES = 6000
"""Held-out cases per field: enough for a promise of one in a thousand."""


@dataclass(frozen=True)
class Imputers:
    """All that was fitted. `claims`: field to calibration; `groups`: (field, method) to model."""

    claims: dict[str, Calibration]
    groups: dict[tuple[str, str], GroupModel]


def check_methods(rules: RuleSet) -> None:
    """Raises `ContractError` if a field names an imputer that does not exist."""
    for name, spec in rules.fields.items():
        for method in spec.policy.impute:
            kind, _, by = method.partition(":")
            if method in BY_CLAIMS or (kind in BY_GROUP and by in rules.fields and by != name):
                continue
            raise ContractError(
                f"{rules.contract}.{name} names the imputer '{method}', which does not exist\n"
                f"Hint: one of {', '.join(BY_CLAIMS)}, or {', '.join(f'{kind}:<other field>' for kind in BY_GROUP)}"
            )


def open_cells(effective: pl.DataFrame, rules: RuleSet, *, is_contested: bool) -> pl.DataFrame:
    """The cells of `effective` (translations applied) that need a value: IDENTITY, field, value."""
    findings = findings_of(effective, rules)
    if is_contested:
        findings = pl.concat([findings, contradictions(effective, rules)])
    return cells_to_impute(findings, rules)


def claim_cases(effective: pl.DataFrame, rules: RuleSet) -> dict[str, pl.DataFrame]:
    """Per field that can be imputed from claims: claims predicted from the others (`calibrate`'s cases), about CASES."""
    cases = {}
    step = max(effective.height // CASES, 1)
    effective = effective.filter(pl.col("_identity") // 4096 % step == 0)
    for name in fields_by_claims(rules):
        claims = claims_of(effective, name, rules)
        rows = pl.concat([claims.select("claim", "half"), others_say(claims)], how="horizontal")
        rows = rows.drop_nulls(["claim", "predicted"])
        cases[name] = rows.select(
            "share", "support", (pl.col("claim") == pl.col("predicted")).alias("is_right"), "half"
        )
    return cases


def fields_by_claims(rules: RuleSet) -> list[str]:
    """The fields for which the contract asks the other reports."""
    return [name for name, spec in rules.fields.items() if set(spec.policy.impute) & set(BY_CLAIMS)]


def fields_by_group(rules: RuleSet) -> list[tuple[str, str, str]]:
    """(field, kind, by) of each group imputer that the contract names."""
    named = [
        (name, *method.partition(":")) for name, spec in rules.fields.items() for method in spec.policy.impute
    ]
    return [(name, kind, by) for name, kind, _, by in named if kind in BY_GROUP]


def groups_asked(effective: pl.DataFrame, cells: pl.DataFrame, rules: RuleSet) -> dict[str, pl.Series]:
    """The groups that the open `cells` of the records `effective` ask for, per grouping field, as text."""
    asked: dict[str, list[pl.Series]] = {}
    for name, _, by in fields_by_group(rules):
        records = cells.filter(pl.col("field") == name).select("_id")
        group = write(pl.col(by), rules.fields[by].dtype)
        asked.setdefault(by, []).append(
            effective.join(records, on="_id", how="semi").select(group).to_series()
        )
    return {by: pl.concat(groups).unique() for by, groups in asked.items()}


def pooled_groups(parts: Iterable[dict[str, pl.Series]]) -> dict[str, pl.Series]:
    """What several units ask for (`groups_asked`), as one."""
    pooled: dict[str, list[pl.Series]] = {}
    for part in parts:
        for by, groups in part.items():
            pooled.setdefault(by, []).append(groups)
    return {by: pl.concat(groups).unique() for by, groups in pooled.items()}


def fit_claim_calibrations(
    cases: Iterable[dict[str, pl.DataFrame]], rules: RuleSet
) -> dict[str, Calibration]:
    """One calibration per field, from the cases of all units."""
    pooled: dict[str, list[pl.DataFrame]] = {}
    for part in cases:
        for name, rows in part.items():
            pooled.setdefault(name, []).append(rows)
    return {
        name: calibrate(pl.concat(rows), rules.fields[name].policy, "agreement")
        for name, rows in pooled.items()
    }


def fit_groups(
    known: pl.LazyFrame, wanted: dict[str, pl.Series], rules: RuleSet, cases: pl.DataFrame
) -> dict[tuple[str, str], GroupModel]:
    """One model per (field, method). `known`: good records, typed; `wanted`: per grouping field, the groups asked for.

    `cases`: known records as text, evenly taken; each is predicted without itself, every other one chooses.
    """
    models = {}
    named = fields_by_group(rules)
    step = max(cases.height // CASES, 1)
    held = (
        cases.gather_every(step)
        .head(CASES)
        .with_row_index("_case")
        .with_columns(half=pl.col("_case") % 2 == 0)
    )
    for by in sorted({by for _, _, by in named}):
        mine = [(name, kind) for name, kind, grouping in named if grouping == by]
        groups = wanted.get(by, pl.Series(by, [], pl.String))
        texts = _members(known, by, [name for name, _ in mine], pl.concat([groups, held[by]]), rules)
        for name, kind in mine:
            models[(name, f"{kind}:{by}")] = BY_GROUP[kind](texts, by, rules.fields[name], held, groups)
    return models


def _members(
    known: pl.LazyFrame, by: str, names: list[str], groups: pl.Series, rules: RuleSet
) -> pl.LazyFrame:
    """The known records of the groups, as text: `by` and `names`, read once for all methods that group by `by`."""
    texts = [
        write(pl.col(name), rules.fields[name].dtype).alias(name) for name in dict.fromkeys([by, *names])
    ]
    asked = groups.drop_nulls().unique()
    return known.select(texts).filter(pl.col(by).is_in(asked.implode())).collect().lazy()


def impute(
    effective: pl.DataFrame, cells: pl.DataFrame, imputers: Imputers, rules: RuleSet, *, is_contested: bool
) -> pl.DataFrame:
    """Proposals for `cells`, per field in the contract's order of methods, as PROPOSAL_SCHEMA."""
    parts = [PROPOSAL_SCHEMA.to_frame()]
    for (name,), part in cells.partition_by("field", as_dict=True, maintain_order=True).items():
        for method in rules.fields[name].policy.impute:
            if method in BY_CLAIMS:
                if is_contested and name in imputers.claims:
                    parts.append(_by_claims(effective, part, imputers.claims[name], method, name, rules))
            else:
                parts.append(_by_group(effective, part, imputers.groups[(name, method)], rules))
    return pl.concat(parts)


def methods_of(imputers: Imputers, rules: RuleSet) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA."""
    rows = [METHOD_SCHEMA.to_frame()]
    for name, calibration in imputers.claims.items():
        policy = rules.fields[name].policy
        method = next(m for m in policy.impute if m in BY_CLAIMS)
        rows.append(
            as_method(
                calibration,
                method=method,
                version=CLAIMS_VERSION,
                arm="plurality",
                field=name,
                max_error=policy.max_error,
            )
        )
    for (name, method), model in imputers.groups.items():
        rows.append(
            as_method(
                model.calibration,
                method=model.method,
                version=GROUPS_VERSION,
                arm=method,
                field=name,
                max_error=rules.fields[name].policy.max_error,
            )
        )
    return pl.concat(rows)


def _by_claims(
    effective: pl.DataFrame,
    cells: pl.DataFrame,
    calibration: Calibration,
    method: str,
    name: str,
    rules: RuleSet,
) -> pl.DataFrame:
    asked = effective.join(cells.select("_id"), on="_id", how="semi").select("_identity").unique()
    claims = claims_of(effective.join(asked, on="_identity", how="semi", maintain_order="left"), name, rules)
    rows = pl.concat([claims.select("_id", "claim"), others_say(claims)], how="horizontal")
    found = cells.join(rows, on="_id", how="inner", maintain_order="left")
    words = pl.concat_str(
        pl.col("support").cast(pl.String),
        pl.lit(" of "),
        pl.col("others").cast(pl.String),
        pl.lit(" other reports say so"),
    )
    predicted = found.with_columns(words.alias("evidence"))
    proposals = as_proposals(predicted, calibration, method=method, version=CLAIMS_VERSION, arm="plurality")
    # Word against word proves nothing: a good claim gives way only where two others or more say the same.
    against_one = found.filter(pl.col("claim").is_not_null() & (pl.col("support") < MAJORITY))["_id"]
    is_open = pl.col("_id").is_in(against_one.implode())
    stated = pl.concat_str(pl.col("evidence").str.replace(";.*", ""), pl.lit("; word against word"))
    return proposals.with_columns(
        pl.when(is_open).then(pl.lit("suggested")).otherwise(pl.col("status")).alias("status"),
        pl.when(~is_open).then(pl.col("confidence")).alias("confidence"),
        pl.when(is_open).then(stated).otherwise(pl.col("evidence")).alias("evidence"),
    )


def _by_group(
    effective: pl.DataFrame, cells: pl.DataFrame, model: GroupModel, rules: RuleSet
) -> pl.DataFrame:
    group = write(pl.col(model.by), rules.fields[model.by].dtype)
    found = cells.join(
        effective.select("_id", group.alias("_group")), on="_id", how="inner", maintain_order="left"
    )
    arm = f"{model.method}:{model.by}"
    return as_proposals(
        predict(model, found), model.calibration, method=model.method, version=GROUPS_VERSION, arm=arm
    )
