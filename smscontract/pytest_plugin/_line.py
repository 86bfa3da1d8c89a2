"""The line in a test file that makes one test of each clause."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["ClausesOf", "clauses_of"]


class ClausesOf:
    """What a line asks for. Made by `clauses_of`; the plugin finds it by its type."""

    def __init__(self, target: str, said: Mapping[str, Any]) -> None:
        self.target = target
        self.said = said

    def __repr__(self) -> str:
        return f"clauses_of({self.target!r})"


def clauses_of(
    target: str,
    *,
    url: str | None = None,
    app: Any = None,
    token: str | None = None,
    token_env: str | None = None,
    resources: str | Mapping[str, Any] | None = None,
    max_requests: int | None = None,
    fuzz: int | None = None,
    max_time: float | None = None,
    seed: int | None = None,
    fail_on: str | None = None,
    baseline: str | None = None,
    drafts_are_safe: bool | None = None,
) -> ClausesOf:
    """One test for each clause, in a test file: `test_contract = smscontract.clauses_of("my.yaml", app=app)`.

    What is left out is as the options and settings of pytest say.

    Args:
        target: a provider, the path of a contract, or the name of a target in `smscontract.toml`.
        url: where the target is.
        app: an ASGI or WSGI application that is the target, or a function without parameters or a fixture that gives one; it is
            called in this process, without a socket.
        token: the credential of the target, `token_env` the variable that holds it.
        resources: what exists on the target: a file's path, or the same as data, `{"sms_id": {"draft": ["sms_01"]}}`.
        max_requests: for each operation.
        fuzz: cases for each operation, of what the plan leaves; 0 for none, so that every run sends the same.
        max_time: seconds for the whole run.
        seed: what is made up follows from it.
        fail_on: `must`, `should` or `new`.
        baseline: the file that lists what is known to be broken.
        drafts_are_safe: send what texts somebody although its recipient is not known to be reserved.
    """
    said = {
        "url": url,
        "app": app,
        "token": token,
        "token_env": token_env,
        "resources": resources,
        "max_requests": max_requests,
        "fuzz": fuzz,
        "max_time": max_time,
        "seed": seed,
        "fail_on": fail_on,
        "baseline": baseline,
        "drafts_are_safe": drafts_are_safe,
    }
    return ClausesOf(target, said)
