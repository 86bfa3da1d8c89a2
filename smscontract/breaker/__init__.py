"""One breaker for every clause: an ASGI application in front of another one, and the mutator behind it for exchanges alone."""

from __future__ import annotations

from smscontract.breaker.asgi import Breaker, Knowledge
from smscontract.breaker.grammar import Break, Condition, parse_break, parse_breaks
from smscontract.breaker.mutator import Mutator, Tally, Turn

__all__ = ["Break", "Breaker", "Condition", "Knowledge", "Mutator", "Tally", "Turn", "parse_break", "parse_breaks"]
