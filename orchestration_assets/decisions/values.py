"""Values that people state themselves: as the contract writes them, if they keep the rules of their field."""

import polars as pl

from validators.judgement import RAW, findings_of
from validators.parsing import read_back, write
from validators.rules import RuleSet


def own_value(name: str, text: str | None, rules: RuleSet) -> tuple[str | None, str]:
    """`text` as the contract writes it, and what is wrong with it in words (empty if nothing is).

    Rules of the whole record are left to settlement, which knows the other fields.
    """
    if name not in rules.fields:
        return text, f"the contract {rules.contract} has no field '{name}'"
    spec = rules.fields[name]
    given = pl.DataFrame({RAW + name: [text or None]}, schema={RAW + name: pl.String})
    nothing = [pl.lit(None, other.dtype).alias(n) for n, other in rules.fields.items() if n != name]
    frame = given.with_columns(read_back(pl.col(RAW + name), spec.dtype).alias(name), *nothing)
    frame = frame.with_row_index("_id").with_columns(pl.col("_id").cast(pl.UInt64))
    found = findings_of(frame, rules).filter(pl.col("field") == name, pl.col("severity") != "warning")
    if found.height:
        return text, f"{name} {'; '.join(found['message'].unique(maintain_order=True))}"
    written = frame.select(write(pl.col(name), spec.dtype)).item()
    return written, ""
