"""The files around the code agree with each other and with the code."""

from __future__ import annotations

import importlib.metadata
import os
import re
import subprocess
import sys
from collections.abc import Callable

import smscontract
from tests.house import project

#: All that may stand at the top. Hidden files are settings of tools.
LAYOUT = {"CHANGELOG.md", "LICENSE", "README.md", "contracts", "openapi", "pyproject.toml", "smscontract", "tests"}


def test_the_top_level_is_as_fixed() -> None:
    here = {path.relative_to(project.TOP).parts[0] for path in project.files()}
    assert {name for name in here if not name.startswith(".")} == LAYOUT


def test_versions_agree() -> None:
    assert importlib.metadata.version("smscontract") == smscontract.__version__
    assert project.pyproject()["tool"]["hatch"]["version"]["path"] == "smscontract/__init__.py"


def test_the_changelog_has_a_place_for_what_comes() -> None:
    text = (project.TOP / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"^## \[(.+?)\]", text, re.MULTILINE)
    assert headings[0] == "Unreleased"
    assert re.search(r"^## \[Unreleased\]\n+### (Added|Changed|Deprecated|Removed|Fixed|Security)\n+- ", text, re.MULTILINE)
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in headings[1:])


def test_each_dependency_and_each_lint_that_is_off_has_its_reason() -> None:
    text = (project.TOP / "pyproject.toml").read_text(encoding="utf-8")
    for name in ("dependencies", "dev", "ignore", r'"tests/\*\*"'):
        found = re.search(rf"^{name} = \[\n(.*?)^\]", text, re.MULTILINE | re.DOTALL)
        assert found, name
        lines = found[1].splitlines()
        assert lines
        assert [line for line in lines if not re.fullmatch(r'    "[^"]+", +# \S.*', line)] == []


def test_imports_are_of_declared_dependencies() -> None:
    table = project.pyproject()["project"]
    extras = [one for name, some in table["optional-dependencies"].items() if name != "dev" for one in some]
    declared = {re.split(r"[\[<>=~!,; ]", one)[0].lower() for one in (*table["dependencies"], *extras)}
    declared.add("compression")  # of Python, from 3.14 on
    known = {
        "backports": "backports.zstd",
        "yaml": "pyyaml",
        "jsonschema_rs": "jsonschema-rs",
        "jsonpath_rfc9535": "jsonpath-rfc9535",
    }
    wrong = {
        f"{name}: {found}"
        for name, path in project.modules().items()
        for found in project.imports(path)
        if found not in {*sys.stdlib_module_names, "smscontract"} and known.get(found, found) not in declared
    }
    assert wrong == set()


def test_the_script_of_ci_can_run(need_tool: Callable[[str], str]) -> None:
    script = project.TOP / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run([need_tool("bash"), "-n", script], check=True)


def test_the_package_is_typed_and_licensed() -> None:
    assert (project.PACKAGE / "py.typed").is_file()
    assert "MIT License" in (project.TOP / "LICENSE").read_text(encoding="utf-8")
    assert project.pyproject()["project"]["license"] == "MIT"
