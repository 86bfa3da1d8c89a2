"""Contract tests for SMS provider APIs: which sentence of the contract is broken, from recordings or from a live server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smscontract import strategies as strategies

__all__ = ["__version__"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """`smscontract.strategies`, loaded when it is asked for: it brings Hypothesis with it."""
    if name == "strategies":
        import importlib

        return importlib.import_module("smscontract.strategies")
    if name == "clauses_of":
        from smscontract.pytest_plugin._line import clauses_of

        return clauses_of
    raise AttributeError(f"module 'smscontract' has no attribute {name!r}")
