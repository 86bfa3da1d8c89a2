from collections.abc import Callable, Sequence
from typing import Any

class Pack:
    count: int
    def take(self) -> tuple[bytes, int]: ...

class Way:
    def __init__(
        self,
        pack: Pack,
        row: Sequence[int],
        relations: Sequence[tuple[int, int, int]],
        checks: Sequence[Callable[[Any], bool]],
        times: Any,
    ) -> None: ...

class Template:
    def __init__(
        self,
        elements: Sequence[Any],
        groups: int,
        told: Sequence[int],
        escaped: Sequence[tuple[int, int]],
        memos: Sequence[tuple[set[bytes], Sequence[int], Callable[[Any], bool], int, int]],
        times: tuple[tuple[int, bool] | None, tuple[int, bool] | None],
        keeps: Callable[[str, Any], bool] | None,
        timestamp: Callable[[object], float | None],
        unescaped: Callable[[str, int], str],
    ) -> None: ...
    def learn(self, groups: Sequence[str | None], way: Way | None) -> None: ...

class Scanner:
    missed: int
    hits: int
    def __init__(self, doubts: tuple[type[Exception], ...]) -> None: ...
    def add(self, template: Template) -> None: ...
    def groups(self, template: Template, line: bytes) -> tuple[str | None, ...] | None: ...
    def run(self, block: bytes, at: int, number: int, most: int) -> tuple[int, int]: ...
