"""What is known to be broken and accepted for a time: a file of fingerprints, one for gate, validate and pytest.

A fingerprint is clause and place (`FindingGroup.fingerprint`), so that nothing moves when payloads are reordered or contracts
reformatted. What is not listed fails, what has expired fails again, and what is gone is told.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from smscontract.documents import nearest_hint
from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import FindingGroup, KnownRow, NewGroup, Report
from smscontract.policy import FailOn, fails

__all__ = ["Baseline", "Entry"]

_KEYS = ("clause", "place", "new", "reason", "owner", "expires")
_VERSION = 1
_HEAD = "What is known to be broken and accepted for a time: clause and place. Comments stay when the file is updated."


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One thing that is known.

    Attributes:
        fingerprint: of the finding, or of what is new.
        expires: the last day on which it is accepted; `None`: for good.
        line: where it stands, from 1.
    """

    fingerprint: str
    reason: str = ""
    owner: str = ""
    expires: date | None = None
    line: int = 0

    def ended(self, today: date) -> bool:
        """Whether it is accepted no longer."""
        return self.expires is not None and today > self.expires

    @property
    def says(self) -> str:
        """What is known of it, as half a sentence."""
        until = f" until {self.expires}" if self.expires is not None else ""
        owner = f" ({self.owner})" if self.owner else ""
        return f"known{until}{owner}" + (f": {self.reason}" if self.reason else "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Baseline:
    """A baseline file, and what is to be done with it.

    Attributes:
        file: its path.
        update: whether what fails and is not listed is added, and what has expired renewed.
        prune: whether what is gone is taken out.
        reason, owner, expires: what `update` writes beside it.
    """

    file: str
    update: bool = False
    prune: bool = False
    reason: str = ""
    owner: str = ""
    expires: date | None = None

    def entries(self) -> tuple[Entry, ...]:
        """What the file lists.

        Raises:
            UsageError: no file is named.
            UnusableInput: with file, line and the next step.
        """
        if not self.file:
            raise UsageError("nobody has said which baseline is to be written", hint="add --baseline FILE")
        text = self._text()
        return tuple(_Reader(self.file, text).entries()) if text is not None else ()

    def applied(self, report: Report, today: date) -> tuple[Report, frozenset[str]]:
        """The report with what is known marked, and the fingerprints that do not fail.

        Raises:
            UnusableInput: as `entries`.
        """
        listed = {entry.fingerprint: entry for entry in self.entries()}
        excused = frozenset(name for name, entry in listed.items() if not entry.ended(today))

        def marked(one: FindingGroup) -> FindingGroup:
            entry = listed.get(one.fingerprint)
            if entry is None:
                return one
            says = entry.says if one.fingerprint in excused else f"expired on {entry.expires} in {self.file}:{entry.line}"
            note = "; ".join(part for part in (one.note, says) if part)
            return replace(one, note=note, known=says if one.fingerprint in excused else "")

        rows = tuple(self._row(entry, report, today) for entry in listed.values())
        return replace(report, findings=tuple(map(marked, report.findings)), known=rows), excused

    def _row(self, entry: Entry, report: Report, today: date) -> KnownRow:
        broken = {*(one.fingerprint for one in report.findings), *(one.fingerprint for one in report.new)}
        judged = {*report.kept, *(one.clause for one in report.findings)}
        clause = entry.fingerprint.partition(" ")[0]
        status = "not-judged"
        if entry.fingerprint in broken:
            status = "expired" if entry.ended(today) else "known"
        elif clause in judged or (_is_new(entry) and report.judged_clauses):
            status = "gone"
        return KnownRow(
            fingerprint=entry.fingerprint,
            status=status,
            reason=entry.reason,
            owner=entry.owner,
            expires=str(entry.expires or ""),
            file=self.file,
            line=entry.line,
        )

    def written(self, report: Report, fail_on: FailOn) -> bool:
        """Writes the file anew where that was asked for. Whether anything changed in it.

        Args:
            report: with what is known marked, as `applied` gives it.

        Raises:
            UnusableInput: it cannot be written.
        """
        gone = {row.fingerprint for row in report.known if row.status == "gone"} if self.prune else set()
        renewed = {row.fingerprint for row in report.known if row.status == "expired"} if self.update else set()
        listed = {row.fingerprint for row in report.known}
        fresh: list[FindingGroup | NewGroup] = []
        if self.update:
            fresh += [one for one in report.findings if fails(one.level, fail_on) and one.fingerprint not in listed]
            fresh += [one for one in report.new if fail_on is FailOn.NEW and one.fingerprint not in listed]
        if not (gone or renewed or fresh or (self.update and self._text() is None)):
            return False
        self._write(gone, renewed, fresh)
        return True

    def _write(self, gone: set[str], renewed: set[str], fresh: Sequence[FindingGroup | NewGroup]) -> None:
        import tomlkit
        from tomlkit.items import AoT

        text = self._text()
        if text is None:
            document = tomlkit.document()
            document.add(tomlkit.comment(_HEAD))
            document.add("version", tomlkit.item(_VERSION))
        else:
            document = tomlkit.parse(text)
        known = document.get("known")
        if not isinstance(known, AoT):
            known = tomlkit.aot()
            document["known"] = known
        for index in reversed(range(len(known))):
            name = _fingerprint(known[index])
            if name in gone:
                del known[index]
            elif name in renewed:
                self._beside(known[index])
        if not known and not fresh:
            del document["known"]
        for one in fresh:
            table = tomlkit.table()
            if isinstance(one, NewGroup):
                table["new"] = one.fingerprint.removeprefix("new ")
            else:
                clause, _, place = one.fingerprint.partition(" ")
                table["clause"] = clause
                if place:
                    table["place"] = place
            self._beside(table)
            known.append(table)
        try:
            Path(self.file).write_text(tomlkit.dumps(document), "utf-8")
        except OSError as error:
            raise UnusableInput(f"the baseline cannot be written: {error.strerror}", file=self.file) from None

    def _beside(self, table: Any) -> None:
        for key, value in (("reason", self.reason), ("owner", self.owner), ("expires", self.expires)):
            if value:
                table[key] = value
        if self.expires is None:
            table.pop("expires", None)

    def _text(self) -> str | None:
        try:
            return Path(self.file).read_text("utf-8")
        except FileNotFoundError:
            if self.update:
                return None
            raise UnusableInput(
                "there is no such baseline", file=self.file, hint="make it with --baseline-update, or leave --baseline out"
            ) from None
        except OSError as error:
            raise UnusableInput(f"the baseline cannot be read: {error.strerror}", file=self.file) from None
        except UnicodeDecodeError:
            raise UnusableInput("the baseline is not UTF-8", file=self.file, hint="save it as UTF-8") from None


def _is_new(entry: Entry) -> bool:
    return entry.fingerprint.startswith("new ")


def _fingerprint(table: Mapping[str, Any]) -> str:
    if "new" in table:
        return f"new {table['new']}"
    return f"{table['clause']} {table.get('place', '')}".rstrip()


class _Reader:
    """Reads the text of one file."""

    def __init__(self, file: str, text: str) -> None:
        self.file = file
        self.text = text
        try:
            self.data = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            reason = str(error).partition(" (at ")[0]
            line = str(error).partition("at line ")[2].partition(",")[0]
            number = int(line) if line.isdecimal() else len(text.splitlines()) or 1  # else it is the end that is wrong
            hint = "a baseline is written by --baseline-update; for its form see https://toml.io"
            raise UnusableInput(f"no TOML: {reason[:1].lower()}{reason[1:]}", file=file, line=number, hint=hint) from None

    def entries(self) -> Iterator[Entry]:
        self._only(self.data, ("version", "known"), 1)
        if self.data.get("version") != _VERSION:
            raise UnusableInput("a baseline of another version", file=self.file, line=1, hint=f"write `version = {_VERSION}`")
        stated = self.data.get("known", [])
        if not isinstance(stated, list) or not all(isinstance(one, dict) for one in stated):
            raise UnusableInput("`known` is an array of tables", file=self.file, line=1, hint="write `[[known]]`")
        heads = [number for number, line in enumerate(self.text.splitlines(), 1) if line.strip().startswith("[[known]]")]
        seen: dict[str, int] = {}
        for index, one in enumerate(stated):
            line = heads[index] if index < len(heads) else 1
            entry = self._entry(one, line)
            if entry.fingerprint in seen:
                raise UnusableInput(
                    f"the same as in line {seen[entry.fingerprint]}", file=self.file, line=line, hint="take one of the two out"
                )
            seen[entry.fingerprint] = line
            yield entry

    def _entry(self, one: Mapping[str, Any], line: int) -> Entry:
        self._only(one, _KEYS, line)
        if ("clause" in one) == ("new" in one) or ("new" in one and "place" in one):
            raise UnusableInput(
                "an entry has a `clause`, and a `place` if there is one, or `new`",
                file=self.file,
                line=line,
                hint="name one",
            )
        for key in ("clause", "place", "new", "reason", "owner"):
            if not isinstance(one.get(key, ""), str):
                raise UnusableInput(f"`{key}` is a text", file=self.file, line=line, hint=f'write `{key} = "..."`')
        expires = one.get("expires")
        if expires is not None and (not isinstance(expires, date) or isinstance(expires, datetime)):
            hint = "write `expires = 2027-01-31`, without quotes"
            raise UnusableInput("`expires` is a date", file=self.file, line=line, hint=hint)
        return Entry(
            fingerprint=_fingerprint(one),
            reason=one.get("reason", "").strip(),
            owner=one.get("owner", "").strip(),
            expires=expires,
            line=line,
        )

    def _only(self, table: Mapping[str, Any], known: Iterable[str], line: int) -> None:
        for key in table:
            if key not in known:
                hint = nearest_hint(key, dict.fromkeys(known))
                raise UnusableInput(f"`{key}` is no key of a baseline", file=self.file, line=line, hint=hint)
