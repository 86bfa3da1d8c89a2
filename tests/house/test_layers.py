"""The map of layers in the README is the truth about who imports whom."""

from __future__ import annotations

import ast
import graphlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.house import project

MODULES = project.modules()
PACKAGES = {name for name, path in MODULES.items() if path.name == "__init__.py"}
#: Packages whose public files know nothing of each other: each is one format.
BLIND = {"recordings", "reports"}


def rows() -> dict[str, int]:
    """Each module or package directly below `smscontract`, and the number of its row, from the top."""
    return {name: number for number, row in enumerate(project.table("Layers")) for name in re.findall(r"`(\w+)`", row[1])}


def imports(path: Path) -> Iterator[str]:
    """The dotted name of each of our modules that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}:{node.lineno} is a relative import"
            base = node.module or ""
            names = [f"{base}.{alias.name}" if f"{base}.{alias.name}" in MODULES else base for alias in node.names]
        for name in names:
            if name.split(".")[0] == "smscontract":
                yield name


def unit(name: str) -> str:
    """The part below `smscontract`: `reports` for `smscontract.reports.junit`; empty for `smscontract` itself."""
    return name.split(".")[1] if "." in name else ""


EDGES = [(name, target) for name, path in MODULES.items() for target in sorted(set(imports(path)))]


def test_the_map_names_every_module_once_and_no_other() -> None:
    named = [name for row in project.table("Layers") for name in re.findall(r"`(\w+)`", row[1])]
    assert sorted(named) == sorted({unit(name) for name in MODULES} - {""})


def test_imports_were_found() -> None:
    assert ("smscontract.findings", "smscontract.exchange") in EDGES
    assert ("smscontract.reports.junit", "smscontract.plain") in EDGES


def test_every_import_is_of_a_module_that_exists() -> None:
    assert [(name, target) for name, target in EDGES if target not in MODULES] == []


@pytest.mark.parametrize("name", sorted(MODULES))
def test_a_module_imports_only_from_rows_above_its_own(name: str) -> None:
    row = rows()
    wrong = [
        target
        for source, target in EDGES
        if source == name and unit(target) not in {"", unit(name)} and row[unit(target)] >= row.get(unit(name), -1)
    ]
    if name == "smscontract":  # for type checkers alone it says where its names are; that it loads nothing is tested elsewhere
        wrong = []
    assert wrong == []


def test_the_files_of_a_package_do_not_import_in_a_circle() -> None:
    graph: dict[str, set[str]] = {}
    for source, target in EDGES:
        # A package's own `__init__` is loaded before any of its files anyway.
        if target not in PACKAGES:
            graph.setdefault(source, set()).add(target)
    list(graphlib.TopologicalSorter(graph).static_order())


def test_formats_know_nothing_of_each_other() -> None:
    def is_format(name: str) -> bool:
        return unit(name) in BLIND and name not in PACKAGES and not name.rpartition(".")[2].startswith("_")

    assert any(is_format(name) for name in MODULES)
    assert [(source, target) for source, target in EDGES if is_format(source) and is_format(target)] == []


def test_only_named_modules_may_load_the_heavy_libraries() -> None:
    """Only these rows drive them; everybody else would make the light commands heavy."""
    allowed = {"fuzz", "strategies", "st_hooks"}
    heavy = {"schemathesis", "hypothesis"}
    assert [name for name, path in MODULES.items() if project.imports(path) & heavy and unit(name) not in allowed] == []
