"""requests. What goes over a connection is taken by the tap of urllib3 below it; here only what never gets so far: adapters of
tests, and libraries that stand in for one."""

from __future__ import annotations

from typing import Any

from smscontract.tap._core import Core, Frame
from smscontract.tap._taken import Taken, number
from smscontract.tap.urllib3 import follow

__all__ = ["MODULES", "got"]


def _on_requests(tap: Core, module: Any) -> None:
    errors = (module.exceptions.RequestException,)
    tap.patches.wrap(module.sessions.Session, "send", lambda original: _send(tap, original, errors))


#: What is done with the module once it is imported.
MODULES = {"requests": _on_requests}


def _send(tap: Core, original: Any, errors: tuple[type[BaseException], ...]) -> Any:
    def send(self: Any, request: Any, **kwargs: Any) -> Any:
        if not tap.wants(getattr(request, "method", None), getattr(request, "url", None)):
            return original(self, request, **kwargs)
        # A redirect is followed by a call of this same method, from within it.
        with Frame(alone=True) as frame:
            taken = Taken(request.method, request.url, request.headers, request.body, tap.now())
            try:
                response = original(self, request, **kwargs)
            except BaseException as error:
                tap.failed(frame, taken, error, errors)
                raise
            tap.answered(frame, taken, lambda one: got(one, _first(response)))
            return response

    return send


def _first(response: Any) -> Any:
    """The answer to the request itself, where redirects were followed."""
    history = response.history
    return history[0] if isinstance(history, list) and history else response


def got(taken: Taken, response: Any) -> None:
    """Writes down an answer; its body when the client reads it."""
    taken.status = number(response.status_code)
    taken.headers = response.headers
    content = getattr(response, "_content", False)
    if isinstance(content, bytes):
        taken.end(content)
    elif content is None:
        taken.end(b"")
    else:
        follow(taken, response.raw)
