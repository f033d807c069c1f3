"""Reference tables for repair: their contracts, and what others published on the same files.

Sources: Raha and Baran, and HoloClean: Mahdavi and Abedjan, PVLDB 2020 (record EDR from UniClean's rerun); UniClean; GIDCL, SIGMOD
2025 (recomputed from its released outputs); Mimir, on the masked tables of Renuver, with 20 labels.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Figures:
    """What one system published on one table; `damaged` counts cells, None is not published."""

    system: str
    labels: str
    f1: float
    record_edr: float | None = None
    damaged: int | None = None


@dataclass(frozen=True)
class Table:
    """One reference table: its folder, its contract, the label budgets it is measured with, what others published."""

    name: str
    contract: str
    published: tuple[Figures, ...]
    rounds: tuple[tuple[int, ...], ...] = ((),)


_RAHA, _HOLO, _UNI, _GIDCL = "Raha + Baran", "HoloClean, errors given", "UniClean", "GIDCL"

TABLES = {
    table.name: table
    for table in (
        Table(
            "flights",
            "validators.contracts.flights:FlightReport",
            (
                Figures(_RAHA, "20", 0.67, 0.033),
                Figures(_HOLO, "rules", 0.76, 0.060),
                Figures(_UNI, "0", 0.654, 0.113),
                Figures(_GIDCL, "20", 0.973, 0.941, 29),
                Figures("majority per flight", "0", 0.726, 0.217, 411),
                Figures("majority of 85 %", "0", 0.52, 0.045, 1),
                Figures("weighted sources", "0", 0.895, 0.780, 34),
            ),
            ((), (20,), (5, 5, 5, 5)),
        ),
        Table(
            "hospital",
            "benchmarks.contracts.hospital:Hospital",
            (
                Figures(_RAHA, "20", 0.67, 0.361),
                Figures(_HOLO, "rules", 0.83, 0.432),
                Figures(_UNI, "0", 0.885, 0.754),
                Figures(_GIDCL, "20", 0.943, 0.929, 0),
            ),
        ),
        Table(
            "beers",
            "benchmarks.contracts.beers:Beer",
            (
                Figures(_RAHA, "20", 0.90, 0.722),
                Figures(_HOLO, "rules", 0.01, 0.0),
                Figures(_UNI, "0", 0.837, 0.773),
                Figures(_GIDCL, "20", 0.986, 0.973, 7),
            ),
        ),
    )
}

MASKED = {
    "restaurant": ("benchmarks.contracts.restaurant:Listing", {1: 0.68, 3: 0.53}),
    "glass": ("benchmarks.contracts.glass:Splinter", {1: 0.86, 3: 0.72}),
    "bridges": ("benchmarks.contracts.bridges:Bridge", {1: 1.0, 3: 0.90}),
}
"""Table of Renuver: contract, and the mean F1 of Mimir (20 labels) by percent of cells masked."""
