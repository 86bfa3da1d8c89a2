"""Puts wrappers in the place of methods, and takes them away again; also in modules that are imported only later."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

__all__ = ["Patches"]

_ABSENT = object()


class Patches:
    """What was replaced, newest last."""

    def __init__(self) -> None:
        self._done: list[tuple[Any, str, Any, Any]] = []
        self._finder: _Finder | None = None

    def wrap(self, owner: Any, name: str, make: Callable[[Any], Any]) -> None:
        """Replaces a method of a class by `make(method)`. A class without it is left alone."""
        original = getattr(owner, name, None)
        if original is None:
            return
        own = vars(owner).get(name, _ABSENT)
        wrapper = make(original)
        self._done.append((owner, name, own, wrapper))
        setattr(owner, name, wrapper)

    def when_imported(self, callbacks: Mapping[str, Callable[[ModuleType], None]]) -> None:
        """Calls each callback with its module: now if it is there, else once it is imported."""
        later = {}
        for name, callback in callbacks.items():
            if name in sys.modules:
                callback(sys.modules[name])
            else:
                later[name] = callback
        self._finder = _Finder(later)
        sys.meta_path.insert(0, self._finder)

    def undo(self) -> None:
        """Everything as it was. Where somebody else has put a wrapper over ours since, ours stays below it: its tap is closed
        and lets everything through."""
        if self._finder is not None and self._finder in sys.meta_path:
            sys.meta_path.remove(self._finder)
        while self._done:
            owner, name, own, wrapper = self._done.pop()
            if vars(owner).get(name) is not wrapper:
                continue
            if own is _ABSENT:
                delattr(owner, name)
            else:
                setattr(owner, name, own)


class _Finder(MetaPathFinder):
    """Finds nothing itself: it asks the others, and has the callback called after the module ran."""

    def __init__(self, callbacks: dict[str, Callable[[ModuleType], None]]) -> None:
        self._callbacks = callbacks

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None) -> ModuleSpec | None:
        """See `importlib.abc.MetaPathFinder`."""
        callback = self._callbacks.pop(name, None)
        if callback is None:
            return None
        spec = _others(self, name, path, target)
        run = getattr(spec.loader, "exec_module", None) if spec is not None else None
        if spec is None or run is None:
            self._callbacks[name] = callback
            return spec

        def exec_module(module: ModuleType) -> None:
            run(module)
            callback(module)

        try:
            spec.loader.exec_module = exec_module  # type: ignore[union-attr,method-assign]  # of this one loader
        except AttributeError:
            return spec
        return spec


def _others(finder: MetaPathFinder, name: str, path: Sequence[str] | None, target: ModuleType | None) -> ModuleSpec | None:
    for one in sys.meta_path:
        if one is finder or not hasattr(one, "find_spec"):
            continue
        spec = one.find_spec(name, path, target)
        if spec is not None:
            return spec
    return None
