"""An application in this process as the target of a run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from smscontract.catalogue import Catalogue
from smscontract.gate._targets import Target, given, token_from
from smscontract.resources import Resources, resources_from
from smscontract.transport import Reach
from smscontract.transport.app import dialling

__all__ = ["app_targets"]

#: The host that requests name.
_URL = "http://localhost"


@contextmanager
def app_targets(
    catalogue: Catalogue,
    app: Any,
    *,
    token: str | None = None,
    token_env: str | None = None,
    resources: str | Mapping[str, Any] | None = None,
) -> Iterator[list[Target]]:
    """Targets that are one ASGI or WSGI application, called without a socket for as long as the block lasts.

    Whom it texts is not known: it is treated as a server is that is no sandbox of ours.

    Args:
        token: the credential that it takes; `token_env`: the variable that holds it.
        resources: file that says what exists in it, or the same as data.

    Raises:
        UsageError: no application, one that does not start, or a variable that is not set.
        UnusableInput: resources that cannot be read.
    """
    known = given(catalogue, resources) if isinstance(resources, str) else resources_from(resources or {}, "the resources")
    credential = token if token is not None else token_from(token_env)
    with dialling(app) as dial:
        reach = Reach(dial=dial)
        yield [
            Target(
                provider=provider,
                url=urlsplit(_URL),
                token=credential,
                resources=known or Resources(),
                sandbox=False,
                reach=reach,
                secrets=(credential,) if credential else (),
            )
            for provider in catalogue.contracts
        ]
