"""Where to probe: the sandbox started for the run, or a URL; its credential, and what exists there."""

from __future__ import annotations

import http.client
import json
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.errors import UsageError
from smscontract.resources import Resources, load_resources, resources_from
from smscontract.transport import Reach, is_loopback, target_url

__all__ = ["Target", "given", "handover", "targets_of", "token_from"]

_HANDOVER_BYTES = 4 * 1024 * 1024
_HANDOVER_SECONDS = 3.0
#: What a header can carry (RFC 9110 section 5.5), and no blank at either end, which a server would strip.
_TOKEN = re.compile(r"[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?")

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
        reach: how it is reached.
    """

    provider: str
    url: SplitResult
    token: str | None
    resources: Resources
    sandbox: bool
    own: bool = False
    options: str = ""
    reach: Reach = field(default_factory=Reach)


@contextmanager
def targets_of(
    catalogue: Catalogue,
    *,
    url: str | None,
    token_env: str | None,
    resources: str | None,
    allowed_hosts: Sequence[str] = (),
    seed: int = 0,
) -> Iterator[list[Target]]:
    """The targets of a run: the given URL, or a sandbox of ours that runs as long as the block.

    Raises:
        UsageError: an URL for several providers, a host that nobody allowed, a variable that is not set, a provider that the
            sandbox does not speak.
        UnusableInput: resources that cannot be read.
    """
    known = given(catalogue, resources)
    token = token_from(token_env)
    with ExitStack() as stack:
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
            )
            for provider in catalogue.contracts
        ]


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
    if not _TOKEN.fullmatch(token):
        raise UsageError(
            f"the variable `{variable}` holds what no header can carry",
            hint="a line break or a blank at its end? export the credential and nothing else",
        )
    return token


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
) -> Target:
    if own and handed is None:
        raise UsageError(f"there is no sandbox for `{provider}`", hint="give the target: --url http://127.0.0.1:8000")
    if handed is None:
        return Target(provider=provider, url=base, token=token, resources=given or Resources(), sandbox=False, options=options)
    found = given if given is not None else resources_from(handed.get("resources") or {}, "the sandbox")
    offered = str(handed.get("token") or "")
    return Target(
        provider=provider,
        url=base,
        token=token or (offered if _TOKEN.fullmatch(offered) else None),
        resources=found,
        sandbox=True,
        own=own,
        options=options,
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
