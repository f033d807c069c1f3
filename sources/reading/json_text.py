"""What patterns tell about lines of JSON without parsing them, and the paths to read as a tree."""

import json
import re
from collections.abc import Iterable, Iterator

import numpy as np
import polars as pl

# Escapes that may hide half a surrogate pair, or an ASCII character of a key.
ODD_ESCAPE = r"\\u(?:[dD][89a-fA-F]|00[2-7])"

_DEPTH = 5
_SURE_DIGITS = 15

Tree = dict[str, "Tree | None"]


def tree_of(paths: tuple[str, ...], seen: tuple[str, ...] = ()) -> Tree:
    """Return the declared paths as a tree, with those of `seen` that share a name and fit beside them."""
    tree: Tree = {}
    for path in paths:
        _grow(tree, path.split("."))
    names = {part for path in paths for part in path.split(".")}
    for path in sorted(seen, key=lambda path: -path.count(".")):
        if names & set(path.split(".")):
            _grow(tree, path.split("."))
    return tree


def schema_of(tree: Tree) -> dict[str, pl.DataType]:
    """Return the tree as a schema of nested structs with text in their leaves."""
    return {name: pl.Struct(schema_of(below)) if below else pl.String() for name, below in tree.items()}


def node_at(path: str) -> pl.Expr:
    """Return the value at a dotted path."""
    first, *parts = path.split(".")
    node = pl.col(first)
    for part in parts:
        node = node.struct.field(part)
    return node


def nodes_of(tree: Tree, above: pl.Expr | None = None) -> Iterator[pl.Expr]:
    """Yield every value and every object of the tree."""
    for name, below in tree.items():
        node = pl.col(name) if above is None else above.struct.field(name)
        yield node
        yield from nodes_of(below or {}, node)


def key_with_value(tree: Tree) -> str:
    """Return a pattern for a name of the tree as the key of anything but null."""
    names = "|".join(sorted({re.escape(json.dumps(name, ensure_ascii=False)[1:-1]) for name in _names(tree)}))
    return rf'"(?:{names})"\s*:\s*[^n\s]'


def changed_number() -> str:
    """Return a pattern for numbers that polars may write in another way: it goes by way of 64-bit floats."""
    long = (rf"\d{{{n}}}\.\d{{{_SURE_DIGITS + 1 - n},}}" for n in range(1, _SURE_DIGITS + 1))
    forms = [r"\d+\.\d*0[\s,}\]]", r"0\.0000", r"\d+(?:\.\d+)?[eE]", rf"\d{{{_SURE_DIGITS + 1}}}", *long]
    return rf":\s*(?:-0[\s,}}\]]|-?(?:{'|'.join(forms)}))"


def plausible_object() -> str:
    """Return a pattern for what may be an object: balanced, nothing behind it, at most five levels deep."""
    text = r'"(?:[^"\\\x00-\x1f]|\\.)*"'
    inner = rf"[\s,:0-9+\-.eEtrufalsn]|{text}"
    content = rf"(?:{inner})*"
    for _ in range(_DEPTH):
        content = rf"(?:{inner}|\{{{content}\}}|\[{content}\])*"
    return rf"\A\s*\{{{content}\}}\s*\z"


def quoted_numbers(text: bytes) -> bytes:
    """Return sound lines of JSON with quotes around each number."""
    plain = np.frombuffer(text.replace(b"\\\\", b"..").replace(b'\\"', b".."), np.uint8)
    is_inside = np.bitwise_xor.accumulate((plain == ord('"')).astype(np.uint8)).astype(bool)
    is_number = _is_one_of(plain, b"0123456789+-.eE") & ~is_inside
    # A line begins with no number and ends with none, so that changes come in pairs.
    edges = (np.flatnonzero(is_number[1:] != is_number[:-1]) + 1).reshape(-1, 2)
    # The e of true and false begins no number.
    edges = edges[_is_one_of(plain[edges[:, 0]], b"0123456789-")]
    return np.insert(np.frombuffer(text, np.uint8), edges.ravel(), ord('"')).tobytes()


def _is_one_of(text: np.ndarray, characters: bytes) -> np.ndarray:
    is_member = np.zeros(256, bool)
    is_member[list(characters)] = True
    return is_member[text]


def _grow(tree: Tree, parts: list[str]) -> None:
    """Add a path, unless a part of it is a value already, or it would be a value where there is a branch."""
    for part in parts[:-1]:
        below = tree.setdefault(part, {})
        if below is None:
            return
        tree = below
    tree.setdefault(parts[-1], None)


def _names(tree: Tree) -> Iterable[str]:
    for name, below in tree.items():
        yield name
        yield from _names(below or {})
