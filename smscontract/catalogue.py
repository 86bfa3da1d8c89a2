"""All clauses of some contracts, and which operation a request belongs to."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from urllib.parse import urlsplit

from smscontract.clauses import families
from smscontract.data import shipped_contracts
from smscontract.documents import Clause, Contract, Operation, nearest_hint, read_contract
from smscontract.errors import UnusableInput, UsageError
from smscontract.findings import Level
from smscontract.needed import PREFIX, NeedsFile, consumers_of, read_needs, with_needs

__all__ = ["Catalogue", "load_catalogue", "path_shape"]


class Catalogue:
    """The clauses of some contracts.

    Attributes:
        contracts: by provider.
        operations: by key, `provider.operationId`.
        clauses: by id, families in order of precedence within each operation.
        needed: what consumers need of the answers.
    """

    def __init__(self, contracts: Iterable[Contract], needed: Sequence[NeedsFile] = ()) -> None:
        self.contracts: Mapping[str, Contract] = {
            contract.provider: with_needs(contract, needed) if needed else contract for contract in contracts
        }
        self.needed = tuple(needed)
        self.operations: dict[str, Operation] = {}
        self.clauses: dict[str, Clause] = {}
        self._by_operation: dict[str, tuple[Clause, ...]] = {}
        for contract in self.contracts.values():
            for operation in contract.operations:
                self.operations[operation.key] = operation
                self._by_operation[operation.key] = self._collect(operation)

    def _collect(self, operation: Operation) -> tuple[Clause, ...]:
        found = [clause for module in families().values() for clause in module.clauses_of(operation)]
        order = {name: index for index, name in enumerate(families())}
        found.sort(key=lambda clause: order[clause.family])
        if self.needed:
            found = [self._raised(clause) for clause in found]
        for clause in found:
            if clause.id in self.clauses:
                raise UnusableInput(
                    f"two clauses are called `{clause.id}`", file=clause.file, line=clause.line, hint="rename one of the two"
                )
            self.clauses[clause.id] = clause
        return tuple(found)

    def _raised(self, clause: Clause) -> Clause:
        """What a consumer relies on is a `must` for it."""
        return replace(clause, level=Level.MUST) if consumers_of(clause, self.needed) else clause

    def of_operation(self, key: str) -> tuple[Clause, ...]:
        """The clauses of one operation, in order of precedence."""
        return self._by_operation[key]

    def clause(self, identity: str) -> Clause:
        """One clause by its id.

        Raises:
            UsageError: there is none; the nearest ids are in the hint.
        """
        if identity not in self.clauses:
            raise UsageError(f"there is no clause `{identity}`", hint=nearest_hint(identity, self.clauses))
        return self.clauses[identity]

    def operation(self, key: str) -> Operation:
        """One operation by its key, or by a provider's name if it has only one operation.

        Raises:
            UsageError: there is none.
        """
        if key in self.operations:
            return self.operations[key]
        of_provider = [operation for operation in self.operations.values() if operation.provider == key]
        if len(of_provider) == 1:
            return of_provider[0]
        raise UsageError(f"there is no operation `{key}`", hint=nearest_hint(key, self.operations))

    def match(self, method: str, url: str, provider: str | None = None) -> tuple[Operation, dict[str, str]] | None:
        """The operation of a request (of a provider, if one is named) and its path parameters, or `None` if it fits none."""
        verb = method.upper()
        for operation in self.operations.values():
            if (verb and verb != operation.method) or (provider is not None and operation.provider != provider):
                continue
            parameters = operation.match(method, url)
            if parameters is not None:
                return operation, parameters
        return None


def load_catalogue(names: Iterable[str] = ()) -> Catalogue:
    """The catalogue of providers by name or of contracts by path; without any, of all shipped ones. `needs:FILE` adds what a
    consumer needs of them.

    Raises:
        UsageError, UnusableInput: as `read_contract` and `read_needs`.
    """
    given = list(dict.fromkeys(names))
    wanted = [name for name in given if not name.startswith(PREFIX)] or list(shipped_contracts())
    needed = [read_needs(name.removeprefix(PREFIX)) for name in given if name.startswith(PREFIX)]
    return Catalogue((read_contract(name) for name in wanted), needed)


#: Segments that say nothing of anybody: `v1`, and words in lower case or with humps.
_PLAIN = re.compile(
    r"v[0-9]{1,2}(\.[0-9]{1,2})?((alpha|beta)[0-9]{0,2})?|[a-z]{1,20}([_.-][a-z]{1,20}){0,3}|[a-z]{1,20}([A-Z][a-z]{1,20}){1,3}"
)


def path_shape(method: str, url: str) -> str:
    """A request without its values: `GET /v1/sms/conversations/{}`. Segments that may be an id, a number, a text or a secret
    become `{}`."""
    try:
        path = urlsplit(url).path or "/"
    except ValueError:
        path = "/?"
    plain = [
        segment if segment in ("", "?") or (_PLAIN.fullmatch(segment) and len(segment) <= 32) else "{}"
        for segment in path.split("/")
    ]
    verb = method.upper() if method.isalpha() and method.isascii() and len(method) <= 10 else "?"
    return f"{verb} {'/'.join(plain)}"
