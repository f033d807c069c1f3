"""The outside world of the feed `payments`: what happened, who reports it, and how the reports go wrong.

Seeded and deterministic, for demonstrations, tests and benchmarks. Nothing here knows how a record is judged
or repaired; the truth that it keeps aside serves for scoring only.
"""

from sources.simulation.errors import SimulationMistake
from sources.simulation.rates import DamageRates
from sources.simulation.run import DayReport, simulate

__all__ = ["DamageRates", "DayReport", "SimulationMistake", "simulate"]
