"""What is known of the target of a run: contract, resources, credential, and whether anybody could be texted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import SplitResult, urlsplit

from smscontract.catalogue import load_catalogue
from smscontract.documents import Operation
from smscontract.errors import UsageError
from smscontract.exchange import Auth, Headers, header_values
from smscontract.findings import Level
from smscontract.gate import handover, is_harmless
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.probes.base import Kit
from smscontract.probes.states import is_spendable
from smscontract.resources import Entry, Resources, load_resources, resources_from
from smscontract.transport import Leash, is_loopback

__all__ = ["Target"]

_PREFIXES = {"bearer": "Bearer ", "basic": "Basic "}


class Target:
    """Read from the environment once; what a sandbox hands over is asked for when its address is known.

    Raises:
        UsageError, UnusableInput: a variable says what cannot be used.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        names = [name.strip() for name in environment.get("SMSCONTRACT_CONTRACT", "").split(",")]
        self.catalogue = load_catalogue([name for name in names if name])
        wanted = environment.get("SMSCONTRACT_FAIL_ON", "must")
        if wanted not in ("must", "should"):
            raise UsageError(f"SMSCONTRACT_FAIL_ON is `{wanted}`", hint="say must or should")
        self.levels = (Level.MUST, Level.SHOULD) if wanted == "should" else (Level.MUST,)
        self._safe = bool(environment.get("SMSCONTRACT_DRAFTS_ARE_SAFE"))
        variable = environment.get("SMSCONTRACT_TOKEN_ENV")
        if variable is not None and not environment.get(variable):
            raise UsageError(f"the variable `{variable}` is not set", hint="export it with the credential of the target")
        token = environment.get(variable) if variable is not None else None
        self._tokens: dict[str, str] = {provider: token for provider in self.catalogue.contracts if token}
        file = environment.get("SMSCONTRACT_RESOURCES")
        known = [*self.catalogue.operations.values(), *load_catalogue().operations.values()]
        given = load_resources(file, known) if file else None
        self._resources = dict.fromkeys(self.catalogue.contracts, given) if given is not None else {}
        self._sandboxes: set[str] = set()
        self._asked = False
        self._kits: dict[str, Kit] = {}
        self._leashes: dict[str, Leash] = {}
        self.spent: set[tuple[str, str]] = set()
        #: Keys of the operations of which a case was not sent, since nobody knows whom it would text.
        self.held: set[str] = set()
        self.judge = Judge(self.catalogue, Masker(secrets=self._tokens.values()))

    def locate(self, url: str | None) -> None:
        """Asks what listens there, once: a sandbox of ours says what exists in it."""
        if self._asked or not url:
            return
        self._asked = True
        base = urlsplit(url)
        if not is_loopback(base.hostname or ""):
            return
        origin = SplitResult(base.scheme, base.netloc, "", "", "")
        for provider, entry in (handover(origin) or {}).items():
            if provider in self.catalogue.contracts:
                self._sandboxes.add(provider)
                self._resources.setdefault(provider, resources_from(entry.get("resources") or {}, "the sandbox"))
                self._tokens.setdefault(provider, str(entry.get("token") or ""))
        self.judge = Judge(self.catalogue, Masker(secrets=self._tokens.values()))

    def operation(self, method: str, path: str) -> Operation | None:
        """The operation of a document's method and path template, however the template names its parameters."""
        return next(
            (
                one
                for one in self.catalogue.operations.values()
                if one.method == method.upper() and _shape(one.path) == _shape(path)
            ),
            None,
        )

    def kit(self, operation: Operation) -> Kit:
        """Numbers and resources of one operation."""
        if operation.key not in self._kits:
            resources = self._resources.get(operation.provider) or Resources()
            self._kits[operation.key] = Kit(self.judge, operation, resources)
        return self._kits[operation.key]

    def leash(self, operation: Operation) -> Leash:
        """The leash of one operation; numbers of the user's own resources pass it."""
        if operation.key not in self._leashes:
            kit = self.kit(operation)
            granted = {name: [one.value for one in kit.resources.entries(name)] for name in kit.phones}
            self._leashes[operation.key] = Leash(granted)
        return self._leashes[operation.key]

    def is_careful(self, operation: Operation) -> bool:
        """Whether an accepted request could text somebody whom nobody knows."""
        return operation.effect.get("texts") == "now" and not self._safe and operation.provider not in self._sandboxes

    def ids(self, operation: Operation, parameter: str) -> list[Entry]:
        """What exists for a parameter of the path and may be named, unused first; an accepted request uses it up."""
        listed = [one for one in self.kit(operation).resources.entries(parameter) if is_spendable(operation, parameter, one)]
        allowed = [one for one in listed if not self.is_careful(operation) or is_harmless(operation, one)]
        return sorted(allowed, key=lambda one: (parameter, one.value) in self.spent)

    def is_known(self, provider: str) -> bool:
        """Whether resources and credential of a provider are known, so that requests can be told valid from invalid."""
        return provider in self._resources and bool(self._tokens.get(provider))

    def token(self, provider: str) -> str | None:
        """The good credential, if it is known."""
        return self._tokens.get(provider) or None

    def auth(self, operation: Operation, headers: Headers, url: str) -> Auth | None:
        """What is known of the credential of a request."""
        security, token = operation.security, self.token(operation.provider)
        if security is None:
            return None
        if security.where == "header":
            values: Iterable[str] = header_values(headers, security.name) or []
        else:
            pairs = urlsplit(url).query.split("&")
            values = [one.partition("=")[2] for one in pairs if one.partition("=")[0] == security.name]
        shown = [value for value in values if value]
        if not shown:
            return Auth.ABSENT
        if token is None or len(shown) > 1:
            return None
        return Auth.GOOD if shown[0] == _PREFIXES.get(security.kind, "") + token else Auth.WRONG

    def known(self, operation: Operation, parameters: Mapping[str, str], body: bytes) -> dict[str, dict[str, Any]]:
        """What the resources say of the ids and numbers of a request; of what was used up no state."""
        kit = self.kit(operation)
        if not self.is_known(operation.provider):
            return {}
        entries = {
            name: kit.resources.find(name, value) or Entry(name, "unlisted", value) for name, value in parameters.items()
        }
        known = kit.known(body, entries)
        for name, value in parameters.items():
            if (name, value) in self.spent:
                known[name] = {key: one for key, one in known[name].items() if key not in ("label", "state")}
        return known

    def spend(self, operation: Operation, parameters: Mapping[str, str]) -> None:
        """Notes what an accepted request has used up."""
        self.spent |= {(name, value) for name, value in parameters.items() if name in operation.states}


def _shape(path: str) -> list[str]:
    return ["{}" if "{" in segment else segment for segment in path.strip("/").split("/")]
