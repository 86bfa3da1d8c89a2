"""Contract tests for SMS provider APIs: which sentence of the contract is broken, from recordings or from a live server."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from smscontract import strategies as strategies
    from smscontract.checking import ContractBroken as ContractBroken
    from smscontract.checking import check as check
    from smscontract.checking import exchanges as exchanges
    from smscontract.needed import needs as needs
    from smscontract.pytest_plugin._line import clauses_of as clauses_of
    from smscontract.recorder import record as record

__all__ = ["__version__"]

__version__ = "0.1.0"

#: What users' tests are given, and the module that has it, loaded when it is asked for: the package alone loads nothing.
_LATER = {
    "ContractBroken": "smscontract.checking",
    "check": "smscontract.checking",
    "clauses_of": "smscontract.pytest_plugin._line",
    "exchanges": "smscontract.checking",
    "needs": "smscontract.needed",
    "record": "smscontract.recorder",
    "strategies": "smscontract.strategies",
}


def __getattr__(name: str) -> Any:
    """`smscontract.strategies`, `smscontract.check` and their like."""
    if name not in _LATER:
        raise AttributeError(f"module 'smscontract' has no attribute {name!r}")
    import importlib

    module = importlib.import_module(_LATER[name])
    return module if _LATER[name] == f"{__name__}.{name}" else getattr(module, name)
