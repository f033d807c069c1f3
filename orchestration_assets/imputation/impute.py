"""The way of a missing or contradicted value: which methods the contract names, fitted, measured, asked in turn.

Methods: `reference` (what most others state about the same record), `agreement` (what is most probably true of the
entity, by the reliability of who reports on it), `mode:<field>` and
`median:<field>` (what good records with the same value of that field hold), `nearest` and `model` (learned from good records).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

import polars as pl

from orchestration_assets.imputation import agreed as agreement
from orchestration_assets.imputation import dependent as dependency
from orchestration_assets.imputation.agreed import Agreed
from orchestration_assets.imputation.calibration import Threshold, calibrate, strength_of_votes
from orchestration_assets.imputation.cells import (
    BY,
    PREDICTED_SCHEMA,
    as_methods,
    as_proposals,
    fields_by_group,
    fields_by_learning,
)
from orchestration_assets.imputation.choice import chosen
from orchestration_assets.imputation.dependent import Dependent
from orchestration_assets.imputation.groups import VERSION as GROUPS_VERSION
from orchestration_assets.imputation.groups import GroupModel, fit_median, fit_mode, predict, read_members
from orchestration_assets.imputation.learned import FITTERS, Learned, learn
from orchestration_assets.parallel import side_by_side
from orchestration_assets.settlement.agreement import MAJORITY, claims_of, with_their_others
from orchestration_assets.settlement.claims import VERSION as CLAIMS_VERSION
from orchestration_assets.settlement.claims import others_say
from orchestration_assets.settlement.gate import METHOD_SCHEMA, cases_needed
from validators.errors import ContractError
from validators.rules import RuleSet

BY_CLAIMS = ("reference",)
BY_GROUP = {"mode": fit_mode, "median": fit_median}
KNOWN = (*BY_CLAIMS, agreement.METHOD, *FITTERS)
_REPORT = {"_id": pl.UInt64, "_source": pl.String, "_identity": pl.UInt64}
CASES = 6000
"""Held-out cases per field: enough for a promise of one in a thousand."""


Groups = dict[tuple[str, str], pl.Series]
"""(field, the field that it is grouped by) to the groups of which something is asked"""


@dataclass(frozen=True)
class Imputers:
    """All that was fitted. `claims`: field to threshold; `groups` and `learned`: (field, method) to model.

    `agreed`: what was learned of the reporters, where the contract asks for it and there are any.
    """

    claims: dict[str, Threshold]
    groups: dict[tuple[str, str], GroupModel]
    learned: dict[tuple[str, str], Learned]
    agreed: Agreed | None = None
    dependent: Dependent | None = None


def check_methods(rules: RuleSet) -> None:
    """Raises `ContractError` if a field names an imputer that does not exist."""
    for name, spec in rules.fields.items():
        for method in spec.policy.impute:
            kind, _, by = method.partition(":")
            is_by_group = kind in BY_GROUP and by in rules.fields and by != name
            if method in KNOWN or is_by_group:
                continue
            raise ContractError(
                f"{rules.contract}.{name} names the imputer '{method}', which does not exist\n"
                f"Hint: one of {', '.join(KNOWN)}, or {', '.join(f'{kind}:<other field>' for kind in BY_GROUP)}"
            )


def claim_cases(effective: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """Claims predicted from the others (`calibrate`'s cases), about CASES per `field` that can be imputed from claims."""
    step = max(effective.height // CASES, 1)
    drawn = effective.lazy().filter(pl.col("_identity") // 4096 % step == 0)
    said = _said(dict.fromkeys(fields_by_claims(rules), drawn), rules).drop_nulls(["claim", "predicted"])
    is_right = (pl.col("claim") == pl.col("predicted")).alias("is_right")
    return said.select("field", strength_of_votes().alias("strength"), is_right, "_source")


def _said(reports: dict[str, pl.LazyFrame], rules: RuleSet) -> pl.DataFrame:
    """Per field and report: what it claims, and what the others say (`claims_of`, `others_say`)."""
    # What is said of one field is counted apart from what is said of another: an identity of its own for each.
    claims = [
        claims_of(frame, name, rules, pl.lit(name).alias("field")).with_columns(
            pl.struct("_identity", "field").hash().alias("_identity")
        )
        for name, frame in reports.items()
    ]
    nothing = claims_of(pl.LazyFrame(schema={**_REPORT, **rules.schema}), next(iter(rules.fields)), rules)
    stated = pl.concat([nothing.with_columns(field=pl.lit("")), *claims]).collect()
    return pl.concat([stated, others_say(stated)], how="horizontal")


def fields_by_claims(rules: RuleSet) -> list[str]:
    """The fields for which the contract asks the other reports."""
    return [name for name, spec in rules.fields.items() if set(spec.policy.impute) & set(BY_CLAIMS)]


def groups_asked(cells: pl.DataFrame, rules: RuleSet) -> Groups:
    """The groups that the open `cells` ask for, as text."""
    return {
        (name, by): cells.filter(pl.col("field") == name)[BY + by].unique()
        for name, by in dict.fromkeys((name, by) for name, _, by in fields_by_group(rules))
    }


def pooled_groups(parts: Iterable[Groups]) -> Groups:
    """What several units ask for (`groups_asked`), as one."""
    pooled: dict[tuple[str, str], list[pl.Series]] = {}
    for part in parts:
        for asked, groups in part.items():
            pooled.setdefault(asked, []).append(groups)
    return {asked: pl.concat(groups).unique() for asked, groups in pooled.items()}


def fit_claim_calibrations(cases: Iterable[pl.DataFrame], rules: RuleSet) -> dict[str, Threshold]:
    """One threshold per field, from the cases of all units (`claim_cases`)."""
    pooled = list(cases)
    if not pooled:
        return {}
    by_field = pl.concat(pooled).partition_by("field", as_dict=True, include_key=False)
    return {
        name: calibrate(by_field.get((name,), pooled[0].clear()), rules.fields[name].policy, "agreement")
        for name in fields_by_claims(rules)
    }


def fit_groups(
    known: pl.LazyFrame,
    wanted: Groups,
    rules: RuleSet,
    cases: pl.DataFrame,
    only: list[str] | None = None,
) -> dict[tuple[str, str], GroupModel]:
    """One model per (field, method). `known`: good records, typed; `wanted`: the groups asked for.

    `cases`: known records as text, evenly taken, and `_source`; each is predicted without itself. `only`: the groupings
    to fit, by default all.
    """
    nothing = pl.Series("", [], pl.String)

    def fit(by: str) -> dict[tuple[str, str], GroupModel]:
        """The models that group by `by`: what they are fitted on is read once for all of them."""
        names = members_of(by, rules)
        groups = {name: wanted.get((name, by), nothing) for name in names[1:]}
        held = _held(cases)
        members = read_members(known, names, pl.concat([held[by], *groups.values()]), rules)
        return fit_groupings(by, members, cases, rules, groups)

    fitted = side_by_side(fit, groupings(rules) if only is None else only)
    return {key: model for models in fitted for key, model in models.items()}


def fit_groupings(
    by: str,
    members: pl.DataFrame,
    cases: pl.DataFrame,
    rules: RuleSet,
    wanted: dict[str, pl.Series] | None = None,
) -> dict[tuple[str, str], GroupModel]:
    """The models that group by `by`, from `members`, good records as text; for the groups `wanted` per field, or for all."""
    held, every = _held(cases), members[by].unique()
    return {
        (name, f"{kind}:{by}"): BY_GROUP[kind](
            members, by, rules.fields[name], held, every if wanted is None else wanted[name]
        )
        for name, kind, grouping in fields_by_group(rules)
        if grouping == by
    }


def groupings(rules: RuleSet) -> list[str]:
    """The fields by which others are grouped."""
    return sorted({by for _, _, by in fields_by_group(rules)})


def members_of(by: str, rules: RuleSet) -> list[str]:
    """The fields that are looked at to group by `by`, itself first."""
    return list(
        dict.fromkeys([by, *(name for name, _, grouping in fields_by_group(rules) if grouping == by)])
    )


def measured_enough(
    models: Mapping[tuple[str, str], GroupModel], rules: RuleSet
) -> dict[tuple[str, str], GroupModel]:
    """Those of the `models` that were measured on as many cases as the promise of their field needs."""
    return {
        key: model
        for key, model in models.items()
        if model.threshold.above.cases >= cases_needed(rules.fields[key[0]].policy.max_error)
    }


def groupings_lacking(models: Mapping[tuple[str, str], GroupModel], rules: RuleSet) -> list[str]:
    """The groupings of which `models` lack one."""
    return sorted({by for name, kind, by in fields_by_group(rules) if (name, f"{kind}:{by}") not in models})


def unmet(wanted: Groups, models: Mapping[tuple[str, str], GroupModel]) -> Groups:
    """The groups asked for of which the `models` that may be applied know nothing."""
    return {
        (name, model.by): groups.filter(~groups.is_in(model.table[model.by].implode()))
        for (name, _), model in models.items()
        if model.threshold.is_applied
        for groups in [wanted[(name, model.by)].drop_nulls()]
    }


def with_groups(model: GroupModel, more: GroupModel | None) -> GroupModel:
    """`model` with the groups that only `more` knows; what predictions are worth stays as `model` has it."""
    if more is None:
        return model
    table = more.table.select(pl.col(name).cast(dtype) for name, dtype in model.table.schema.items()).filter(
        ~pl.col(model.by).is_in(model.table[model.by].implode())
    )
    return replace(model, table=pl.concat([model.table, table]))


def _held(cases: pl.DataFrame) -> pl.DataFrame:
    """CASES of the `cases`, evenly taken."""
    return cases.gather_every(max(cases.height // CASES, 1)).head(CASES)


def fit_learned(known: pl.DataFrame, rules: RuleSet) -> dict[tuple[str, str], Learned]:
    """One model per (field, method) that the contract names; `known`: good records as text."""
    fitted = {(name, method): learn(known, name, method, rules) for name, method in fields_by_learning(rules)}
    return {key: model for key, model in fitted.items() if model is not None}


def impute(
    cells: pl.DataFrame,
    imputers: Imputers,
    rules: RuleSet,
    *,
    reports: pl.DataFrame | None = None,
    believed: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Proposals for `cells`, as PROPOSAL_SCHEMA: of each cell the surest prediction first (`chosen`).

    `reports`: of contested records, what they and the others that speak of the same say, translations applied;
    `believed`: what `agreement` makes of all contested records (`agreed.believed`): it also overrules what keeps every rule.
    """
    of_field = {name: part for (name,), part in cells.partition_by("field", as_dict=True).items()}
    said = None if reports is None else _said_of_cells(of_field, reports, rules)
    parts = [pl.LazyFrame(schema=PREDICTED_SCHEMA)]
    if imputers.dependent is not None:
        parts.append(dependency.proposals(cells, imputers.dependent))
    if believed is not None and imputers.agreed is not None:
        parts.append(_by_agreement(cells, believed, imputers.agreed))
    for name in rules.fields:
        if (part := of_field.get(name)) is None:
            continue
        for method in rules.fields[name].policy.impute:
            if (learned := imputers.learned.get((name, method))) is not None:
                parts.append(_by_learning(part, learned, rules))
            elif (model := imputers.groups.get((name, method))) is not None:
                parts.append(_by_group(part, model))
            elif method in BY_CLAIMS and said is not None and name in imputers.claims:
                parts.append(_by_claims(part, said, imputers.claims[name], method))
    return chosen(pl.concat(parts).collect())


def _by_agreement(cells: pl.DataFrame, believed: pl.DataFrame, agreed: Agreed) -> pl.LazyFrame:
    """What is believed of the open cells, and of all others where it is certain."""
    is_open = pl.struct("_id", "field").is_in(cells.select(pl.struct("_id", "field")).to_series().implode())
    return agreement.proposals(believed.filter(is_open | agreement.is_certain(agreed)), agreed)


def overruled(before: pl.DataFrame, new: pl.DataFrame) -> pl.DataFrame:
    """The proposals `before`, those withdrawn to suggestions whose cell `new` ones fill: well read, but not believed."""
    filled = new.filter(pl.col("status") == "applied").select(
        "_id", "field", pl.lit(value=True).alias("is_filled")
    )
    marked = before.join(filled.unique(), on=["_id", "field"], how="left", maintain_order="left")
    is_withdrawn = pl.col("is_filled").fill_null(value=False) & (pl.col("status") == "applied")
    status = pl.when(is_withdrawn).then(pl.lit("suggested")).otherwise("status")
    confidence = pl.when(~is_withdrawn).then("confidence")
    return marked.with_columns(status=status, confidence=confidence).drop("is_filled")


def _said_of_cells(of_field: dict[str, pl.DataFrame], reports: pl.DataFrame, rules: RuleSet) -> pl.DataFrame:
    """`_said` of what the open cells are about."""
    asked = {
        name: with_their_others(reports, of_field[name]["_id"]).lazy()
        for name in fields_by_claims(rules)
        if name in of_field
    }
    return _said(asked, rules)


def methods_of(imputers: Imputers, rules: RuleSet) -> pl.DataFrame:
    """What was measured, as METHOD_SCHEMA."""
    rows = [METHOD_SCHEMA.to_frame()]
    for name, threshold in imputers.claims.items():
        method = next(m for m in rules.fields[name].policy.impute if m in BY_CLAIMS)
        rows.append(
            as_methods(threshold, rules, field=name, method=method, version=CLAIMS_VERSION, arm="plurality")
        )
    for (name, arm), model in imputers.groups.items():
        rows.append(
            as_methods(
                model.threshold, rules, field=name, method=model.method, version=GROUPS_VERSION, arm=arm
            )
        )
    if imputers.dependent is not None:
        rows.append(dependency.methods_of(imputers.dependent, rules))
    if imputers.agreed is not None:
        rows.append(agreement.methods_of(imputers.agreed, rules))
    for (name, method), found in imputers.learned.items():
        rows.append(
            as_methods(found.threshold, rules, field=name, method=method, version=found.version, arm=method)
        )
    return pl.concat(rows)


def _by_claims(cells: pl.DataFrame, said: pl.DataFrame, threshold: Threshold, method: str) -> pl.LazyFrame:
    words = pl.concat_str(
        pl.col("support").cast(pl.String),
        pl.lit(" of "),
        pl.col("others").cast(pl.String),
        pl.lit(" other reports say so"),
    )
    told = said.lazy().select(
        *("_id", "field", "claim", "predicted", "support"),
        strength_of_votes().alias("strength"),
        words.alias("evidence"),
    )
    found = cells.lazy().join(told, on=["_id", "field"], how="inner", maintain_order="left")
    # Word against word proves nothing: a good claim gives way only where two others or more say the same.
    is_open = pl.col("claim").is_not_null() & (pl.col("support") < MAJORITY)
    settled, open_ = (
        as_proposals(found.filter(which), threshold, method=method, version=CLAIMS_VERSION, arm="plurality")
        for which in (~is_open, is_open)
    )
    open_ = open_.with_columns(
        pl.lit("suggested").alias("status"),
        pl.lit(None, pl.Float64).alias("confidence"),
        pl.concat_str(pl.col("evidence").str.replace(";.*", ""), pl.lit("; word against word")).alias(
            "evidence"
        ),
    )
    return pl.concat([settled, open_])


def _by_group(cells: pl.DataFrame, model: GroupModel) -> pl.LazyFrame:
    arm = f"{model.method}:{model.by}"
    asked = cells.lazy().with_columns(pl.col(BY + model.by).alias("_group"))
    return as_proposals(
        predict(model, asked), model.threshold, method=model.method, version=GROUPS_VERSION, arm=arm
    )


_OF_LEARNED = {
    "nearest": ("what the most alike good records hold: ", "% alike and agreed"),
    "model": ("learned from the other fields of good records: ", "% sure"),
}
"""How the evidence of a learned model is put into words: what it is, and what its strength is."""


def _by_learning(cells: pl.DataFrame, learned: Learned, rules: RuleSet) -> pl.LazyFrame:
    texts = cells.select(pl.col(BY + name).alias(name) for name in rules.fields)
    said = pl.concat([cells, learned.predict(texts)], how="horizontal")
    what, sure = _OF_LEARNED[learned.method]
    strength = pl.concat_str((pl.col("strength") * 100).round(1).cast(pl.String), pl.lit(sure))
    known = pl.coalesce(strength, pl.lit("more of the record is missing than of any case"))
    return as_proposals(
        said.lazy().with_columns(pl.concat_str(pl.lit(what), known).alias("evidence")),
        learned.threshold,
        method=learned.method,
        version=learned.version,
        arm=learned.method,
    )
