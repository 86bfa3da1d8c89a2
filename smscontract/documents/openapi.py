"""Operations of an OpenAPI document, with what the contract file adds to each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any
from urllib.parse import unquote, urlsplit

from smscontract.documents.clause import Source
from smscontract.documents.neighbours import Neighbour
from smscontract.documents.nodes import Inherited, Node, build_node, resolve
from smscontract.documents.overlay import stated_at
from smscontract.documents.places import Place
from smscontract.documents.rules import Rule, Undefined
from smscontract.errors import UnusableInput
from smscontract.yaml import Marked

__all__ = ["Operation", "Parameter", "RequestBody", "ResponseDocument", "Security", "read_operations"]

_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Parameter:
    """A parameter of path, query or header. `node.path` is `(where.name,)` as clause ids have it."""

    name: str
    where: str
    required: bool
    node: Node
    example: Any = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RequestBody:
    """The JSON body of a request."""

    required: bool
    content_types: tuple[str, ...]
    node: Node
    examples: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ResponseDocument:
    """One documented answer. `key` is the document's own: `200`, `2XX`, `default`."""

    key: str
    content_types: tuple[str, ...]
    node: Node | None
    examples: Mapping[str, Any]
    inherited: Inherited
    content_inherited: Inherited
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Security:
    """How a request proves who it is: `bearer`, `basic` or `key` (the bare key in a header or in the query)."""

    kind: str
    where: str
    name: str
    inherited: Inherited
    file: str
    line: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Operation:
    """One endpoint.

    Attributes:
        key: `provider.operationId`.
        path: template of the path.
        states: for each parameter its states, each with the status codes that it is answered with (as text).
        effect: what one accepted request does out there: `{"texts": "now"}`, and places of timers that lead to texts.
        marker: where in a request a run may leave its name.
        read, end: calls that read back and end what a request made.
        raw: the document, for tools that read OpenAPI themselves.
    """

    provider: str
    id: str
    method: str
    path: str
    parameters: tuple[Parameter, ...]
    body: RequestBody | None
    responses: Mapping[str, ResponseDocument]
    security: Security | None
    inherited: Inherited
    file: str
    line: int
    raw: Mapping[str, Any] = field(repr=False)
    rules: tuple[Rule, ...] = ()
    undefined: tuple[Undefined, ...] = ()
    states: Mapping[str, Mapping[str, tuple[tuple[str, ...], Source]]] = field(default_factory=dict)
    effect: Mapping[str, Any] = field(default_factory=dict)
    marker: Place | None = None
    read: Neighbour | None = None
    end: Neighbour | None = None
    pattern: re.Pattern[str] = field(default=re.compile(""), repr=False)

    @property
    def key(self) -> str:
        """`provider.operationId`."""
        return f"{self.provider}.{self.id}"

    def match(self, method: str, url: str) -> dict[str, str] | None:
        """Path parameters, percent-decoded, if the request is one of this operation; else `None`. No method fits any."""
        if method and method.upper() != self.method:
            return None
        return self.match_path(url)

    def match_path(self, url: str) -> dict[str, str] | None:
        """As `match`, whatever the method."""
        try:
            path = urlsplit(url).path
        except ValueError:
            return None
        found = self.pattern.fullmatch(path)
        return {_name(key): unquote(value) for key, value in found.groupdict().items()} if found else None

    def leads_to(self, url: str) -> bool:
        """Whether a URL ends in this path, whatever stands before it: a gateway or a folder of the target."""
        try:
            path = urlsplit(url).path
        except ValueError:
            return False
        return _ending(self.pattern).fullmatch(path) is not None

    def response_for(self, status: int) -> ResponseDocument | None:
        """The documented answer for a status: exact, then its range, then `default`; for an undocumented 2xx the only
        documented success, so that its body is judged all the same."""
        exact = self.responses.get(str(status)) or self.responses.get(f"{status // 100}XX") or self.responses.get("default")
        if exact is None and status // 100 == 2:
            successes = [answer for key, answer in self.responses.items() if key.startswith("2")]
            return successes[0] if successes else None
        return exact

    def documents_status(self, status: int) -> bool:
        """Whether the document lists this status itself."""
        return any(key in self.responses for key in (str(status), f"{status // 100}XX", "default"))

    @property
    def success(self) -> ResponseDocument | None:
        """The first documented success."""
        return next((answer for key, answer in self.responses.items() if key.startswith("2")), None)

    @property
    def refusal(self) -> ResponseDocument | None:
        """The first documented 4xx answer."""
        return next((answer for key, answer in self.responses.items() if key.startswith("4")), None)


def _name(group: str) -> str:
    return bytes.fromhex(group[1:]).decode()


def _pattern(path: str) -> re.Pattern[str]:
    """A template as a pattern; names of groups are hexadecimal, since a parameter may have any name."""
    pieces = re.split(r"\{([^{}]+)\}", path)
    text = "".join(
        f"(?P<g{piece.encode().hex()}>[^/]+)" if index % 2 else re.escape(piece) for index, piece in enumerate(pieces)
    )
    return re.compile(text)


@cache
def _ending(pattern: re.Pattern[str]) -> re.Pattern[str]:
    return re.compile(f".*{pattern.pattern}", re.DOTALL)


def _examples(media: Mapping[str, Any], marked: Marked, path: tuple[str | int, ...]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if "example" in media:
        found["example"] = media["example"]
    for name, raw in (media.get("examples") or {}).items():
        example, _ = resolve(raw, (*path, "examples", name), marked)
        if "value" in example:
            found[name] = example["value"]
    schema = media.get("schema")
    if isinstance(schema, Mapping) and not found:
        inner, _ = resolve(schema, (*path, "schema"), marked)
        found.update({f"schema-{index}": value for index, value in enumerate(inner.get("examples") or [])})
    return found


def _json_media(content: Mapping[str, Any]) -> str | None:
    return next((name for name in content if name == "application/json" or name.endswith("+json") or name == "*/*"), None)


class _Reader:
    def __init__(self, marked: Marked, provider: str) -> None:
        self.marked = marked
        self.provider = provider

    def own(self, raw: Mapping[str, Any], path: tuple[str | int, ...], inherited: Inherited) -> Inherited:
        """What `x-source` and `x-level` of anything but a schema say."""
        return build_node(
            {key: raw[key] for key in ("x-source", "x-level") if key in raw}, path, self.marked, inherited
        ).inherited

    def refuse(self, message: str, hint: str, path: tuple[str | int, ...]) -> UnusableInput:
        file, line = stated_at(self.marked, path)
        return UnusableInput(message, file=file, line=line, hint=hint)

    def operations(self) -> Iterator[Operation]:
        data = self.marked.data
        if not isinstance(data, Mapping) or not str(data.get("openapi", "")).startswith("3."):
            raise self.refuse("this is no OpenAPI 3 document", "it should start with `openapi: 3.1.0`", ())
        top = self.own(data, (), Inherited(Source(file=self.marked.file)))
        paths = data.get("paths")
        if not isinstance(paths, Mapping) or not paths:
            raise self.refuse("the document has no `paths`", "describe at least one operation", ())
        for template, stated in paths.items():
            item, where = resolve(stated, ("paths", template), self.marked)
            for method in _METHODS:
                if method in item:
                    yield self.operation(str(template), method, item, where, top)

    def operation(
        self, template: str, method: str, item: Mapping[str, Any], where: tuple[str | int, ...], top: Inherited
    ) -> Operation:
        raw, path = item[method], (*where, method)
        if not isinstance(raw, Mapping) or not isinstance(raw.get("operationId"), str):
            raise self.refuse(
                f"{method.upper()} {template} has no `operationId`", "clause ids need one, in lower-case-kebab", path
            )
        name = raw["operationId"]
        if re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]*", name) is None:
            raise self.refuse(f"operationId `{name}` is not safe in a shell", "use letters, digits, dots and dashes", path)
        inherited = self.own(raw, path, top)
        parameters = [
            self.parameter(one, (*base, "parameters", index), inherited)
            for holder, base in ((item, where), (raw, path))
            for index, one in enumerate(holder.get("parameters") or [])
        ]
        responses = raw.get("responses")
        if not isinstance(responses, Mapping) or not responses:
            raise self.refuse(f"operation `{name}` documents no answer", "add `responses:`", path)
        return Operation(
            provider=self.provider,
            id=name,
            method=method.upper(),
            path=template,
            parameters=tuple(parameters),
            body=self.body(raw, path, inherited),
            responses={
                str(key).upper().replace("DEFAULT", "default"): self.response(
                    str(key), one, (*path, "responses", key), inherited
                )
                for key, one in responses.items()
            },
            security=self.security(raw, path, inherited),
            inherited=inherited,
            file=stated_at(self.marked, path)[0],
            line=stated_at(self.marked, path)[1],
            raw=self.marked.data,
            pattern=_pattern(template),
        )

    def parameter(self, raw: Any, path: tuple[str | int, ...], inherited: Inherited) -> Parameter:
        raw, path = resolve(raw, path, self.marked)
        inherited = self.own(raw, path, inherited)
        where, name = str(raw.get("in", "")), str(raw.get("name", ""))
        if where not in ("path", "query", "header", "cookie") or not name:
            raise self.refuse("a parameter needs `name` and `in`", "for example `{name: id, in: path}`", path)
        schema = dict(raw.get("schema") or {})
        node = build_node(
            schema,
            (*path, "schema"),
            self.marked,
            inherited,
            path=(f"{where}.{name}",),
            required=bool(raw.get("required")),
            mask=raw.get("x-mask"),
        )
        example = raw.get("example", next(iter(_examples(raw, self.marked, path).values()), None))
        return Parameter(name=name, where=where, required=bool(raw.get("required")), node=node, example=example)

    def body(self, raw: Mapping[str, Any], path: tuple[str | int, ...], inherited: Inherited) -> RequestBody | None:
        if "requestBody" not in raw:
            return None
        body, where = resolve(raw["requestBody"], (*path, "requestBody"), self.marked)
        inherited = self.own(body, where, inherited)
        content = body.get("content") or {}
        media = _json_media(content)
        if media is None:
            raise self.refuse("the request body has no JSON form", "only JSON bodies can be judged", where)
        here = (*where, "content", media)
        node = build_node(content[media].get("schema") or {}, (*here, "schema"), self.marked, inherited)
        return RequestBody(
            required=bool(body.get("required")),
            content_types=tuple(content),
            node=node,
            examples=_examples(content[media], self.marked, here),
        )

    def response(self, key: str, raw: Any, path: tuple[str | int, ...], inherited: Inherited) -> ResponseDocument:
        if re.fullmatch(r"[1-5]([0-9]{2}|XX|xx)|default", key) is None:
            raise self.refuse(f"`{key}` is no status code", "use for example `200`, `4XX` or `default`", path)
        raw, path = resolve(raw, path, self.marked)
        inherited = self.own(raw, path, inherited)
        content = raw.get("content") or {}
        media = _json_media(content)
        node = None
        examples: dict[str, Any] = {}
        content_inherited = inherited
        if media is not None:
            here = (*path, "content", media)
            body = content[media] if isinstance(content[media], Mapping) else {}
            content_inherited = self.own(body, here, inherited)
            node = build_node(body.get("schema") or {}, (*here, "schema"), self.marked, content_inherited)
            examples = _examples(body, self.marked, here)
        return ResponseDocument(
            key=key.upper().replace("DEFAULT", "default"),
            content_types=tuple(content),
            node=node,
            examples=examples,
            inherited=inherited,
            content_inherited=content_inherited,
            file=stated_at(self.marked, path)[0],
            line=stated_at(self.marked, path)[1],
        )

    def security(self, raw: Mapping[str, Any], path: tuple[str | int, ...], inherited: Inherited) -> Security | None:
        wanted = raw.get("security", self.marked.data.get("security"))
        names = [name for one in wanted or [] if isinstance(one, Mapping) for name in one]
        if not names:
            return None
        schemes = (self.marked.data.get("components") or {}).get("securitySchemes") or {}
        if names[0] not in schemes:
            raise self.refuse(f"security scheme `{names[0]}` is not defined", "add it to components/securitySchemes", path)
        scheme, where = resolve(schemes[names[0]], ("components", "securitySchemes", names[0]), self.marked)
        inherited = self.own(scheme, where, inherited)
        file, line = stated_at(self.marked, where)
        if scheme.get("type") == "http" and str(scheme.get("scheme", "")).lower() in ("bearer", "basic"):
            kind = str(scheme["scheme"]).lower()
            return Security(kind=kind, where="header", name="authorization", inherited=inherited, file=file, line=line)
        if scheme.get("type") == "apiKey" and scheme.get("in") in ("header", "query"):
            place = str(scheme["in"])
            name = str(scheme.get("name", ""))
            return Security(
                kind="key",
                where=place,
                name=name.lower() if place == "header" else name,
                inherited=inherited,
                file=file,
                line=line,
            )
        raise self.refuse(
            f"security scheme `{names[0]}` is not supported", "use http bearer, http basic, or apiKey in header or query", where
        )


def read_operations(marked: Marked, provider: str) -> list[Operation]:
    """All operations of a document, without what a contract file adds.

    Raises:
        UnusableInput: with file, line and the next step, for anything that is not understood.
    """
    return list(_Reader(marked, provider).operations())
