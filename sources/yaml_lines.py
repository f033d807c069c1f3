"""YAML with the lines on which things stand, and without its traps: keys given twice, `no`, 040.

Safe tags only. Knows no model and no file.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import yaml

MOST_NODES = 100_000
_INT = "tag:yaml.org,2002:int"
_BOOL = "tag:yaml.org,2002:bool"


class Remark(NamedTuple):
    """One thing that is wrong with the text, on a line that counts from 1."""

    line: int
    message: str
    hint: str = ""


class Document(NamedTuple):
    """The data of a YAML text and the nodes that they were made of."""

    data: Any
    node: yaml.Node | None


def parse(text: str) -> tuple[Document | None, list[Remark]]:
    """Return the document, or None with at least one remark where the text is no sound YAML."""
    loader = yaml.SafeLoader(text)
    try:
        node = loader.get_single_node()
        remarks = [] if node is None else list(_traps(node))
        data = None if node is None or remarks else loader.construct_document(node)
    except yaml.MarkedYAMLError as error:
        return None, [_syntax_remark(error)]
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return None, [Remark(1, f"this is no YAML that can be read: {_first_line(error)}")]
    finally:
        loader.dispose()
    return (None if remarks else Document(data, node)), remarks


def line_of(node: yaml.Node | None, location: tuple[str | int, ...]) -> int:
    """Return the line, from 1, of what `location` leads to, or of the nearest thing above it."""
    line = 1 if node is None else node.start_mark.line + 1
    for part in location:
        step = _step(node, part)
        if step is not None:
            line, node = step
    return line


def _step(node: yaml.Node | None, part: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
        item = node.value[part]
        return item.start_mark.line + 1, item
    if isinstance(node, yaml.MappingNode):
        return next(((k.start_mark.line + 1, v) for k, v in node.value if k.value == str(part)), None)
    return None


def _syntax_remark(error: yaml.MarkedYAMLError) -> Remark:
    mark = error.problem_mark or error.context_mark
    problem = error.problem or error.context or "it cannot be read"
    hint = "A text that holds a colon, a quote or a brace stands in quotes; indentation is in spaces."
    return Remark(1 if mark is None else mark.line + 1, f"this is no YAML that can be read: {problem}", hint)


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]


def _traps(root: yaml.Node) -> Iterator[Remark]:
    for count, node in enumerate(_walk(root)):
        if count >= MOST_NODES:
            yield Remark(1, f"more than {MOST_NODES} values, aliases followed", "Write fewer or no aliases.")
            return
        if isinstance(node, yaml.MappingNode):
            yield from _repeated_keys(node)
        elif isinstance(node, yaml.ScalarNode) and node.style is None:
            yield from _misread(node)


def _walk(root: yaml.Node) -> Iterator[yaml.Node]:
    """Yield every node in the order of the text, aliases each time: a bomb is seen before it goes off."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        if isinstance(node, yaml.MappingNode):
            stack.extend(child for pair in reversed(node.value) for child in reversed(pair))
        elif isinstance(node, yaml.SequenceNode):
            stack.extend(reversed(node.value))


def _repeated_keys(node: yaml.MappingNode) -> Iterator[Remark]:
    first: dict[str, int] = {}
    for key, _ in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        line = key.start_mark.line + 1
        if key.value in first:
            yield Remark(
                line, f"`{key.value}` is given twice", f"It stands on line {first[key.value]}; keep one."
            )
        first.setdefault(key.value, line)


def _misread(node: yaml.ScalarNode) -> Iterator[Remark]:
    text = node.value
    line = node.start_mark.line + 1
    if node.tag == _BOOL and text.lower() not in ("true", "false"):
        yield Remark(line, f"YAML reads `{text}` as true or false", f'Write "{text}" in quotes.')
    if node.tag == _INT and str(_whole(text)) != text:
        yield Remark(line, f"YAML reads `{text}` as {_whole(text)}", f'Write "{text}" in quotes.')


def _whole(text: str) -> object:
    return yaml.safe_load(text)
