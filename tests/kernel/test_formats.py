"""Exchanges of every format take the short way, and all that is said of them is what the judge says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from smscontract.choice import Choice
from smscontract.mapping import Routes
from tests.kernel.formats import FORMATS, judged, written_as

SEEDS = st.integers(0, 2**32 - 1)


def same(files: dict[str, bytes], **more: object) -> None:
    """Makes sure of it."""
    assert judged(files, short=True, **more) == judged(files, short=False, **more)  # type: ignore[arg-type]


@given(SEEDS, st.sampled_from(sorted(FORMATS)))
@settings(max_examples=30, deadline=None)
def test_of_recordings_with_anything_wrong(seed: int, suffix: str) -> None:
    same({f"one.{suffix}": written_as(suffix, seed, 50)})


@pytest.mark.campaign
@given(SEEDS, st.sampled_from(sorted(FORMATS)))
@settings(max_examples=600, deadline=None)
def test_of_many_such_recordings(seed: int, suffix: str) -> None:
    same({f"one.{suffix}": written_as(suffix, seed, 60)})


@given(SEEDS)
@settings(max_examples=6, deadline=None)
def test_of_several_formats_at_once(seed: int) -> None:
    same({f"{number}.{suffix}": written_as(suffix, seed, 30) for number, suffix in enumerate(FORMATS)})


@given(SEEDS, st.sampled_from(("har", "jsonl", "log")), st.sampled_from((0.3, 1)), st.sampled_from((None, 1_790_300_000)))
@settings(max_examples=10, deadline=None)
def test_of_what_was_chosen(seed: int, suffix: str, share: float, since: float | None) -> None:
    choice = Choice(since=since, until=1_792_000_000 if seed % 3 else None, share=share)
    same({f"one.{suffix}": written_as(suffix, seed, 60)}, choice=choice)


@given(SEEDS, st.sampled_from(("har", "jsonl")), st.sampled_from(("bland", "stuut")))
@settings(max_examples=6, deadline=None)
def test_behind_a_gateway(seed: int, suffix: str, provider: str) -> None:
    routes = Routes(hosts={"api.example.test": provider}, prefixes=("/v2/sms-threads",) if seed % 2 else ())
    same({f"one.{suffix}": written_as(suffix, seed, 50)}, routes=routes)
