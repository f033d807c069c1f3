"""Queries as they are declared: where their parameters stand, and the text in which each is bound. No I/O.

Parameters are `:partition`, `:since` and `${NAME}`. What stands in quotes or comments is no parameter.
"""

import re
from collections.abc import Callable

_QUOTED = r"""
      [eE]'(?:[^'\\]|\\.|'')*'     # text with escapes
    | '(?:[^']|'')*'
    | "(?:[^"]|"")*"
    | `[^`]*`
    | \$(?P<tag>\w*)\$.*?\$(?P=tag)\$
    | --[^\n]*
    | /\*.*?\*/
"""
_PARAMETER = r"::|(?<!\w):(?P<name>partition|since)\b|\$\{(?P<variable>[A-Za-z_][A-Za-z0-9_]*)\}"
_TOKEN = re.compile(f"(?P<quoted>{_QUOTED})|{_PARAMETER}", re.VERBOSE | re.DOTALL)


def parameters_of(query: str) -> list[str]:
    """Return the parameters in their order, each as often as it occurs: `partition`, `since`, `${NAME}`."""
    return [name for match in _TOKEN.finditer(query) if (name := _name(match))]


def bound(query: str, placeholder: Callable[[int], str]) -> str:
    """Return the query, without a semicolon at its end, with `placeholder(i)` for its i-th parameter from 0."""
    count = iter(range(len(query)))
    text = _TOKEN.sub(lambda match: placeholder(next(count)) if _name(match) else match[0], query)
    return text.rstrip().removesuffix(";")


def checked_query(query: str) -> str:
    """Return the query; ValueError where a variable stands in quotes, as if it were pasted."""
    for match in _TOKEN.finditer(query):
        if match["quoted"] and not match["quoted"].startswith(("--", "/*")) and "${" in match["quoted"]:
            raise ValueError(
                "a variable stands in quotes: `${NAME}` is bound as a value, write it without them"
            )
    return query


def _name(match: re.Match[str]) -> str:
    return match["name"] or (f"${{{match['variable']}}}" if match["variable"] else "")
