"""Light commands stay light: what is heavy is loaded by who needs it."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.house import project

HEAVY = {"hypothesis", "schemathesis", "starlette", "uvicorn", "httpx", "pytest", "rich"}
HEAVY |= {"fsspec", "pyarrow", "mitmproxy", "dask"}


def loaded(code: str) -> set[str]:
    """The top-level modules that are loaded after the code ran in a fresh interpreter."""
    report = "import sys, atexit; atexit.register(lambda: print('LOADED', *sorted(sys.modules), file=sys.stderr))\n"
    done = subprocess.run(
        [sys.executable, "-c", report + code], check=False, capture_output=True, text=True, cwd=project.TOP, timeout=120
    )
    assert "Traceback" not in done.stderr, done.stderr
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("LOADED ")]
    return {name.partition(".")[0] for name in line.split()}


def test_the_package_loads_next_to_nothing() -> None:
    ours = {name for name in loaded("import smscontract") if name == "smscontract" or name in HEAVY}
    assert ours == {"smscontract"}


@pytest.mark.parametrize("command", [["--help"], ["validate", "--help"], ["clauses", "--help"], ["explain", "--help"]])
def test_help_is_light(command: list[str]) -> None:
    assert (
        loaded(f"import sys; sys.argv = ['smscontract', *{command}]; from smscontract.cli import main; main()") & HEAVY == set()
    )


def test_validate_is_light() -> None:
    command = ["validate", str(project.TOP / "tests/recordings/data/bland-documented.har")]
    code = f"import sys; sys.argv = ['smscontract', *{command}]; from smscontract.cli import main; main()"
    assert loaded(code) & HEAVY == set()


def test_heavy_libraries_would_be_noticed() -> None:
    assert "hypothesis" in loaded("import hypothesis") & HEAVY
