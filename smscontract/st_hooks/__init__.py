"""Hooks for schemathesis's command line: a plain `st run` judges our clauses too, and texts nobody.

    SCHEMATHESIS_HOOKS=smscontract.st_hooks st run openapi.yaml --url http://127.0.0.1:8000

Importing this module registers them; nothing else imports it. What the environment may say:

- `SMSCONTRACT_RESOURCES`: the file of `gate --resources`. A sandbox of ours on this machine tells by itself.
- `SMSCONTRACT_TOKEN_ENV`: the variable with the good credential; without it nobody knows which requests had a good one.
- `SMSCONTRACT_CONTRACT`: shipped providers or paths of contracts, with commas between them. Default: all shipped.
- `SMSCONTRACT_FAIL_ON`: `must` (the default) or `should`.
- `SMSCONTRACT_DRAFTS_ARE_SAFE`: as `gate --drafts-are-safe`, if it is set to anything.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import schemathesis

from smscontract.errors import ExitCode, SmscontractError
from smscontract.st_hooks._cases import Cases
from smscontract.st_hooks._judging import Judging
from smscontract.st_hooks._target import Target

__all__ = ["before_call", "filter_case", "filter_failure", "map_case", "smscontract_clauses"]

try:
    _target = Target(os.environ)
except SmscontractError as error:  # a command line is used: no traceback for bad input
    print(f"smscontract.st_hooks: {error}", file=sys.stderr)  # noqa: T201
    raise SystemExit(ExitCode.UNUSABLE) from None
_cases = Cases(_target)
_judging = Judging(_target)


@schemathesis.hook
def filter_case(context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> bool:
    """Leaves out what could text somebody whom nobody knows."""
    del context
    return _cases.may_be_sent(case)


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
    """Puts reserved numbers and existing ids into a case, in place, and leaves what is wrong on purpose wrong."""
    del context
    _cases.change(case)
    return case


@schemathesis.hook
def before_call(context: schemathesis.HookContext, case: schemathesis.Case[Any], kwargs: dict[str, Any]) -> None:
    """The leash: whatever made a case, it does not leave if it could dial outside the reserved ranges, or text
    somebody whom nobody knows. Examples of the document come without the hooks above, and get here what they lack.

    Raises:
        LeashError: it could; schemathesis reports it as an error of the run; nothing was sent.
    """
    del context, kwargs
    _cases.complete(case)
    _cases.leash(case)


@schemathesis.hook
def filter_failure(context: schemathesis.HookContext, failure: Any, case: schemathesis.Case[Any], response: Any) -> bool:
    """Drops what schemathesis concludes from the schema alone where the contract knows better: "accepted although invalid" of
    what nobody says is invalid, "refused although valid" of what a rule has refused or nobody knows."""
    del context
    return _judging.is_worth_telling(failure, response, case)


@schemathesis.check
class smscontract_clauses:  # noqa: N801 - the name of the check
    """The clauses of the contract, those that speak of more than one exchange included."""

    def after_response(self, ctx: Any, response: Any, case: Any) -> bool | None:
        """Judges one exchange, and what it means for those before it."""
        del ctx
        return _judging.after_response(response, case)

    def after_run(self, ctx: Any) -> None:
        """Judges what only all exchanges together show; an operation that accepted nothing fails the run."""
        del ctx
        _judging.after_run()
