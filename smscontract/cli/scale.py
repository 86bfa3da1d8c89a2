"""Options of `validate` for recordings that are large: who judges, which exchanges, and in how many jobs."""

from __future__ import annotations

import functools
import os
import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar, cast

import click

from smscontract.choice import Choice
from smscontract.cli.options import Common
from smscontract.errors import UsageError
from smscontract.mask import Masker
from smscontract.results import key_in
from smscontract.rfc3339 import timestamp
from smscontract.shards import Shard, shard_from
from smscontract.validate import AUTO
from smscontract.workers import Doing, available

__all__ = ["Scale", "scale_options"]

_Function = TypeVar("_Function", bound=Callable[..., Any])

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_SHARE = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?)%")
_SECONDS_OF_A_DAY = 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """What `@scale_options` hands over as the argument `scale`; fields as `validate.Request` has them."""

    choice: Choice
    workers: int
    doing: Doing | None
    resume: str | None
    shard: Shard | None

    def masker(self, common: Common) -> Masker:
        """The masker. Digests that meet again later, or elsewhere, need a key that lasts.

        Raises:
            UsageError: there is none for a shard.
            UnusableInput: the folder of results cannot be used.
        """
        if common.mask_key_env is None and self.shard is not None:
            raise UsageError(
                "shards are put together by digests that need one key",
                hint="add `--mask-key-env NAME`, the same for all shards",
            )
        if common.mask_key_env is None and self.resume is not None:
            return Masker(key_in(self.resume), reveal=common.reveal)
        return common.masker()


def scale_options(function: _Function) -> _Function:
    """`--workers`, `--engine`, `--sample`, `--since` and their like, as one argument `scale`."""

    @functools.wraps(function)
    def command(
        *,
        workers: str,
        engine: str,
        scheduler: str | None,
        sample: str | None,
        since: str | None,
        until: str | None,
        shard: str | None,
        part: str | None,
        resume: str | None,
        tmp: str | None,
        **own: Any,
    ) -> Any:
        if part is not None and shard is None:
            raise UsageError("`--part` is where a shard goes", hint="add `--shard 1/1`, or leave it out")
        if tmp is not None:
            os.environ["TMPDIR"] = tempfile.tempdir = _usable(tmp)  # for the processes that are started, and for this one
        count = _workers(workers)
        scale = Scale(
            choice=_choice(sample, since, until),
            workers=count,
            doing=_doing(engine, scheduler, count),
            resume=resume,
            shard=None if shard is None else shard_from(shard, part),
        )
        return function(scale=scale, **own)

    options = (
        click.option(
            "--workers", metavar="N", default="auto", show_default=True, help="Processes that judge: a number, or auto."
        ),
        click.option(
            "--engine",
            type=click.Choice(["processes", "dask"]),
            default="processes",
            show_default=True,
            help="Who judges: processes of this machine, or a Dask cluster.",
        ),
        click.option("--scheduler", metavar="ADDRESS", help="Of the Dask cluster. Default: one of this machine is started."),
        click.option("--sample", metavar="SHARE", help="Judge only this share of all histories, each whole: 1%."),
        click.option("--since", metavar="TIME", help="Only exchanges sent then or later: a day, or RFC 3339."),
        click.option("--until", metavar="TIME", help="Only exchanges sent before then: RFC 3339, or a day (with all of it)."),
        click.option("--shard", metavar="I/N", help="Judge only the Ith of N shares, for `smscontract merge`."),
        click.option("--part", metavar="FILE", help="Where a shard writes what it knows."),
        click.option(
            "--tmp",
            metavar="FOLDER",
            type=click.Path(exists=True, file_okay=False),
            help="Where histories beyond memory are kept, as digests or encrypted. Default: the folder for temporary files.",
        ),
        click.option("--resume", metavar="FOLDER", help="Keep results there, and judge only what they do not hold."),
    )
    decorated: Callable[..., Any] = command
    for option in reversed(options):
        decorated = option(decorated)
    return cast("_Function", decorated)


def _usable(folder: str) -> str:
    """The folder, in which something was written: else Python takes another one, and says nothing."""
    try:
        with tempfile.TemporaryFile(prefix="smscontract-", dir=folder, buffering=0) as stream:
            stream.write(b"\0")
    except OSError as error:
        message = f"`--tmp` names a folder in which nothing can be written: {error.strerror}"
        raise UsageError(message, file=folder, hint="name another one, on a disk with room") from None
    return str(Path(folder).absolute())


def _workers(text: str) -> int:
    if text == "auto":
        return AUTO
    if not text.isascii() or not text.isdecimal() or not 1 <= int(text) <= 4096:
        raise UsageError(f"`--workers {text}` is no number of processes", hint="write `auto` or for example 8")
    return int(text)


def _doing(engine: str, scheduler: str | None, workers: int) -> Doing | None:
    if engine == "processes":
        if scheduler is not None:
            raise UsageError("`--scheduler` is that of a Dask cluster", hint="add `--engine dask`")
        return None
    from smscontract.cluster import dask  # an extra

    return dask(scheduler, workers or available())


def _choice(sample: str | None, since: str | None, until: str | None) -> Choice:
    share = 1.0
    if sample is not None:
        found = _SHARE.fullmatch(sample)
        share = float(found[1]) / 100 if found else 0.0
        if not 0 < share <= 1:
            raise UsageError(f"`--sample {sample}` is no share", hint="write for example 1% or 0.05%")
    first, last = _time("--since", since, end=False), _time("--until", until, end=True)
    if first is not None and last is not None and first >= last:
        raise UsageError("`--until` is before `--since`, so that nothing is left")
    return Choice(since=first, until=last, share=share)


def _time(option: str, text: str | None, *, end: bool) -> float | None:
    if text is None:
        return None
    day = bool(_DAY.fullmatch(text))
    time = timestamp(f"{text}T00:00:00Z" if day else text)
    if time is None:
        raise UsageError(f"`{option} {text}` is no time", hint="write 2026-11-22, or 2026-11-22T09:00:00Z")
    return time + _SECONDS_OF_A_DAY if day and end else time
