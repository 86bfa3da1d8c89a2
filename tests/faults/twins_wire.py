"""Right servers of both providers whose answers are written otherwise, or that have a bad moment."""

from __future__ import annotations

import gzip
from dataclasses import replace
from functools import partial

from smscontract.sandbox.calls import Answer, Ask
from tests.faults.model import Bland, Reply, Seen, Stuut, twin

__all__: list[str] = []

stuut = partial(twin, provider="stuut")
bland = partial(twin, provider="bland")


def _chunked(_: Seen, reply: Reply) -> Reply:
    reply.chunks = 4
    return reply


def _charset(_: Seen, reply: Reply) -> Reply:
    return reply.with_header("content-type", 'application/json; charset="UTF-8"')


def _capital_headers(_: Seen, reply: Reply) -> Reply:
    reply.headers = [(name.title(), value) for name, value in reply.headers]
    return reply


def _spaced_and_sorted(_: Seen, reply: Reply) -> Reply:
    return reply.with_json(reply.json, indent=2, sort_keys=True)


def _escaped(_: Seen, reply: Reply) -> Reply:
    return reply.with_json(reply.json, ensure_ascii=True)


def _line_feed_at_the_end(_: Seen, reply: Reply) -> Reply:
    reply.body += b"\r\n"
    return reply


def _problem_json(_: Seen, reply: Reply) -> Reply:
    return reply if reply.status < 400 else reply.with_header("content-type", "application/problem+json")


def _more_headers(_: Seen, reply: Reply) -> Reply:
    reply.headers += [
        ("x-request-id", "r-1"),
        ("set-cookie", "a=b"),
        ("set-cookie", "c=d"),
        ("retry-after", "0"),
        ("x-ratelimit-remaining", "5"),
    ]
    return reply


def _half_a_second(seen: Seen, reply: Reply) -> Reply:
    reply.delay = 0.5 if seen.number % 20 == 0 else 0.0
    return reply


def _refusals_without_body(_: Seen, reply: Reply) -> Reply:
    # A code that the page asks for has to stand somewhere.
    if reply.status < 400 or b"INVALID_TIMEOUT_CONFIG" in reply.body:
        return reply
    reply.body = b""
    return reply.with_header("content-type", None)


for _change in (
    _chunked,
    _charset,
    _capital_headers,
    _spaced_and_sorted,
    _escaped,
    _line_feed_at_the_end,
    _problem_json,
    _more_headers,
    _half_a_second,
    _refusals_without_body,
):
    _change.__name__ = _change.__name__.strip("_")
    stuut(_change)
    bland(_change)


# -- whatever stands in front has a bad moment, and the request never arrives


class _Hiccup:
    at = 9
    instead = Answer(503, "Service Unavailable", (("content-type", "text/html"),))

    def answer(self, ask: Ask) -> Answer:
        count = self.__dict__["count"] = self.__dict__.get("count", 0) + 1
        return self.instead if count == self.at else super().answer(ask)  # type: ignore[misc]


class _Limited(_Hiccup):
    at = 7
    instead = Answer(429, {"message": "API rate limit exceeded"}, (("retry-after", "0"),))


for _base in (Stuut, Bland):
    twin(type("OneBadGateway", (_Hiccup, _base), {}))
    twin(type("OneRateLimit", (_Limited, _base), {}))


def always_gzipped(_: Seen, reply: Reply) -> Reply:
    return replace(reply, body=gzip.compress(reply.body)).with_header("content-encoding", "gzip")


for _provider in ("stuut", "bland"):
    twin(always_gzipped, provider=_provider)
