"""What no OpenAPI document can say: which numbers the sandbox's account owns. Loaded by the command line of schemathesis."""

from __future__ import annotations

import re
from typing import Any

import schemathesis

OWNED = "+14155550100"


@schemathesis.hook
def map_case(context: schemathesis.HookContext, case: schemathesis.Case[Any]) -> schemathesis.Case[Any]:
    """An agent_number that could be a number becomes one that is owned, in place; what is wrong on purpose stays wrong."""
    del context
    body: Any = case.body
    number = body.get("agent_number") if isinstance(body, dict) else None
    if isinstance(number, str) and re.fullmatch(r"\+[1-9][0-9]{1,14}", number):
        body["agent_number"] = OWNED
    return case
