"""The sandbox as tests of a client use it: one for the session, as new for each test, with clauses broken on demand."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from smscontract.breaker import Break, Breaker, parse_break
from smscontract.catalogue import Catalogue
from smscontract.errors import UsageError
from smscontract.sandbox.app import Sandbox, create_app
from smscontract.sandbox.calls import Ask
from smscontract.sandbox.knowledge import knowledge
from smscontract.sandbox.server import running

__all__ = ["Server", "practising"]

_TOKEN = "smscontract-practice-token"  # noqa: S105 - it opens nothing but the sandbox of this process


class Server:
    """A running sandbox of all shipped providers.

    Attributes:
        url: where it is, without a trailing slash.
        token: the one credential that every provider accepts; in which header field and form is the provider's matter, and
            `headers` has it.
        told: called with each clause that is broken on purpose.
    """

    def __init__(self, url: str, sandbox: Sandbox, front: _Front, catalogue: Catalogue) -> None:
        self.url = url
        self.token = _TOKEN
        self.told: Callable[[str], None] | None = None
        self._sandbox = sandbox
        self._front = front
        self._catalogue = catalogue
        self._breaks: list[Break] = []
        self.reset()

    def reset(self) -> None:
        """Everything as on the first day, and nothing broken."""
        self._breaks.clear()
        self._front.app = self._sandbox
        self._ask("POST", "reset", {})
        self._sandbox.accept(self.token)

    @property
    def headers(self) -> Mapping[str, Mapping[str, str]]:
        """For each provider the header field that carries the credential."""
        return {name: entry["header"] for name, entry in self._providers().items()}

    @property
    def resources(self) -> Mapping[str, Mapping[str, Sequence[str]]]:
        """What exists: ids and numbers by parameter and label, as `--resources` files have them."""
        return {
            parameter: {label: [_value(one) for one in listed] for label, listed in labels.items()}
            for entry in self._providers().values()
            for parameter, labels in entry["resources"].items()
        }

    def make_draft(self, **members: Any) -> str:
        """Makes a message and gives its id. What is left out agrees with its status.

        Args:
            members: of the message: `status="delivered"`, `body=...`, `to_number=...`, `direction="inbound"`,
                `classifications=2`, `organisation="foreign"`.

        Raises:
            UsageError: there is no such member or value.
        """
        return str(self._ask("POST", "drafts", members)["id"])

    def message(self, identity: str) -> Mapping[str, Any]:
        """A message as it stands now, with the texts that went out for it.

        Raises:
            UsageError: there is none.
        """
        found: Mapping[str, Any] = self._ask("GET", f"messages/{identity}")
        return found

    @property
    def arrived(self) -> Sequence[Mapping[str, Any]]:
        """What arrived, oldest first: `method`, `path`, `query`, `headers`, `body`, `status`. Credentials are replaced."""
        found: Sequence[Mapping[str, Any]] = self._ask("GET", "arrived")["requests"]
        return found

    def break_clause(self, *specs: str) -> None:
        """Breaks clauses until the test ends, in every answer that they speak of or where a condition holds.

        Args:
            specs: `CLAUSE[@CONDITION]...`, as `smscontract serve --break` takes them.

        Raises:
            UsageError: no such clause or condition.
        """
        wanted = [parse_break(spec, self._catalogue) for spec in specs]
        for one in wanted:
            if self.told is not None:
                self.told(one.clause)
        self._breaks += wanted
        sandbox = self._sandbox
        self._front.app = Breaker(
            sandbox, self._catalogue, list(self._breaks), knowledge=lambda exchange: knowledge(sandbox, exchange)
        )

    def _providers(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self._ask("GET", "")["providers"]
        return found

    def _ask(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The control plane, without a socket."""
        content = b"" if body is None else json.dumps(body).encode()
        answer = self._sandbox.control.answer(Ask(method=method, path=f"/_sandbox/{path}", body=content, size=len(content)))
        if answer.status >= 400:
            raise UsageError(f"the sandbox refuses: {answer.body['error']}")
        return answer.body


def _value(entry: Any) -> str:
    return str(entry["id"] if isinstance(entry, Mapping) else entry)


class _Front:
    """What listens; behind it the sandbox, or the breaker in front of it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await self.app(scope, receive, send)


@contextmanager
def practising(catalogue: Catalogue) -> Iterator[Server]:
    """Serves the sandbox on a free port of this machine for as long as the block lasts.

    Raises:
        UsageError: nobody can listen.
    """
    sandbox = create_app()
    front = _Front(sandbox)
    with running(front) as where:
        yield Server(where.url, sandbox, front, catalogue)
