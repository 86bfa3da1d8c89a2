"""The configuration: `smscontract.toml` in the working directory, else `[tool.smscontract]` of its `pyproject.toml`.

Whoever names a file means that file, and no other is looked at. A key that nobody knows is refused: a misspelt waiver must not
be read as none, nor a misspelt requirement as met.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from smscontract.data import shipped_contracts
from smscontract.documents import nearest_hint
from smscontract.entries import KEYS as ENTRY_KEYS
from smscontract.entries import TargetEntry, read_entry
from smscontract.errors import UnusableInput
from smscontract.mapping import FORMS, RECORDS, LogMapping, Place, Routes
from smscontract.requirements import Requirement, Requirements, Waiver, requirement

__all__ = ["NAME", "Config", "Recordings", "load_config"]

NAME = "smscontract.toml"
_PYPROJECT = "pyproject.toml"
_INSIDE = ("tool", "smscontract")

#: The sections, and the keys of each; a list stands for `[[section.key]]`, an array of tables.
_KEYS: dict[str, dict[str, tuple[str, ...]]] = {
    "targets": {},
    "witnesses": {"require": (), "waive": ("point", "reason", "until")},
    "recordings": {"hosts": (), "prefixes": ()},  # every other key is the name of a mapping
}

_HEADER = re.compile(r"\s*(\[\[?)\s*([^\]]+?)\s*\]\]?\s*(#.*)?")
_WHERE = re.compile(r"\(at line (\d+)")


@dataclass(frozen=True, slots=True)
class Recordings:
    """How recordings are read: what lies between their URLs and those of the API, and logs of other shapes."""

    routes: Routes = field(default_factory=Routes)
    mappings: tuple[LogMapping, ...] = ()

    def reading(self) -> dict[str, Any]:
        """The arguments of `recordings.read` that say the same."""
        return {"routes": self.routes or None, "mappings": self.mappings}


@dataclass(frozen=True, slots=True)
class Config:
    """What the user has configured. `file` is empty if there is no configuration."""

    file: str = ""
    witnesses: Requirements = field(default_factory=Requirements)
    recordings: Recordings = field(default_factory=Recordings)
    targets: Mapping[str, TargetEntry] = field(default_factory=dict)


def load_config(named: str | None = None, folder: Path | None = None) -> Config:
    """Reads the configuration.

    Args:
        named: the file that the user names; a `pyproject.toml` is read as one.
        folder: where to look otherwise; default: the working directory.

    Raises:
        UnusableInput: with file, line and the next step, for what cannot be read or is not known.
    """
    if named is not None:
        inside = _INSIDE if Path(named).name == _PYPROJECT else ()
        return _Reader(named, Path(named), inside).config()
    here = folder or Path()
    if (here / NAME).is_file():
        return _Reader(NAME, here / NAME, ()).config()
    if (here / _PYPROJECT).is_file():
        return _Reader(_PYPROJECT, here / _PYPROJECT, _INSIDE).config()
    return Config()


class _Reader:
    """One file."""

    def __init__(self, name: str, path: Path, inside: tuple[str, ...]) -> None:
        self.name = name
        self.path = path
        self.inside = inside
        try:
            self.text = path.read_text(encoding="utf-8")
            data: Any = tomllib.loads(self.text)
        except OSError as error:
            raise UnusableInput(f"the configuration cannot be read: {error.strerror}", file=name) from None
        except UnicodeDecodeError:
            raise UnusableInput("the configuration is not UTF-8", file=name, hint="save it as UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            found = _WHERE.search(str(error))
            reason = str(error).partition(" (at ")[0].strip()
            line = int(found[1]) if found else None
            raise UnusableInput(
                f"no TOML: {reason[:1].lower()}{reason[1:]}", file=name, line=line, hint="see https://toml.io"
            ) from None
        except RecursionError:
            raise UnusableInput("nested too deep", file=name, hint="flatten the file") from None
        for step in inside:
            data = data.get(step, {}) if isinstance(data, Mapping) else {}
        self.data = data

    def config(self) -> Config:
        data = self._table(self.data, "the configuration", (), _KEYS)
        if not data:
            return Config()
        return Config(
            self.name,
            self._witnesses(data.get("witnesses", {})),
            self._recordings(data.get("recordings", {})),
            self._targets(data.get("targets", {})),
        )

    # -- sections

    def _witnesses(self, stated: Any) -> Requirements:
        section = self._table(stated, "`witnesses`", ("witnesses",), _KEYS["witnesses"])
        return Requirements(tuple(self._required(section)), tuple(self._waivers(section)))

    def _required(self, section: Mapping[str, Any]) -> Iterator[Requirement]:
        line = self.line(("witnesses",), "require")
        stated = section.get("require", [])
        for text in [stated] if isinstance(stated, str) else stated if isinstance(stated, list) else [None]:
            if not isinstance(text, str) or not text:
                raise self._refuse("`require` is a share or a list of names", 'write `require = "90%"`', line)
            yield requirement(text, file=self.name, line=line)

    def _waivers(self, section: Mapping[str, Any]) -> Iterator[Waiver]:
        stated = section.get("waive", [])
        place = ("witnesses", "waive")
        if not isinstance(stated, list):
            raise self._refuse("`waive` is an array of tables", "write `[[witnesses.waive]]`", self.line(place))
        for index, one in enumerate(stated):
            entry = self._table(one, "`waive`", place, dict.fromkeys(_KEYS["witnesses"]["waive"]), index)
            line = self.line(place, index=index)
            for key in _KEYS["witnesses"]["waive"]:
                if key not in entry:
                    raise self._refuse(f"this waiver has no `{key}`", "it needs `point`, `reason` and `until`", line)
            for key in ("point", "reason"):
                if not isinstance(entry[key], str) or not entry[key].strip():
                    raise self._refuse(f"`{key}` is a text", f'write `{key} = "..."`', self.line(place, key, index))
            until = entry["until"]
            if not isinstance(until, date) or isinstance(until, datetime):
                raise self._refuse(
                    "`until` is a date", "write `until = 2027-01-31`, without quotes", self.line(place, "until", index)
                )
            yield Waiver(point=entry["point"], reason=entry["reason"].strip(), until=until, file=self.name, line=line)

    def _recordings(self, stated: Any) -> Recordings:
        place = ("recordings",)
        section = self._table(stated, "`recordings`", place, stated if isinstance(stated, Mapping) else {})
        hosts = self._table(section.get("hosts", {}), "`hosts`", (*place, "hosts"), section.get("hosts", {}))
        if wrong := next((host for host, name in hosts.items() if not isinstance(name, str) or not name), None):
            hint = f'write `"{wrong}" = "provider"`'
            raise self._refuse("a host belongs to one provider", hint, self.line((*place, "hosts"), wrong))
        if wrong := next((host for host in hosts if "/" in host or re.fullmatch(r"[^:]*:[0-9]*", host)), None):
            hint = f'write `"{urlsplit(wrong if "//" in wrong else f"//{wrong}").hostname}" = "{hosts[wrong]}"`'
            raise self._refuse("a host is written without scheme, port and path", hint, self.line((*place, "hosts"), wrong))
        prefixes = self._texts(section.get("prefixes", []), "prefixes", self.line(place, "prefixes"))
        if wrong := next((one for one in prefixes if not one.startswith("/") or one == "/"), None):
            raise self._refuse("a prefix begins with a slash", f'write `"/{wrong.strip("/")}"`', self.line(place, "prefixes"))
        mappings = [self._mapping(name, one) for name, one in section.items() if name not in _KEYS["recordings"]]
        routes = Routes(
            hosts={host.lower(): name for host, name in hosts.items()}, prefixes=tuple(one.rstrip("/") for one in prefixes)
        )
        return Recordings(routes, tuple(mappings))

    def _mapping(self, name: str, stated: Any) -> LogMapping:
        place = ("recordings", name)
        known = {**dict.fromkeys(("files", "records", "scrubbed")), **FORMS}
        if not isinstance(stated, Mapping):
            hint = nearest_hint(name, _KEYS["recordings"])
            raise self._refuse(f"`{name}` is no key of `recordings`, nor a mapping", hint, self.line(place[:1], name))
        table = self._table(stated, f"the mapping `{name}`", place, known)
        if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
            hint = "small letters, digits and dashes, as `--format` takes it"
            raise self._refuse(f"`{name}` is no name of a mapping", hint, self.line(place))
        if "url" not in table:
            raise self._refuse(f"the mapping `{name}` has no `url`", 'write `url = "/place"`, a JSON Pointer', self.line(place))
        records = table.get("records", RECORDS[0])
        if not isinstance(records, str) or (records not in RECORDS and records and not records.startswith("/")):
            hint = f"{', '.join(RECORDS)}, or a JSON Pointer to a list"
            raise self._refuse("`records` says where records stand", hint, self.line(place, "records"))
        return LogMapping(
            name=name,
            places={key: self._place(name, key, table[key]) for key in FORMS if key in table},
            files=self._texts(table.get("files", []), "files", self.line(place, "files")),
            records=records,
            scrubbed=self._texts(table.get("scrubbed", []), "scrubbed", self.line(place, "scrubbed")),
        )

    def _place(self, name: str, key: str, stated: Any) -> Place:
        line = self.line(("recordings", name), key)
        table = {"at": stated} if isinstance(stated, str) else stated
        self._table(table, f"`{key}`", ("recordings", name, key), dict.fromkeys(("at", "as", "cut-at", "value")))
        at, form, cut_at, value = (table.get(one) for one in ("at", "as", "cut-at", "value"))
        if ("at" in table) == ("value" in table):
            raise self._refuse(f"`{key}` has either a place or a value", 'write `at = "/place"` or `value = "..."`', line)
        if "at" in table and (not isinstance(at, str) or not at.startswith("/")):
            hint = f'a JSON Pointer begins with a slash; what is always the same is `{{ value = "{at}" }}`'
            raise self._refuse(f"`{key}` is at no place", hint, line)
        if "value" in table and (isinstance(value, bool) or not isinstance(value, str | int)):
            raise self._refuse(f"the value of `{key}` is a text or a number", 'write `{ value = "..." }`', line)
        if form is not None and form not in FORMS[key]:
            raise self._refuse(f"`{key}` cannot be written so", f"`as` is one of {', '.join(FORMS[key])}", line)
        if cut_at is not None and (not key.endswith("-body") or isinstance(cut_at, bool) or not isinstance(cut_at, int)):
            raise self._refuse("`cut-at` is the length at which a body is cut", "e.g. `cut-at = 65536`", line)
        return Place(at=at or "", value=value, form=form or "", cut_at=cut_at)

    def _targets(self, stated: Any) -> dict[str, TargetEntry]:
        if not isinstance(stated, Mapping):
            raise self._refuse("`targets` is a table", "write `[targets.NAME]`", self.line((), "targets"))
        return {name: self._target(name, one) for name, one in stated.items()}

    def _target(self, name: str, stated: Any) -> TargetEntry:
        place = ("targets", name)
        if name in shipped_contracts():
            hint = f"name it for the place that it is: `[targets.{name}-staging]`"
            raise self._refuse(f"`{name}` is the name of a provider", hint, self.line(place))
        entry = self._table(stated, f"target `{name}`", place, dict.fromkeys(ENTRY_KEYS))

        def refuse(message: str, hint: str, key: str | None) -> UnusableInput:
            return self._refuse(message, hint, self.line(place, key))

        def where(key: str) -> str:
            return f"{self.name}:{self.line(place, key or None)}"

        return read_entry(name, entry, refuse, where, self.path.parent)

    # -- what all sections need

    def _texts(self, stated: Any, key: str, line: int) -> tuple[str, ...]:
        found = [stated] if isinstance(stated, str) else stated
        if not isinstance(found, list) or not all(isinstance(one, str) and one for one in found):
            raise self._refuse(f"`{key}` is a text or a list of texts", f'write `{key} = ["..."]`', line)
        return tuple(found)

    def _table(
        self, stated: Any, what: str, place: tuple[str, ...], known: Mapping[str, Any], index: int = 0
    ) -> Mapping[str, Any]:
        if not isinstance(stated, Mapping):
            raise self._refuse(
                f"{what} is a table",
                f"write `[{'.'.join((*self.inside, *place))}]`",
                self.line(place[:-1], place[-1] if place else None),
            )
        for key in stated:
            if key not in known:
                raise self._refuse(f"`{key}` is no key of {what}", nearest_hint(key, known), self.line(place, key, index))
        return stated

    def _refuse(self, message: str, hint: str, line: int) -> UnusableInput:
        return UnusableInput(message, file=self.name, line=line, hint=hint)

    def line(self, table: tuple[str, ...], key: str | None = None, index: int = 0) -> int:
        """The line of a key of a table (of the table itself without one), or of what is nearest: TOML readers give no lines.

        Args:
            index: which of several tables of this name, for arrays of tables.
        """
        wanted = (*self.inside, *table)
        current: tuple[str, ...] = ()
        nearest, seen = 1, -1
        for number, text in enumerate(self.text.splitlines(), 1):
            header = _HEADER.fullmatch(text)
            if header:
                current = _names(header[2])
                if current == wanted:
                    seen = seen + 1 if header[1] == "[[" else 0
                    if seen == index or header[1] == "[":
                        nearest = number
                        if key is None:
                            return number
                elif key is not None and current == (*wanted, key):
                    return number
                continue
            left = (*current, *_names(text.partition("=")[0])) if "=" in text else ()
            here = current != wanted or seen in (-1, index)
            if here and key is not None and left[: len(wanted) + 1] == (*wanted, key):
                return number
            if left and left == wanted[: len(left)]:  # `witnesses = {...}` in one line
                nearest = number
        return nearest


def _names(dotted: str) -> tuple[str, ...]:
    """The parts of a dotted key."""
    return tuple(part.strip().strip("\"'") for part in dotted.strip().split("."))
