"""What a library costs: milliseconds per 1000 distinct values, asked for the first time and answered from the cache."""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from orchestration_assets.translation.answers import Answers
from orchestration_assets.translation.calendars import by_library
from orchestration_assets.translation.contacts import e164
from orchestration_assets.translation.identifiers import verified
from orchestration_assets.translation.mojibake import mended_encoding
from orchestration_assets.translation.prices import by_library as price_by_library

_MONTHS = "January February March April May June July August September October November December".split()


def _of_babel(text: str) -> str | None:
    """Babel gives vocabularies, once per process; a value is looked up in them."""
    from orchestration_assets.translation.vocabularies import country_words

    return country_words().get(text.lower())


ASKED: dict[str, tuple[Callable[[str], str | None], list[str]]] = {
    "dateparser": (
        by_library,
        [f"the {1 + i % 28} of {_MONTHS[i % 12]} {1990 + i // 12}" for i in range(300)],
    ),
    "phonenumbers": (lambda text: e164(text, "DE"), [f"030 {1_000_000 + 37 * i}" for i in range(3000)]),
    "price-parser": (price_by_library, [f"now only € {i}.{i % 100:02d} *" for i in range(1000)]),
    "babel": (_of_babel, [f"country {i}" for i in range(3000)]),
    "ftfy": (mended_encoding, [f"MÃ¼ller & SÃ¶hne {i}" for i in range(3000)]),
    "python-stdnum": (lambda text: verified("ean", text), [f"{4_006_381_333_000 + i}" for i in range(3000)]),
}


def library() -> None:
    """Print both figures per library; imports do not count."""
    print("\nmilliseconds per 1000 distinct values: asked, and answered from the cache of an earlier run")
    for name, (ask, values) in ASKED.items():
        ask("0")  # imports, and builds vocabularies
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "answers.parquet"
            cold = _seconds(path, ask, values, name)
            cached = _seconds(path, ask, values, name)
        per_thousand = 1_000_000 / len(values)
        print(f"  {name:<14} {cold * per_thousand:10.1f} {cached * per_thousand:8.1f}")


def _seconds(path: Path, ask: Callable[[str], str | None], values: list[str], name: str) -> float:
    began = time.perf_counter()
    answers = Answers(path)
    answers.of(values, ask, name, "benchmark")
    answers.keep()
    return time.perf_counter() - began
