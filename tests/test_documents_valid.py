"""The four documents by themselves: read with nothing of ours, so that a fault of our reader cannot hide one of theirs."""

from __future__ import annotations

import copy
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
import yaml
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import validate
from referencing import Registry
from referencing.jsonschema import DRAFT202012

ROOT = Path(__file__).resolve().parent.parent
PROVIDERS = ("bland", "stuut")
KINDS = {"page", "docs", "sibling", "http", "inferred"}
SPEC_KEYS = {"quote", "source", "ref", "why"}
#: North American numbers that are kept free for fiction, in both spellings
RESERVED = re.compile(r"(tel:)?\+1-?[2-9][0-9]{2}-?555-?01[0-9]{2}")


def text_keys(value: Any) -> Any:
    """JSON has no other keys; PyYAML makes `null:` and `200:` something else."""
    if isinstance(value, dict):
        return {"null" if key is None else str(key): text_keys(one) for key, one in value.items()}
    return [text_keys(one) for one in value] if isinstance(value, list) else value


def read(folder: str, provider: str) -> Any:
    return text_keys(yaml.safe_load((ROOT / folder / f"{provider}.yaml").read_text(encoding="utf-8")))


DOCUMENTS = {provider: read("openapi", provider) for provider in PROVIDERS}
CONTRACTS = {provider: read("contracts", provider) for provider in PROVIDERS}


def walk(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    yield place, value
    members = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in members:
        yield from walk(one, f"{place}/{key}")


def operation(provider: str) -> dict[str, Any]:
    """The one operation of a document."""
    (path,) = DOCUMENTS[provider]["paths"].values()
    (found,) = path.values()
    return found  # type: ignore[no-any-return]  # read from YAML


def rules(provider: str) -> dict[str, Any]:
    return CONTRACTS[provider][operation(provider)["operationId"]]["rules"]  # type: ignore[no-any-return]  # read from YAML


def sources(provider: str) -> Iterator[tuple[str, Any]]:
    """Every source that a document or a contract states, with its place."""
    for place, value in walk(DOCUMENTS[provider], "openapi"):
        if place.endswith("/x-source"):
            several = isinstance(value, dict) and not set(value) <= SPEC_KEYS
            yield from ((f"{place}/{key}", spec) for key, spec in value.items()) if several else ((place, value),)
    for name, rule in rules(provider).items():
        yield f"contracts/{name}", {key: rule[key] for key in SPEC_KEYS if key in rule} or "inferred"
    for name, call in CONTRACTS[provider].items():
        for key in ("read", "end"):
            if isinstance(call, dict) and isinstance(call.get(key), dict):
                yield f"contracts/{name}/{key}", {one: call[key][one] for one in SPEC_KEYS if one in call[key]} or "inferred"


def bodies(provider: str) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """Every body with examples: where, its schema, and the examples by name."""
    found = operation(provider)
    media = {f"answer {key}": answer["content"] for key, answer in found["responses"].items()}
    if "requestBody" in found:
        media["request"] = found["requestBody"]["content"]
    for where, content in media.items():
        (body,) = content.values()
        yield where, body["schema"], {name: example["value"] for name, example in body["examples"].items()}


def validator(provider: str, schema: Any) -> Draft202012Validator:
    """A validator that asserts formats, with the document as the base of its references."""
    document = DRAFT202012.create_resource(DOCUMENTS[provider])
    registry = Registry().with_resource("urn:document", document)
    local = json.loads(json.dumps(schema).replace('"#/components/', '"urn:document#/components/'))
    return Draft202012Validator(local, registry=registry, format_checker=FormatChecker())


@pytest.mark.parametrize("provider", PROVIDERS)
def test_openapi_spec_validator_finds_no_fault(provider: str) -> None:
    validate(copy.deepcopy(DOCUMENTS[provider]))


@pytest.mark.parametrize("provider", PROVIDERS)
def test_schemathesis_loads_the_operation(provider: str) -> None:
    import schemathesis

    schema = schemathesis.openapi.from_path(ROOT / "openapi" / f"{provider}.yaml", config=schemathesis.Config.from_dict({}))
    (path,) = DOCUMENTS[provider]["paths"]
    assert schema.statistic.operations.total == 1
    assert schema[path]["POST"].definition.raw["operationId"] == operation(provider)["operationId"]


EXAMPLES = [
    pytest.param(provider, schema, example, id=f"{provider} {where} {name}")
    for provider in PROVIDERS
    for where, schema, examples in bodies(provider)
    for name, example in examples.items()
]


@pytest.mark.parametrize(("provider", "schema", "example"), EXAMPLES)
def test_examples_keep_their_schemas(provider: str, schema: Any, example: Any) -> None:
    errors = [f"{error.json_path}: {error.message}" for error in validator(provider, schema).iter_errors(example)]
    assert errors == []


def test_the_validator_of_examples_sees_references_and_formats() -> None:
    _, schema, examples = next(bodies("stuut"))
    broken = examples["pending"] | {"created_at": "2026-02-30T09:15:00Z", "direction": "sideways"}
    broken["classifications"] = [{"agent_metrics": {"confidence_score": "high"}}]
    places = {error.json_path for error in validator("stuut", schema).iter_errors(broken)}
    assert {"$.created_at", "$.direction", "$.classifications[0].agent_metrics.confidence_score"} <= places


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_body_has_an_example_and_numbers_in_examples_are_reserved(provider: str) -> None:
    for where, _, examples in bodies(provider):
        assert examples, where
        for place, value in walk(examples):
            if isinstance(value, str) and place.endswith("_number"):
                assert RESERVED.fullmatch(value), place


@pytest.mark.parametrize("provider", PROVIDERS)
def test_documents_stay_open(provider: str) -> None:
    """No page says that a member it does not list is a fault."""
    for place, value in walk(DOCUMENTS[provider]):
        assert not place.endswith(("/additionalProperties", "/unevaluatedProperties")), place
        if place.endswith("/properties") and isinstance(value, dict):
            assert all("description" in one for one in value.values()), place
            required = next(one for where, one in walk(DOCUMENTS[provider]) if where == place.removesuffix("/properties"))
            assert set(required.get("required", [])) <= set(value), place


@pytest.mark.parametrize("provider", PROVIDERS)
def test_patterns_have_no_class_whose_meaning_differs(provider: str) -> None:
    r"""`\d` also matches digits of other scripts in one of two engines, `\w` letters, and `\Z` means nothing in the other."""
    patterns = [
        (place, value)
        for place, value in walk([DOCUMENTS[provider], CONTRACTS[provider]])
        if place.endswith("/pattern") and isinstance(value, str)
    ]
    assert patterns
    for place, pattern in patterns:
        assert re.search(r"\\[dDwWbBAZz]", pattern) is None, place


@pytest.mark.parametrize("provider", PROVIDERS)
def test_sources_are_of_a_known_kind_and_resolve(provider: str) -> None:
    pages, refs = CONTRACTS[provider]["pages"], CONTRACTS[provider]["refs"]
    used = set()
    for place, spec in sources(provider):
        stated = {"source": spec} if isinstance(spec, str) else spec
        assert set(stated) <= SPEC_KEYS, place
        kind = stated.get("source", "page" if "quote" in stated else None)
        assert kind in KINDS, place
        assert (kind == "page") == ("quote" in stated), place
        assert (kind in {"docs", "sibling"}) == ("ref" in stated), place
        if "ref" in stated:
            assert stated["ref"] in refs, place
            used.add(stated["ref"])
        if "quote" in stated:
            assert set(stated["quote"]) <= set(pages), place
    assert used == set(refs)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_levels_are_only_lowered(provider: str) -> None:
    levels = [value for place, value in walk(DOCUMENTS[provider]) if place.endswith("/x-level")]
    levels += [rule["level"] for rule in rules(provider).values() if "level" in rule]
    for level in levels:
        assert set(level.values() if isinstance(level, dict) else [level]) == {"should"}


@pytest.mark.parametrize("provider", PROVIDERS)
def test_every_rule_says_one_plain_sentence(provider: str) -> None:
    (contract,) = (value for value in CONTRACTS[provider].values() if isinstance(value, dict) and "rules" in value)
    for name, rule in [*contract["rules"].items(), *contract["undefined"].items()]:
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", name)
        assert re.fullmatch(r"[a-z].*[^.\s]", rule["says"]), name


@pytest.mark.needs_pages
@pytest.mark.parametrize("provider", PROVIDERS)
def test_quotes_are_the_words_of_the_page(provider: str) -> None:
    folder = os.environ.get("SMSCONTRACT_PAGES")
    if not folder:
        pytest.skip("SMSCONTRACT_PAGES does not name the folder of the providers' pages")
    texts = {
        name: (Path(folder) / page["text"]).read_text(encoding="utf-8") for name, page in CONTRACTS[provider]["pages"].items()
    }
    quotes = [
        (place, *spec["quote"].items()) for place, spec in sources(provider) if isinstance(spec, dict) and "quote" in spec
    ]
    assert quotes
    for place, (page, words) in quotes:
        assert words.strip() == words, place
        assert words in texts[page], place


# -- requests that nobody can tell to be right or wrong

PLAIN = {"user_number": "+14155550123", "agent_number": "+14155550187", "message": "Hi"}
MISSING = object()

UNDEFINED = [
    pytest.param({}, set(), id="no more than it takes"),
    pytest.param({"message": "x" * 1600, "sender": "AGENT", "new_conversation": False, "request_data": {}}, set(), id="plain"),
    pytest.param({"time_out": 60, "warning_time": 59}, set(), id="times"),
    pytest.param({"time_out": 60.0, "warning_time": 60}, set(), id="the rule on times is no matter of doubt"),
    pytest.param({"time_out": "60", "sender": "NOBODY", "request_data": []}, set(), id="wrong types are wrong"),
    pytest.param({"user_number": None, "agent_number": "", "message": None}, set(), id="what is required may not be null"),
    pytest.param({"user_number": "+1 415 555 0123"}, set(), id="spaces are no E.164"),
    pytest.param({"user_number": "+14155550123" + "0" * 5}, set(), id="too long for E.164"),
    pytest.param({"user_number": "+442079460123"}, set(), id="another country"),
    pytest.param({"user_number": "4155550123"}, {"bare-user-number"}, id="digits alone"),
    pytest.param({"agent_number": "14155550187"}, {"bare-agent-number"}, id="digits alone, agent"),
    pytest.param({"user_number": "+12"}, {"unassigned-user-number"}, id="short number"),
    pytest.param({"user_number": "+99915550123"}, {"unassigned-user-number"}, id="country 999"),
    pytest.param({"user_number": "+11155550123"}, {"unassigned-user-number"}, id="area 115"),
    pytest.param({"user_number": "+15555550123"}, {"unassigned-user-number"}, id="area 555"),
    pytest.param({"warning_time": 30}, {"warning-alone"}, id="warning alone"),
    pytest.param({"time_out": 0}, {"odd-time-out"}, id="zero"),
    pytest.param({"time_out": -1}, {"odd-time-out"}, id="negative"),
    pytest.param({"time_out": 60, "warning_time": 0.5}, {"odd-warning-time"}, id="fraction"),
    pytest.param({"time_out": 1e12}, {"odd-time-out"}, id="ages"),
    pytest.param({"time_out": True}, set(), id="true is no number"),
    pytest.param({"message": ""}, {"odd-message"}, id="empty message"),
    pytest.param({"message": " \n"}, {"odd-message"}, id="blank message"),
    pytest.param({"message": "x" * 1601}, {"odd-message"}, id="long message"),
    pytest.param({"timeout_message": ""}, {"odd-timeout-message"}, id="empty timeout_message"),
    pytest.param({"warning_message": "x" * 1601}, {"odd-warning-message"}, id="long warning_message"),
    pytest.param({"message": "a\u0000b"}, {"control-characters"}, id="nul"),
    pytest.param({"message": "a\tb\r\nc 😀 é \u0663"}, set(), id="tabs, line ends and all scripts"),
    pytest.param({"message_sid": "SM" + "0f" * 16}, set(), id="a SID"),
    pytest.param({"message_sid": "SM1"}, {"odd-message-sid"}, id="no SID"),
    pytest.param({"curr_pathway_id": "0F8E6C1A-53b7-4c1d-9a57-2f6f0f1f7a10"}, set(), id="a UUID"),
    pytest.param({"curr_pathway_id": "pathway_abc123"}, {"odd-pathway-id"}, id="no UUID"),
    pytest.param(
        {"message_sid": 1, "curr_pathway_id": 1, "current_node_id": 1, "sender": 1, "message": 1}, set(), id="numbers"
    ),
    pytest.param(
        {"curr_pathway_version": "", "current_node_id": ""}, {"blank-pathway-version", "blank-node-id"}, id="blank ids"
    ),
    pytest.param({"sender": "user"}, {"sender-in-other-case"}, id="lower case"),
    pytest.param({"colour": "red"}, {"unknown-member"}, id="unknown member"),
    pytest.param({"sender": None}, {"sender-null"}, id="null"),
]


def meets(body: dict[str, Any], when: dict[str, Any]) -> set[bool]:
    """What each of two engines says of conditions on the request body. Only the words that `undefined:` uses."""
    verdicts = set()
    for engine in ("python", "rust"):
        holds = True
        for place, expected in when.items():
            root, _, name = place.partition(".")
            if root != "sent":
                holds = False
                continue
            value = body.get(name, MISSING) if name else body
            if isinstance(expected, dict) and "is" in expected:
                holds &= (value is MISSING) == (expected["is"] == "absent")
            elif isinstance(expected, dict):
                check = Draft202012Validator if engine == "python" else jsonschema_rs.Draft202012Validator
                holds &= value is not MISSING and check(expected["schema"]).is_valid(value)
            else:
                holds &= value is expected
        verdicts.add(holds)
    return verdicts


@pytest.mark.parametrize(("members", "names"), UNDEFINED)
def test_what_is_undefined_is_that_and_no_more(members: dict[str, Any], names: set[str]) -> None:
    undefined = CONTRACTS["bland"]["create-sms"]["undefined"]
    met = {name: meets({**PLAIN, **members}, one["when"]) for name, one in undefined.items()}
    assert {name for name, verdicts in met.items() if len(verdicts) > 1} == set(), "two engines disagree"
    assert {name for name, verdicts in met.items() if True in verdicts} == names


def test_null_is_undefined_for_every_member_that_may_be_left_out() -> None:
    schema = DOCUMENTS["bland"]["components"]["schemas"]["NewConversation"]
    undefined = CONTRACTS["bland"]["create-sms"]["undefined"]
    for name in schema["properties"]:
        one = {key for key, entry in undefined.items() if True in meets({**PLAIN, name: None}, entry["when"])}
        assert bool(one - {"warning-alone"}) == (name not in schema["required"]), name
    known = undefined["unknown-member"]["when"]["sent"]["schema"]["not"]["propertyNames"]["enum"]
    assert known == list(schema["properties"])


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("+14155550123", True),
        ("tel:+1-415-555-0123", True),
        ("tel:+14155550123;ext=7", True),
        ("tel:(415)555-0123;phone-context=+1", True),
        ("tel:+1(415)555.0123", True),
        ("14155550123", False),
        ("+1 415 555 0123", False),
        ("tel:", False),
        ("tel:+", False),
        ("", False),
        ("+0155550123", False),
        ("+\u0661\u0664\u0661\u0665\u0665\u0665\u0665\u0660\u0661\u0662\u0663", False),
    ],
)
def test_numbers_of_stuut_are_read_in_both_spellings(text: str, read: bool) -> None:
    (schema,) = rules("stuut")["numbers-can-be-read"]["then"]["got.from_number"].values()
    assert Draft202012Validator(schema).is_valid(text) is read
    assert jsonschema_rs.Draft202012Validator(schema).is_valid(text) is read
