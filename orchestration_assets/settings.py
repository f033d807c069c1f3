"""Where things are: from the environment, with defaults inside the project's folder."""

import os
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from orchestration_assets.errors import DeclarationError

FLIGHTS_VARIABLE = "BREAKWATER_FLIGHTS"


@dataclass(frozen=True)
class Settings:
    """`lake`: the tables. `outside`: where relative paths of sources begin. `reference`: published data to measure on.

    `desk`: who may do what at the desk; `desk_url` and `dagster_url`: where people reach the two, without a slash at the end.
    """

    lake: Path
    outside: Path
    catalog: Path
    feeds: Path
    reference: Path
    docs: Path
    desk: Path
    desk_url: str
    dagster_url: str
    wait_seconds: float
    arrivals_seconds: float
    decisions_seconds: float

    @property
    def flights(self) -> Path:
        """The flights table of the Raha project, dirty."""
        return Path(os.environ.get(FLIGHTS_VARIABLE) or self.reference / "flights" / "dirty.csv")


def settings() -> Settings:
    """The settings in force; also lets the flights source find its file where only the reference folder is known."""
    here = Path(os.environ.get("BREAKWATER_HOME") or Path(__file__).resolve().parent.parent)
    found = Settings(
        lake=_path("BREAKWATER_LAKE", here / "data" / "lake"),
        outside=_path("BREAKWATER_OUTSIDE", here / "data" / "outside"),
        catalog=_path("BREAKWATER_CATALOG", here / "sources" / "catalog"),
        feeds=_path("BREAKWATER_FEEDS", here / "orchestration_assets" / "feeds"),
        reference=_path("BREAKWATER_REFERENCE_DATA", here.parent / "shared" / "data"),
        docs=_path("BREAKWATER_DATA_DOCS", here / "data" / "data_docs"),
        desk=_path("BREAKWATER_DESK", here / "desk.yaml"),
        desk_url=desk_url(),
        dagster_url=_url("BREAKWATER_DAGSTER_URL", "http://127.0.0.1:3000"),
        wait_seconds=_seconds("BREAKWATER_WAIT_SECONDS", 600),
        arrivals_seconds=_seconds("BREAKWATER_ARRIVALS_SECONDS", 300),
        decisions_seconds=_seconds("BREAKWATER_DECISIONS_SECONDS", 20),
    )
    os.environ.setdefault(FLIGHTS_VARIABLE, str(found.flights))
    return found


def desk_url() -> str:
    """Where people reach the desk, without a slash at the end."""
    return _url("BREAKWATER_DESK_URL", "http://127.0.0.1:8501")


def dagster_home() -> Path:
    """DAGSTER_HOME, by default `.dagster` inside the project."""
    here = Path(os.environ.get("BREAKWATER_HOME") or Path(__file__).resolve().parent.parent)
    return _path("DAGSTER_HOME", here / ".dagster")


def _path(variable: str, default: Path) -> Path:
    return Path(os.environ.get(variable) or default).absolute()


def _url(variable: str, default: str) -> str:
    text = (os.environ.get(variable) or default).rstrip("/")
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise DeclarationError(
            f"{variable} is no address of a web page\nHint: such as https://desk.example.org"
        )
    return text


def _seconds(variable: str, default: float) -> float:
    text = os.environ.get(variable) or str(default)
    try:
        return float(text)
    except ValueError as error:
        raise DeclarationError(f"{variable} is '{text}'\nHint: a number of seconds") from error
