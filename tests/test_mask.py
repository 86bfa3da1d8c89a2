"""Canaries: what is planted anywhere does not come out, and what people need to read does."""

from __future__ import annotations

import base64
import json
import pickle
import re
import unicodedata
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract import mask
from smscontract.mask import Masker

KEY = b"a key of the tests"
TOKEN = re.compile(r"<(?:phone|text|secret):[0-9a-f]{8}>")

# --- planting --------------------------------------------------------------------------------------------------------

AREAS = st.integers(200, 999).map(str)
LINES = st.integers(0, 99).map(lambda n: f"01{n:02d}")


def fullwidth(text: str) -> str:
    return text.translate({ord(str(i)): 0xFF10 + i for i in range(10)})


def arabic_indic(text: str) -> str:
    return text.translate({ord(str(i)): 0x0660 + i for i in range(10)})


def notations(a: str, n: str) -> list[str]:
    return [
        f"+1{a}555{n}",
        f"tel:+1-{a}-555-{n}",
        f"({a}) 555-{n}",
        f"001{a}555{n}",
        f"+1 ({a}) 555 - {n}",
        f"1.{a}.555.{n}",
        f"{a}.555.{n}",
        f"{a}/555{n}",
        f"1\u00a0{a}\u2011555\u2011{n}",
        f"1+{a}+555+{n}",
        " ".join(f"1{a}555{n}"),
        "".join(f"%3{digit}" for digit in f"{a}555{n}"),
        f"%2B1{a}555{n}",
        f"%252B1%2520{a}%2520555%2520{n}",
        fullwidth(f"+1{a}555{n}"),
        fullwidth(f"1 {a} 555 {n}"),
        arabic_indic(f"+1{a}-555-{n}"),
        quote(fullwidth(f"{a}555{n}")),
        quote(arabic_indic(f"+1{a}555{n}")),
        json.dumps(fullwidth(f"+1{a}555{n}")),
        json.dumps(arabic_indic(f"1{a} 555 {n}")),
        f"555{n}",
    ]


PHONES = st.tuples(AREAS, LINES).flatmap(lambda an: st.tuples(st.just(f"1{an[0]}555{an[1]}"), st.sampled_from(notations(*an))))
WORDS = """
     |x|to|error|2026-05-13|2026-05-13T20:50:59.233Z|550e8400-e29b-41d4-a716-446655440000|v1.2.3|12|10.0.0.1|Bearer|token=
    |<phone:1a2b3c4d>|%|\\u00e9|https://h.example/p?q=|&|,|\n|\u00e9
"""
FILLERS = st.lists(st.sampled_from([word.strip(" ") for word in WORDS.split("|")]), max_size=4).map(" ".join)
GLUE = st.sampled_from(["", " ", ":", '"', "/", "=", "x", "-", "\n", ", "])
SECRETS = st.text(st.characters(exclude_categories=("Cc", "Cs", "Cn")), min_size=12, max_size=60).filter(
    lambda text: text == text.strip()
)


def digits_left(output: str) -> str:
    """Every digit that a reader could make out, in order, without the tokens."""
    text = TOKEN.sub("x", output)
    for _ in range(3):
        text = unquote(text)
    text = re.sub(r"\\u([0-9a-f]{4})", lambda match: chr(int(match[1], 16)), text)
    return "".join(str(unicodedata.digit(char, "")) for char in unicodedata.normalize("NFKC", text))


def assert_gone(digits: str, output: str) -> None:
    left = digits_left(output)
    assert not [digits[i : i + 7] for i in range(len(digits) - 6) if digits[i : i + 7] in left], output


def assert_no_piece(secret: str, output: str) -> None:
    rest = TOKEN.sub("\0", output)
    for form in (rest, unquote(rest), unquote(rest.replace("+", " "))):
        assert not [secret[i : i + 12] for i in range(len(secret) - 11) if secret[i : i + 12] in form], output


# --- telephone numbers -----------------------------------------------------------------------------------------------


@given(PHONES, FILLERS, GLUE, GLUE, FILLERS)
def test_no_phone_number_survives_in_free_text(phone: tuple[str, str], before: str, left: str, right: str, after: str) -> None:
    output = Masker(KEY).scrub(before + left + phone[1] + right + after)
    assert_gone(phone[0], output)


@given(PHONES, GLUE, GLUE)
def test_no_phone_number_survives_in_values_headers_and_urls(phone: tuple[str, str], left: str, right: str) -> None:
    masker, planted = Masker(KEY), left + phone[1] + right
    outputs = [masker.value(planted, None), masker.value(planted, "phone"), masker.value({"a": planted}, None)]
    outputs += [masker.value(int(phone[0]), None), masker.value(float(phone[0]), None), masker.value(Decimal(phone[0]), None)]
    outputs += [masker.header(name, planted) for name in ("X-Number", "Location", "Authorization", "cookie")]
    outputs += [masker.url(f"https://h.example/v1/numbers/{planted}/x?to={planted}&{planted}#{planted}")]
    outputs += [masker.url(f"https://{planted}@h.example/{quote(planted, safe='')}?{quote(planted)}=1"), masker.url(planted)]
    for output in outputs:
        assert_gone(phone[0], output)


def test_a_number_has_one_token_wherever_it_stands() -> None:
    masker = Masker(KEY)
    token = masker.token("phone", "+14155550123")
    assert masker.value("+14155550123", None) == token
    assert masker.value("+14155550123", "phone") == token
    assert masker.scrub("call +14155550123!") == f"call {token}!"
    assert masker.url("/n/%2B14155550123?to=+14155550123&from=%2B14155550123") == f"/n/{token}?to={token}&from={token}"


def test_a_number_hidden_in_a_uuid_or_in_a_token_is_found() -> None:
    masker = Masker(KEY)
    assert_gone("14155550123", masker.value("00000000-0000-0000-0000-014155550123", None))
    assert "5550123" not in masker.scrub("<phone:5550123a>")
    assert "5550123" not in masker.scrub("<phone:a5550123>")


READABLE = """
    2026-05-13 | 2026-05-13T20:50:59.233Z | 2026-05-13T20:50:59+02:00 | 2026-05-13 20:50:59,123 | 2026-05-13T20:50:59.1234567Z
    draft-2026-05-13.har:12 | 550e8400-e29b-41d4-a716-446655440000 | 00000000-0000-4000-8000-000000000001 | 3.11.7 | 0.123456
    /v1/messages/9B2D4F6A-0000-4000-8000-446655440000/send | Chrome/126.0.6478.127 Safari/537.36 | Windows 10.0.19045.3803
    192.168.100.200 | https://127.0.0.1:8080/v1/sms | Wed, 13 May 2026 20:50:59 GMT | 40 of 123456 | HTTP/1.1 404 Not Found
    stuut.send-sms/200/classifications/items/reason:type | Bearer token missing | Bearer realm="x" | unexpected token: }
    INVALID_TIMEOUT_CONFIG_OF_2_KINDS | contracts/stuut.yaml:41 | $.data[0].id | expected 2XX, got 404 | string<date-time>
"""


@pytest.mark.parametrize("text", [text.strip() for text in re.split(r"\||\n", READABLE) if text.strip()])
def test_what_people_need_to_read_stays(text: str) -> None:
    masker = Masker(KEY, secrets=["kept-secret-of-the-run"])
    assert masker.scrub(text) == text
    assert masker.scrub(f"got {text} twice: {text}") == f"got {text} twice: {text}"
    if re.fullmatch(r"[A-Za-z0-9_.:+/-]{1,40}", text):
        assert masker.value(text, None) == f'"{text}"'


# --- credentials -----------------------------------------------------------------------------------------------------


@given(SECRETS, FILLERS, GLUE, FILLERS, st.booleans())
def test_no_piece_of_a_known_secret_survives(secret: str, before: str, glue: str, after: str, reveal: bool) -> None:
    masker = Masker(KEY, reveal, [secret])
    piece = secret[: len(secret) // 2 + 6]
    coded = base64.b64encode(secret.encode()).decode()
    for planted in (secret, piece, quote(secret, safe=""), json.dumps(secret), coded):
        text = before + glue + planted + glue + after
        outputs = [masker.scrub(text), masker.value(text, None), masker.value([text], None), masker.header("X-Any", text)]
        outputs += [masker.url(f"https://h.example/{text}?a={text}#{text}"), masker.url(f"https://{planted}@h.example/")]
        for output in outputs:
            assert_no_piece(secret, output)
            assert coded.rstrip("=") not in output


@given(SECRETS, st.booleans())
def test_credentials_that_nobody_told_us_of_leave_only_as_tokens(secret: str, reveal: bool) -> None:
    masker = Masker(KEY, reveal)
    token = masker.token("secret", secret)
    assert masker.value(secret, "secret") == token
    assert masker.header("X-Api-Key", secret) == token
    for name in (
        "authorization",
        "Cookie",
        "Set-Cookie",
        "Proxy-Authorization",
        "api-key",
        "X-Twilio-Signature",
        "x-auth-token",
    ):
        assert_no_piece(secret, masker.header(name, secret))
        assert_no_piece(secret, masker.header(name, f"Bearer {secret}"))
    assert masker.header("Authorization", f"Bearer {secret}") == f"Bearer {token}"
    outputs = [
        masker.url(f"https://h.example/?{name}={quote(secret, safe='')}") for name in ("api_key", "token", "X-Signature")
    ]
    outputs.append(masker.url(f"https://me:{quote(secret, safe='')}@h.example/"))
    for output in outputs:
        assert_no_piece(secret, output)


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Bearer org_0f9a8b7c6d5e4f3a2b1c", "org_0f9a8b7c6d5e4f3a2b1c"),
        ("authorization: barekeywithoutscheme", "barekeywithoutscheme"),
        ("sent Bearer sekret to it", "sekret"),
        ("sent bearer  sekret to it", "sekret"),
        ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
        ('{"token": "two words", "a": 1}', "two words"),
        ("{'api_key': 'hunter2'}", "hunter2"),
        ("password=hunter2&x=1", "hunter2"),
        ("token: abc123", "abc123"),
        ("cookie: session=abc; other=def", "session=abc; other=def"),
        ("key sk_live_abcdefghij12 is bad", "sk_live_abcdefghij12"),
        ("got eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln here", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"),
        ("id 9f86d081884c7d659a2feaa0c55ad015 x", "9f86d081884c7d659a2feaa0c55ad015"),
        ("opaque aB3dE5gH7jK9mN1pQ3sT5 x", "aB3dE5gH7jK9mN1pQ3sT5"),
        ("https://me:hunter2@h.example/", "me:hunter2"),
        ("GET https://h.example/p?access_token=hunter2 failed", "hunter2"),
    ],
)
def test_what_looks_like_a_credential_is_replaced(text: str, secret: str) -> None:
    for reveal in (False, True):
        masker = Masker(KEY, reveal)
        assert masker.scrub(text) == text.replace(secret, masker.token("secret", secret))


def test_a_short_secret_is_replaced_only_as_a_word() -> None:
    masker = Masker(KEY, secrets=["ab", "", "hunter2"])
    token = masker.token("secret", "ab")
    assert masker.scrub("ab abc cab (ab) xhunter2x") == f"{token} abc cab ({token}) x{masker.token('secret', 'hunter2')}x"


def test_a_secret_that_is_a_word_of_the_tokens_does_not_break_them() -> None:
    masker = Masker(KEY, secrets=["secret", "phone"])
    once = masker.scrub("my secret phone")
    assert once == f"my {masker.token('secret', 'secret')} {masker.token('secret', 'phone')}"
    assert masker.scrub(once) == once


# --- texts -----------------------------------------------------------------------------------------------------------


@given(st.text(min_size=2).filter(lambda text: not re.fullmatch(r"[A-Za-z0-9_.:+/-]{1,40}", text)))
def test_a_message_text_is_never_shown(text: str) -> None:
    masker = Masker(KEY)
    token = masker.token("text", text)
    assert masker.value(text, "text") == token
    assert masker.value(text, None).startswith((token, "<phone:", "<secret:"))
    url = masker.url(f"https://h.example/?body={quote(text, safe='')}")
    assert url == f"https://h.example/?body={token}" or "<phone:" in url


# --- values ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (False, "false"),
        (0, "0"),
        (-3, "-3"),
        (1.5, "1.5"),
        (0.30000000000000004, "0.30000000000000004"),
        (86400000, "86400000"),
        (Decimal("1.10"), "1.10"),
        ("", '""'),
        ("delivered", '"delivered"'),
        ({}, "object with 0 members"),
        ({"a": 1}, "object with 1 member"),
        ([1, 2], "array of 2 items"),
        ([{}], "array of 1 item"),
        (b"x", "a bytes"),
    ],
)
def test_how_values_are_printed(value: Any, shown: str) -> None:
    assert Masker(KEY).value(value, None) == shown


def test_an_integer_that_python_does_not_write_is_described() -> None:
    assert Masker(KEY).value(10**5000, None) == "a number with more than 4300 digits"


def test_a_text_that_is_no_word_is_shown_by_its_length() -> None:
    masker = Masker(KEY)
    assert masker.value("two words", None) == f"{masker.token('text', 'two words')} of 9 characters"
    assert masker.value("é", None) == f"{masker.token('text', 'é')} of 1 character"
    assert masker.value("x" * 40, None) == f'"{"x" * 40}"'
    assert masker.value("x" * 41, None) == f"{masker.token('text', 'x' * 41)} of 41 characters"


def test_a_number_at_a_marked_place_is_hidden() -> None:
    masker = Masker(KEY)
    assert masker.value(12, "phone") == masker.token("phone", "12")
    assert masker.value(None, "phone") == "null"


def test_reveal_shows_all_but_credentials() -> None:
    masker = Masker(KEY, reveal=True, secrets=["the-secret-of-this-run"])
    for text in ("call +14155550123, Sam", "https://h.example/+14155550123?a=b%20c&d#e%20f", "é"):
        assert masker.scrub(text) == text
        assert masker.url(text) == text
        assert masker.header("x-any", text) == text
        assert masker.value(text, "phone") == masker.value(text, None) == f'"{text}"'
        assert masker.token("text", text) == text
    assert masker.value({"to": "+14155550123"}, None) == '{"to": "+14155550123"}'
    assert masker.value(["the-secret-of-this-run"], None) == f'["{masker.token("secret", "the-secret-of-this-run")}"]'


def test_what_was_shown_stays_in_this_process() -> None:
    masker = Masker(KEY)
    masker.value("+14155550123", "phone")
    assert b"4155550123" not in pickle.dumps(masker)


# --- laws ------------------------------------------------------------------------------------------------------------

HOSTILE = st.text() | st.text("01259+-.()%2B:/?&=#@ <>\"'Tphoneztkcr\\u", max_size=60)
HOSTILE |= st.lists(st.sampled_from(["phone", "555", "0123", "<", ">", ":", "2026-05-13", "T20:50", "Bearer ", "cookie:"])).map(
    "".join
)


@given(st.from_regex(mask._TIME, fullmatch=True), st.booleans())
def test_a_time_is_shown_as_if_it_had_been_searched(text: str, known: bool) -> None:
    secrets = [text[:12]] if known else []
    quick = Masker(KEY, secrets=secrets).value(text, None)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(mask, "_TIME", re.compile("(?!)"))
        assert Masker(KEY, secrets=secrets).value(text, None) == quick


@given(st.tuples(FILLERS, GLUE, PHONES.map(lambda phone: phone[1]) | HOSTILE, GLUE, FILLERS).map("".join), st.booleans())
def test_masking_twice_is_masking_once(text: str, reveal: bool) -> None:
    masker = Masker(KEY, reveal, ["secret-of-the-run", "secret", "5"])
    for change in (masker.scrub, masker.url, lambda text: masker.header("authorization", text)):
        once = change(text)
        assert change(once) == once


@given(st.text(), st.sampled_from(["phone", "text", "secret"]), st.binary(min_size=1), st.binary(min_size=1))
def test_tokens_follow_the_key_the_kind_and_the_value(value: str, kind: Any, key: bytes, other: bytes) -> None:
    token = Masker(key).token(kind, value)
    assert re.fullmatch(rf"<{kind}:[0-9a-f]{{8}}>", token)
    assert token == pickle.loads(pickle.dumps(Masker(key))).token(kind, value)
    assert Masker().token(kind, value) != token
    assert Masker(key).token(kind, value + "x") != token
    # HMAC pads a short key with zeros
    assert (Masker(other).token(kind, value) == token) == (key.rstrip(b"\0") == other.rstrip(b"\0")) or len(key + other) > 64
    assert len({Masker(key).token(each, value) for each in ("phone", "text", "secret")}) == 3


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists), st.booleans())
def test_whatever_the_value_it_is_printed_on_one_line_that_can_be_encoded(value: Any, reveal: bool) -> None:
    shown = Masker(KEY, reveal).value(value, None)
    assert shown.encode()
    assert "\n" not in shown


PIECES = """(|eyJ-|sk-|1 |12-|%25|%|2026-05-13|a|token |Bearer |https://|https://h?a=|\\u|....1|1.1.|+1|token:\t|key=|<phone:
    |0123456789|-|https://h/|/|cookie:|550e8400-e29b-|%2B|0.|@"""


@pytest.mark.parametrize("piece", [piece.removesuffix("\n    ") for piece in PIECES.split("|")])
def test_long_hostile_text_comes_to_an_end(piece: str) -> None:
    """What took the square of its length would take minutes."""
    masker = Masker(KEY, secrets=["secret-of-the-run"])
    assert masker.scrub(piece * (300_000 // len(piece)))
    assert masker.url(piece * (100_000 // len(piece)))
