"""Hypothesis strategies for tests of your own: requests of an operation, and answers that keep the contract.

Telephone numbers are only ever ones that are reserved for fiction and tests, near misses of them included. Nothing is sent.

    from hypothesis import given
    from smscontract import strategies

    @given(strategies.requests("acme.create-message", valid=False))
    def test_my_stub_refuses(request):
        answer = client.request(request.method, request.path, headers=dict(request.headers), content=request.body)
        assert 400 <= answer.status_code < 500, request.clause
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from smscontract.strategies._model import SampleAnswer, SampleRequest

if TYPE_CHECKING:
    from hypothesis.strategies import SearchStrategy

__all__ = ["TOKEN", "SampleAnswer", "SampleRequest", "answers", "requests"]

#: What requests show as their credential unless they are given another.
TOKEN = "smscontract-sample-token"  # noqa: S105 - opens nothing


def requests(
    operation: str,
    *,
    valid: bool | None = True,
    ids: Mapping[str, Sequence[str]] | None = None,
    numbers: Mapping[str, Sequence[str]] | None = None,
    token: str = TOKEN,
) -> SearchStrategy[SampleRequest]:
    """Requests of one operation.

    Args:
        operation: `provider.operationId`, a provider that has one operation, or the path of a contract that has one.
        valid: `True`: valid by document and contract; `False`: wrong in exactly one thing, and `clause` says in which; `None`:
            both, and requests of which the contract says that nobody knows.
        ids: what exists, by parameter of the path: `{"message_id": ["m1"]}`. Without any, ids are made up and said to exist.
        numbers: by member, those that are valid there; they have to be reserved. Without any, reserved ones.
        token: the good credential.

    Raises:
        hypothesis.errors.InvalidArgument: no such operation, an argument that cannot be used, nothing to draw.
    """
    from smscontract.strategies._requests import maker

    return maker(operation, ids, numbers, token).requests(valid)


def answers(
    operation: str,
    *,
    status: int | None = None,
    having: Mapping[str, Any] | None = None,
    ids: Mapping[str, Sequence[str]] | None = None,
    numbers: Mapping[str, Sequence[str]] | None = None,
    token: str = TOKEN,
) -> SearchStrategy[SampleAnswer]:
    """Answers of one operation in which nothing is wrong, each with the request that it answers.

    Args:
        operation, ids, numbers, token: as for `requests`.
        status: only answers with this one; otherwise successes and refusals.
        having: members of the answer that have to be so, by name or JSON Pointer: `{"status": "failed"}`.

    Raises:
        hypothesis.errors.InvalidArgument: as `requests`; or no answer like this keeps the contract.
    """
    from smscontract.strategies._answers import Answers
    from smscontract.strategies._requests import maker

    return Answers(maker(operation, ids, numbers, token), status, having or {}).answers()
