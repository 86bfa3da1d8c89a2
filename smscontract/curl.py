"""A finding as something to paste into a shell: one curl line for each request that it takes to see it again."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from urllib.parse import quote

from smscontract.clauses.outcomes import Fact
from smscontract.documents import Security
from smscontract.exchange import Auth, Exchange, header_values
from smscontract.findings import Finding
from smscontract.judge import Judge, Judgement
from smscontract.numbers import is_reserved

__all__ = ["Histories", "curl_line", "curl_lines"]

#: Header fields that curl sets by itself, or that only concern our own connection.
_OWN = frozenset({"host", "user-agent", "accept", "accept-encoding", "connection", "content-length"})
_NUMBER = re.compile(r"\+[1-9][0-9]{6,14}")
_PREFIXES = {"bearer": "Bearer ", "basic": "Basic "}
#: A credential shorter than this could be any word.
_SECRET = 8
#: Exchanges of one scope that are looked through for the history of a finding.
_WINDOW = 100
#: Requests that are tried in pairs.
_PAIRS = 12


def curl_line(
    exchange: Exchange, security: Security | None, token: str | None = None, is_secret: Callable[[str], bool] | None = None
) -> str:
    """One request as a line for bash; a good credential is the variable `TOKEN`.

    Args:
        token: the good credential where another exchange has shown it: near misses of it are written by the variable, too.
        is_secret: whether the value of another field is a credential: then it is the variable of its name (`x-key`: `X_KEY`).
    """
    request = exchange.request
    good = security is not None and exchange.auth is Auth.GOOD
    # Brackets are no ranges, and dots in the path are nobody's to resolve.
    parts = ["curl", "-sS", "-i", "-g", "--path-as-is", "-X", request.method]
    parts.append(_url(request.url, security if good else None, token))
    names = set()
    for name, value in request.headers or ():
        names.add(name)
        if name in _OWN:
            continue
        if security is not None and good and security.where == "header" and name == security.name:
            parts += ["-H", f'"{name}: {_PREFIXES.get(security.kind, "")}$TOKEN"']
        elif is_secret is not None and is_secret(value) and (security is None or name != security.name):
            parts += ["-H", f'"{name}: ${{{re.sub("[^a-z0-9]", "_", name.lower()).upper()}}}"']
        else:
            parts += ["-H", _by_variable(f"{name}: {value}" if value else f"{name};", token)]
    if not request.body:
        return " ".join([*parts, "-H", "'content-length: 0'"] if request.method in ("POST", "PUT", "PATCH") else parts)
    if "content-type" not in names:
        parts += ["-H", "'content-type:'"]  # else curl takes every body for a form
    if b"\0" in request.body:  # which no argument of a program can hold
        return f"printf {_printf(request.body)} | {' '.join(parts)} --data-binary @-"
    return " ".join([*parts, "--data-raw", _quoted(request.body)])


def _by_variable(text: str, token: str | None) -> str:
    """A text quoted for bash; where the token stands in it, the variable, and for near misses of it what bash makes of that."""
    if not token:
        return shlex.quote(text)
    spelled = {token: "$TOKEN", quote(token, safe=""): "$TOKEN", token.swapcase(): "${TOKEN~~}"}
    spelled |= {token[:-end]: f"${{TOKEN::-{end}}}" for end in range(1, 9) if len(token) > end}
    for secret, variable in spelled.items():
        if len(secret) >= _SECRET and secret in text:
            return f'"{variable}"'.join(shlex.quote(piece) if piece else "" for piece in text.split(secret))
    return shlex.quote(text)


def _url(url: str, security: Security | None, token: str | None) -> str:
    if security is not None and security.where == "query":
        before, _, after = url.rpartition(f"{security.name}=")
        rest = after.partition("&")[1:]
        return f'{shlex.quote(f"{before}{security.name}=")}"$TOKEN"{shlex.quote("".join(rest)) if rest[0] else ""}'
    return _by_variable(url, token)


def _quoted(body: bytes) -> str:
    """A body for bash; bytes that are no printable text as `$'...'`."""
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError:
        text = ""
    if text.isprintable() and text:
        return shlex.quote(text)
    return f"$'{''.join(chr(byte) if _is_plain(byte) else f'{chr(92)}x{byte:02x}' for byte in body)}'"


def _printf(body: bytes) -> str:
    plain = "".join(chr(byte) if _is_plain(byte) and byte != ord("%") else f"\\{byte:03o}" for byte in body)
    return f"'{plain}'"


def _is_plain(byte: int) -> bool:
    return 32 <= byte < 127 and byte not in b"'\\"


class Histories:
    """Finds the fewest requests of a run that show a finding again when they are sent to a target that has just been reset.

    Args:
        exchanges: of the run, in order.
    """

    def __init__(self, judge: Judge, exchanges: Sequence[Exchange]) -> None:
        self.judge = judge
        self._exchanges = exchanges
        self._judgements: dict[int, Judgement] = {}

    def shortest(self, last: Exchange, clause: str) -> list[Exchange]:
        """The exchanges that show a clause broken by `last`: `last` alone, a history that ends with it, or `last` with the
        control and the repetition that it takes to tell a fault from an outage."""
        found = [last]
        if not self._shows(found, clause):
            found = next((some for some in self._candidates(last, clause) if self._shows(some, clause)), found)
            found = self._without_needless(found, clause)
        return [*self._used_up(found[0]), *found]

    def _without_needless(self, found: list[Exchange], clause: str) -> list[Exchange]:
        """As few of some exchanges as still show a clause broken: larger parts are left out first, then smaller ones. Of a
        history nothing may be left out in the middle: what was left out may be the cause."""
        if not self._is_stateless(clause):
            return found
        size = len(found) // 2
        while size:
            start = 0
            while start < len(found):
                fewer = [*found[:start], *found[start + size :]]
                if fewer and fewer[-1] is found[-1] and self._shows(fewer, clause):
                    found = fewer
                else:
                    start += size
            size //= 2
        return found

    def _used_up(self, first: Exchange) -> list[Exchange]:
        """The request that used up what this one names: without it, it would be answered as the first of its kind."""
        for one in self._exchanges:
            if one is first or not first.path_parameters:
                break
            if _is_success(one) and (one.operation, one.path_parameters) == (first.operation, first.path_parameters):
                return [one]
        return []

    def token(self, security: Security | None) -> str | None:
        """The good credential, if a request of the run has shown it in a header."""
        if security is None or security.where != "header":
            return None
        prefix = _PREFIXES.get(security.kind, "")
        for one in self._exchanges:
            values = header_values(one.request.headers, security.name) if one.auth is Auth.GOOD else None
            if values:
                return values[0].removeprefix(prefix)
        return None

    def _candidates(self, last: Exchange, clause: str) -> Iterator[list[Exchange]]:
        position = next((index for index, one in enumerate(self._exchanges) if one is last), len(self._exchanges))
        earlier, later = list(self._exchanges[:position]), self._exchanges[position + 1 :]
        earlier += [one for one in later if last.overlaps(one)]
        yield [last, *(one for one in later if one.origin.case == last.origin.case and one.operation == last.operation)]
        scopes = {fact.scope for fact in self._facts(last, clause)}
        same = [one for one in earlier if any(fact.scope in scopes for fact in self._facts(one, clause))]
        if self._is_stateless(clause):
            # One accepted request that shows all but the place to blame; with another that was refused, where this one has too
            # much of its own.
            yield from ([one, last] for one in same[:_PAIRS])
            judged = sorted((one for one in self._exchanges if self._facts(one, clause)), key=_size)
            accepted, refused = ([one for one in judged if _is_success(one) is wanted][:_PAIRS] for wanted in (True, False))
            yield from ([one, other] for other in refused for one in accepted)
            # Where it takes more than two, whatever there is; what is needless goes afterwards.
            yield [*[one for one in judged if one is not last][:_WINDOW], last]
        # Of a history nothing may be left out in the middle: what was left out may be the cause.
        for count in range(1, min(len(same), _WINDOW) + 1):
            yield [*same[-count:], last]

    def _shows(self, some: Sequence[Exchange], clause: str) -> bool:
        """Whether a clause is broken by the last of some exchanges, or by the first, if the rest is there to confirm it."""
        culprits = [some[-1]] if some[0].origin.case != some[-1].origin.case else [some[0], some[-1]]
        if any(finding.clause == clause for finding in self._judged(some[-1]).findings):
            return True
        facts = [fact for one in some for fact in self._facts(one, clause)]
        found = self.judge.reduce(facts).findings
        return any(finding.clause == clause and any(finding.origin == one.origin for one in culprits) for finding in found)

    def _facts(self, one: Exchange, clause: str) -> list[Fact]:
        # One fact of the whole request decides about each of its places.
        shared = f"{one.operation}/request:accepts" if self._is_stateless(clause) else ""
        return [fact for fact in self._judged(one).facts if fact.clause in (clause, shared)]

    def _is_stateless(self, clause: str) -> bool:
        return self.judge.catalogue.clauses[clause].family == "request"

    def _judged(self, one: Exchange) -> Judgement:
        if id(one) not in self._judgements:
            self._judgements[id(one)] = self.judge.judge(one)
        return self._judgements[id(one)]


def curl_lines(
    judge: Judge,
    histories: Histories,
    last: Exchange | None,
    finding: Finding,
    strangers: Mapping[str, Iterable[str]] | None = None,
) -> str:
    """The curl lines of a finding, one a line.

    Args:
        last: the exchange that shows it.
        strangers: for each provider, numbers that the user granted. They and all others that are not reserved leave as masks.
    """
    if last is None or last.operation is None:
        return ""
    operation = judge.catalogue.operations[last.operation]
    lines: list[str] = []
    shown = histories.shortest(last, finding.clause)
    for index, one in enumerate(shown):
        line = curl_line(one, operation.security, histories.token(operation.security), judge.masker.knows)
        for number in (strangers or {}).get(operation.provider, ()):
            if _NUMBER.fullmatch(number) and not is_reserved(number):
                line = line.replace(number, judge.masker.token("phone", number))
        line = _NUMBER.sub(lambda match: _shown(judge, match[0]), line)
        if index and one.overlaps(shown[index - 1]):
            lines[-1] = f"{lines[-1].removesuffix(' & wait')} & {line} & wait"  # both at the same moment
        else:
            lines.append(line)
    return "\n".join(lines)


def _shown(judge: Judge, number: str) -> str:
    return number if is_reserved(number) else judge.masker.token("phone", number)


def _size(one: Exchange) -> int:
    return len(one.request.body or b"")


def _is_success(one: Exchange) -> bool:
    return one.response is not None and one.response.status // 100 == 2
