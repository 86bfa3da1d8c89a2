"""Results of earlier runs, kept in a folder: a run that died goes on, and the next one reads only what is new."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from pathlib import Path

from smscontract.errors import UnusableInput
from smscontract.findings import Problem
from smscontract.part import Part
from smscontract.recordings import Piece, version_of, version_of_bodies
from smscontract.work import Job

__all__ = ["Results", "key_in"]

_KEY = "key"


def key_in(folder: str) -> bytes:
    """The key of the digests in a folder, made when it is first asked for. Only the user can read it.

    Raises:
        UnusableInput: the folder cannot be used.
    """
    path = Path(folder) / _KEY
    try:
        Path(folder).mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileExistsError):
            with tempfile.NamedTemporaryFile(dir=folder, prefix=".", delete=False) as stream:
                stream.write(secrets.token_bytes(32))
            try:
                os.link(stream.name, path)  # one of several that begin at once wins
            finally:
                Path(stream.name).unlink()
        key = path.read_bytes()
    except OSError as error:
        message = f"the folder cannot be used: {error.strerror}"
        raise UnusableInput(message, file=folder, hint="name another with `--resume`") from None
    if len(key) != 32:
        raise UnusableInput("this is no key of ours", file=str(path), hint="name another folder with `--resume`")
    return key


class Results:
    """Parts by what they are of. A part is found again only for the same bytes, judged by the same contract in the same way.

    Args:
        folder: is made if it is not there. It may be removed at any time.

    Raises:
        UnusableInput: the folder cannot be used.
    """

    def __init__(self, folder: str, job: Job) -> None:
        self._folder = Path(folder)
        self._job = job.identity
        self._bodies: dict[str, str] = {}  # of a folder; looked at before anything in it is read
        self._asked: dict[Piece, Path | None] = {}
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnusableInput(f"the folder cannot be used: {error.strerror}", file=folder) from None

    def get(self, piece: Piece | Problem, number: int) -> Part | None:
        """What an earlier run made of this piece, under the number that it has now."""
        path = self._path(piece)
        try:
            part = Part.loads(path.read_bytes()) if path is not None else None
        except (OSError, UnusableInput):
            part = None
        if part is None:
            if isinstance(piece, Piece):
                self._asked[piece] = path
            return None
        part.problems = [(number, index, problem) for _, index, problem in part.problems]
        return part

    def put(self, piece: Piece | Problem, raw: bytes, part: Part) -> None:
        """Keeps what was made of a piece, unless it may be different next time. A full disk costs only time.

        It is kept as of the files that there were when the piece was asked for: what changes while it is read is read again.
        """
        path = self._asked.pop(piece) if isinstance(piece, Piece) and piece in self._asked else self._path(piece)
        if path is None or path.exists() or (part.problems and not part.exchanges):
            return
        with contextlib.suppress(OSError):
            path.parent.mkdir(exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, prefix=".", delete=False) as stream:
                stream.write(raw)
            Path(stream.name).replace(path)

    def _path(self, piece: Piece | Problem) -> Path | None:
        if isinstance(piece, Problem) or (version := version_of(piece.file)) is None:
            return None
        bodies = ""
        if piece.end is None and piece.groups is None:  # a HAR is read whole; a URL is no folder of this machine
            folder = os.path.dirname(piece.file)  # noqa: PTH120 - as the user named it
            if folder not in self._bodies:
                self._bodies[folder] = version_of_bodies(folder)
            bodies = self._bodies[folder]
        said = repr((self._job, version, bodies, piece))
        name = hashlib.sha256(said.encode("utf-8", "surrogatepass")).hexdigest()
        return self._folder / name[:2] / f"{name[2:]}.part"
