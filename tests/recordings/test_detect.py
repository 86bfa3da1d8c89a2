"""Which format a file is in, and files in no text that we read."""

from __future__ import annotations

import pytest

from smscontract.exchange import Exchange
from tests.recordings.reading import CASSETTES, exchange, har, har_entry, line, outcomes, trouble

BOM = b"\xef\xbb\xbf"
YAML = (CASSETTES / "requests-plain-vcrpy9.yaml").read_bytes()
JSON = (CASSETTES / "requests-plain-json-vcrpy9.json").read_bytes()
LINES = b'{"smscontract": "exchanges", "version": 1}\n' + line()


@pytest.mark.parametrize("name", ["-", "x.json", "x.txt", "X.JSON", "x.har", "x.jsonl", "x.yaml"])
@pytest.mark.parametrize("start", [b"", BOM, b"\r\n  "])
@pytest.mark.parametrize(("data", "count"), [(har(har_entry()), 1), (YAML, 4), (JSON, 4), (LINES, 1), (line(), 1)])
def test_content_tells_the_format_whatever_the_name(data: bytes, count: int, start: bytes, name: str) -> None:
    if data is YAML:
        start = start.strip(b" ")
    assert [type(one) for one in outcomes(start + data, name)] == [Exchange] * count


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("x.har", "the file is not as expected: an object is missing"),
        ("x.yml", "the file has no list of interactions, which makes a cassette"),
        ("x.ndjson", "the line is not an object"),
        ("x.json", "the file is in no format that we know"),
        ("-", "the file is in no format that we know"),
    ],
)
def test_a_name_tells_the_format_where_content_does_not(name: str, message: str) -> None:
    assert trouble(b'["nothing of ours"]', name).message == message


@pytest.mark.parametrize(
    ("data", "message", "hint"),
    [
        (b"", "is empty", ""),
        (BOM, "is empty", ""),
        (b" \r\n\n", "is empty", ""),
        *[
            (har().decode().encode(coding), "is written in UTF-16 or UTF-32", "UTF-8")
            for coding in ("utf-16", "utf-16-be", "utf-32")
        ],
        (b"BZh91AY&SY", "is compressed", "unpack"),
        (b"PK\x03\x04", "is no whole zip archive: its end is missing", "nothing in it"),
    ],
)
@pytest.mark.parametrize("name", ["x.har", "x.jsonl", "x.yaml", "x.json", "-"])
def test_what_is_no_text_of_ours_says_so(data: bytes, message: str, hint: str, name: str) -> None:
    problem = trouble(data, name)
    assert problem.message == f"the file {message}"
    assert hint in problem.hint


def test_binary_data_is_called_so() -> None:
    assert trouble(b"\x89PNG\r\n\x1a\n\x00\x00", "x.json").message == "the file is no recording but binary data"


def test_a_foreign_log_is_one_problem_and_not_one_for_each_line() -> None:
    foreign = b'{"ts": 1, "msg": "a"}\n' * 1000
    assert trouble(foreign, "x.jsonl").hint == "`smscontract map FILE` proposes a mapping for it"
    assert len(outcomes(foreign, "x.jsonl", format="jsonl")) == 1000  # the user has said what it is
    assert len(outcomes(foreign[:22] + line(), "x.jsonl")) == 2


def test_a_bare_body_needs_an_operation() -> None:
    assert "--operation" in trouble(b'{"data": null}', "x.json").hint


def test_with_an_operation_the_rest_is_bare_and_recordings_stay_recordings() -> None:
    said = {"operation": "p.op", "status": 200}
    assert exchange(b'{"data": null}', "x.json", **said).operation == "p.op"
    assert exchange(har(har_entry()), "x.json", **said).operation is None


def test_a_long_first_line_is_recognised_by_its_first_keys() -> None:
    data = line(response={"status": 200, "body": "x" * 200_000})
    assert exchange(data, "-").origin.line == 1
