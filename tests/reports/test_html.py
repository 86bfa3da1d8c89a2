"""The page for a person, in a real Chromium: it works, it is harmless, and it asks nobody for anything."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from smscontract.catalogue import load_catalogue
from smscontract.findings import Report
from smscontract.judge import Judge
from smscontract.reports import render
from smscontract.seen import OperationSeen, Point
from smscontract.validate import Request, validate
from tests.conftest import IN_CI
from tests.recordings.record_chromium import FLAGS
from tests.reports import samples


class Pages:
    """Opens reports and remembers what a page should not do: say anything on the console, ask for anything, open a dialogue."""

    def __init__(self, browser: Any, folder: Path) -> None:
        self.browser = browser
        self.folder = folder
        self.noise: list[str] = []

    def open(self, report: Report, **options: Any) -> Any:
        file = self.folder / "report.html"
        file.write_text(render(report, "html"), encoding="utf-8")
        context = self.browser.new_context(**options)
        page = context.new_page()
        page.set_default_timeout(120_000)
        page.on("console", lambda message: self.noise.append(f"console {message.type}: {message.text}"))
        page.on("pageerror", lambda error: self.noise.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.noise.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: self.noise.append(request.url) if request.url != file.as_uri() else None)
        page.goto(file.as_uri())
        return page


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    chromium = shutil.which("chromium")
    if not IN_CI:
        pytest.importorskip("playwright.sync_api", reason="`playwright` is not installed")
        if chromium is None:
            pytest.skip("`chromium` is not installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield running
        running.close()


@pytest.fixture
def pages(browser: Any, tmp_path: Path) -> Iterator[Pages]:
    opened = Pages(browser, tmp_path)
    yield opened
    for context in browser.contexts:
        context.close()
    assert opened.noise == []


def findings(page: Any) -> list[str]:
    return [" ".join(one.split()) for one in page.locator("#list details .id").all_inner_texts()]


LISTED = "ids => [...document.querySelectorAll('#list .id')].map((one) => one.textContent).join() === ids.join()"


def shows(page: Any, ids: list[str]) -> None:
    """Waits until these findings are listed: what is typed quickly is searched for once."""
    page.wait_for_function(LISTED, arg=ids)


def filtered(page: Any, text: str, ids: list[str]) -> None:
    page.locator("#search").fill(text)
    shows(page, ids)


def test_verdict_causes_and_facts_stand_in_the_page_itself() -> None:
    html = render(samples.FULL, "html")
    head = html[html.index("<header") : html.index("</header>")]
    for text in (
        "Broken",
        "57 exchanges",
        "exit code",
        "v2 <code>00112233445566aa</code>",
        "branch",
        "main",
        "0123456789abcdef",
    ):
        assert text in head, text


def test_it_is_one_file_that_names_no_other() -> None:
    html = render(samples.FULL, "html")
    assert "default-src 'none'; script-src 'sha256-" in unescape(html)
    assert not re.search(r"""(?:src|href)=["'](?!#|data:,)""", html)
    assert not re.search(r"url\(|@import|https?://(?!api\.example\.test)", html)
    assert html.count("<script") == 2


def test_search_and_filters(pages: Pages) -> None:
    page = pages.open(samples.FULL)
    both = ["stuut.send-sms/rule/delivered-has-time", "stuut.send-sms/200/status:enum"]
    assert findings(page) == both
    for text, fits in (("ENUM queued", both[1:]), ("delivery time", both[:1]), ("nowhere", []), ("", both)):
        filtered(page, text, fits)
    assert page.locator("#told").inner_text() == ""
    page.select_option("#by-outcome", "warning")
    assert findings(page) == both[:1]
    assert page.locator("#told").inner_text() == "1 of 2 findings"
    assert page.locator(".clause").count() == 1
    page.select_option("#by-level", "must")
    assert findings(page) == []
    page.get_by_role("button", name="Clear").click()
    assert findings(page) == both
    page.select_option("#by-operation", "bland.create-sms")
    assert page.locator(".operation h3").first.inner_text() == "bland.create-sms"


def test_a_finding_shows_everything_that_is_known_of_it(pages: Pages) -> None:
    page = pages.open(samples.FULL)
    one = page.locator("#list details").nth(1)
    one.locator("summary").click()
    one.locator("pre").first.wait_for(state="visible")
    text = one.inner_text()
    for part in (
        samples.STATUS.says.replace("`", ""),
        samples.STATUS.quote,
        "openapi/stuut.yaml:120",
        '"queued"',
        "2026-05.har entry 12",
    ):
        assert part in text, part
    assert one.locator("pre").first.inner_text() == samples.STATUS.asked
    assert one.locator("mark").inner_text().strip() == '"status": "queued"'


def test_curl_is_copied_as_it_is(pages: Pages) -> None:
    page = pages.open(samples.FULL, permissions=["clipboard-read", "clipboard-write"])
    page.locator("#list summary").nth(1).click()
    page.get_by_role("button", name="Copy curl").click()
    page.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == samples.STATUS.curl
    assert page.get_by_role("status").last.inner_text() == "curl copied"


def test_by_keyboard_alone(pages: Pages) -> None:
    page = pages.open(samples.FULL)
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.type("status:enum")
    shows(page, [samples.STATUS.clause])
    page.locator("#list summary").focus()
    page.keyboard.press("Enter")
    page.locator("#list pre").first.wait_for(state="visible")
    page.keyboard.press("/")
    page.keyboard.press("Escape")
    shows(page, [one.clause for one in samples.FULL.findings])


def test_a_screen_reader_has_names_for_all_that_acts(pages: Pages) -> None:
    page = pages.open(samples.FULL)
    page.locator("#list summary").first.click()
    nameless = page.evaluate(
        """[...document.querySelectorAll('a,button,input,select,summary,section,table')].filter((one) =>
            !(one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.caption || one.textContent.trim())
        ).map((one) => one.outerHTML)"""
    )
    assert [one for one in nameless if "<table" not in one] == []
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map((one) => Number(one.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert page.evaluate("document.documentElement.lang") == "en"


CONTRAST = """() => {
    const parse = (text) => (text.match(/[\\d.]+/g) || []).map(Number);
    const linear = (v) => v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
    const light = (colour) => colour.slice(0, 3).map((v) => linear(v / 255))
        .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
    const behind = (one) => {
        for (let at = one; at; at = at.parentElement) {
            const colour = parse(getComputedStyle(at).backgroundColor);
            if (colour.length === 3 || colour[3] === 1) return colour;
        }
        return [255, 255, 255];
    };
    return [...document.querySelectorAll('body *')].filter((one) => one.checkVisibility() && !one.closest('.unseen, .skip')
        && [...one.childNodes].some((node) => node.nodeType === 3 && node.textContent.trim())).map((one) => {
        const [a, b] = [light(parse(getComputedStyle(one).color)), light(behind(one))].sort((x, y) => y - x);
        return [(a + 0.05) / (b + 0.05), one.outerHTML.slice(0, 80)];
    }).filter(([ratio]) => ratio < 4.5);
}"""


WITNESSED = OperationSeen(
    operation="stuut.send-sms",
    sources={"recording": 42},
    days={"2026-05-02": 12, "2026-05-03": 30},
    statuses={"200": 31, "404": 10, "none": 1},
    points=(
        Point(name="stuut.send-sms/200", key="200", place="", shows="", sources={"recording": 31}),
        Point(name="a", key="200", place="status", shows="sent", sources={"recording": 31}, days={"2026-05-02": 31}),
        Point(name="b", key="200", place="status", shows="draft", waived="drafts end when they are sent"),
        Point(name="c", key="200", place="rows", shows="value", sources={"recording": 2}),
        Point(name="d", key="200", place="rows", shows="null"),
        Point(name="e", key="200", place="rows/items/reason", shows="absent"),
        Point(name="f", key="4XX", place="", shows=""),
    ),
    clauses=(),
)
WHOLE = replace(samples.FULL, witnesses=(WITNESSED,))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_light_and_dark_wide_and_narrow_all_of_it_can_be_read(pages: Pages, scheme: str) -> None:
    page = pages.open(WHOLE, color_scheme=scheme)
    for one in page.locator("summary").all():
        one.click()
    for width in (400, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert page.evaluate(CONTRAST) == []


def test_what_was_seen_and_what_never_was(pages: Pages) -> None:
    page = pages.open(WHOLE)
    rows = {row[0]: row[1:] for row in (one.inner_text().split("\t") for one in page.locator(".matrix tbody tr").all())}
    assert [" ".join(one.split()) for one in rows["status"]][-1] == "sent 31 draft waived"
    assert rows["rows"][:2] == ["2", "never"]
    assert page.locator("#witnesses .lone").inner_text() == "Answer 4XX never seen"
    timeline = page.locator("#timeline").inner_text()
    assert "2026-05-02" in timeline
    assert "2026-05-03 12:00:00" in timeline
    assert page.locator(".lane i").count() == 3, "two times of one finding, one of the other"
    answers = page.locator("#answers").inner_text()
    assert re.search(r"404\s+10\s+no answer\s+1", answers)
    assert re.search(r"up to 50 ms\s+20", answers)


def test_five_thousand_findings_stay_usable(pages: Pages) -> None:
    many = tuple(
        replace(samples.STATUS, clause=f"stuut.send-sms/200/field-{number}:enum", pointer=f"/field-{number}")
        for number in range(5000)
    )
    page = pages.open(replace(samples.FULL, findings=many, witnesses=()))
    assert page.locator("#list details").count() == 50
    page.get_by_role("button", name="Show 50 more of 5,000").click()
    assert page.locator("#list details").count() == 100
    filtered(page, "field-4999:", ["stuut.send-sms/200/field-4999:enum"])
    assert page.evaluate("document.querySelectorAll('*').length") < 5000


def test_hostile_text_stays_text(pages: Pages) -> None:
    texts = [
        *samples.HOSTILE,
        "<img src=x onerror=alert(1)>",
        "</script><script>alert(1)</script>",
        "<!--",
        "javascript:alert(1)",
    ]
    some = [samples.with_text(text) for text in texts]
    report = replace(
        samples.with_text("".join(texts)),
        findings=tuple(one for each in some for one in each.findings),
        new=tuple(one for each in some for one in each.new),
        clauses=tuple(one for each in some for one in each.clauses),
        problems=tuple(one for each in some for one in each.problems),
    )
    page = pages.open(report)
    for one in page.locator("summary").all():
        one.click()
    assert page.locator("#list details").count() == len(texts)
    assert page.evaluate("document.querySelectorAll('script, img, iframe, object, [onerror], [onload]').length") == 2
    assert page.evaluate("document.querySelectorAll('a[href^=javascript]').length") == 0


def test_what_the_baseline_accepts_is_told_apart(pages: Pages) -> None:
    page = pages.open(samples.KNOWN)
    page.select_option("#by-outcome", "known")
    assert findings(page) == ["stuut.send-sms/rule/delivered-has-time"]
    page.locator("#list summary").click()
    assert "until 2027-01-31" in page.locator("#list details").inner_text()
    assert re.search(r"modified_at\s+null\s+value\s+4\s+request 7", page.locator("#changes").inner_text())
    assert re.search(r"gone\s+stuut.send-sms/200/body:null /body", page.locator("#baseline").inner_text())


def test_what_validate_finds_is_shown_whole(pages: Pages) -> None:
    file = Path(__file__).parents[1] / "recordings" / "data" / "stuut-hand-made-broken.jsonl"
    report = validate(Request(paths=[str(file)]), Judge(load_catalogue(["stuut"])), now=samples.NOON)
    page = pages.open(report)
    assert findings(page) == [one.clause for one in report.findings]
    for one in page.locator("summary").all():
        one.click()
    assert page.locator(".clause").count() == len(report.clauses)
    assert page.locator("#list .exchange pre").count() == 2 * len(report.findings), "each has its request and its answer"
    seen = sum(bool(point.seen and point.shows) for one in report.witnesses for point in one.points)
    assert page.locator("td.seen, .member.seen").count() == seen


def test_nothing_to_tell_is_told_too(pages: Pages) -> None:
    page = pages.open(samples.EMPTY)
    assert page.locator("h1").inner_text() == "Cannot tell"
    assert "No clause was found broken." in page.locator("#findings").inner_text()
