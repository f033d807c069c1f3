"""A small sound world of three days with undamaged records, and lakes that it was taken into."""

from collections.abc import Iterator

import pytest

from orchestration_assets.chaos.rounds import Stage, stage

RECORDS = 1000
"""So many that methods can be measured well enough to be applied."""
PATIENCE_SECONDS = 10
"""Each source has its whole deadline: what is late by chance on a slow machine would not be the fault's doing."""


@pytest.fixture(scope="session")
def calm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """What the tests strike. Whoever strikes heals."""
    folder = tmp_path_factory.mktemp("calm")
    with stage(folder, seed=5, records=RECORDS, damaged_share=0.0, patience=PATIENCE_SECONDS) as made:
        yield made
