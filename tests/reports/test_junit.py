from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import xmlschema
from hypothesis import given, settings

from smscontract.findings import NotJudgedGroup, Report, Verdict
from smscontract.reports import render
from tests.reports import anything, samples

#: Ant's schema, written down: element -> its required attributes with their lexical form.
TOKEN, NUMBER = r"\S(.*\S)?", r"[0-9]+"
ATTRIBUTES = {
    "testsuites": {},
    "testsuite": {
        "id": NUMBER,
        "name": TOKEN,
        "package": TOKEN,
        "timestamp": r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}",
        "hostname": TOKEN,
        "tests": NUMBER,
        "failures": NUMBER,
        "errors": NUMBER,
        "skipped": NUMBER,
        "time": r"[0-9]+(\.[0-9]+)?",
    },
    "properties": {},
    "property": {"name": TOKEN, "value": r"(?s).*"},
    "testcase": {"name": r"(?s).*", "classname": TOKEN, "time": r"[0-9]+(\.[0-9]+)?"},
    "failure": {"message": r"(?s).*", "type": r"(?s).+"},
    "error": {"message": r"(?s).*", "type": r"(?s).+"},
    "skipped": {"message": r"(?s).*"},
    "system-out": {},
    "system-err": {},
}
#: ... and which children it has, as an expression over their names.
CHILDREN = {
    "testsuites": r"(testsuite )*",
    "testsuite": r"properties (testcase )*system-out system-err ",
    "testcase": r"(failure |error |skipped )?",
    "properties": r"(property )*",
}


#: What Jenkins and most others read.
JENKINS = xmlschema.XMLSchema10(Path(__file__).with_name("data") / "junit-10.xsd")


def check(element: ET.Element) -> None:
    attributes = ATTRIBUTES[element.tag]
    assert set(element.attrib) == set(attributes), element.tag
    for name, form in attributes.items():
        assert re.fullmatch(form, element.attrib[name]), (element.tag, name, element.attrib[name])
    names = "".join(f"{child.tag} " for child in element)
    assert re.fullmatch(CHILDREN.get(element.tag, ""), names), (element.tag, names)
    for child in element:
        check(child)


def parsed(report: Report) -> ET.Element:
    text = render(report, "junit")
    JENKINS.validate(text)
    root = ET.fromstring(text.encode("utf-8"))
    check(root)
    return root


def outcomes(report: Report) -> dict[str, str]:
    return {case.attrib["name"]: "".join(child.tag for child in case) or "passed" for case in parsed(report).iter("testcase")}


@settings(max_examples=60)
@given(report=anything.reports)
def test_any_report_is_valid_and_its_counts_agree(report: Report) -> None:
    root = parsed(report)
    for number, suite in enumerate(root):
        assert suite.attrib["id"] == str(number)
        assert suite.attrib["tests"] == str(len(suite.findall("testcase")))
        for tag, name in (("failure", "failures"), ("error", "errors"), ("skipped", "skipped")):
            assert suite.attrib[name] == str(len(suite.findall(f"testcase/{tag}")))


@settings(max_examples=60)
@given(report=anything.reports)
def test_it_is_red_exactly_if_the_run_does_not_end_with_0(report: Report) -> None:
    red = any(child.tag in {"failure", "error"} for case in parsed(report).iter("testcase") for child in case)
    caused = bool(report.problems) or any(one.fails for one in report.findings)
    assert red == (report.exit_code != 0 or caused)


@pytest.mark.parametrize(
    ("good", "bad"), [("<failure ", "<failed "), ('errors="1"', 'errors="one"'), ("</properties>", "<other /></properties>")]
)
def test_the_schema_refuses_what_is_no_junit(good: str, bad: str) -> None:
    text = render(samples.FULL, "junit")
    assert JENKINS.is_valid(text)
    assert not JENKINS.is_valid(
        text.replace(good, bad).replace("</failure>", f"</{bad[1:-1]}>" if "failed" in bad else "</failure>")
    )


@pytest.mark.parametrize("text", samples.HOSTILE)
def test_hostile_text_is_no_markup(text: str) -> None:
    root = parsed(samples.with_text(text))
    assert not [case for case in root.iter("testcase") if case.attrib["name"] == "forged"]


def test_one_case_for_each_clause() -> None:
    assert outcomes(samples.FULL) == {
        "stuut.send-sms/200/status:enum": "failure",
        "stuut.send-sms/rule/delivered-has-time": "passed",
        "stuut.send-sms/200/id:required": "passed",
        "bland.create-sms/2XX/data:required": "passed",
        "bland.create-sms/auth/key-needed": "skipped",
        **{f"bland.create-sms/rule/history-{number}": "skipped" for number in range(5)},
        "x.jsonl:3": "error",
    }


def test_what_changed_and_what_is_gone_are_suites_of_their_own_and_pass() -> None:
    report = replace(samples.KNOWN, findings=(), problems=(), exit_code=0, verdict=Verdict.KEPT)
    root = parsed(report)
    for name, case, says in (
        ("changed", "stuut.send-sms/200/modified_at: null is now value", "4 cases, first in request 7, send a draft"),
        ("gone", "stuut.send-sms/200/body:null /body", "baseline.toml:9 lists it, and it is not broken any more"),
    ):
        (suite,) = root.iterfind(f"testsuite[@name='smscontract.{name}']")
        assert [one.attrib["name"] for one in suite.iter("testcase")] == [case]
        assert says in (suite.findtext("system-out") or "")
    assert not [case for case, outcome in outcomes(report).items() if outcome in {"failure", "error"}]


def test_a_warning_passes_and_is_told_beside() -> None:
    (suite,) = parsed(samples.FULL).iterfind("testsuite[@name='stuut.send-sms']")
    assert "the message is `delivered` but carries no delivery time" in (suite.findtext("system-out") or "")


def test_a_clause_that_was_kept_once_is_not_skipped() -> None:
    name = "stuut.send-sms/200/id:required"
    group = NotJudgedGroup(clause=name, reason="scrubbed", count=1)
    assert outcomes(replace(samples.FULL, not_judged=(group,)))[name] == "passed"
    assert outcomes(replace(samples.FULL, not_judged=(group,), kept=()))[name] == "skipped"


def test_a_clause_broken_at_two_places_is_one_case_with_both() -> None:
    second = replace(samples.STATUS, pointer="/items/1/status", message="`lost` is no member")
    (failure,) = parsed(replace(samples.FULL, findings=(second, samples.STATUS))).iter("failure")
    text = failure.text or ""
    assert text.index("/items/1/status") < text.index("response body /status")
    assert failure.attrib == {"message": "`lost` is no member", "type": "must"}


@pytest.mark.parametrize(
    ("verdict", "code", "tag"),
    [
        (Verdict.BROKEN, 1, "failure"),  # something new, and --fail-on new
        (Verdict.UNUSABLE, 2, "error"),
        (Verdict.CANNOT_TELL, 3, "error"),
        (Verdict.INTERNAL_ERROR, 4, "error"),
        (Verdict.INTERRUPTED, 130, "error"),
    ],
)
def test_a_run_without_a_red_clause_is_red_by_its_verdict(verdict: Verdict, code: int, tag: str) -> None:
    report = replace(samples.EMPTY, verdict=verdict, exit_code=code, causes=("the sea was rough", "and cold"))
    (element,) = parsed(report).iter(tag)
    assert element.attrib["message"] == "the sea was rough"
    assert element.text == "the sea was rough\nand cold"


@settings(max_examples=30)
@given(report=anything.reports)
def test_the_order_of_the_report_does_not_matter(report: Report) -> None:
    mixed = random.Random(7)
    other = replace(
        report,
        kept=tuple(mixed.sample(report.kept, len(report.kept))),
        findings=tuple(mixed.sample(report.findings, len(report.findings))),
    )
    if len({(one.clause, one.pointer) for one in report.findings}) == len(report.findings):
        assert render(other, "junit") == render(report, "junit")
