"""Mistakes of those who ask for a simulation. Failures of the disk stay the `OSError`s that they are."""


class SimulationMistake(ValueError):
    """A parameter is wrong; the message names it, what was expected and got, and a hint."""
