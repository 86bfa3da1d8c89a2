"""The leash: numbers that belong to nobody pass in every notation, all others are caught in every notation."""

from __future__ import annotations

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from smscontract.numbers import examples, is_reserved, may_dial_outside, readings

RESERVED = """
    +12125550100 +12125550199 +19185550142 +15555550123 +15005550000 +15005550006 +15005550009 +441134960000
    +441184960999 +441214960123 +441314960123 +441414960123 +441514960123 +441614960123 +442079460000 +442079460999
    +441914980123 +442896496000 +442896496999 +442920180123 +441632960000 +441632960999 +447700900000 +447700900999
    +443069990123 +448081570123 +449098790123 +61255500000 +61255509999 +61370101234 +61755501234 +61870101234
    +61491570006 +61491570110 +61491570156 +61491570159 +61491571266 +61491579760 +611800160401 +611800975707
    +611800975711 +611300975707 +611300975711 +9991 +99912345678 +999123456789012345678901234567890
"""

# Neighbours of each range. They are compared and never sent.
NOT_RESERVED = """
    +12125550099 +12125550200 +12125551234 +12125540100 +11125550100 +12915550100 +14115550100 +18005550100 +18885550100
    +19005550100 +15005550010 +15005550100 +7105550100 +17105550100 +1212555010 +121255501000 +112125550100
    +12125550100x 12125550100 0012125550100 +441134970000 +441194960000 +441924960000 +442079461000 +442079450999
    +441914960123 +442890180123 +442896495999 +442896497000 +442920181000 +441632959999 +441632961000 +447700899999
    +447700901000 +44770090000 +4477009000000 +443069991000 +448081571000 +449098791000 +61455501234 +61255511234
    +6125550123 +612555012345 +61491570007 +61491570155 +61491570160 +61491571267 +611800160402 +611800975706
    +611800975712 +611300975712 +611900654321 +998123456789 +99 + 999 +\uff19\uff19\uff19123456
"""

AREAS = st.sampled_from(sorted({number[2:5] for number in examples(10_000)}))
RESERVED_NUMBERS = (
    st.sampled_from([number for number in RESERVED.split() if 8 <= len(number) <= 16])
    | st.builds(lambda area, line: f"+1{area}55501{line:02d}", AREAS, st.integers(0, 99))
    | st.integers(0, 10**10).map(lambda n: f"+999{n:04d}")
)


def notations(number: str) -> list[str]:
    """An E.164 number as people, forms and careless clients write it; all say which country."""
    digits = number[1:]
    country = 1 if digits[0] == "1" else 2 if digits[:2] in ("44", "61") else 3
    code, rest = digits[:country], digits[country:]
    spaced = f"+{code} {rest[:3]} {rest[3:6]} {rest[6:]}".strip()
    arabic = "".join(chr(0x0660 + int(digit)) for digit in digits)
    wide = "".join(chr(0xFF10 + int(digit)) for digit in digits)
    circled = "".join("\u24ea" if digit == "0" else chr(0x245F + int(digit)) for digit in digits)
    return [
        number,
        "+" + number,
        "00" + digits,
        "00 " + digits,
        "011" + digits,
        "011-" + digits,
        "+00" + digits,
        " " + number,
        number + " \n",
        "\t" + number,
        "+ " + digits,
        spaced,
        spaced.replace(" ", "-"),
        spaced.replace(" ", "."),
        spaced.replace(" ", "/"),
        spaced.replace(" ", "\u00a0"),
        spaced.replace(" ", "%20"),
        spaced.replace(" ", "\u200b"),
        f"+{code} ({rest[:3]}) {rest[3:]}",
        f"+{code} {rest}",
        f"+{code}-{rest}",
        "tel:" + number,
        "SMS:" + spaced,
        "tel: " + number,
        quote(number),
        quote(quote(spaced)),
        quote("+" + arabic),
        "+" + arabic,
        "\uff0b" + wide,
        "+" + circled,
        "+" + " ".join(digits),
        "call " + number,
        number + " please",
        f'"{number}"',
        f"<{number}>",
    ]


def national(number: str) -> list[str]:
    """A number of North America in ten digits."""
    digits = number[2:]
    dashed = f"{digits[:3]}-{digits[3:6]}-{digits[6:]}"
    return [
        digits,
        dashed,
        f"({digits[:3]}) {digits[3:6]}-{digits[6:]}",
        f"tel:{dashed}",
        f" {digits} ",
        f"+{digits}",
        quote(f" {dashed}"),
    ]


# --- the ranges ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", RESERVED.split())
def test_what_belongs_to_nobody_is_reserved(number: str) -> None:
    assert is_reserved(number)


@pytest.mark.parametrize("number", [*NOT_RESERVED.split(), "", "+", "1", "+12125550100\n", " +12125550100"])
def test_what_stands_beside_a_range_is_not(number: str) -> None:
    assert not is_reserved(number)


def test_examples_are_distinct_reserved_and_the_same_each_time() -> None:
    numbers = examples(2000, seed=7)
    assert len(set(numbers)) == 2000
    assert all(is_reserved(number) and number.startswith("+1") and len(number) == 12 for number in numbers)
    assert examples(2000, seed=7) == numbers
    assert examples(5, seed=7) == numbers[:5]
    assert examples(5, seed=8) != numbers[:5]
    assert examples(0) == []


def test_there_is_an_end_to_examples() -> None:
    with pytest.raises(ValueError, match="examples"):
        examples(1_000_000)


# --- inside ----------------------------------------------------------------------------------------------------------


@given(RESERVED_NUMBERS.flatmap(lambda number: st.sampled_from(notations(number))))
def test_a_reserved_number_stays_inside_in_every_notation(text: str) -> None:
    assert not may_dial_outside(text), readings(text)


@given(RESERVED_NUMBERS.filter(lambda number: not number.startswith("+999") or len(number) > 11))
def test_a_reserved_number_without_its_plus_stays_inside(number: str) -> None:
    assert not may_dial_outside(number[1:]), readings(number[1:])


@given(st.lists(RESERVED_NUMBERS, min_size=2, max_size=4), st.sampled_from([",", ";", "\n", ", ", " ", "|", " and "]))
def test_several_reserved_numbers_stay_inside(numbers: list[str], separator: str) -> None:
    text = separator.join(numbers)
    assert not may_dial_outside(text), readings(text)
    assert set(numbers) <= readings(text)


@given(st.sampled_from(examples(1500)), st.integers(0, 9))
def test_examples_have_near_misses_that_stay_inside(number: str, digit: int) -> None:
    near = [
        f"{number}{digit}",
        number[:-1],
        number[1:],
        number[2:],
        "+" + number[2:],
        *national(number),
        f"{number};ext={digit}",
    ]
    for text in near:
        assert not may_dial_outside(text), (text, readings(text))
    assert readings(number[:-1]) == set()
    assert readings(f"{number}{digit}") == {number}


@pytest.mark.parametrize("text", ["", " ", "abc", "+", "tel:", "12", "a1b2", "\u00b2", "%", "\ud83d", "number 5"])
def test_what_has_no_number_in_it_dials_nobody(text: str) -> None:
    assert readings(text) == set()
    assert not may_dial_outside(text)


# --- outside ---------------------------------------------------------------------------------------------------------

OUTSIDE = st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True).filter(lambda number: not is_reserved(number))
OUTSIDE_NANP = st.from_regex(r"\+1[2-9][0-8][0-9][2-9][0-9]{6}", fullmatch=True).filter(lambda number: not is_reserved(number))
REAL = OUTSIDE_NANP | st.from_regex(r"\+(?!1|999)[1-9][0-9]{8,12}", fullmatch=True).filter(
    lambda number: not is_reserved(number)
)


@given(REAL.flatmap(lambda number: st.tuples(st.just(number), st.sampled_from(notations(number)))))
def test_any_other_number_is_caught_in_every_notation(planted: tuple[str, str]) -> None:
    number, text = planted
    assert may_dial_outside(text), (number, text, readings(text))


@given(OUTSIDE_NANP.flatmap(lambda number: st.tuples(st.just(number), st.sampled_from([*national(number), number[1:]]))))
def test_any_other_national_number_is_caught_and_read(planted: tuple[str, str]) -> None:
    number, text = planted
    assert may_dial_outside(text)
    assert number in readings(text)


@given(st.lists(RESERVED_NUMBERS, max_size=3), OUTSIDE_NANP, st.data())
def test_one_other_number_among_reserved_ones_is_caught(numbers: list[str], other: str, data: st.DataObject) -> None:
    written = data.draw(st.sampled_from([other, other[1:], other[2:], f"{other[:2]} {other[2:]}"]))
    texts = data.draw(st.permutations([*numbers, written]))
    text = data.draw(st.sampled_from([",", ";", "\n", ", ", " | ", " and "])).join(texts)
    assert may_dial_outside(text), (text, readings(text))


@given(st.from_regex(r"\+{0,2}[0-9]{3,40}", fullmatch=True).filter(lambda text: "555" not in text))
def test_digits_of_any_length_are_caught_unless_they_are_of_a_reserved_range(text: str) -> None:
    of_a_range = text.lstrip("+0").startswith(("999", "44", "61", "1144", "1161", "11999"))
    assert may_dial_outside(text) or of_a_range


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("911", "911"),
        ("999", "999"),
        ("+999", "999"),
        ("12345", "12345"),
        ("123-456", "123456"),
        ("tel:12345", "12345"),
        ("+17025550123,12345", "12345"),
        ("5551234", "+5551234"),
        ("9991234", "9991234"),  # local somewhere; only with a plus it is the country that nobody has
        ("4155550123", "+4155550123"),  # without +1 it might be Swiss
        ("07700900123", "07700900123"),  # a trunk zero: of the United Kingdom, or of any other country
        ("020 7946 0123", "02079460123"),
        ("01174960123", "01174960123"),
        ("001141555501234", "+41555501234"),  # how Australians dial abroad
        ("1-800-FLOWERS", "+18003569377"),
        ("702-555-CALL", "+17025552255"),
        ("+17025550123 +14155551234", "+14155551234"),
        ("1 (702) 555-0123 or 1 (415) 555-1234 or 1 (703) 555-0199", "+14155551234"),
        ("999 4155551234", "+14155551234"),
    ],
)
def test_what_is_read_out_of_doubtful_texts(text: str, reading: str) -> None:
    assert may_dial_outside(text)
    assert reading in readings(text)


def test_a_digit_too_many_is_outside_if_the_last_ten_are_somebodys() -> None:
    # 462 555-0123 followed by a 4 ends in 625 550-1234
    assert readings("+146255501234") == {"+14625550123", "+16255501234"}
    assert may_dial_outside("+146255501234")


@pytest.mark.parametrize("prefix", ["+", "00", "00 ", "011", "0011", "tel:+", "++"])
def test_the_unassigned_country_code_is_inside_at_any_length(prefix: str) -> None:
    for length in range(4, 60):
        assert not may_dial_outside(f"{prefix}999{'5' * length}")


def test_numbers_in_pieces_side_by_side_are_outside() -> None:
    assert may_dial_outside("1 (702) 555-0123 1 (415) 555-1234 1 (703) 555-0199")


# --- laws ------------------------------------------------------------------------------------------------------------


@given(st.text() | st.text("+0159 ,;-()%2BtelxA\u0661\uff11", max_size=40))
def test_it_never_raises_and_readings_are_digits(text: str) -> None:
    for number in readings(text):
        assert number.removeprefix("+").isascii()
        assert number.removeprefix("+").isdigit()
        assert len(number) >= 3
    assert may_dial_outside(text) == any(not is_reserved(number) for number in readings(text))


@pytest.mark.parametrize("piece", ["+", "1", "1 ", "+1 ", "(", "a1", "%25", " ", "0", "999 ", ",", "+17025550123 "])
def test_a_long_hostile_text_comes_to_an_end(piece: str) -> None:
    text = piece * (300_000 // len(piece))
    assert may_dial_outside(text) in (True, False)
