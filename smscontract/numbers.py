"""Which telephone numbers belong to nobody, and what a lenient server could dial instead of what was meant.

Tests send near misses: a number without its plus, with a digit too many, in Arabic digits. A strict server refuses them; a
lenient one repairs them and texts whoever has the repaired number. So a text may leave only if every number that a server
could read out of it is reserved (`may_dial_outside` is false). Servers are taken to repair as one in North America would.
"""

from __future__ import annotations

import random
import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import unquote

__all__ = ["examples", "is_reserved", "may_dial_outside", "readings"]

# --- the ranges -------------------------------------------------------------------------------------------------------

# 555-0100..0199 of each area. Left out: what no area has (N9X, N11); toll-free codes, where those lines are in use; personal,
# premium, carrier and government codes, for which nobody promised anything.
_NOT_AN_AREA = r"[2-9]11|5(?:00|2[1-9]|33|44|66|77|88)|6(?:00|22|33|44|55|66|77|88)|7[01]0|8(?:00|22|33|44|55|66|77|8[0-9])|900"
_NANP = rf"\+1(?!{_NOT_AN_AREA})[2-9][0-8][0-9]55501[0-9]{{2}}"

_RESERVED = re.compile(
    rf"{_NANP}"
    # the test numbers that a carrier API publishes
    r"|\+1500555000[0-9]"
    # a country code that is assigned to nobody: longer or shorter, such a number stays in it
    r"|\+999[0-9]*"
    # Ofcom, numbers for drama: cities, London, Tyneside, Northern Ireland, Cardiff, no area, mobile, UK-wide, freephone,
    # premium rate
    r"|\+44(?:1(?:1[3-8]|21|31|41|51|61)4960|2079460|1914980|2896496|2920180|1632960|7700900|3069990|8081570|9098790)[0-9]{3}"
    # ACMA, numbers for creative works: four regions, freephone, local rate, mobile
    r"|\+61(?:[2378](?:5550|7010)[0-9]{4}|1800160401|1[38]009757(?:0[7-9]|1[01]))"
    r"|\+6149157(?:0(?:006|110|15[6-9]|313|737)|1(?:266|491|804)|2(?:549|665|983)|3(?:087|770)|4(?:118|632)|5(?:254|789)"
    r"|6(?:398|801)|7(?:426|644)|8(?:148|888|957)|9(?:212|455|760))"
)

# In these areas a bare ten-digit number is no international one either (all numbers under +7 have eleven digits), and since
# the second digit is 0 or 1, a digit too many leaves no other number to truncate to.
_EASY_AREAS = ("701", "702", "703", "704", "706", "707", "708", "712", "713", "714", "715", "716", "717", "718", "719")
_AREAS = tuple(a + b + c for a in "2345689" for b in "01" for c in "23456789")


def is_reserved(number: str) -> bool:
    """Whether an exact E.164 text (`+14155550100`) is in a range that belongs to nobody. Any other spelling is not."""
    return _RESERVED.fullmatch(number) is not None


def examples(count: int, *, seed: int = 0) -> list[str]:
    """Distinct reserved numbers of North America in E.164, the same ones for the same seed.

    The first 1500 are of areas whose numbers also stay inside without `+1`, and with one digit too many or too few at the end.

    Raises:
        ValueError: there are not so many.
    """
    order = random.Random(seed)  # noqa: S311  # a choice, no secret
    found: list[str] = []
    for areas in (_EASY_AREAS, _AREAS):
        numbers = [f"+1{area}55501{line:02d}" for area in areas for line in range(100)]
        order.shuffle(numbers)
        found += filter(is_reserved, numbers)
    if count > len(found):
        raise ValueError(f"there are {len(found)} examples, not {count}")
    return found[:count]


# --- what could be dialled ------------------------------------------------------------------------------------------------

_SCHEME = re.compile(r"^\W*(?:tel|sms|smsto|mms|callto|sip|sips|whatsapp):", re.IGNORECASE)
_NATIONAL = re.compile(r"[2-9][0-8][0-9][2-9][0-9]{6}")  # ten digits that can be a number of North America
_NOWHERE = re.compile(r"(?:0011|011|00)?999")  # the unassigned country code, the only one where length means nothing
_TOO_SHORT = re.compile(r"1[2-9][0-8][0-9]55501[0-9]")  # a reserved number that lost its last digit


def may_dial_outside(text: str) -> bool:
    """Whether a server could read a number out of `text` that is not reserved. True when in doubt.

    False for a text without digits, and for these near misses of a reserved number: written without plus, with two, with `00`
    or `011`, with separators, in any script, escaped for a URL, several in a list; the last digit missing (nobody can complete
    it); a digit too many at the end, if neither the first eleven nor the last ten digits are somebody else's; anything that
    starts with +999 in one piece.

    True also for these: an extension counts as digits too many; ten digits without `+1` are outside if they would be a number
    abroad with a plus in front; so is a national number with a trunk zero, since nobody knows its country.
    """
    return any(not is_reserved(number) for number in readings(text))


def readings(text: str) -> set[str]:
    """Every number that a lenient server could dial out of `text`, in E.164 as far as that can be said.

    A text (or one item of a list) of three to six digits is a short code and given as its digits; so is what can be dialled
    in some country but not told which.
    """
    found: set[str] = set()
    text = _normal(text)
    for part in {text, *re.split(r"[,;\n\r|&]", text)}:
        found.update(_part(_SCHEME.sub("", part)))
    return found


def _normal(text: str) -> str:
    """Escapes resolved, digits of all scripts as `0`-`9`, nothing invisible."""
    for _ in range(3):
        text = unquote(text)
    text = unicodedata.normalize("NFKC", text)
    text = "".join(str(unicodedata.digit(char, char)) for char in text)
    return "".join(char for char in text if unicodedata.category(char) != "Cf")


def _part(text: str) -> Iterator[str]:
    """Readings of one item of a list: as one number, and of the numbers that stand in it side by side."""
    digits = _digits(text)
    letters = any(char.isalpha() for char in text)
    if len(digits) < 7:
        if len(digits) >= 3 and not letters:
            yield digits
    elif len(digits) <= 15 or _NOWHERE.match(digits):
        yield from _dialled(digits, _has_plus(text))
    if digits and letters:
        yield from _vanity(text)
    tokens = list(_tokens(text))
    for token in tokens:
        number = _digits(token)
        if len(number) == 10 and not _has_plus(token):
            # beside other digits only a national number: `+1 4155550100` has no Swiss number in it
            if _NATIONAL.fullmatch(number):
                yield "+1" + number
        elif len(number) >= 7 and (len(number) > 10 or _has_plus(token)):
            yield from _dialled(number, _has_plus(token))
    if len(digits) > 15 and not _NOWHERE.match(digits) and not all(map(_is_whole, tokens)):
        yield digits  # numbers in pieces that we cannot tell apart


def _tokens(text: str) -> Iterator[str]:
    """What may be a number of its own: divided at letters, in front of a plus, and at blanks (not after a country code)."""
    for section in re.split(r"[^\W\d_]+", text):
        for number in re.split(r"(?<=[0-9])(?=[^0-9+]*\+)", section):
            whole = re.sub(r"^([^0-9+]*\+[^0-9]*[0-9]{1,3})[\s/]+", r"\1", number)
            yield number
            yield from (token for token in re.split(r"[\s/]+", whole) if _digits(token))


def _is_whole(token: str) -> bool:
    return len(_digits(token)) >= (7 if _has_plus(token) else 10)


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)


def _has_plus(text: str) -> bool:
    return re.match(r"[^0-9]*\+", text) is not None


def _vanity(text: str) -> Iterator[str]:
    """Letters as the keys of a telephone: `1-800-FLOWERS`."""
    keys = str.maketrans("ABCDEFGHIJKLMNOPQRSTUVWXYZ", "22233344455566677778889999")
    word = re.sub(r"[^0-9A-Z]", "", text.upper())
    if re.fullmatch(r"1?[0-9]{3}[0-9A-Z]{7}", word):
        yield from _dialled(word.translate(keys), _has_plus(text))


def _dialled(digits: str, plus: bool) -> set[str]:
    """What seven digits or more are dialled as. Never empty, save for a reserved number that lost its last digit."""
    if digits[0] == "0":
        return _with_zeros(digits)
    if digits.startswith("999") and not plus and len(digits) <= 10:
        return {digits}  # without a plus it may be local
    number = "+" + digits
    if is_reserved(number):
        return {number}
    if digits[0] == "1":
        if len(digits) < 12:
            return set() if _TOO_SHORT.fullmatch(digits) else {number}
        # Nothing has so many digits: a server that cuts keeps the first eleven, the last eleven or the last ten.
        cut = (digits[:11], digits[-11:], "1" + digits[-10:])
        return {"+" + one for one in cut if one[0] == "1" and _NATIONAL.fullmatch(one[1:])} or {number}
    found = set()
    if len(digits) == 10 and _NATIONAL.fullmatch(digits):
        found.add("+1" + digits)
    # With a plus it is somebody abroad; but all numbers under +7 have eleven digits.
    if not (found and digits[0] == "7"):
        found.add(number)
    return found


def _with_zeros(digits: str) -> set[str]:
    """Zeros in front: an international prefix, or a trunk zero of some country, in which case nobody knows the number."""
    rests = [
        rest for prefix in ("0011", "011", "00", "0") if digits.startswith(prefix) for rest in [digits.removeprefix(prefix)]
    ]
    rests = [rest.lstrip("0") for rest in rests]
    reserved = [rest for rest in rests[:-1] if is_reserved("+" + rest)]
    if reserved:
        return {"+" + rest for rest in reserved}
    return {digits}.union(*(_dialled(rest, plus=True) for rest in rests if len(rest) >= 7))
