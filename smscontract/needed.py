"""What a consumer needs of an answer: stated in its tests, kept in a small file, held against the provider like its contract.

    {"smscontract": "needs", "version": 1, "consumer": "billing", "needs": [
      {"operation": "acme.send", "place": "got.status", "values": ["sent", "failed"]}]}

A need becomes a rule of the contract vocabulary, at `must`: an answer in which the place is missing, or holds what the consumer
does not handle, breaks it. What the contract itself promises of that place becomes `must` too: this consumer relies on it.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from smscontract.documents import EACH, Clause, Contract, Node, Operation, Place, Rule, nearest_hint, parse_place
from smscontract.documents.clause import Source
from smscontract.documents.rules import parse_rule
from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import Level
from smscontract.mask import Masker
from smscontract.yaml import Marked, load, loads

__all__ = ["PREFIX", "VERSION", "Need", "NeedsFile", "consumers_of", "declared", "dumps", "needs", "read_needs", "with_needs"]

VERSION = 1
#: In front of the name of a file of needs where names of contracts are taken.
PREFIX = "needs:"

_KEYS = ("operation", "place", "values", "null", "present", "code")
_CONSUMER = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,59}")
_CODE = re.compile(r"[1-5](?:[0-9]{2}|XX)")
_RULE = "needs"
_NEEDED_BY = "needed by consumer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """What one consumer needs at one place of the answers of one operation.

    Attributes:
        operation: `provider.operationId`.
        place: `got.status`, `got.items[*].id`.
        values: all values that the consumer handles, JSON's; `None`: it handles any.
        null: whether it handles null; `None`: what `values` says, and without them it does.
        present: whether the place has to be there.
        code: which answers are meant: `2XX`, `404`.
    """

    operation: str
    place: str
    values: tuple[Any, ...] | None = None
    null: bool | None = None
    present: bool = True
    code: str = "2XX"

    def as_json(self) -> dict[str, Any]:
        """The entry of a file; what is not said is left out."""
        said: dict[str, Any] = {"operation": self.operation, "place": self.place}
        if self.values is not None:
            said["values"] = list(self.values)
        if self.null is not None:
            said["null"] = self.null
        if not self.present:
            said["present"] = False
        if self.code != "2XX":
            said["code"] = self.code
        return said

    def says(self, consumer: str) -> str:
        """The need as a sentence."""
        if self.values is not None:
            listed = ", ".join(f"`{one}`" if isinstance(one, str) else f"`{json.dumps(one)}`" for one in self._handled())
            what = f"handles only {listed} at `{self.place}`"
        elif self.null is False:
            what = f"needs `{self.place}`, and it may not be null"
        else:
            what = f"needs `{self.place}`"
        return f"consumer `{consumer}` {what}"

    def _handled(self) -> list[Any]:
        handled = [one for one in self.values or () if one is not None]
        return [*handled, None] if self.null or (self.null is None and None in (self.values or ())) else handled

    def rule(self) -> dict[str, Any]:
        """The same in the vocabulary of contract files."""
        when: dict[str, Any] = {} if self.code == "2XX" else {"code": self.code}
        if not self.present:
            when[self.place] = {"is": "given"}
        expected: Any = {"is": "given"}
        if self.values is not None:
            expected = self._handled()
        elif self.null is False:
            expected = {"not": None}
        return {**({"when": when} if when else {}), "then": {self.place: expected}}

    def covers(self, clause: Clause) -> bool:
        """Whether a clause promises something of this place, or of what holds it."""
        if clause.operation != self.operation:
            return False
        if isinstance(clause.detail, Rule):
            return self.place in {place.text for place in (*clause.detail.places, *(one for one, _ in clause.detail.then))}
        found = re.fullmatch(rf"{re.escape(self.operation)}/([1-5](?:XX|[0-9]{{2}})|default)(?:/(.+))?:(\w+)", clause.id)
        if found is None or not _meets(self.code, found[1]):
            return False
        mine, theirs = _steps(parse_place(self.place)), (found[2] or "").split("/") if found[2] else []
        if mine == theirs:
            return True
        return mine[: len(theirs)] == theirs and found[3] in {"required", "null", "type"}


def _steps(place: Place) -> list[str]:
    return ["items" if step == EACH else step for step in place.steps]


def _meets(wanted: str, key: str) -> bool:
    return key in {"default", wanted, f"{wanted[0]}XX"} or wanted == f"{key[0]}XX"


@dataclass(frozen=True, slots=True, kw_only=True)
class NeedsFile:
    """The needs of one consumer, and the file that states them."""

    consumer: str
    needs: tuple[Need, ...]
    marked: Marked

    @property
    def digest(self) -> str:
        """Equal for equal needs."""
        said = [self.consumer, [one.as_json() for one in self.needs]]
        return hashlib.sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()[:16]


# --- stating -----------------------------------------------------------------------------------------------------------

#: What was stated in this process, in its order.
declared: list[Need] = []


def needs(
    operation: str,
    place: str,
    *,
    values: Iterable[Any] | None = None,
    null: bool | None = None,
    present: bool = True,
    code: str | int = "2XX",
) -> Need:
    """States in a test suite what the code under test needs of a provider's answers. The pytest plugin writes it to a file, by
    which the provider's gate tells what breaks this consumer.

    Args:
        operation: `provider.operationId`.
        place: what is read: `got.status`, `got.items[*].id`.
        values: all values that the code handles. Any other one breaks it, even one that the contract allows.
        null: `False`: the code cannot take null; `True` beside `values`: it can.
        present: `False`: the code copes where the place is missing.
        code: which answers are meant: `2XX` or one status.

    Raises:
        UsageError: nothing is said, or what is said cannot be kept: values are words, numbers and truth values, so that the
            file holds nothing of anybody.
    """
    need = _checked(
        operation=operation,
        place=place,
        values=None if values is None else list(values),
        null=null,
        present=present,
        code=str(code),
    )
    if need not in declared:
        declared.append(need)
    return need


def _checked(*, operation: Any, place: Any, values: Any, null: Any, present: Any, code: Any) -> Need:
    if not isinstance(operation, str) or "." not in operation:
        raise UsageError(f"`{operation}` is no operation", hint="write provider.operationId")
    if not isinstance(place, str):
        raise UsageError("a place is a text", hint="write for example `got.status`")
    parsed = parse_place(place)
    if parsed.root != "got" or not parsed.steps or place.startswith("/"):
        raise UsageError(f"`{place}` is no place of an answer", hint="write for example `got.status`")
    if not _CODE.fullmatch(str(code)):
        raise UsageError(f"`{code}` is no status code", hint="write `2XX`, or a status such as 404")
    if not (null is None or isinstance(null, bool)) or not isinstance(present, bool):
        raise UsageError("`null` and `present` are true or false")
    if values is not None and (not isinstance(values, list) or not values or not all(map(_is_plain, values))):
        hint = "list words, numbers, truth values and null; no texts, and nobody's number"
        raise UsageError(f"the values of `{place}` cannot be kept", hint=hint)
    if values is None and null is not False and not present:
        raise UsageError(f"nothing is needed of `{place}`", hint="say `values`, `null=False`, or leave `present` out")
    return Need(
        operation=operation,
        place=place,
        values=None if values is None else tuple(values),
        null=null,
        present=present,
        code=str(code),
    )


_SHOWN = Masker(b"whatever is not plain")


def _is_plain(value: Any) -> bool:
    if isinstance(value, str):
        return _SHOWN.value(value, None) == json.dumps(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _SHOWN.value(value, None) == json.dumps(value)
    return value is None or isinstance(value, bool)


def dumps(consumer: str, stated: Iterable[Need]) -> str:
    """The file of one consumer, in an order of its own, so that equal needs make equal files.

    Raises:
        UsageError: the consumer's name is none.
    """
    if not _CONSUMER.fullmatch(consumer):
        raise UsageError(f"`{consumer}` is no name of a consumer", hint="use letters, digits, `-`, `_` and dots")
    lines = sorted({json.dumps(one.as_json(), ensure_ascii=False) for one in stated})
    head = f'{{"smscontract": "needs", "version": {VERSION}, "consumer": {json.dumps(consumer)}, "needs": ['
    return head + ("\n  " if lines else "") + ",\n  ".join(lines) + "]}\n"


# --- reading -----------------------------------------------------------------------------------------------------------


def read_needs(path: str) -> NeedsFile:
    """Reads a file of needs.

    Raises:
        UnusableInput: with file, line and the next step.
    """
    marked = load(Path(path))
    data = marked.data

    def refuse(message: str, hint: str, *where: str | int) -> UnusableInput:
        return UnusableInput(message, file=marked.file, line=marked.line(where), hint=hint)

    if not isinstance(data, Mapping) or data.get("smscontract") != "needs":
        raise refuse("this is no file of needs", "tests that call `smscontract.needs` write one")
    if data.get("version") != VERSION:
        raise refuse(f"the needs are in version {data.get('version')}, and we read {VERSION}", "install a newer smscontract")
    consumer, listed = data.get("consumer"), data.get("needs")
    if not isinstance(consumer, str) or not _CONSUMER.fullmatch(consumer):
        raise refuse("`consumer` is a name", "use letters, digits, `-`, `_` and dots", "consumer")
    if not isinstance(listed, list):
        raise refuse("`needs` is a list", "write `[{operation: ..., place: ...}]`", "needs")
    found = []
    for index, raw in enumerate(listed):
        if not isinstance(raw, Mapping):
            raise refuse("a need is a mapping", "write `{operation: ..., place: ...}`", "needs", index)
        for key in raw:
            if key not in _KEYS:
                raise refuse(f"unknown key `{key}`", nearest_hint(str(key), _KEYS), "needs", index, key)
        try:
            need = _checked(**{**dict.fromkeys(_KEYS), "present": True, "code": "2XX", **raw})
        except UsageError as error:
            raise refuse(error.message, error.hint or "", "needs", index) from None
        found.append(need)
    return NeedsFile(consumer=consumer, needs=tuple(found), marked=marked)


# --- into contracts ----------------------------------------------------------------------------------------------------


def with_needs(contract: Contract, files: Sequence[NeedsFile]) -> Contract:
    """The contract with what consumers need of it; needs of other providers are left out.

    Raises:
        UnusableInput: the contract has no such operation or place, never promised such a value, or the values of the place are
            masked; with file and line.
    """
    known = {operation.key: operation for operation in contract.operations}
    added: dict[str, list[Rule]] = {}
    for file in files:
        for index, need in enumerate(file.needs):
            if need.operation.partition(".")[0] != contract.provider:
                continue
            line = file.marked.line(("needs", index))
            if need.operation not in known:
                raise UnusableInput(
                    f"there is no operation `{need.operation}`",
                    file=file.marked.file,
                    line=line,
                    hint=nearest_hint(need.operation, known),
                )
            operation = known[need.operation]
            taken = {rule.name for rule in (*operation.rules, *added.get(need.operation, ()))}
            rule = _rule(file, need, line, taken)
            _refuse_unknown(need, operation, file.marked.file, line)
            added.setdefault(need.operation, []).append(rule)
    if not added:
        return contract
    operations = tuple(dataclasses.replace(one, rules=(*one.rules, *added.get(one.key, ()))) for one in contract.operations)
    digests = "".join(sorted(file.digest for file in files))
    digest = hashlib.sha256(f"{contract.digest}{digests}".encode()).hexdigest()[:16]
    return dataclasses.replace(contract, operations=operations, digest=digest)


def _rule(file: NeedsFile, need: Need, line: int, taken: set[str]) -> Rule:
    words = [re.sub(r"[^A-Za-z0-9_-]", "", step) for step in parse_place(need.place).steps if step != EACH]
    name = "-".join([re.sub(r"[^A-Za-z0-9_-]", "-", file.consumer), _RULE, *words])
    name = next(one for one in (name, *(f"{name}-{number}" for number in range(2, 10_000))) if one not in taken)
    raw = {name: {"says": need.says(file.consumer), **need.rule()}}
    rule = parse_rule(name, raw, loads(json.dumps(raw), file.marked.file), ())
    source = Source(kind="inferred", why=f"{_NEEDED_BY}{file.consumer}", file=file.marked.file, line=line)
    return dataclasses.replace(rule, level=Level.MUST, source=source, aside=True)


def _refuse_unknown(need: Need, operation: Operation, file: str, line: int) -> None:
    wanted = _steps(parse_place(need.place))
    tops = [one.node for key, one in operation.responses.items() if one.node is not None and _meets(need.code, key)]
    nodes = [node for top in tops for node in top.walk()]
    if not any(list(node.path) == wanted or (_is_open(node) and wanted[: len(node.path)] == list(node.path)) for node in nodes):
        known = [".".join(["got", *node.path]).replace(".items", EACH) for node in nodes if node.path]
        raise UnusableInput(
            f"the contract promises no `{need.place}`", file=file, line=line, hint=nearest_hint(need.place, known)
        )
    for node in (node for node in nodes if list(node.path) == wanted):
        if node.mask is not None and any(isinstance(one, str) for one in need.values or ()):
            raise UnusableInput(
                f"values of `{need.place}` are masked everywhere", file=file, line=line, hint="leave `values` out"
            )
        never = [one for one in need.values or () if one is not None and node.enum is not None and one not in node.enum]
        if never:
            message = f"the contract never promised `{never[0]}` at `{need.place}`"
            raise UnusableInput(message, file=file, line=line, hint=nearest_hint(str(never[0]), node.enum or ()))


def _is_open(node: Node) -> bool:
    """Whether an object lists no members, so that it may have any."""
    return not node.properties and node.items is None and not (node.types - {"object"})


def consumers_of(clause: Clause, files: Iterable[NeedsFile]) -> list[str]:
    """Who needs what a clause promises, in the order of the files."""
    if isinstance(clause.detail, Rule) and clause.source.why.startswith(_NEEDED_BY):
        return [clause.source.why.removeprefix(_NEEDED_BY)]
    return list(dict.fromkeys(file.consumer for file in files if any(need.covers(clause) for need in file.needs)))
