"""Mask what must not leave: credentials, telephone numbers, message texts.

Everything that is printed, logged or written passes through one `Masker`. What it hides becomes a token such as
`<phone:1a2b3c4d>`, keyed so that equal values stay equal within a run (or over runs that share a key) and nobody can try
out all telephone numbers against it. When in doubt it hides: a long number in a log line may well be somebody's phone.
"""

from __future__ import annotations

import base64
import hmac
import json
import re
import secrets as entropy
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Any, Literal
from urllib.parse import quote, quote_plus, unquote

__all__ = ["Kind", "Masker"]

Kind = Literal["phone", "text", "secret"]

# Ours never hold seven digits in a row; what does is somebody's number inside something that looks like a token.
_TOKEN = re.compile(r"(<(?:phone|text|secret):(?![0-9a-f]?[0-9]{7})[0-9a-f]{8}>)")
_SEVEN = re.compile("[0-9]{7}")
_WORD = re.compile(r"[A-Za-z0-9_.:+/-]{1,40}")

# --- telephone numbers: seven digits or more, in any script, with up to three separators between two of them ---------------
# Both as characters and as URLs and JSON escape them. Digits and separators share no first characters that could be read
# two ways, so the match is linear; the repetition is possessive and cannot be tried again.
_DIGIT = (
    r"(?:[\d\u00b2\u00b3\u00b9\u2070\u2074-\u2079\u2080-\u2089\u2460-\u2468]|%(?:25)*(?:3\d|EF%(?:25)*BC%(?:25)*9\d|D9%(?:25)*A\d)"
    r"|\\u(?:003\d|ff1\d|066\d|06f\d))"
)
_GAP = (
    r"(?:[ \t().\-/+_~*\[\]\u00a0\u00ad\u00b7\u2000-\u2015\u2022\u202f\u2060\u2212\u3000\ufe63\uff0b\uff0d\uff0e\ufeff]"
    r"|%(?:25)*(?:2[089BDEF]|C2%(?:25)*A0)|\\u00a0|\\/)"
)
_DATE = (
    r"(?<![0-9+(.])(?<![0-9]-)(?:19|20)[0-9]{2}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
    r"(?:[T ][0-9]{2}:[0-9]{2}:[0-9]{2}[.,][0-9]{7,9}(?:Z|[+-][0-9]{2}:?[0-9]{2})"
    r"|[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:[.,][0-9]{1,6})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?(?![0-9])"
)
_UUID = r"(?<![0-9A-Za-z])[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}(?![0-9A-Za-z])"
_DOTTED = rf"(?<![0-9.])(?:0\.[0-9]{{1,6}}|[0-9]{{1,5}}(?:\.[0-9]{{1,5}}){{2,3}})(?!{_GAP}{{0,3}}{_DIGIT})"
_KEEP = rf"(?:{_DATE})|(?:{_UUID})"
#: Nothing but a time holds neither a number nor a credential.
_TIME = re.compile(_DATE)
_PHONE = re.compile(
    rf"(?P<keep>{_KEEP})|(?P<dotted>{_DOTTED})|(?P<phone>(?:[+(\uff0b]|%(?:25)*2[08B]){{0,2}}{_DIGIT}(?:{_GAP}{{0,3}}(?!{_KEEP}){_DIGIT}){{6,}}+)",
    re.IGNORECASE,
)

# --- what looks like a credential -----------------------------------------------------------------------------------------
_PROSE = r"(?:auth\w*|credentials?|headers?|is|or|realm|scheme|tokens?|was)\b"
_NAME = (
    r"(?:proxy-)?authorization|(?:x-)?api[-_ ]?key|(?:access|refresh|auth|id|session)[-_]?token|token|(?:client[-_]?)?secret"
    r"|passw(?:or)?d|signature"
)
_CREDENTIAL = re.compile(
    rf"""(?P<before>(?<![a-z])(?:{_NAME})(?:["']\s*:|\s*=)\s*["']?(?:(?:Bearer|Basic|Token)\s+)?
            |(?<![a-z])(?:proxy-)?authorization:[ ]?(?:(?:Bearer|Basic|Token)\s+)?
            |(?<![a-z])(?:{_NAME}):\s(?=\S*[0-9])
            |(?<![a-z])(?:Bearer|Basic)\s+(?!{_PROSE}))
            (?!(?:Bearer|Basic|Token)\s)(?P<named>(?<=")[^"<\r\n]+|(?<=')[^'<\r\n]+|[^\s"'<>,;&]+)
        |(?P<cookie>(?<![a-z])(?:set-)?cookie:[ ]*+)(?P<cookies>(?=\S)[^\r\n]+)
        |(?P<bare>(?<![\w-])eyJ[\w-]{{8,}}\.[\w-]+\.[\w-]*
            |(?<![\w-])(?:sk|pk|rk|api|key|tok|token|secret|pat|gh[a-z]|org|xox[a-z])[-_](?=[\w-]*[0-9])[\w-]{{12,}})
        |(?P<word>(?<![\w-])[\w-]{{20,}}+)""",
    re.IGNORECASE | re.VERBOSE | re.ASCII,
)
_SECRET_HEADER = re.compile(
    r"(?!www-|idempotency-)(?:.*(?:auth|token|secret|cookie|signature|password|credential).*|(?:.*-)?key)"
)
_SECRET_QUERY = re.compile(r"(?i).*(?:auth|token|secret|signature|password|credential|key).*|sig|pwd")
_SCHEME = re.compile(r"(?i)((?:bearer|basic|token|digest)\s+)(.*)", re.DOTALL)
_URL = re.compile(rf"(?i)(?<![a-z])(?:https?|wss?)://(?:[^\s\"'<>]|{_TOKEN.pattern})+")

#: Texts of so many characters at most are remembered, and so many of them.
_SHORT, _SHOWN = 64, 1024
_PIECE = 12  #: so many characters of a known secret may not survive anywhere


class Masker:
    """Replaces what must not leave by keyed tokens.

    Args:
        key: tokens made with the same key are comparable; `None` is a fresh random key.
        reveal: let everything pass but credentials, which only ever leave as tokens.
        secrets: the credentials of this run. They, their escaped forms, and any 12 characters out of them are replaced
            wherever they turn up; one of less than 4 characters only where it stands as a word.
    """

    def __init__(self, key: bytes | None = None, reveal: bool = False, secrets: Iterable[str] = ()) -> None:
        self._key = entropy.token_bytes(32) if key is None else key
        self.reveal = reveal
        #: short texts that were shown, by kind: many come again and again
        self._shown: dict[tuple[Kind | None, str], str] = {}
        # Each written form -> the secret itself, so that all of them get the token of the secret.
        self._forms = {form: secret for secret in secrets if secret for form in _forms_of(secret)}
        self._pieces = {form[i : i + _PIECE] for form in self._forms for i in range(len(form) - _PIECE + 1)}
        short = sorted((form for form in self._forms if len(form) < _PIECE), key=len, reverse=True)
        words = [rf"(?<![^\W_]){re.escape(form)}(?![^\W_])" if len(form) < 4 else re.escape(form) for form in short]
        self._short = re.compile("|".join(words)) if words else None

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_shown": {}}  # what was shown goes nowhere

    def knowing(self, secrets: Iterable[str]) -> Masker:
        """A masker with the same key that knows further credentials: equal values keep equal tokens."""
        return Masker(self._key, self.reveal, [*self._forms.values(), *secrets])

    def knows(self, text: str) -> bool:
        """Whether a text holds a credential of this run, or a piece of one."""
        return self._without_known(text) != text

    def token(self, kind: Kind, value: str) -> str:
        """`<kind:1a2b3c4d>`; with `reveal` the value itself, unless it is a secret."""
        if self.reveal and kind != "secret":
            return value
        text = f"{kind}\0{value}".encode("utf-8", "surrogatepass")
        while True:
            text = hmac.digest(self._key, text, "sha256")
            digits = text.hex()[:8]
            if not _SEVEN.search(digits):  # else a reader, we too, would take it for a telephone number
                return f"<{kind}:{digits}>"

    def value(self, value: Any, kind: Kind | None) -> str:
        """How a JSON value is printed in a report. `kind` is what its place is marked with.

        Null and booleans as JSON; numbers too, unless the place is marked or they have ten digits or more before the point;
        a text at a marked place as its token; another text in quotes if it is one harmless word, else as a token with its
        length; mappings and lists as their shape only.
        """
        if value is None or isinstance(value, bool):
            return json.dumps(value)
        if isinstance(value, str):
            known = self._shown.get((kind, value))
            if known is None:
                known = self._text(value, kind)
                if len(value) <= _SHORT:
                    if len(self._shown) >= _SHOWN:
                        self._shown.clear()
                    self._shown[kind, value] = known
            return known
        if isinstance(value, int | float | Decimal):
            return self._number(value, kind)
        if self.reveal:
            return self.scrub(json.dumps(value, ensure_ascii=False, default=str))
        if isinstance(value, dict):
            return f"object with {len(value)} member{'' if len(value) == 1 else 's'}"
        if isinstance(value, list | tuple):
            return f"array of {len(value)} item{'' if len(value) == 1 else 's'}"
        return f"a {type(value).__name__}"

    def scrub(self, text: str) -> str:
        """Free text (an error message, a log line, a URL) without telephone numbers, known secrets and what looks
        like a credential. Queries of URLs lose their values, as in `url`. Applied twice it changes nothing more."""

        def once(text: str) -> str:
            return self._plain(_URL.sub(lambda match: self._url(match[0]), self._without_known(text)))

        return _settled(once, text)

    def header(self, name: str, value: str) -> str:
        """The value of a header field as it may be printed; a credential keeps its scheme (`Bearer <secret:1a2b3c4d>`)."""
        name = name.strip().lower()
        if _SECRET_HEADER.fullmatch(name):
            scheme = _SCHEME.fullmatch(value)
            before, secret = (scheme[1], scheme[2]) if scheme else ("", value)
            return before + self._once("secret", secret)
        if name in ("location", "content-location", "referer"):
            return self.url(value)
        return self.scrub(value)

    def url(self, url: str) -> str:
        """A URL without credentials, telephone numbers in its path, and values in its query. Path segments and the names of
        query parameters stay as they are written, if they are harmless. Applied twice it changes nothing more."""
        return _settled(self._url, url)

    def _url(self, url: str) -> str:
        rest, hash_, fragment = self._without_known(url).partition("#")
        rest, question, query = rest.partition("?")
        scheme, slashes, rest = rest.partition("://") if "://" in rest else ("", "", rest)
        authority, slash, path = rest.partition("/") if slashes else ("", "", rest)
        user, at, host = authority.rpartition("@")
        user = self._once("secret", user)
        path = "/".join(self._escaped(segment) for segment in path.split("/"))
        query = "&".join(self._parameter(pair) for pair in query.split("&"))
        head = f"{self._plain(scheme)}{slashes}{user}{at}{self._escaped(host)}{slash}{path}{question}{query}"
        return f"{head}{hash_}{self._word(fragment)}"

    def _once(self, kind: Kind, value: str) -> str:
        """A token, unless there is nothing to hide or it is hidden already."""
        return value if not value or _TOKEN.fullmatch(value) else self.token(kind, value)

    def _text(self, value: str, kind: Kind | None) -> str:
        if not value:
            return '""'
        if kind == "secret":
            return self.token(kind, value)
        if self.reveal:
            return self._plain(json.dumps(value, ensure_ascii=False).encode("utf-8", "backslashreplace").decode())
        if kind is not None:
            return self.token(kind, value)
        plain = self._plain(value)
        if plain == value and _WORD.fullmatch(value):
            return f'"{value}"'
        if _TOKEN.fullmatch(plain):  # nothing but a number or a credential
            return plain
        return f"{self.token('text', value)} of {len(value)} character{'' if len(value) == 1 else 's'}"

    def _number(self, value: float | Decimal, kind: Kind | None) -> str:
        try:
            text = str(value) if isinstance(value, Decimal) else json.dumps(value)
        except ValueError:  # Python writes no integer of more than 4300 digits
            return "a number with more than 4300 digits"
        if kind is None and re.search("[0-9]{10}", text.partition(".")[0]):
            kind = "phone"
        return self.token(kind, text) if kind else text

    def _parameter(self, pair: str) -> str:
        """One `name=value` of a query. Without `=` it is a value."""
        name, equals, value = pair.partition("=") if "=" in pair else ("", "", pair)
        secret = _SECRET_QUERY.fullmatch(name)
        if (self.reveal and not secret) or _TOKEN.fullmatch(value):
            return f"{self._word(name)}{equals}{self._plain(value)}"
        # A plus in front of a number is not always escaped as it should be; elsewhere it is a blank.
        value = unquote(re.sub(r"(?<=.)\+", " ", value, flags=re.DOTALL))
        return f"{self._word(name)}{equals}{self._once('secret' if secret else _kind_of(value), value)}"

    def _word(self, text: str) -> str:
        """A name or fragment as it is written, if it is one harmless word."""
        plain = self._plain(text)
        if self.reveal or _TOKEN.fullmatch(plain) or (_WORD.fullmatch(text) and plain == text):
            return plain
        return self._once("text", unquote(text))

    def _escaped(self, text: str) -> str:
        """A part of a URL as it is written, if what it means is harmless too."""
        if len(text) < 7 and "%" not in text:  # too short for anything but a known secret, and those are gone
            return text
        meant = unquote(text)
        masked = self._plain(meant)
        return self._plain(text) if masked == meant else masked

    def _plain(self, text: str) -> str:
        """`scrub` for a text that holds no URL."""
        text = self._without_known(text)
        if _TIME.fullmatch(text):
            return text
        text = _outside_tokens(text, lambda part: _CREDENTIAL.sub(self._credential, part))
        if self.reveal:
            return text
        return _outside_tokens(text, lambda part: _PHONE.sub(self._phone, part))

    def _without_known(self, text: str) -> str:
        return _outside_tokens(text, self._known) if self._forms else text

    def _known(self, text: str) -> str:
        spans = [match.span() for match in self._short.finditer(text)] if self._short else []
        spans += [(i, i + _PIECE) for i in range(len(text) - _PIECE + 1) if text[i : i + _PIECE] in self._pieces]
        merged: list[tuple[int, int]] = []
        for start, end in sorted(spans):
            if merged and start < merged[-1][1]:
                merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
            else:
                merged.append((start, end))
        if not merged:
            return text
        result, done = "", 0
        for start, end in merged:
            found = text[start:end]
            result += text[done:start] + self.token("secret", self._forms.get(found, found))
            done = end
        return result + text[done:]

    def _credential(self, match: re.Match[str]) -> str:
        if match["named"] is not None:
            return match["before"] + self.token("secret", match["named"])
        if match["cookies"] is not None:
            return match["cookie"] + self.token("secret", match["cookies"])
        if match["bare"] is not None:
            return self.token("secret", match["bare"])
        return self.token("secret", match["word"]) if _opaque(match["word"]) else match["word"]

    def _phone(self, match: re.Match[str]) -> str:
        if match["keep"] is not None:
            word = match["keep"]
            # A UUID without letters may be a number with zeros in front.
            if len(word) == 36 and not re.search("[a-fA-FT ]", word) and int(word[-12:]) >= 10**9:
                return self.token("phone", word)
            return word
        if match["dotted"] is not None:
            word = match["dotted"]
            return word if _address_or_version(word) else self.token("phone", word)
        return self.token("phone", unquote(match["phone"]))


def _settled(change: Callable[[str], str], text: str) -> str:
    """Change until nothing changes. What a token replaced may have hidden the start of something else: `0000000Bearer x`."""
    while (changed := change(text)) != text:
        text = changed
    return text


def _outside_tokens(text: str, change: Callable[[str], str]) -> str:
    """Change what is between the tokens that are there already."""
    if "<" not in text:
        return change(text)
    parts = _TOKEN.split(text)
    return "".join(part if i % 2 else change(part) for i, part in enumerate(parts))


def _forms_of(secret: str) -> set[str]:
    """The ways in which a secret is written into URLs, JSON and Basic credentials."""
    raw = secret.encode("utf-8", "surrogatepass")
    escaped = quote(raw, safe="")
    coded = {base64.b64encode(raw).decode().rstrip("=")} if len(raw) >= 6 else set()
    quoted = {json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1], secret.replace("/", "\\/")}
    lower = re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), escaped)
    return {secret, escaped, lower, quote_plus(raw), quote(raw)} | quoted | coded


def _kind_of(value: str) -> Kind:
    found = _PHONE.fullmatch(value)
    return "phone" if found and found["phone"] else "text"


def _opaque(word: str) -> bool:
    """Whether a word of 20 characters or more was made by a machine: all three classes, or 32 hexadecimal digits. A UUID is
    neither."""
    if re.fullmatch("[0-9a-f]{32,}|[0-9A-F]{32,}", word):
        return bool(re.search("[a-fA-F]", word) and re.search("[0-9]", word))
    return all(re.search(kind, word) for kind in ("[a-z]", "[A-Z]", "[0-9]")) and not re.fullmatch(_UUID, word)


def _address_or_version(dotted: str) -> bool:
    """`0.123456`, `10.0.19045.3803` and `192.168.100.7`, but neither `415.555.0123` nor the Danish `12.34.56.78`."""
    groups = dotted.split(".")
    if len(groups) == 2 or sum(map(len, groups)) < 7 or "0" in groups[1:]:
        return True
    plain = all(group == str(int(group)) and int(group) <= 255 for group in groups)
    return plain and len(groups) == 4 and any(len(group) != 2 for group in groups)
