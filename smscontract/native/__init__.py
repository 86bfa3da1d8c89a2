"""Parts of the short way in C, where they could be compiled. Nothing needs them: what they do, others do in Python, slower.

With `SMSCONTRACT_NATIVE=0` in the environment they are left alone.
"""

from __future__ import annotations

import hashlib
import importlib
import json
import os
from pathlib import Path
from typing import Any

__all__ = ["compiled", "load"]

_HERE = Path(__file__).parent


def compiled() -> list[str]:
    """The names of the parts that are there, compiled."""
    return sorted(path.stem for path in _HERE.glob("*.pyx") if load(path.stem) is not None)


def load(name: str) -> Any:
    """A compiled module; `None` if there is none, or one of other sources than those that are here."""
    if os.environ.get("SMSCONTRACT_NATIVE") == "0" or not _is_of_its_source(name):
        return None
    try:
        return importlib.import_module(f"smscontract.native.{name}")
    except ImportError:  # compiled for another Python
        return None


def _is_of_its_source(name: str) -> bool:
    try:
        stamp = json.loads((_HERE / "built.json").read_bytes())
        return bool(stamp.get(name) == hashlib.sha256((_HERE / f"{name}.pyx").read_bytes()).hexdigest())
    except (OSError, ValueError):
        return False
