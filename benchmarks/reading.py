"""Careful reading against polars: the same million records, sound for polars, with one broken line in a thousand for us.

Usage: `python -m benchmarks.reading [RECORDS]`
"""

import polars as pl

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
