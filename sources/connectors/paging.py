"""Which address an API is asked next, told from the page that it answered. No I/O."""

import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urljoin

from sources.connectors.json_spans import value_at
from sources.connectors.web import is_web_address, origin_of
from sources.endpoints import Pages
from sources.errors import LastingFailure

_LINK = re.compile(r'<([^>]*)>((?:\s*;\s*[\w!#$&+.^`|~*-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]+))?)*)')
_IS_NEXT = re.compile(r';\s*rel\s*=\s*(?:"(?:[^"]*\s)?next(?:\s[^"]*)?"|next(?=\s|;|$))', re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Page:
    """One answer: where it came from, what it holds, and how many records it and those before it have."""

    url: str
    value: Any
    link: str
    records: int
    records_so_far: int
    number: int
    """From 1."""


def first_page(pages: Pages | None, url: str) -> str:
    """Return the address of the first page."""
    match pages:
        case Pages(by="page"):
            return _with(url, pages, 1 if pages.first is None else pages.first)
        case Pages(by="offset"):
            return _with(url, pages, pages.first or 0)
    return url


def next_page(pages: Pages | None, url: str, page: Page) -> str | None:
    """Return the address of the page after `page`, None where that was the last; `url` is without any page.

    Pages by number and by offset end with one that has no record: a server may give fewer than it was asked for.
    """
    match pages:
        case Pages(by="page") if page.records:
            return _with(url, pages, (1 if pages.first is None else pages.first) + page.number)
        case Pages(by="offset") if page.records:
            return _with(url, pages, (pages.first or 0) + page.records_so_far)
        case Pages(by="cursor"):
            cursor = _told(page, pages.next)
            return None if cursor is None else _with(url, pages, cursor)
        case Pages(by="link"):
            address = _told(page, pages.next) if pages.next else _link_of(page.link)
            return None if address is None else _within_origin(page, address)
    return None


def _with(url: str, pages: Pages, value: object) -> str:
    mark = "&" if "?" in url else "?"
    return f"{url}{mark}{urlencode({pages.parameter or '': str(value)})}"


def _told(page: Page, path: str | None) -> str | None:
    """Return the text or number at the path in the answer; None where it is null, false, empty or missing."""
    value = value_at(page.value, path or "")
    if value is None or value is False or value == "":
        return None
    if not isinstance(value, str):
        raise LastingFailure(f"page {page.number} has neither text nor number at {path}")
    return value


def _link_of(header: str) -> str | None:
    """Return the address of the link with the relation `next` (RFC 8288)."""
    return next((match[1] for match in _LINK.finditer(header) if _IS_NEXT.search(match[2])), None)


def _within_origin(page: Page, address: str) -> str:
    try:
        url = urljoin(page.url, address)
        is_within = is_web_address(url) and origin_of(url) == origin_of(page.url)
    except ValueError:
        is_within = False
    if not is_within:
        raise LastingFailure(f"page {page.number} leads to another host")
    return url
