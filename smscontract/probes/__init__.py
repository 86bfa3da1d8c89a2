"""Probe families, one module each: small generators of cases that say which clause they aim at.

A new family is one more module here with `ORDER` and `cases`.
"""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from typing import Any

__all__ = ["families"]


@cache
def families() -> dict[str, Any]:
    """The module of each family by name, in the order in which the plan asks them."""
    found = {}
    for info in pkgutil.iter_modules(__path__):
        module = importlib.import_module(f"{__name__}.{info.name}")
        if hasattr(module, "ORDER"):
            found[info.name] = module
    return dict(sorted(found.items(), key=lambda item: (item[1].ORDER, item[0])))
