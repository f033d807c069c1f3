"""How much goes wrong in the simulated world, and what: the knobs of all damage."""

from dataclasses import dataclass, fields

from sources.simulation.errors import SimulationMistake


@dataclass(frozen=True)
class DamageRates:
    """How much goes wrong, and what.

    Attributes:
        share: share of the records that are damaged, in [0, 1]; broken lines come on top.
        missing: weight of a value that is not there.
        placeholder: weight of a word such as `N/A` in place of a value.
        notation: weight of a right value in a notation that the source does not use.
        typo: weight of one wrong character in an id, an e-mail or a code.
        unit: weight of an amount 100 times too large or too small.
        swapped: weight of two fields that have each other's values.
        out_of_domain: weight of a value that cannot be.
        duplicate: weight of a record that is delivered twice by the same source.
        disagree: weight of a record of the ledger that contradicts a gateway.
        broken_line_share: share of the lines of a file that are no records, in [0, 1]; undamaged ones break.
        cut_off: whether the file of gateway_b ends in the middle of its last line.
        booked_again_share: share of the payments of the gateways that the ledger books too: no damage in itself.
    """

    share: float = 0.10
    missing: float = 0.22
    placeholder: float = 0.10
    notation: float = 0.30
    typo: float = 0.14
    unit: float = 0.04
    swapped: float = 0.04
    out_of_domain: float = 0.06
    duplicate: float = 0.05
    disagree: float = 0.05
    broken_line_share: float = 0.002
    cut_off: bool = False
    booked_again_share: float = 0.15

    def __post_init__(self) -> None:
        """Refuse shares outside [0, 1] and negative weights."""
        for field in fields(self):
            value, is_share = getattr(self, field.name), field.name.endswith("share")
            if not 0 <= value <= (1 if is_share else float("inf")):
                wanted = "a number in [0, 1]" if is_share else "a number that is not negative"
                message = f"DamageRates.{field.name}: expected {wanted}, got {value!r}."
                raise SimulationMistake(f"{message}\nHint: 0.1 damages every tenth record.")
