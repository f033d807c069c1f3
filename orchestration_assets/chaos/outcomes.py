"""What comes of each fault: the one table that the documentation publishes and the tests hold, row by row."""

from dataclasses import dataclass
from enum import StrEnum


class Fate(StrEnum):
    """What becomes of the records of the source that was struck; those of the other sources go their way."""

    AS_EVER = "as without the fault"
    MISSING = "missing, and named so; what was delivered before stays"
    BEGINNING = "those that came are taken, the others are missing, and named so"
    FEW_UNREADABLE = "the lines concerned are in `unreadable`, byte for byte; all others as without the fault"
    FEW_HELD = "the records concerned are held, their values untouched; all others as without the fault"
    MENDED = "mended where that is certain, else in `unreadable`; all others as without the fault"
    RUN_FAILED = "the run fails before anything is published; `trusted` stays as it was"


@dataclass(frozen=True)
class Row:
    """One fault. `status`: of the source's latest delivery; `words` stand in its reason; `check`: the one that fails, if any."""

    what: str
    status: str
    words: str
    check: str
    fate: Fate
    heals: str


_NEXT_RUN = "by the next run"
_SAME_RUN = "in the same run"
_NOTHING = "nothing to heal"
_REDELIVERED = "by the next run after it is delivered anew"

OUTCOMES = {
    "connection_refused": Row(
        "the server refuses connections",
        "absent",
        "cannot be reached: Connection refused",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "connection_refused_backup_serves": Row(
        "the server refuses connections, and the source's next endpoint has a copy",
        "landed",
        "",
        "preferred_endpoint",
        Fate.AS_EVER,
        _SAME_RUN,
    ),
    "hang": Row(
        "the server takes the request and never answers",
        "absent",
        "timed out",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "drip": Row(
        "the bytes come so slowly that the deadline passes",
        "absent",
        "longer than its deadline",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "answer_429": Row(
        "the server answers 429 and does not say until when",
        "absent",
        "answered 429",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "answer_429_retry_after": Row(
        "the server answers 429 once, with `Retry-After: 1`", "landed", "", "", Fate.AS_EVER, _SAME_RUN
    ),
    "answer_500": Row(
        "the server answers 500",
        "absent",
        "answered 500",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "closed_half_way": Row(
        "the server closes after half of the bytes",
        "absent",
        "bytes of",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "length_too_long": Row(
        "the stated length is longer than what comes",
        "absent",
        "bytes of",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "length_too_short": Row(
        "the stated length ends within a record",
        "landed",
        "",
        "deliveries_accepted",
        Fate.BEGINNING,
        _NEXT_RUN,
    ),
    "database_locked": Row(
        "another process holds the database",
        "absent",
        "deadline",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "database_without_table": Row(
        "the table is gone",
        "absent",
        "no such table: bookings",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "database_column_renamed": Row(
        "a column of the query has another name",
        "absent",
        "no such column: merchant",
        "deliveries_accepted",
        Fate.MISSING,
        "by the next run after the query or the table is mended",
    ),
    "database_corrupt": Row(
        "pages of the database are overwritten",
        "absent",
        "malformed",
        "deliveries_accepted",
        Fate.MISSING,
        _NEXT_RUN,
    ),
    "late": Row(
        "nothing is there yet", "absent", "no file matches", "deliveries_accepted", Fate.MISSING, _NEXT_RUN
    ),
    "older_delivered_again": Row(
        "the delivery of the day before comes again",
        "refused",
        "the very bytes",
        "deliveries_accepted",
        Fate.MISSING,
        _REDELIVERED,
    ),
    "delivered_twice": Row(
        "the same bytes come under another name as well",
        "refused",
        "the very bytes of",
        "deliveries_accepted",
        Fate.AS_EVER,
        _NOTHING,
    ),
    "delivered_twice_in_another_order": Row(
        "the same records come in a second file, in another order",
        "landed",
        "",
        "",
        Fate.AS_EVER,
        "nothing to heal: the second of each is in `aside`",
    ),
    "empty": Row(
        "0 bytes come",
        "refused",
        "0 bytes were delivered",
        "deliveries_accepted",
        Fate.MISSING,
        _REDELIVERED,
    ),
    "header_only": Row(
        "a header comes, and no line",
        "refused",
        "no line of data",
        "deliveries_accepted",
        Fate.MISSING,
        _REDELIVERED,
    ),
    "cut_in_mid_record": Row(
        "it ends within a record, and no length is stated",
        "landed",
        "",
        "deliveries_accepted",
        Fate.BEGINNING,
        _REDELIVERED,
    ),
    "cut_in_last_value": Row(
        "it ends within the last value of a record, no length is stated, and former deliveries ended their last line",
        "landed",
        "",
        "deliveries_accepted",
        Fate.BEGINNING,
        _REDELIVERED,
    ),
    "cut_at_record_end": Row(
        "it ends after a record, no length is stated, and less than half has come",
        "landed",
        "",
        "volume",
        Fate.BEGINNING,
        _REDELIVERED,
    ),
    "html_page": Row(
        "an HTML page comes, with status 200",
        "refused",
        "none of the first lines is a JSON object",
        "deliveries_accepted",
        Fate.MISSING,
        _REDELIVERED,
    ),
    "pdf": Row(
        "a PDF file comes",
        "refused",
        "none of the first lines is a JSON object",
        "deliveries_accepted",
        Fate.MISSING,
        _REDELIVERED,
    ),
    "landing_unwritable": Row(
        "the lake's folder of landed files cannot be written",
        "",
        "cannot be written",
        "",
        Fate.RUN_FAILED,
        _NEXT_RUN,
    ),
    "archive": Row("it comes as a gzip archive", "landed", "", "", Fate.AS_EVER, _NOTHING),
    "archive_byte_flipped": Row(
        "one byte of a gzip archive has changed",
        "refused",
        "is corrupt",
        "deliveries_accepted",
        Fate.MISSING,
        _REDELIVERED,
    ),
    "archive_truncated": Row(
        "a gzip archive is cut off",
        "landed",
        "cut off: the gzip stream has no end",
        "deliveries_accepted",
        Fate.BEGINNING,
        _REDELIVERED,
    ),
    "encoding_utf_8": Row("UTF-8 where cp1252 is declared", "landed", "", "", Fate.AS_EVER, _NOTHING),
    "encoding_utf_8_with_mark": Row(
        "UTF-8 with a byte order mark where cp1252 is declared", "landed", "", "", Fate.AS_EVER, _NOTHING
    ),
    "encoding_utf_16": Row("UTF-16", "landed", "", "", Fate.AS_EVER, _NOTHING),
    "encoding_cp1252": Row(
        "cp1252 where UTF-8 is declared",
        "landed",
        "",
        "",
        Fate.MENDED,
        _REDELIVERED,
    ),
    "byte_order_mark": Row("a byte order mark before the text", "landed", "", "", Fate.AS_EVER, _NOTHING),
    "mixed_line_ends": Row(
        "line ends of Unix and of Windows, mixed", "landed", "", "", Fate.AS_EVER, _NOTHING
    ),
    "nul_bytes": Row(
        "NUL bytes within a few lines",
        "landed",
        "",
        "unreadable_share",
        Fate.FEW_UNREADABLE,
        _REDELIVERED,
    ),
    "delimiter_changed": Row(
        "tabs where semicolons are declared",
        "refused",
        "columns that the header of 1 columns lacks",
        "deliveries_accepted",
        Fate.MISSING,
        "by the next run after it is delivered anew, or after the source's YAML says `delimiter: detected`",
    ),
    "preamble": Row(
        "words before the header",
        "landed",
        "",
        "",
        Fate.AS_EVER,
        "nothing to heal: the words are in `unreadable`",
    ),
    "two_tables": Row(
        "a second, smaller table below the first",
        "landed",
        "",
        "",
        Fate.AS_EVER,
        "nothing to heal: the lines of the second table are in `unreadable`",
    ),
    "ragged_rows": Row(
        "a few lines lack a field",
        "landed",
        "",
        "unreadable_share",
        Fate.FEW_UNREADABLE,
        _REDELIVERED,
    ),
    "unquoted_delimiter": Row(
        "a few values hold the delimiter and are not quoted", "landed", "", "", Fate.MENDED, _REDELIVERED
    ),
    "extra_quote": Row("a few values have a quote too many", "landed", "", "", Fate.MENDED, _REDELIVERED),
    "line_cut_in_two": Row(
        "a few lines have a line end in their middle", "landed", "", "", Fate.MENDED, _REDELIVERED
    ),
    "rows_reordered": Row("the records in another order", "landed", "", "", Fate.AS_EVER, _NOTHING),
    "columns_reordered": Row("the columns in another order", "landed", "", "", Fate.AS_EVER, _NOTHING),
    "column_renamed": Row(
        "a column under another name that means the same",
        "landed",
        "",
        "schema_drift",
        Fate.AS_EVER,
        _SAME_RUN,
    ),
    "column_renamed_to_nonsense": Row(
        "a column under a name that says nothing",
        "waiting",
        "`haendler` (merchant_id) is gone, perhaps `xq7`",
        "deliveries_accepted",
        Fate.MISSING,
        "when a person confirms the proposed mapping, or by the next run after it is delivered anew",
    ),
    "column_dropped": Row(
        "a column that is required is gone",
        "refused",
        "columns that the header of 9 columns lacks: haendler",
        "deliveries_accepted",
        Fate.MISSING,
        _REDELIVERED,
    ),
    "column_added": Row(
        "a column that nobody declared", "landed", "", "deliveries_accepted", Fate.AS_EVER, _NOTHING
    ),
    "unit_changed": Row(
        "amounts in cents where euros are declared",
        "waiting",
        "its numbers are of another scale than before",
        "deliveries_accepted",
        Fate.MISSING,
        "when a person confirms the proposed unit, or by the next run after it is delivered anew",
    ),
    "clock_garbage": Row(
        "a tenth of the times are impossible",
        "landed",
        "",
        "",
        Fate.FEW_HELD,
        _REDELIVERED,
    ),
}
"""Fault to its outcome, in the order of `sources.chaos.FAULTS`."""


def as_markdown() -> str:
    """The table of the documentation."""
    head = "| fault | what happens outside | status | what its reason says | check that fails | the source's records | how it heals |"
    rows = [
        f"| `{name}` | {row.what} | {_code(row.status)} | {_quoted(row.words)} | {_code(row.check)} | {row.fate} | {row.heals} |"
        for name, row in OUTCOMES.items()
    ]
    return "\n".join([head, "|---|---|---|---|---|---|---|", *rows]) + "\n"


def _code(text: str) -> str:
    return f"`{text}`" if text else "–"


def _quoted(text: str) -> str:
    return f"… {text} …" if text else "–"
