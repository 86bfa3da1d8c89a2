"""YAML 1.2, the core schema, from the events of a parser and not from its nodes: events still tell whether a tag was written,
and need no recursion."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NoReturn

import yaml

from smscontract.errors import UnusableInput
from smscontract.yaml._marked import MAX_DEPTH, SURROGATE, Mark, Marked

__all__ = ["MAX_ALIASED_NODES", "Reader"]

MAX_ALIASED_NODES = 1_000_000  #: how many values all aliases of one file may add

_NULL = frozenset(("", "~", "null", "Null", "NULL"))
_BOOL = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
# Narrower than the core schema on purpose: `+14155550100` and `0123` are telephone numbers and codes before they are numbers.
_INT = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_FLOAT_WORD = {".nan": "nan", ".NaN": "nan", ".NAN": "nan"} | {
    sign + word: sign + "inf" for sign in ("", "-") for word in (".inf", ".Inf", ".INF")
}
# What YAML 1.2 does not print, and three characters that PyYAML still takes for line ends, as YAML 1.1 did.
_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\xa0-\u2027\u202a-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HINTS = (
    ("tab", "indent with spaces"),
    ("escape", "double the backslash, or use single quotes"),
    ("quoted scalar", "close the quote, or double it inside single quotes"),
    ("mapping values are not allowed", "quote a text that holds a colon followed by a space"),
    ("cannot start any token", "quote a text that starts with this character"),
    ("flow", "close the bracket, and put commas between items"),
    ("block", "indent keys and items of one level alike"),
    ("could not find expected ':'", "write `key: value`, and indent the lines of a long text"),
    ("alias", "an alias `*name` needs `&name` before it; quote a text that starts with `*`"),
)


def _scalar(value: str) -> Any:
    """A plain scalar by the core schema, with the narrower numbers of this module."""
    if value in _NULL:
        return None
    if value in _BOOL:
        return _BOOL[value]
    if _INT.fullmatch(value):
        return int(value)
    if value in _FLOAT_WORD:
        return float(_FLOAT_WORD[value])
    return float(value) if _FLOAT.fullmatch(value) else value


@dataclass(slots=True)
class _Open:
    """A mapping or list that is being filled, or the file itself, a list of at most one item. Kept for its anchor.

    `size` counts the values in it and itself, `height` the levels of mappings and lists; a scalar has height 0.
    """

    data: Any
    mark: Mark
    anchor: str | None = None
    key: str | None = None  # the key of a mapping that has no value yet
    key_line: int = 0
    size: int = 1
    height: int = 1

    def wants_key(self) -> bool:
        return isinstance(self.data, dict) and self.key is None

    def put(self, value: Any, line: int) -> Mark:
        """Put a value at the pending key or at the end, and give its mark."""
        if self.key is not None:
            mark = self.mark.inside[self.key] = Mark(self.key_line)
            self.data[self.key] = value
            self.key = None
        else:
            mark = self.mark.inside[len(self.data)] = Mark(line)
            self.data.append(value)
        return mark


class Reader:
    """Builds values and marks from parser events. One use."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.anchors: dict[str, _Open | None] = {}  # None: not closed yet
        self.aliased = 0
        self.documents = 0

    def fail(self, message: str, line: int, hint: str) -> NoReturn:
        raise UnusableInput(message, file=self.file, line=line, hint=hint) from None

    def too_deep(self, line: int) -> NoReturn:
        self.fail(f"nested deeper than {MAX_DEPTH} levels", line, "flatten the file")

    def events(self) -> Iterator[Any]:
        bad = _UNPRINTABLE.search(self.text)
        if bad:
            line = self.text.count("\n", 0, bad.start()) + 1
            hint = 'remove it, or write it as an escape in double quotes, e.g. "\\u2028"'
            self.fail(f"unprintable character U+{ord(bad[0]):04X}", line, hint)
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            yield from yaml.parse(self.text, Loader=loader)
        except yaml.MarkedYAMLError as error:
            self.fail_as(error)
        except yaml.YAMLError as error:
            self.fail(f"not valid YAML: {error}", 1, "save the file as UTF-8 text")

    def fail_as(self, error: yaml.MarkedYAMLError) -> NoReturn:
        problem, context = error.problem or "", (error.context or "").replace("while scanning for the next token", "")
        if "nesting depth" in problem and error.problem_mark:
            # libyaml 0.2.6 stops at 1000 levels, and looks far enough ahead in a line to stop before we do.
            self.too_deep(error.problem_mark.line + 1)
        # Where something was opened says more than where the file ended.
        opened = "quoted scalar" in context or "flow" in context
        mark = (error.context_mark if opened else None) or error.problem_mark or error.context_mark
        told = f"{context} {problem}"
        if (
            "token" in problem
            and mark
            and "\t" in "".join(self.text.splitlines()[mark.line : mark.line + 1])[: mark.column + 1]
        ):
            told = "tab"
        hint = next((hint for word, hint in _HINTS if word in told), "check the indentation and the quotes around this line")
        line = mark.line + 1 if mark else 1
        self.fail(f"not valid YAML: {context}{', ' if context else ''}{problem}", line, hint)

    def read(self) -> Marked:
        root = _Open([], Mark(1))
        stack = [root]
        for event in self.events():
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                self.start_document(event, line)
            elif isinstance(event, yaml.CollectionEndEvent):
                done = stack.pop()
                if done.anchor:
                    self.anchors[done.anchor] = done
                stack[-1].size += done.size
                stack[-1].height = max(stack[-1].height, done.height + 1)
            elif isinstance(event, yaml.NodeEvent):
                opened = self.node(event, line, stack[-1], len(stack))
                if opened:
                    stack.append(opened)
        if not root.data:
            return Marked(None, self.file, Mark(1))
        return Marked(root.data[0], self.file, root.mark.inside[0])

    def start_document(self, event: yaml.DocumentStartEvent, line: int) -> None:
        self.documents += 1
        if self.documents > 1:
            self.fail("a second document in one file", line, "remove the `---`, or split the file")
        if event.version == (1, 1):
            self.fail("asks for YAML 1.1, where `NO` is false and dates are no text", line, "remove the %YAML line")

    def node(self, event: yaml.NodeEvent, line: int, into: _Open, depth: int) -> _Open | None:
        """Take a key, or put a value into its place; a mapping or list that begins is returned."""
        tag = getattr(event, "tag", None)
        if tag is not None:
            self.fail(f"the tag `{tag}` is not supported", line, "remove the tag; quote a value to keep it a text")
        if into.wants_key():
            self.key(event, line, into)
            return None
        if isinstance(event, yaml.AliasEvent):
            self.alias(event.anchor or "", line, into, depth)
            return None
        if isinstance(event, yaml.ScalarEvent):
            value = self.scalar(event, line)
            mark = into.put(value, line)
            into.size += 1
            if event.anchor:
                self.anchors[event.anchor] = _Open(value, mark, height=0)
            return None
        if depth > MAX_DEPTH:
            self.too_deep(line)
        data: Any = {} if isinstance(event, yaml.MappingStartEvent) else []
        mark = into.put(data, line)
        if event.anchor:
            self.anchors[event.anchor] = None
        return _Open(data, mark, event.anchor)

    def characters(self, event: yaml.ScalarEvent, line: int) -> None:
        if SURROGATE.search(event.value):
            hint = 'write the character itself, or "\\U0001F600" with eight digits'
            self.fail("half of a surrogate pair is no character", line, hint)

    def scalar(self, event: yaml.ScalarEvent, line: int) -> Any:
        self.characters(event, line)
        if event.style:  # quoted, or a block
            return event.value
        try:
            return _scalar(event.value)
        except ValueError:  # Python reads no integer of more than 4300 digits
            self.fail("a number with too many digits", line, "quote it to keep it a text")

    def key(self, event: yaml.NodeEvent, line: int, into: _Open) -> None:
        if not isinstance(event, yaml.ScalarEvent):
            self.fail(
                "a key that is no text", line, "write the key as one word; a text that starts with `{`, `[` or `*` needs quotes"
            )
        if event.anchor:
            self.fail(f"an anchor `&{event.anchor}` on a key", line, "put the anchor before the value")
        if event.value == "<<" and not event.style:
            self.fail("the merge key `<<` is not part of YAML 1.2", line, "write the members out, or alias single values")
        self.characters(event, line)
        if event.value in into.data:
            first = into.mark.inside[event.value].line
            self.fail(f"the key `{event.value}` is there twice, first in line {first}", line, "remove or rename one of them")
        into.key, into.key_line = event.value, line

    def alias(self, name: str, line: int, into: _Open, depth: int) -> None:
        if name not in self.anchors:
            self.fail(f"the alias `*{name}` has no anchor before it", line, "quote a text that starts with `*`")
        target = self.anchors[name]
        if target is None:
            self.fail(f"the alias `*{name}` stands inside its own anchor", line, "a value cannot contain itself")
        self.aliased += target.size
        if self.aliased > MAX_ALIASED_NODES:
            self.fail(f"aliases add more than {MAX_ALIASED_NODES} values", line, "write the values out, or use fewer aliases")
        if depth + target.height - 1 > MAX_DEPTH:
            self.too_deep(line)
        into.put(_copy(target.data), line).inside = target.mark.inside
        into.size += target.size
        into.height = max(into.height, target.height + 1)


def _copy(data: Any) -> Any:
    """A copy of its own for each alias: who changes one place must not change the other."""
    if isinstance(data, dict):
        return {key: _copy(value) for key, value in data.items()}
    return [_copy(item) for item in data] if isinstance(data, list) else data
