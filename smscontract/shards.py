"""A job in shards that know nothing of each other, and their parts put together: for any scheduler of jobs."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from smscontract.catalogue import Catalogue
from smscontract.choice import Choice
from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import Problem
from smscontract.mapping import LogMapping, Place, Routes
from smscontract.mask import Masker
from smscontract.part import Part
from smscontract.policy import Selection
from smscontract.recordings import Piece
from smscontract.work import Job, stamp_of

__all__ = ["Merged", "Shard", "mark_of", "merged", "shard_from", "written"]

_VERSION = 1
_SHARD = re.compile(r"([1-9][0-9]{0,5})/([1-9][0-9]{0,5})")
_KEYS = frozenset({"job", "key", "listing", "select", "ignore", "ranges", "since", "until", "share", "reading"})
#: How recordings were read, beside mappings and routes.
_READING = ("operation", "side", "status", "format")
_LONGEST = 1024 * 1024  # of the first line


@dataclass(slots=True, kw_only=True)
class Shard:
    """One of several jobs that share the pieces of the same recordings.

    Attributes:
        number: from 1; `of`: how many there are.
        file: where its part is written.
    """

    number: int
    of: int
    file: str
    _listing: Any = field(default_factory=hashlib.sha256, repr=False)

    def mine(self, pieces: Iterator[Piece | Problem]) -> Iterator[tuple[int, Piece | Problem]]:
        """The pieces that are this shard's, with their numbers among all. Each shard has to see the same recordings."""
        for index, piece in enumerate(pieces):
            self._listing.update(repr(piece).encode("utf-8", "surrogatepass"))
            if index % self.of == self.number - 1:
                yield index, piece

    @property
    def listing(self) -> str:
        """What was there to be shared, as a hash."""
        return str(self._listing.hexdigest()[:32])


def shard_from(text: str, file: str | None) -> Shard:
    """A shard as `--shard 3/16` names it.

    Args:
        file: as `--part` names it.

    Raises:
        UsageError: it is none, or its part has nowhere to go.
    """
    found = _SHARD.fullmatch(text)
    number, of = (int(found[1]), int(found[2])) if found else (1, 0)
    if not found or number > of:
        raise UsageError(f"`--shard {text}` is no shard", hint="write for example 3/16, the third of sixteen")
    if file is None:
        raise UsageError("a shard is written to a file", hint="add `--part FILE`")
    if not Path(file).parent.is_dir() or Path(file).is_dir():
        raise UsageError(f"`--part {file}` cannot be written", hint="name a file in a folder that is there")
    return Shard(number=number, of=of, file=file)


def mark_of(masker: Masker) -> str:
    """Equal for maskers that give equal values equal tokens."""
    return masker.token("secret", "mark of a key")


def written(shard: Shard, part: Part, job: Job) -> None:
    """Writes the part of a shard, whole or not at all.

    Raises:
        UnusableInput: it cannot be written.
    """
    head = {
        "smscontract": "part",
        "version": _VERSION,
        "shard": [shard.number, shard.of],
        "listing": shard.listing,
        "job": job.identity,
        "key": mark_of(job.masker),
        "contracts": job.digests,
        "select": job.selection.select,
        "ignore": job.selection.ignore,
        "ranges": job.ranges,
        "since": job.choice.since,
        "until": job.choice.until,
        "share": job.choice.share,
        "reading": _written_down(job.reading),
    }
    target = Path(shard.file)
    waiting = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        # Readable by the user alone: it says whom they write to, if only in digests.
        with os.fdopen(os.open(waiting, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
            stream.write(json.dumps(head).encode("ascii") + b"\n" + part.dumps())
        waiting.replace(target)
    except OSError as error:
        raise UnusableInput(f"the part cannot be written: {error.strerror}", file=shard.file) from None
    finally:
        with contextlib.suppress(OSError):
            waiting.unlink(missing_ok=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Merged:
    """All shards together.

    Attributes:
        key: `mark_of` their masker.
        selection, ranges, choice, reading: as they were judged with.
    """

    part: Part
    key: str
    selection: Selection
    ranges: bool
    choice: Choice
    reading: Mapping[str, Any]


def merged(files: Sequence[str], catalogue: Catalogue) -> Merged:
    """The parts of all shards of a job, in any order.

    Args:
        catalogue: of the contracts that they were judged by.

    Raises:
        UnusableInput: a file is no part, is of another job, or was judged by another contract; a shard is missing or there
            twice.
    """
    found: dict[int, str] = {}
    whole, first = Part(), _head(files[0])[0]
    for file in files:
        head, rest = _head(file)
        if dict(head["contracts"]) != dict(stamp_of(catalogue)):
            known = dict(stamp_of(catalogue))
            theirs = dict(head["contracts"])
            other = sorted(name for name in {*known, *theirs} if known.get(name) != theirs.get(name))
            message = f"this part was judged by another contract: {', '.join(other)} not the same"
            raise UnusableInput(message, file=file, hint="name the same with `--contract`, of the same version")
        for key, what in (("job", "in another way"), ("listing", "as a shard of other recordings")):
            if head[key] != first[key] or head["shard"][1] != first["shard"][1]:
                hint = "options, version, key of the masks and recordings have to be the same for all shards"
                raise UnusableInput(f"this part was judged {what} than {files[0]}", file=file, hint=hint)
        number = head["shard"][0]
        if number in found:
            raise UnusableInput(f"shard {number} is in {found[number]} already", file=file, hint="each shard counts once")
        found[number] = file
        part = Part.loads(rest, file=file)
        whole = whole.merge(part)
    missing = [str(number) for number in range(1, first["shard"][1] + 1) if number not in found]
    if missing:
        named = ", ".join(missing[:20]) + (f" and {len(missing) - 20} more" if len(missing) > 20 else "")
        raise UnusableInput(
            f"{'shard' if len(missing) == 1 else 'shards'} {named} of {first['shard'][1]} missing", hint="judge what is missing"
        )
    return Merged(
        part=whole,
        key=first["key"],
        selection=Selection(tuple(first["select"]), tuple(first["ignore"])),
        ranges=bool(first["ranges"]),
        choice=Choice(since=first["since"], until=first["until"], share=first["share"]),
        reading=_reading(first["reading"]),
    )


def _written_down(reading: Mapping[str, Any]) -> dict[str, Any]:
    """How recordings were read, as JSON."""
    routes = reading.get("routes")
    return {key: reading.get(key) for key in _READING} | {
        "mappings": [asdict(one) for one in reading.get("mappings", ())],
        "routes": None if routes is None else asdict(routes),
    }


def _reading(stated: Mapping[str, Any]) -> dict[str, Any]:
    """What `_written_down` has made JSON of.

    Raises:
        TypeError, KeyError, AttributeError: it is something else.
    """
    routes = stated["routes"]
    return {key: stated.get(key) for key in _READING} | {
        "mappings": tuple(_mapping(one) for one in stated["mappings"]),
        "routes": None if routes is None else Routes(hosts=dict(routes["hosts"]), prefixes=tuple(routes["prefixes"])),
    }


def _mapping(stated: Mapping[str, Any]) -> LogMapping:
    places = {key: Place(**one) for key, one in stated["places"].items()}
    more = {key: tuple(stated[key]) for key in ("files", "scrubbed")}
    return LogMapping(**{**stated, **more, "places": places})


def _head(file: str) -> tuple[Mapping[str, Any], bytes]:
    try:
        with Path(file).open("rb") as stream:
            line = stream.readline(_LONGEST)
            rest = stream.read()
        head = json.loads(line)
        if not isinstance(head, dict) or head.get("smscontract") != "part":
            raise ValueError  # noqa: TRY301 - one message for all of these
        number, of = head["shard"]
        known = (
            head["version"] == _VERSION
            and 1 <= number <= of
            and isinstance(head["contracts"], list)
            and isinstance(head.get("reading"), dict)
        )
        if not known or not set(head) >= _KEYS:
            raise UnusableInput("this part is of another version", file=file, hint="judge and merge with the same smscontract")
        _reading(head["reading"])
    except OSError as error:
        raise UnusableInput(f"the part cannot be read: {error.strerror}", file=file) from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnusableInput("this is no part", file=file, hint="`validate --shard i/n --part FILE` writes them") from None
    return head, rest
