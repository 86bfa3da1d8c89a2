"""Fuzzing: many requests of one operation, valid and invalid ones, and the smallest one for each clause that is broken.

Requests come out of schemathesis's strategies with values of our own laid over them; Hypothesis draws, and makes findings
small. Whether a request is valid is read from its bytes by the contract, as everywhere. Sending is the caller's.

The cases depend on document, contract, seed, numbers and ids, and on nothing else; asking for more of them changes none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from smscontract.documents import Operation
from smscontract.fuzz._check import Check
from smscontract.fuzz._compose import Composer
from smscontract.fuzz._model import NEGATIVE, POSITIVE, FuzzRequest, FuzzResult, Send, Verdict

__all__ = ["Check", "Composer", "FuzzRequest", "FuzzResult", "Send", "Verdict", "fuzz"]


def fuzz(
    operation: Operation,
    document: Mapping[str, Any],
    send: Send,
    *,
    seed: int,
    cases: int,
    numbers: Mapping[str, Sequence[str]],
    shrink: int,
    ids: Mapping[str, Sequence[str]] | None = None,
) -> FuzzResult:
    """Sends cases of one operation and makes what they find small.

    Args:
        operation: which.
        document: its OpenAPI document.
        send: sends one request, judges the answer; what it raises ends the run and is raised here.
        seed: any number; the same one makes the same cases.
        cases: how many to execute: the first half valid ones, the rest invalid ones.
        numbers: telephone numbers that are valid, by place (`user_number`). Places that are missing get reserved ones, unless
            a rule wants a number that the account owns.
        shrink: how many requests may be sent in all to make findings small.
        ids: values of parameters of the path that exist and are accepted; where the contract knows states of the parameter each
            is used once. Without any, there are no valid cases.

    Returns:
        What was done. Cases that could not be made or sent are told in its `note`, never left out in silence.
    """
    from smscontract.fuzz._run import Run

    return Run(operation, document, send, seed=seed, numbers=numbers, ids=ids or {}).result(
        {POSITIVE: cases - cases // 2, NEGATIVE: cases // 2}, shrink
    )
