"""What all tests share: settings of hypothesis, an environment without ours in it, and tools that may be missing."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable

import hypothesis
import pytest

IN_CI = os.environ.get("CI") == "true"

# No example database: nothing on disk changes what a test does. No deadline: a busy machine is no failure.
hypothesis.settings.register_profile(
    "smscontract",
    database=None,
    deadline=None,
    print_blob=True,
    derandomize=IN_CI,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("smscontract")


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Outputs are compared: what decides on colour and width comes from the test alone."""
    for name in ("COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def need_tool() -> Callable[[str], str]:
    """The path of a program. Where it is missing the test is skipped by hand, and fails in CI, which installs everything."""

    def find(name: str) -> str:
        if found := shutil.which(name):
            return found
        if IN_CI:
            pytest.fail(f"`{name}` is not installed, and in CI it has to be")
        pytest.skip(f"`{name}` is not installed")

    return find
