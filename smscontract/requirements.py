"""What has to have been seen: a share of the points, or points and clauses by name, and what is waived until a day."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from difflib import get_close_matches

from smscontract.catalogue import Catalogue
from smscontract.documents import nearest_hint
from smscontract.errors import ExitCode, SmscontractError, UnusableInput, UsageError
from smscontract.plain import count_of
from smscontract.policy import Cause
from smscontract.seen import ClauseSeen, OperationSeen, Point
from smscontract.witnesses import aims_of

__all__ = ["Requirement", "Requirements", "Waiver", "requirement"]

_SHARE = re.compile(r"([0-9]+(?:\.[0-9]+)?)%")
_NAMED = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirement:
    """One thing that has to be seen.

    Attributes:
        text: `90%`, a point, a clause, or the beginning of some and a `*`.
        share: the percentage, or `None` where names are meant.
        file, line: where it is stated; without a file it is from the command line.
    """

    text: str
    share: Decimal | None = None
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A point or clause that nobody waits for until a day, that day included. `point` may end in a `*`."""

    point: str
    reason: str
    until: date
    file: str
    line: int

    def covers(self, name: str) -> bool:
        """Whether a point or clause is meant."""
        return _meant(self.point, name)

    def ended(self, today: date) -> bool:
        """Whether it holds no longer."""
        return today > self.until


def requirement(text: str, *, file: str | None = None, line: int | None = None) -> Requirement:
    """Reads `90%` or a name.

    Raises:
        UsageError: what begins with a digit and is no share up to 100%; `UnusableInput` if a file says so.
    """
    if not text[:1].isdigit():
        return Requirement(text=text, file=file, line=line)
    found = _SHARE.fullmatch(text)
    if found is None or Decimal(found[1]) > 100:
        raise _error(
            f"`{text}` is no share of the points", "write for example `90%`, or the name of a point or clause", file, line
        )
    return Requirement(text=text, share=Decimal(found[1]), file=file, line=line)


@dataclass(frozen=True, slots=True)
class Requirements:
    """All that has to be seen, and what is waived."""

    required: tuple[Requirement, ...] = ()
    waivers: tuple[Waiver, ...] = ()

    def check(self, catalogue: Catalogue) -> None:
        """Refuses names that mean nothing. What a file says of providers that this run does not look at is left alone.

        Raises:
            UsageError: from the command line.
            UnusableInput: from a file, with its line.
        """
        names = _names(catalogue)
        for one in self.required:
            if one.share is None and (one.file is None or _looked_at(one.text, catalogue)):
                _check_name(one.text, names, one.file, one.line)
        for waiver in self.waivers:
            if _looked_at(waiver.point, catalogue):
                _check_name(waiver.point, names, waiver.file, waiver.line)

    def applied(self, operations: Iterable[OperationSeen], today: date) -> tuple[OperationSeen, ...]:
        """The same with what is waived marked, and a note for each waiver that has ended, or that nothing needs any more."""
        return tuple(self._applied(one, today) for one in operations)

    def _applied(self, one: OperationSeen, today: date) -> OperationSeen:
        notes = list(one.notes)
        for waiver in self.waivers:
            found = [(point.name, point.seen) for point in one.points] + [(each.clause, each.judged) for each in one.clauses]
            mine = [count for name, count in found if waiver.covers(name)]
            if mine and all(mine):
                notes.append(
                    f"the waiver of `{waiver.point}` is not needed any more: it was seen ({waiver.file}:{waiver.line})"
                )
            elif mine and waiver.ended(today):
                notes.append(f"the waiver of `{waiver.point}` ended on {waiver.until} ({waiver.file}:{waiver.line})")
        return replace(
            one,
            points=tuple(replace(point, waived=self._reason(point.name, today)) for point in one.points),
            clauses=tuple(replace(each, waived=self._reason(each.clause, today)) for each in one.clauses),
            notes=tuple(notes),
        )

    def _reason(self, name: str, today: date) -> str:
        return next((one.reason for one in self.waivers if one.covers(name) and not one.ended(today)), "")

    def unmet(self, operations: Sequence[OperationSeen], catalogue: Catalogue, today: date) -> Iterator[Cause]:
        """Why what was seen does not do.

        Args:
            operations: as `applied` gave them.
        """
        for one in self.required:
            if one.share is not None:
                yield from _below(one.share, operations)
        if missing := list(dict.fromkeys(self._missing(operations, catalogue, today))):
            yield Cause(
                ExitCode.CANNOT_TELL,
                f"{count_of(len(missing), 'required witness', 'required witnesses')} missing: {_some(missing)}",
            )

    def _missing(self, operations: Sequence[OperationSeen], catalogue: Catalogue, today: date) -> Iterator[str]:
        points: dict[str, Point] = {point.name: point for one in operations for point in one.points}
        clauses: dict[str, ClauseSeen] = {each.clause: each for one in operations for each in one.clauses}
        for wanted in self.required:
            if wanted.share is not None:
                continue
            for name, is_clause in _names(catalogue).items():
                if not _meant(wanted.text, name):
                    continue
                found = clauses[name].judged if name in clauses else points[name].seen if name in points else 0
                if not found and not self._reason(name, today):
                    yield f"`{name}` {'was never judged' if is_clause else 'was never seen'}{self._ended(name, today)}"

    def _ended(self, name: str, today: date) -> str:
        over = [one.until for one in self.waivers if one.covers(name) and one.ended(today)]
        return f" (its waiver ended on {max(over)})" if over else ""


def _below(share: Decimal, operations: Sequence[OperationSeen]) -> Iterator[Cause]:
    for one in operations:
        total = len(one.counted)
        if one.reached * 100 < share * total:
            never = [f"`{point.name}`" for point in one.never]
            reached = f"{one.operation}: {one.reached} of {total} witness points seen"
            yield Cause(ExitCode.CANNOT_TELL, f"{reached}, {share}% are required; never seen: {_some(never)}")


def _names(catalogue: Catalogue) -> dict[str, bool]:
    """The name of each point and clause, and whether it is a clause."""
    points = {aim.name: False for operation in catalogue.operations.values() for aim in aims_of(operation)}
    return points | dict.fromkeys(catalogue.clauses, True)


def _meant(pattern: str, name: str) -> bool:
    return name.startswith(pattern[:-1]) if pattern.endswith("*") else name == pattern


def _looked_at(name: str, catalogue: Catalogue) -> bool:
    """Whether a name is of a provider that this run looks at, or nearly called like one."""
    provider = name.partition(".")[0]
    return provider in catalogue.contracts or bool(get_close_matches(provider, catalogue.contracts, cutoff=0.7))


def _check_name(name: str, names: Collection[str], file: str | None, line: int | None) -> None:
    if not any(_meant(name, one) for one in names):
        raise _error(f"`{name}` is neither a witness point nor a clause", nearest_hint(name, names), file, line)


def _error(message: str, hint: str, file: str | None, line: int | None) -> SmscontractError:
    return UsageError(message, hint=hint) if file is None else UnusableInput(message, file=file, line=line, hint=hint)


def _some(texts: list[str]) -> str:
    rest = f" and {len(texts) - _NAMED} more" if len(texts) > _NAMED else ""
    return ", ".join(texts[:_NAMED]) + rest
