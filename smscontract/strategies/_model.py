"""What is drawn."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

__all__ = ["SampleAnswer", "SampleRequest"]


@dataclass(frozen=True, kw_only=True)
class SampleRequest:
    """One request, ready to be sent to a host of your choice.

    Attributes:
        operation: `provider.operationId`.
        path: with the query, percent-encoded, from the slash on.
        path_parameters: as they are meant, not percent-encoded.
        headers: in order, the credential included; lower case.
        body: the exact bytes; `None` for none.
        validity: `valid`, `invalid` (for exactly one reason), or `undefined`: the contract says that nobody knows.
        clause: id of the clause that has an invalid request refused, else empty; `smscontract explain` prints it.
        auth: `good`, `absent` or `wrong`.
        known: what has to be true of the target for the request to be what it says, by parameter: `{"message_id": "draft"}`.
    """

    operation: str
    method: str
    path: str
    path_parameters: Mapping[str, str] = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    validity: str = "valid"
    clause: str = ""
    auth: str = "good"
    known: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body as a value; `None` without a body.

        Raises:
            ValueError: the body is no JSON, which is what is wrong with the request.
        """
        return None if self.body is None else json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class SampleAnswer:
    """One answer that keeps the contract, and what it answers."""

    request: SampleRequest
    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes

    @property
    def json(self) -> Any:
        """The body as a value."""
        return json.loads(self.body)
