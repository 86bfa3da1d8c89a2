"""Where to probe: the sandbox started for the run, an entry of the configuration, or a URL; its credential, and what exists."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import SplitResult, urlsplit

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.entries import Needed, TargetEntry
from smscontract.errors import UsageError
from smscontract.rates import Rate
from smscontract.resources import Resources, load_resources, resources_from
from smscontract.transport import Reach, is_loopback, target_url, tls_context

__all__ = ["Target", "given", "handover", "targets_of", "token_from"]

_HANDOVER_BYTES = 4 * 1024 * 1024
_HANDOVER_SECONDS = 3.0
#: What a header can carry (RFC 9110 section 5.5), and no blank at either end, which a server would strip.
_TOKEN = re.compile(r"[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?")

_NO_LIMIT = Rate()

#: What a sandbox says of each provider.
Handed = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One provider at one place.

    Attributes:
        provider: of the catalogue.
        url: checked base URL.
        token: the good credential, `None` if nobody gave one.
        sandbox: whether it is one of ours, where nobody is texted; `own`: started by us for this run.
        options: what a command needs to reach it again.
        reach: TLS, proxy and header fields.
        rate: how fast requests may follow each other.
        shared: whether others may use it at the same time: pairs of numbers are leased, histories confirmed on fresh ones.
        secrets: what no output may hold, the token included.
        entry: its name in the configuration, empty for a target of the command line.
        slot: which of the runs at the same time this is, from 0.
        fresh: numbers that are this run's alone, and in no plan.
    """

    provider: str
    url: SplitResult
    token: str | None
    resources: Resources
    sandbox: bool
    own: bool = False
    options: str = ""
    reach: Reach = field(default_factory=Reach)
    rate: Rate = field(default_factory=Rate)
    shared: bool = False
    secrets: tuple[str, ...] = ()
    entry: str = ""
    slot: int = 0
    fresh: tuple[str, ...] = ()


@contextmanager
def targets_of(
    catalogue: Catalogue,
    *,
    url: str | None,
    token_env: str | None,
    resources: str | None,
    allowed_hosts: Sequence[str] = (),
    seed: int = 0,
    entry: TargetEntry | None = None,
    rate: Rate | None = None,
    needed: Needed | None = None,
) -> Iterator[list[Target]]:
    """The targets of a run: the given URL, that of an entry, or a sandbox of ours that runs as long as the block.

    Args:
        entry: of the configuration; whatever else is given goes before what it says.
        rate: how fast requests may follow each other.
        needed: how many resources a plan would use, for the commands of the entry; `None`: no command is run.

    Raises:
        UsageError: an URL for several providers, a host that nobody allowed, a variable that is not set, a provider that the
            sandbox does not speak.
        UnusableInput: resources that cannot be read.
    """
    known = given(catalogue, resources)
    token = token_from(token_env)
    with ExitStack() as stack:
        if entry is not None:
            yield [_entered(catalogue, entry, url, token, known, allowed_hosts, rate, needed)]
            return
        if url is not None:
            if len(catalogue.contracts) != 1:
                raise UsageError("--url needs exactly one target", hint=f"name one of {', '.join(catalogue.contracts)}")
            base = target_url(url, allowed_hosts)
            handed = handover(base) if is_loopback(base.hostname or "") else None
        else:
            base, handed = _own_sandbox(stack, seed)
        yield [
            _target(
                provider,
                base,
                (handed or {}).get(provider),
                known,
                token,
                own=url is None,
                options=_options(provider, url, token_env, resources, allowed_hosts),
                rate=rate or Rate(),
            )
            for provider in catalogue.contracts
        ]


def _entered(  # noqa: PLR0917 - what the command line says beside the entry
    catalogue: Catalogue,
    entry: TargetEntry,
    url: str | None,
    token: str | None,
    known: Resources | None,
    allowed_hosts: Sequence[str],
    rate: Rate | None,
    needed: Needed | None,
) -> Target:
    """The target of an entry. Whoever wrote the entry allowed its host, and no other."""
    (provider,) = catalogue.contracts
    stated = entry.url.resolved()
    hosts = [*allowed_hosts, *_hosts(stated)]
    base = target_url(url if url is not None else stated, hosts)
    if token is None and entry.token is not None:
        token = _checked(entry.token.resolved(), f"{entry.token.where}: `token`")
    proxy = entry.proxy_url()
    handed = handover(base) if proxy is None and is_loopback(base.hostname or "") else None
    mine = (handed or {}).get(provider)
    if known is None:
        operations = [*catalogue.operations.values(), *load_catalogue().operations.values()]
        known = entry.found_resources(operations, needed)
    headers = [
        (name, _checked(value.resolved(), f"{value.where}: `headers`"), value.is_secret) for name, value in entry.headers
    ]
    found = _target(provider, base, mine, known, token, own=False, options=entry.name)
    secure = base.scheme == "https"
    tls = tls_context(ca=entry.ca, cert=entry.client_cert, key=entry.client_key, verify=entry.verify) if secure else None
    return replace(
        found,
        reach=Reach(tls=tls, proxy=proxy, headers=tuple((name, value) for name, value, _ in headers)),
        rate=rate or entry.rate_limit or Rate(auto=True),
        shared=not found.sandbox,
        secrets=tuple(
            one
            for one in (
                found.token,
                proxy.password if proxy is not None else None,
                *(value for _, value, secret in headers if secret),
            )
            if one
        ),
        entry=entry.name,
    )


def _hosts(url: str) -> list[str]:
    try:
        parts = urlsplit(url)
    except ValueError:
        return []
    return [parts.netloc] if parts.port else [parts.hostname or ""]


def given(catalogue: Catalogue, path: str | None) -> Resources | None:
    """What the user's file says of the target."""
    if path is None:
        return None
    # One file may serve several targets, so what any shipped provider knows is no mistake.
    return load_resources(path, [*catalogue.operations.values(), *load_catalogue().operations.values()])


def token_from(variable: str | None) -> str | None:
    """The credential that a variable holds.

    Raises:
        UsageError: it is not set, or no header could carry it.
    """
    if variable is None:
        return None
    token = os.environ.get(variable)
    if not token:
        raise UsageError(f"the variable `{variable}` is not set", hint="export it with the credential of the target")
    return _checked(token, f"the variable `{variable}`")


def _checked(value: str, what: str) -> str:
    if not _TOKEN.fullmatch(value):
        raise UsageError(
            f"{what} holds what no header can carry",
            hint="a line break or a blank at its end? export the credential and nothing else",
        )
    return value


def _options(provider: str, url: str | None, token_env: str | None, resources: str | None, allowed_hosts: Sequence[str]) -> str:
    words = [provider]
    for option, value in (("--url", url), ("--token-env", token_env), ("--resources", resources)):
        words += [option, value] if value is not None else []
    words += [word for host in allowed_hosts for word in ("--allowed-hosts", host)]
    return shlex.join(words)


def _target(
    provider: str,
    base: SplitResult,
    handed: Mapping[str, Any] | None,
    given: Resources | None,
    token: str | None,
    *,
    own: bool,
    options: str,
    rate: Rate = _NO_LIMIT,
) -> Target:
    if own and handed is None:
        raise UsageError(f"there is no sandbox for `{provider}`", hint="give the target: --url http://127.0.0.1:8000")
    if handed is None:
        return Target(
            provider=provider,
            url=base,
            token=token,
            resources=given or Resources(),
            sandbox=False,
            options=options,
            rate=rate,
            shared=not is_loopback(base.hostname or ""),
            secrets=(token,) if token else (),
        )
    found = given if given is not None else resources_from(handed.get("resources") or {}, "the sandbox")
    offered = str(handed.get("token") or "")
    token = token or (offered if _TOKEN.fullmatch(offered) else None)
    return Target(
        provider=provider,
        url=base,
        token=token,
        resources=found,
        sandbox=True,
        own=own,
        options=options,
        rate=rate,
        secrets=(token,) if token else (),
    )


def _own_sandbox(stack: ExitStack, seed: int) -> tuple[SplitResult, Handed | None]:
    from smscontract.sandbox.app import create_app
    from smscontract.sandbox.server import running

    del seed  # the sandbox's own first day is always the same: what varies is what we send
    server = stack.enter_context(running(create_app()))
    base = urlsplit(server.url)
    return base, handover(base)


def handover(base: SplitResult) -> Handed | None:
    """What a sandbox hands over at `/_sandbox/`; `None` if there is none. Whoever listens there may be anybody: nothing that it
    says is believed but this one form."""
    if base.scheme != "http":
        return None
    connection = http.client.HTTPConnection(base.hostname or "", base.port or 80, timeout=_HANDOVER_SECONDS)
    try:
        connection.request("GET", "/_sandbox/", headers={"accept": "application/json"})
        answer = connection.getresponse()
        data = json.loads(answer.read(_HANDOVER_BYTES)) if answer.status == 200 else None
    except (OSError, http.client.HTTPException, ValueError, RecursionError):
        return None
    finally:
        connection.close()
    if not isinstance(data, Mapping) or data.get("sandbox") != "smscontract" or not isinstance(data.get("providers"), Mapping):
        return None
    return {name: entry for name, entry in data["providers"].items() if isinstance(entry, Mapping)}
