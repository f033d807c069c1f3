"""From a file or an address to a proposal: its bytes taken in as landing would, profiled, and put into drafts."""

import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from glob import escape
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import polars as pl

from orchestration_assets.drift.candidates import Delivered, History, Matching
from orchestration_assets.drift.matching import match
from orchestration_assets.errors import DeclarationError, NotFoundError
from orchestration_assets.feed import Declared, load_feeds
from orchestration_assets.profiling.columns import ColumnProfile, null_tokens, profiled
from orchestration_assets.profiling.drafting import drafted, notation_of, source_text
from orchestration_assets.profiling.recognising import form_of
from orchestration_assets.profiling.relations import related
from orchestration_assets.profiling.sampling import Sample, sampled, source_for
from orchestration_assets.settings import settings
from orchestration_assets.steps.context import rules_of
from sources.connectors import payloads
from sources.connectors.payload import Deadline
from sources.encodings import wide_encoding
from sources.endpoints import FilesEndpoint, HttpEndpoint
from sources.unpacking import MAGIC_BYTES, packing_of
from validators.parsing import Notation
from validators.rules import RuleSet

MOST_BYTES = 64 << 20
_SECONDS = 120.0


@dataclass(frozen=True)
class Proposal:
    """Drafts by the path that they would have, what was seen in each column, and what to look at first."""

    name: str
    files: dict[str, str]
    columns: list[dict[str, Any]] = field(default_factory=list)
    remarks: tuple[str, ...] = ()


def propose(place: str, *, feed: str | None = None, name: str | None = None) -> Proposal:
    """Declarations for what lies at `place`; with `feed` a source of that feed, else a source, a feed and a contract."""
    found = settings()
    declared = load_feeds(found.feeds, found.catalog).of(feed) if feed else None
    endpoint = _endpoint(place)
    name = _name(name or _stem(place))
    data, is_whole = _bytes_of(endpoint)
    sample = sampled(name, data, is_whole=is_whole)
    values = sample.values
    tokens = null_tokens(values)
    profiles = [profiled(column, values[column], tokens=tokens) for column in values.columns]
    cut = () if is_whole else (f"only the first {MOST_BYTES >> 20} MiB were looked at",)
    reached = _declared_endpoint(place, name)
    if declared is None:
        draft = drafted(name, profiles, related(values, profiles), sample.form, reached, sample.told)
        files = {
            f"contracts/{name}.py": draft.contract,
            f"feeds/{name}.yaml": draft.feed,
            f"catalog/{name}.yaml": draft.source,
        }
        return Proposal(name, files, [asdict(p) for p in profiles], (*draft.remarks, *cut))
    text, remarks = _for_feed(name, declared, sample, profiles, reached)
    return Proposal(name, {f"catalog/{name}.yaml": text}, [asdict(p) for p in profiles], (*remarks, *cut))


def _for_feed(
    name: str,
    declared: Declared,
    sample: Sample,
    profiles: list[ColumnProfile],
    endpoint: dict[str, str],
) -> tuple[str, tuple[str, ...]]:
    """The YAML of a source of the feed, its columns mapped onto the contract's fields as well as can be told."""
    rules = rules_of(declared.feed.contract)
    by_column = {profile.column: profile for profile in profiles}
    matching = _matched(declared, rules, sample.values, by_column)
    fields: dict[str, str | dict[str, str]] = {}
    remarks = list(sample.told)
    for field_name, candidate in matching.candidates.items():
        profile = replace(by_column[candidate.column], unit=candidate.unit)
        fields[field_name] = _as_field(profile, rules.fields[field_name].dtype, profiles)
        if candidate.doubt:
            remarks.append(
                f"{field_name}: `{candidate.column}` ({candidate.probability:.0%}): {candidate.doubt}"
            )
    remarks += [f"{name}: nothing stands for it" for name in matching.unexplained]
    if lacking := sorted(set(rules.key) - set(fields)):
        remarks.append(f"the key is lacking: {', '.join(lacking)}; the source cannot be used without it")
    text = source_text(
        name, declared.feed.feed, profiles, sample.form, endpoint, fields or {"todo": "todo"}, tuple(remarks)
    )
    return text, tuple(remarks)


def _as_field(
    profile: ColumnProfile, dtype: pl.DataType, profiles: list[ColumnProfile]
) -> str | dict[str, str]:
    """The line of a field: a unit where it is a number, a pattern where it is a point in time."""
    is_number, is_moment = dtype.is_numeric(), isinstance(dtype, pl.Datetime)
    kept = replace(
        profile,
        unit=profile.unit if is_number else None,
        type="float" if is_number else profile.type,
        datetime=profile.datetime if is_moment else "",
    )
    return notation_of(kept, "," if any(p.decimal == "," for p in profiles) else ".")


def _matched(
    declared: Declared, rules: RuleSet, values: pl.DataFrame, by_column: dict[str, ColumnProfile]
) -> Matching:
    """The best reading of the file's columns as the contract's fields; every field is sought."""
    decimal = "," if any(profile.decimal == "," for profile in by_column.values()) else "."
    forms = [p.datetime for p in by_column.values() if p.datetime]
    notation = Notation(decimal=decimal, datetime=forms[0]) if forms else Notation(decimal=decimal)
    nowhere = source_for("new", "csv").model_copy(update={"feed": declared.feed.feed, "fields": {}})
    return match(
        Delivered(values, tuple(values.columns)),
        tuple(rules.fields),
        nowhere,
        rules,
        dict.fromkeys(rules.fields, notation),
        History(),
    )


def _endpoint(place: str) -> FilesEndpoint | HttpEndpoint:
    if _is_address(place):
        return _http_endpoint(place)
    path = Path(place).absolute()
    if not path.is_file():
        raise NotFoundError(f"there is no file {place}\nHint: name a file, or an http or https address")
    return FilesEndpoint(kind="files", path=escape(str(path)))


def _http_endpoint(place: str) -> HttpEndpoint:
    """The endpoint of an address; DeclarationError, which does not repeat the address: it may hold a password."""
    try:
        parts = urlsplit(place)
        is_broken = not parts.hostname or parts.port == 0
    except ValueError:
        is_broken = True
    if is_broken:
        raise DeclarationError("the address cannot be read\nHint: expected https://HOST/PATH")
    if parts.password:
        raise DeclarationError("the address holds a password\nHint: fetch the file, and profile that")
    try:
        return HttpEndpoint(kind="http", url=place)
    except ValueError:
        raise DeclarationError(
            "the address is none that can be declared\nHint: expected https://HOST/PATH"
        ) from None


def _declared_endpoint(place: str, name: str) -> dict[str, str]:
    """How the draft says that it is reached; an address that may hold a secret stands in a variable."""
    if not _is_address(place):
        return {"kind": "files", "path": escape(str(Path(place).absolute()))}
    parts = urlsplit(place)
    is_plain = not (parts.query or parts.username or parts.password or parts.fragment)
    return {"kind": "http", "url": place if is_plain else f"${{{name.upper()}_URL}}"}


def _bytes_of(endpoint: FilesEndpoint | HttpEndpoint) -> tuple[bytes, bool]:
    """The first bytes of what is there, of lines of text whole lines, and whether that is all."""
    [payload, *_] = payloads(endpoint, "all", root=Path("/"), deadline=Deadline(_SECONDS))
    taken = bytearray()
    for chunk in _upto(payload.chunks):
        taken += chunk
    if len(taken) <= MOST_BYTES:
        return bytes(taken), True
    if (form := form_of(bytes(taken[:MAGIC_BYTES]))) in ("parquet", "excel"):
        raise DeclarationError(
            f"it is larger than {MOST_BYTES >> 20} MiB, and {form} can only be read as a whole\n"
            "Hint: profile a file of the same form with fewer rows"
        )
    return _whole_lines(bytes(taken[:MOST_BYTES])), False


def _whole_lines(data: bytes) -> bytes:
    """The bytes up to the last line end, where they are text that is cut into lines."""
    end = 0 if packing_of(data) or wide_encoding(data[:MAGIC_BYTES]) else data.rfind(b"\n") + 1
    return data[: end or None]


def _upto(chunks: Iterator[bytes]) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        yield chunk
        size += len(chunk)
        if size > MOST_BYTES:
            return


def _is_address(place: str) -> bool:
    return place.startswith(("http://", "https://"))


def _stem(place: str) -> str:
    path = urlsplit(place).path if _is_address(place) else place
    return Path(path).name.partition(".")[0]


def _name(text: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")
    return plain if re.match(r"[a-z]", plain) else f"source_{plain}".rstrip("_")
