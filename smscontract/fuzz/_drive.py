"""Hypothesis as a machine: bytes in, requests out, and failing requests made small. Nothing printed, nothing on disk."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any
from unittest import mock

__all__ = ["Found", "Stop", "generate", "noise", "quiet", "shrink"]

#: More than any request draws. What is left over is not read.
_BYTES = 32_768

Draw = Callable[[Any], Any]


class Stop(BaseException):
    """Ends a run of Hypothesis at once. No `Exception`: it would be taken for a finding and made small."""


class Found(Exception):
    """The clause that is looked for is broken."""


def noise(seed: str) -> bytes:
    """Reproducible noise. Seeding by a text does not depend on the process."""
    return random.Random(seed).randbytes(_BYTES)  # noqa: S311  # reproducible, no secret


def _no_constant(*_args: Any, **_kwargs: Any) -> None:
    return None


@contextmanager
def quiet() -> Iterator[None]:
    """Keeps Hypothesis from reading, writing and printing for a while.

    Left alone it mines literals out of every local module that happens to be loaded (so that what is drawn depends on who
    imported what), and keeps those and its Unicode tables in `.hypothesis/`. No setting switches that off in 6.170.
    """
    from hypothesis import HealthCheck, configuration, settings
    from hypothesis._settings import local_settings
    from hypothesis.internal import observability
    from hypothesis.internal.conjecture import providers
    from hypothesis.reporting import with_reporter

    name = "__hypothesis_home_directory"
    before = getattr(configuration, name)
    # A folder below a device: nothing can be read there and nothing made, and Hypothesis goes on without.
    configuration.set_hypothesis_home_dir("/dev/null/hypothesis")
    try:
        with (
            local_settings(settings(suppress_health_check=list(HealthCheck))),  # the caller may be a property itself
            mock.patch.multiple(observability, create=True, _callbacks={}, _callbacks_all_threads=[]),
            mock.patch.object(providers.HypothesisProvider, "_maybe_draw_constant", _no_constant, create=True),
            with_reporter(lambda *_args: None),
        ):
            yield
    finally:
        setattr(configuration, name, before)


def _test(body: Callable[[Draw], None], database: Any) -> Any:
    """Our own `@given`, around a function that draws what it needs."""
    from hypothesis import HealthCheck, Phase, Verbosity, given, seed, settings
    from hypothesis import strategies as st

    @settings(
        database=database,
        deadline=None,
        derandomize=False,
        max_examples=1,
        phases=(Phase.reuse, Phase.shrink),
        print_blob=False,
        report_multiple_bugs=True,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @seed(0)  # below the settings: it would take their database away
    @given(st.data())
    def one(data: Any) -> None:
        body(data.draw)

    return one


def generate(body: Callable[[Draw], None]) -> Callable[[bytes], None]:
    """A function that runs `body` on some bytes, once. What `body` rejects or what the bytes do not suffice for is no error.

    Each call depends on its bytes alone: not on the calls before, not on a database, not on Hypothesis's idea of what to try.
    """
    target = _test(body, None).hypothesis.fuzz_one_input

    def run(raw: bytes) -> None:
        target(raw)

    return run


def shrink(body: Callable[[Draw], None], raw: bytes) -> None:
    """Runs `body` on bytes of which it is known to raise, then on ever simpler ones, until nothing simpler raises.

    Hypothesis's own way for what other fuzzers found: the failing input goes into an example database (here in memory) and is
    taken up again by the phases `reuse` and `shrink`.
    """
    from hypothesis.database import InMemoryExampleDatabase
    from hypothesis.errors import Flaky

    test = _test(body, InMemoryExampleDatabase())
    with suppress(Stop):
        try:
            test.hypothesis.fuzz_one_input(raw)
        except Found:
            with suppress(Found, Flaky):
                test()
