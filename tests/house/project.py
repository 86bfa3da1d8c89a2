"""The repository as the tests of it see it."""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import Any

TOP = Path(__file__).resolve().parents[2]
PACKAGE = TOP / "smscontract"

#: What builds, tools and hidden folders leave behind.
_LEFT_BEHIND = {"__pycache__", "build", "dist", "htmlcov", "node_modules", "site-packages"}


def files(folder: Path = TOP) -> list[Path]:
    """Every file of the project, without what tools leave behind."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.is_dir():
            if path.name not in _LEFT_BEHIND and (not path.name.startswith(".") or path.name == ".ci"):
                found += files(path)
        elif path.suffix not in {".pyc", ".so", ".pyd"} and path.name != "built.json" and not path.name.startswith(".coverage"):
            found.append(path)
    return found


def module_name(path: Path) -> str:
    """`smscontract.reports.json_report`, `smscontract.reports` for its `__init__.py`."""
    parts = path.relative_to(TOP).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def modules() -> dict[str, Path]:
    """Every module of the package by its dotted name."""
    return {module_name(path): path for path in files(PACKAGE) if path.suffix == ".py"}


def imports(path: Path) -> set[str]:
    """The libraries (ours included) that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            found.add((node.module or "").partition(".")[0])
    return found


def readme() -> str:
    return (TOP / "README.md").read_text(encoding="utf-8")


def section(title: str) -> str:
    """The text below a heading of the README, up to the next one."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", readme(), re.MULTILINE | re.DOTALL)
    assert found, f"README.md has no section `{title}`"
    return found[1]


def table(title: str) -> list[list[str]]:
    """The cells of the table in a section of the README, without its head."""
    rows = [line for line in section(title).splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in row.strip("|").split("|")] for row in rows[2:]]


def sessions() -> list[tuple[str, list[str]]]:
    """Each command of the README's console blocks, with the lines of output that stand below it."""
    found: list[tuple[str, list[str]]] = []
    for block in re.findall(r"^```console\n(.*?)^```$", readme(), re.MULTILINE | re.DOTALL):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            else:
                found[-1][1].append(line)
    return found


def pyproject() -> dict[str, Any]:
    return tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))
