"""Careful reading against polars: the same million records, sound for polars, with one broken line in a thousand for us.

Usage: `python -m benchmarks.reading [RECORDS]`
"""

import json
import random
import sys
import time

import polars as pl

from sources.reading.csv import read_csv_text
from sources.reading.csv_lines import Dialect

ROUNDS = 5
EVERY = 1_000
WIDTH = 10


def sound_lines(records: int) -> pl.Series:
    """Payments as lines of CSV: keys, a name, an amount, codes, a point in time, a note."""
    n = pl.int_range(0, records, eager=True).alias("n").to_frame()
    digits = pl.col("n").cast(pl.String)
    names = ["Ann", "Bob", "Cem", "Dora", "Eva", "Finn", "Gül", "Hugo"]
    words = ["paid", "at", "the", "desk", "again", "late", "by", "card"]
    drawn = [pl.col("n") * factor % 1_000_003 for factor in (7919, 104_729, 1_299_709, 15_485_863)]
    word = [pl.Series(words).gather(n.select(d % 8).to_series()) for d in drawn]
    frame = n.select(
        "P" + digits.str.zfill(10),
        b="C" + (drawn[0] % 200_000).cast(pl.String).str.zfill(7),
        c=pl.Series(names).gather(n.select(drawn[1] % 8).to_series()),
        d="M" + (drawn[2] % 5000).cast(pl.String).str.zfill(5),
        e="D" + (drawn[3] % 300_000).cast(pl.String).str.zfill(8),
        f=((drawn[0] % 99_999) / 100).round(2).cast(pl.String) + "5",
        g=pl.Series(["EUR", "USD", "CHF", "SEK"]).gather(n.select(drawn[1] % 4).to_series()),
        h=pl.Series(["DE", "AT", "FR", "IT"]).gather(n.select(drawn[2] % 4).to_series()),
        i=pl.lit("2026-11-01T")
        + (drawn[3] % 24).cast(pl.String).str.zfill(2)
        + ":"
        + (drawn[0] % 60).cast(pl.String).str.zfill(2),
        j=pl.concat_str(word[0], word[1], word[2], (drawn[3] % 97).cast(pl.String), separator=" "),
    )
    return frame.select(pl.concat_str(pl.all(), separator=";")).to_series()


def broken_lines(lines: list[str], seed: int = 20261123) -> list[str]:
    """The lines with one in a thousand broken: a delimiter in the note, a quote, a cut, or too many fields."""
    draw, broken = random.Random(seed), list(lines)
    for count, at in enumerate(range(EVERY // 2, len(lines), EVERY)):
        line = lines[at]
        place = draw.randrange(1, line.rindex(";"))
        note = line.rindex(";") + 3
        broken[at] = (
            line[:note] + ";" + line[note:],
            line[:place] + '"' + line[place:],
            line[:place] + "\n" + line[place:],
            line + ";;;;",
        )[count % 4]
    return broken


def main() -> None:
    """Print the seconds of each round, in turn, and the CPU seconds."""
    records = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    lines = sound_lines(records).to_list()
    sound, broken = (("\n".join(text) + "\n").encode() for text in (lines, broken_lines(lines)))
    dialect = Dialect(";", '"', "utf-8", WIDTH)
    readers = {
        "polars": lambda: pl.read_csv(sound, has_header=False, separator=";"),
        "fast": lambda: read_csv_text(sound, dialect),
        "careful": lambda: read_csv_text(broken, dialect),
    }
    mended = read_csv_text(broken, dialect).mended.height
    seconds: dict[str, list[float]] = {name: [] for name in readers}
    cpu_seconds: dict[str, list[float]] = {name: [] for name in readers}
    for _ in range(ROUNDS):
        for name, read in readers.items():
            began, cpu_began = time.perf_counter(), time.process_time()
            read()
            seconds[name].append(time.perf_counter() - began)
            cpu_seconds[name].append(time.process_time() - cpu_began)
    counts = {"records": records, "broken": records // EVERY, "mended": mended}
    print(json.dumps({**counts, "seconds": seconds, "cpu_seconds": cpu_seconds}))


if __name__ == "__main__":
    main()
