"""`smscontract map`: a mapping for a log of any shape."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from datetime import UTC, datetime

import click

from smscontract.addresses import without_credentials
from smscontract.catalogue import path_shape
from smscontract.cli.options import masker_from, masking_options
from smscontract.config import NAME
from smscontract.errors import UsageError
from smscontract.exchange import Exchange
from smscontract.findings import Problem
from smscontract.json_text import UNKNOWN, parse
from smscontract.mapping import FORMS, LogMapping
from smscontract.mask import Masker
from smscontract.plain import count_of, printable
from smscontract.recordings import propose

__all__ = ["command"]

_HOST = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?#]*")


@click.command("map")
@click.argument("file")
@click.option("--name", default="log", show_default=True, help="What the mapping is called, and `--format` takes.")
@masking_options
def command(file: str, name: str, *, reveal: bool, mask_key_env: str | None) -> int:
    """Guesses how a log can be read: a block for smscontract.toml, and three of its records read through it, masked.

    FILE is a file, a URL, or `-` for standard input.
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name) or name in {"hosts", "prefixes"}:
        raise UsageError(f"`{name}` is no name of a mapping", hint="small letters, digits and dashes")
    masker = masker_from(reveal=reveal, mask_key_env=mask_key_env)
    found = propose(file, name, stdin=sys.stdin.buffer)
    shown = without_credentials(file, masker.url, [file])
    if found.format:
        click.echo(f"# Without this block it is read as {found.format}:")
        click.echo(f"#   {printable(shlex.join(['smscontract', 'validate', _named(shown)]))}")
    for line in _block(found.mapping):
        click.echo(printable(line))
    click.echo(f"\n# Guessed from {count_of(found.records, 'record')}; through it they read:")
    for one in found.shown:
        click.echo(printable(f"#   {_line(one, masker)}"))
    missing = [
        key for key in ("time", "method", "status", "response-body", "response-headers") if key not in found.mapping.places
    ]
    if missing:
        click.echo(f"# Not found: {', '.join(missing)}. Clauses that need them are not judged.")
    click.echo(f"# With this block in {NAME}:\n#   {printable(_next(shown, name))}")
    return 0


def _next(file: str, name: str) -> str:
    """The command that judges the file through the mapping."""
    return shlex.join(["smscontract", "validate", _named(file), "--format", name])


def _named(file: str) -> str:
    return f"./{file}" if file.startswith("-") and file != "-" else file  # else it is an option


def _block(mapping: LogMapping) -> Iterator[str]:
    """The mapping as TOML."""
    yield f"[recordings.{mapping.name}]"
    if mapping.records != "lines":
        yield f"records = {_text(mapping.records)}"
    for key in FORMS:
        if (place := mapping.places.get(key)) is None:
            continue
        more = [f"at = {_text(place.at)}"]
        more += [f"as = {_text(place.form)}"] if place.form else []
        more += [f"cut-at = {place.cut_at}"] if place.cut_at is not None else []
        yield f"{key} = {{ {', '.join(more)} }}" if len(more) > 1 else f"{key} = {_text(place.at)}"
    if mapping.scrubbed:
        yield f"scrubbed = [{', '.join(map(_text, mapping.scrubbed))}]"


def _text(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(one if one.isprintable() else f"\\U{ord(one):08x}" for one in escaped) + '"'


def _line(one: Exchange | Problem, masker: Masker) -> str:
    if isinstance(one, Problem):
        return one.message
    time = "no time" if one.sent_at is None else datetime.fromtimestamp(one.sent_at, UTC).isoformat(timespec="milliseconds")
    answer = "no answer" if one.response is None else f"{one.response.status} {_shape(one.response.body, masker)}"
    cut = "".join(f", {part} {reason}" for part, reason in one.missing.items() if part != "credential")
    return f"{time}  {_request(one, masker)}  {_shape(one.request.body, masker)} -> {answer}{cut}"


def _request(one: Exchange, masker: Masker) -> str:
    """Method and URL. No contract says which segments of a path are ids: what may be one is `{}`, as where requests are counted
    that fit no operation."""
    method, url = one.request.method, masker.url(one.request.url)
    if masker.reveal:
        return f"{method or '?'} {url}"
    verb, path = path_shape(method, one.request.url).split(" ", 1)
    host = _HOST.match(url)
    _, question, query = url.partition("#")[0].partition("?")
    return f"{verb} {host[0] if host else ''}{path}{question}{query}"


def _shape(body: bytes | None, masker: Masker) -> str:
    if body is None:
        return "no body"
    if not body:
        return "empty body"
    found = parse(body)
    fatal = found.value is UNKNOWN
    return f"{len(body)} bytes, {found.flaws[0]}" if fatal and found.flaws else masker.value(found.value, None)
