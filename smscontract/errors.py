"""What can go wrong on our side or the user's, and the exit codes.

A fault of the provider is never an error: it is a value, `smscontract.findings.Finding`. The two trees do not mix.
"""

from __future__ import annotations

from enum import IntEnum

__all__ = ["CannotTell", "ExitCode", "SmscontractError", "UnusableInput", "UsageError"]


class ExitCode(IntEnum):
    """How a command ends. Where several hold, `policy.combine` decides: 4, then 130, 1, 2, 3, 0."""

    KEPT = 0  #: something was judged and nothing that fails was found
    BROKEN = 1  #: the provider broke its contract
    UNUSABLE = 2  #: the input or the command line cannot be used
    CANNOT_TELL = 3  #: unreachable, outage, no success seen, nothing judged
    INTERNAL = 4  #: our own bug
    INTERRUPTED = 130  #: Ctrl-C or SIGTERM


class SmscontractError(Exception):
    """Base of every error that we raise on purpose. Not raised itself.

    Args:
        message: one sentence, lower case, no full stop.
        file: the file it is about, as the user named it.
        line: the line in that file, from 1.
        entry: the entry in that file, from 0, where lines mean nothing (HAR, cassettes).
        hint: the next step that the user can take.
    """

    exit_code = ExitCode.INTERNAL

    def __init__(
        self,
        message: str,
        *,
        file: str | None = None,
        line: int | None = None,
        entry: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.file = file
        self.line = line
        self.entry = entry
        self.hint = hint

    @property
    def place(self) -> str:
        """`file:line` as editors understand it, `file entry 3`, or an empty string."""
        if self.file is None:
            return ""
        if self.line is not None:
            return f"{self.file}:{self.line}"
        if self.entry is not None:
            return f"{self.file} entry {self.entry}"
        return self.file

    def __str__(self) -> str:
        head = f"{self.place}: {self.message}" if self.place else self.message
        return f"{head}\n  help  {self.hint}" if self.hint else head


class UsageError(SmscontractError):
    """The command line or a parameter cannot be meant as it stands."""

    exit_code = ExitCode.UNUSABLE


class UnusableInput(SmscontractError):
    """A file (a document, a contract, a recording, a configuration) cannot be read or says nothing we understand."""

    exit_code = ExitCode.UNUSABLE


class CannotTell(SmscontractError):
    """There was nothing to judge, or the other side could not be reached."""

    exit_code = ExitCode.CANNOT_TELL
