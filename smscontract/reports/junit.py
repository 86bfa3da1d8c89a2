"""The report for build servers: JUnit XML, a suite for each operation and a test case for each clause.

There is no standard; what is written is valid against the schema of Ant's JUnit task, the strictest in use, which the others
accept. That is why warnings stand in `system-out` of the suite. What `gate --against` finds changed, and what a baseline lists
and is broken no more, are suites of their own; all their cases pass.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from smscontract.findings import FindingGroup, Report, Verdict
from smscontract.plain import count_of, printable, utc
from smscontract.reports import _imprint, _lines

__all__ = ["render"]


@dataclass(frozen=True, slots=True)
class _Case:
    """One test case; `outcome` is empty if it passed, else the name of its element."""

    suite: str
    name: str
    outcome: str = ""
    kind: str = ""
    message: str = ""
    text: str = ""
    warning: str = ""


def render(report: Report) -> str:
    """XML text, UTF-8. Characters that XML or a terminal would act on stand as visible escapes."""
    cases = _cases(report)
    root = ET.Element("testsuites")
    # The schema wants a time without zone; without one in the report the suite has the beginning of time.
    moment = (utc(report.now) or "1970-01-01T00:00:00Z").removesuffix("Z")
    for number, name in enumerate(sorted({case.suite for case in cases})):
        properties = list(_imprint.properties(report, name))
        _suite(root, number, name, moment, properties, [case for case in cases if case.suite == name])
    ET.indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(root, encoding="unicode") + "\n"


def _cases(report: Report) -> list[_Case]:
    cases = [*_clauses(report), *_told(report)]
    for problem in report.problems:
        text = "\n".join(part for part in (printable(problem.message), printable(problem.hint)) if part)
        name = printable(problem.place) or "input"
        cases.append(_Case("smscontract.input", name, "error", "unreadable", printable(problem.message), text))
    if report.exit_code and not any(case.outcome in {"failure", "error"} for case in cases):
        # Nothing above is red but the run did not end well: outage, nothing judged, something new.
        outcome = "failure" if report.verdict is Verdict.BROKEN else "error"
        causes = [printable(cause) for cause in report.causes] or [str(report.verdict)]
        cases.append(_Case("smscontract.run", "verdict", outcome, str(report.verdict), causes[0], "\n".join(causes)))
    return cases


def _clauses(report: Report) -> Iterable[_Case]:
    """Each clause once: broken counts more than not judged, and that more than kept."""
    broken: dict[str, list[FindingGroup]] = {}
    for one in report.findings:
        broken.setdefault(one.clause, []).append(one)
    skipped: dict[str, list[str]] = {}
    for clause in report.not_judged:
        skipped.setdefault(clause.clause, []).append("; ".join(part for part in (clause.reason, clause.hint) if part))
    kept = set(report.kept)
    for name in sorted({*broken, *skipped, *kept}):
        suite, plain = printable(name.partition("/")[0]).strip() or "smscontract", printable(name)
        if name in broken:
            groups = sorted(broken[name], key=lambda one: one.pointer)
            text = "\n\n".join(_text(one) for one in groups)
            if any(one.fails for one in groups):
                yield _Case(suite, plain, "failure", str(groups[0].level), printable(groups[0].message), text)
            else:
                yield _Case(suite, plain, warning=f"{plain}\n{text}")
        elif name in kept:
            yield _Case(suite, plain)
        else:
            yield _Case(suite, plain, "skipped", message="; ".join(printable(reason) for reason in skipped[name]))


def _told(report: Report) -> Iterable[_Case]:
    """What is worth knowing and no break."""
    for change in report.changes:
        name = printable(f"{change.place}: {change.before} is now {change.after}")
        first = f", first in request {change.request}, {change.case}" if change.request is not None else ""
        says = printable(f"{count_of(change.count, 'case')}{first}; the contract allows both")
        yield _Case("smscontract.changed", name, warning=f"{name}\n{says}")
    for row in report.known:
        if row.status == "gone":
            name = printable(row.fingerprint)
            says = printable(f"{row.file}:{row.line} lists it, and it is not broken any more: --baseline-prune takes it out")
            yield _Case("smscontract.gone", name, warning=f"{name}\n{says}")


def _text(one: FindingGroup) -> str:
    places = [printable(str(where.origin)) for where in one.where]
    rows = (
        ("", one.message),
        ("place     ", f"{one.part} {one.pointer}".strip()),
        ("expected  ", one.expected),
        ("got       ", one.got),
        ("says      ", one.says),
        ("words     ", one.quote),
        ("source    ", one.source),
        ("stated at ", f"{one.file}:{one.line}" if one.file else ""),
        ("note      ", one.note),
        ("accepted  ", one.known),
        ("again     ", one.again),
    )
    lines = [label + printable(value) for label, value in rows if value]
    lines.append(f"seen      {count_of(one.count, 'time')}: {', '.join(places)}")
    for title, block in (("curl", one.curl), ("request", one.asked), ("answer", one.answered)):
        lines += [title, *(f"  {line}".rstrip() for line in _lines.block(block))] if block else []
    return "\n".join(lines)


def _suite(  # noqa: PLR0917 - what a suite is made of
    root: ET.Element, number: int, name: str, moment: str, properties: list[tuple[str, str]], cases: list[_Case]
) -> None:
    def count(outcome: str) -> str:
        return str(sum(case.outcome == outcome for case in cases))

    suite = ET.SubElement(
        root,
        "testsuite",
        {
            "id": str(number),
            "name": name,
            "package": name,
            "timestamp": moment,
            "hostname": "localhost",
            "tests": str(len(cases)),
            "failures": count("failure"),
            "errors": count("error"),
            "skipped": count("skipped"),
            "time": "0",
        },
    )
    listed = ET.SubElement(suite, "properties")
    for key, value in properties:
        ET.SubElement(listed, "property", {"name": printable(key).strip() or "unnamed", "value": printable(value)})
    for case in cases:
        element = ET.SubElement(suite, "testcase", {"name": case.name, "classname": name, "time": "0"})
        if case.outcome == "skipped":
            ET.SubElement(element, "skipped", {"message": case.message})
        elif case.outcome:
            ET.SubElement(element, case.outcome, {"message": case.message, "type": case.kind}).text = "\n".join(
                _lines.block(case.text)
            )
    ET.SubElement(suite, "system-out").text = "\n\n".join(
        "\n".join(_lines.block(case.warning)) for case in cases if case.warning
    )
    ET.SubElement(suite, "system-err")
