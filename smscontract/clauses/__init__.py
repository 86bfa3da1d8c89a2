"""Families of clauses, one module each. A new family is one more module here: it is found by its name `FAMILY`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

from smscontract.documents import FAMILIES

__all__ = ["families"]


@cache
def families() -> dict[str, Any]:
    """The module of each family, in the order of precedence; families that the table does not list come last, by name."""
    found: dict[str, Any] = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        name = getattr(module, "FAMILY", None)
        if name is not None:
            found[name] = module
    order = {name: index for index, name in enumerate(FAMILIES)}
    return dict(sorted(found.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))
