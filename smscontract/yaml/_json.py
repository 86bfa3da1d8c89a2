"""JSON by its own parser: PyYAML reads no surrogate pairs and, in pure Python, no tabs."""

from __future__ import annotations

import json
import re
from typing import NoReturn

from smscontract.errors import UnusableInput
from smscontract.yaml._marked import MAX_DEPTH, SURROGATE, Mark, Marked

__all__ = ["read_json"]

_JSON_TOKEN = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"|[{}\[\],:]|[^\s"{}\[\],:]+')


def read_json(text: str, file: str) -> Marked:
    """As `smscontract.yaml.loads`."""
    walk = _JsonWalk(text, file)
    try:
        data = json.loads(text)
    except json.JSONDecodeError as error:
        walk.line = error.lineno
        walk.fail(f"not valid JSON: {error.msg[:1].lower()}{error.msg[1:]}", "look at this line and the one before it")
    except RecursionError:
        walk.line = 1
        walk.fail(f"nested deeper than {MAX_DEPTH} levels", "flatten the file")
    except ValueError:  # Python reads no integer of more than 4300 digits
        walk.fail("a number with too many digits", "make it a text")
    return Marked(data, file, walk.marks())


class _JsonWalk:
    """Lines, duplicate keys and depth from the tokens of a text that is known to be JSON. One use."""

    def __init__(self, text: str, file: str) -> None:
        self.text = text
        self.file = file
        self.line = 1

    def fail(self, message: str, hint: str) -> NoReturn:
        raise UnusableInput(message, file=self.file, line=self.line, hint=hint) from None

    def marks(self) -> Mark:
        root = Mark(1)
        stack, is_object = [root], [False]
        seen, key = 0, None  # key: of an object's member whose value comes next
        for token in _JSON_TOKEN.finditer(self.text):
            self.line += self.text.count("\n", seen, token.start())
            seen, word, inside = token.start(), token[0], stack[-1].inside
            if word in "]}":
                stack.pop()
                is_object.pop()
            elif word in ":,":
                continue
            elif is_object[-1] and key is None:
                key = self.key(word, inside)
                inside[key] = Mark(self.line)
            else:
                self.value(word)
                mark = inside.setdefault(len(inside) if key is None else key, Mark(self.line))
                key = None
                if word in "[{":
                    stack.append(mark)
                    is_object.append(word == "{")
                if len(stack) - 1 > MAX_DEPTH:
                    self.fail(f"nested deeper than {MAX_DEPTH} levels", "flatten the file")
        return root.inside[0]

    def key(self, word: str, inside: dict[str | int, Mark]) -> str:
        self.value(word)
        key = str(json.loads(word))
        if key in inside:
            first = inside[key].line
            self.fail(f"the key `{key}` is there twice, first in line {first}", "remove or rename one of them")
        return key

    def value(self, word: str) -> None:
        """Refuse what Python's parser lets pass."""
        if word in ("NaN", "Infinity", "-Infinity"):
            self.fail(f"`{word}` is no JSON", "write a number, or null")
        if SURROGATE.search(json.loads(word) if "\\u" in word else word):
            self.fail("half of a surrogate pair is no character", "write the whole pair, or the character itself")
