"""Markdown: complete, and whatever others wrote is text."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from hypothesis import given, settings
from markdown_it import MarkdownIt
from markdown_it.token import Token

from smscontract.findings import Report
from smscontract.reports import render
from tests.reports import anything, samples

OURS = {"<details><summary>Request, answer, and how to see it again</summary>", "</details>"}
#: What GitHub and GitLab make a link or a mention of by themselves, outside of code.
LIVELY = re.compile(r"://|www\.|@\w|(?<!\w)#[0-9]", re.IGNORECASE)


def tokens(report: Report) -> list[Token]:
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    found = reader.parse(render(report, "markdown"))
    return [*found, *(child for one in found for child in one.children or ())]


def check(report: Report) -> None:
    found = tokens(report)
    kinds = Counter(one.type for one in found)
    assert {line for one in found if one.type == "html_block" for line in one.content.strip().splitlines()} <= OURS
    assert not {"html_inline", "link_open", "image", "strong_open", "em_open", "s_open", "code_block"} & set(kinds), kinds
    assert not [one.content for one in found if one.type == "text" and LIVELY.search(one.content)]
    assert kinds["heading_open"] <= 12 + len(report.findings)
    assert kinds["ordered_list_open"] == kinds["blockquote_open"] == kinds["hr"] == 0


@settings(max_examples=60)
@given(report=anything.reports)
def test_any_report_has_our_markup_only(report: Report) -> None:
    check(report)


@pytest.mark.parametrize(
    "text", [*samples.HOSTILE, "1. one", "- one", "# one", "> one", "    one", "===", "a`b", "``", "|", "\\"]
)
def test_hostile_text_is_text(text: str) -> None:
    check(samples.with_text(text))
    fences = [one for one in tokens(samples.with_text(text)) if one.type == "fence"]
    assert len(fences) == 4 * bool(text)


def test_every_finding_has_its_words_and_its_exchange() -> None:
    found = tokens(samples.FULL)
    fences = [one.content.rstrip("\n") for one in found if one.type == "fence"]
    assert fences[:4] == [samples.STATUS.asked, samples.STATUS.answered, samples.STATUS.again, samples.STATUS.curl]
    assert samples.STATUS.quote in render(samples.FULL, "markdown")
