"""Contracts without one of their methods: `benchmarks.ablation:<module>.<class>-<method>` is made when it is asked for."""

import copy
from dataclasses import replace
from typing import Any

from validators.contract import POLICY, Contract, FieldPolicy, load_contract

DEPENDENCY = "dependency"
"""Stands for `determined_by`."""


def methods_of(reference: str) -> list[str]:
    """The methods that the contract names, in the order of its fields."""
    policies = [_policy(f) for f in _fields(load_contract(reference)).values()]
    named = [m for policy in policies for m in (*policy.translate, *policy.impute)]
    more = [DEPENDENCY] if any(policy.determined_by for policy in policies) else []
    return list(dict.fromkeys([*named, *more]))


def ablated(reference: str, method: str) -> str:
    """The name of the contract without `method`."""
    return f"{__name__}:{reference.replace(':', '/')}-{method}"


def __getattr__(name: str) -> type[Contract]:
    reference, _, method = name.rpartition("-")
    if "/" not in reference:
        raise AttributeError(name)
    contract = load_contract(reference.replace("/", ":"))
    fields = {n: _without(found, method) for n, found in _fields(contract).items()}
    namespace = {
        "__module__": __name__,
        "__doc__": contract.__doc__,
        "__annotations__": contract.__annotations__,
    }
    return type(contract.__name__, (Contract,), {**namespace, **fields}, grain=contract.__grain__)


def _fields(contract: type[Contract]) -> dict[str, Any]:
    return {name: vars(contract)[name] for name in contract.__annotations__}


def _policy(found: Any) -> FieldPolicy:
    return (found.metadata or {}).get(POLICY, FieldPolicy())


def _without(found: Any, method: str) -> Any:
    policy = _policy(found)
    kept = replace(
        policy,
        translate=tuple(m for m in policy.translate if m != method),
        impute=tuple(m for m in policy.impute if m != method),
        determined_by=() if method == DEPENDENCY else policy.determined_by,
    )
    changed = copy.deepcopy(found)
    changed.metadata = {**(found.metadata or {}), POLICY: kept}
    return changed
