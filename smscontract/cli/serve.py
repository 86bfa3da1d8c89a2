"""`smscontract serve`: the sandbox, and in front of it the breaker if anything is to be broken."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

import click

from smscontract.catalogue import load_catalogue
from smscontract.errors import ExitCode, UsageError
from smscontract.plain import count_of

__all__ = ["command"]

_EPILOG = """\b
CONDITION is one of
  every=5                      the first answer that fits, and each fifth after it
  got.status=failed            a value, and != < > <= >= likewise
  sent.message.length>160      the length of a text, an array or an object
  sent.time_out                a member that is there
Places are written as in contract files: path. query. header. sent. got. code
took known. auth. Several conditions of one break all have to hold.
"""


@click.command("serve", epilog=_EPILOG)
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 takes one that is free.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address to listen on.")
@click.option("--db", default=":memory:", metavar="FILE", help="Keep everything in this file. Default: in memory only.")
@click.option(
    "--break", "breaks", multiple=True, metavar="CLAUSE[@CONDITION]...", help="Break a clause of the contract. Repeatable."
)
@click.option("--seed", type=click.IntRange(0, 2**31 - 1), default=0, help="What a new database is made from. Default: 0.")
def command(port: int, host: str, db: str, breaks: tuple[str, ...], seed: int) -> int:
    """Serves a sandbox of all shipped providers until Ctrl-C or SIGTERM ends it.

    It is stateful and keeps the contracts. It texts nobody, and its tokens, which it prints, open nothing else.
    """
    from smscontract.breaker import Breaker, parse_breaks
    from smscontract.sandbox.app import Sandbox
    from smscontract.sandbox.knowledge import knowledge
    from smscontract.sandbox.server import Running, serve

    if db.strip() == "":
        raise UsageError("--db names no file", hint="leave the option out to keep nothing")
    catalogue = load_catalogue()
    wanted = parse_breaks(breaks, catalogue)
    breakers: list[Breaker] = []
    sandboxes: list[Sandbox] = []

    def wrapped(sandbox: Sandbox) -> Breaker | Sandbox:
        sandboxes.append(sandbox)
        if not wanted:
            return sandbox
        breakers.append(Breaker(sandbox, catalogue, wanted, knowledge=lambda asked: knowledge(sandbox, asked)))
        return breakers[0]

    def ready(where: Running) -> None:
        if not _is_loopback(host):
            click.echo(f"warning: {host} can be reached from outside, and everybody may use this sandbox", err=True)
        _announce(where.url, sandboxes[0].control.index().body["providers"], [str(one) for one in wanted])

    serve(host, port, db, wrapped, seed_number=seed, ready=ready)
    for one, tally in (pair for breaker in breakers for pair in breaker.tallies):
        click.echo(f"broken  {one}: {count_of(tally.broken, 'answer')} of {tally.eligible + tally.spared}", err=True)
    # Who was asked to stop and stops has done what it should.
    return ExitCode.KEPT


def _is_loopback(host: str) -> bool:
    import ipaddress

    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _announce(url: str, providers: dict[str, dict[str, str]], breaks: Sequence[str]) -> None:
    """What a shell can read: every line but the exports is a comment."""
    click.echo(f"# sandbox: {url}, control plane: {url}/_sandbox/")
    for one in breaks:
        click.echo(f"# broken: {one}")
    for name, provider in providers.items():
        variable = "".join(character if character.isalnum() else "_" for character in name).upper()
        click.echo(f"export {variable}_URL={shlex.quote(url)}")
        click.echo(f"export {variable}_TOKEN={shlex.quote(provider['token'])}")
