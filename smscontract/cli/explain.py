"""`smscontract explain`: one clause, where it comes from, and what keeping and breaking it looks like."""

from __future__ import annotations

import json
from collections.abc import Iterator

import click

from smscontract.catalogue import Catalogue, load_catalogue
from smscontract.documents import Clause, find_contract
from smscontract.errors import UsageError
from smscontract.examples import example_of, findings_of
from smscontract.exchange import Exchange, header_values
from smscontract.judge import Judge
from smscontract.mask import Masker
from smscontract.rfc3339 import format_time

__all__ = ["command", "explanation"]


@click.command("explain")
@click.argument("clause")
@click.option("--contract", help="The contract file that the clause is in, if it is not a shipped one.")
def command(clause: str, contract: str | None) -> None:
    """Prints what CLAUSE says, the provider's words, where it is stated, an exchange that keeps it and one that breaks it."""
    catalogue = load_catalogue([contract] if contract else _providers(clause))
    one = catalogue.clause(clause)
    for line in explanation(catalogue, one):
        click.echo(line)


def _providers(clause: str) -> list[str]:
    """Only the provider that the id names, if it is a shipped one: the others need not be read."""
    name = clause.partition(".")[0]
    try:
        find_contract(name)
    except UsageError:
        return []
    return [name]


def explanation(catalogue: Catalogue, clause: Clause) -> Iterator[str]:
    """The lines of an explanation."""
    source = clause.source
    yield clause.id
    yield f"  {clause.says}"
    yield ""
    yield f"  level   {clause.level}"
    yield f"  family  {clause.family}"
    yield f"  stated  {clause.file}:{clause.line}"
    contract = catalogue.contracts[clause.provider]
    if source.quote:
        page = contract.pages.get(source.page)
        yield f"  source  the provider's page{f', {page.url}, read {page.read}' if page is not None else ''}"
        yield f'  words   "{" ".join(source.quote.split())}"'
    elif source.ref:
        yield f"  source  {source.kind}, {contract.refs.get(source.ref, source.ref)}"
    else:
        yield f"  source  {source.kind}"
    if source.why:
        yield f"  why     {source.why}"
    judge = Judge(catalogue, Masker(reveal=True))
    example = example_of(judge, clause)
    if example is None:
        yield ""
        yield "  no exchange could be made that breaks this clause and nothing else"
        return
    for title, exchanges in (("kept by", example.keeps), ("broken by", example.breaks)):
        yield ""
        yield f"  {title}"
        for exchange in exchanges:
            yield from _exchange(exchange)
    findings, _, _ = findings_of(judge, example.breaks)
    if findings:
        yield ""
        yield f"  because {findings[-1].message}: expected {findings[-1].expected}, got {findings[-1].got}"


def _exchange(exchange: Exchange) -> Iterator[str]:
    request = exchange.request
    when = f"  {format_time(exchange.sent_at)}" if exchange.sent_at is not None else ""
    credential = f"  credential {exchange.auth}" if exchange.auth is not None else ""
    known = "".join(f"  {name} is {entry['label']}" for name, entry in exchange.known.items() if "label" in entry)
    role = f"  ({exchange.role})" if exchange.role != "case" else ""
    yield f"    {request.method} {request.url}{when}{credential}{known}{role}"
    if request.body:
        yield f"      {_text(request.body)}"
    if exchange.response is None:
        yield f"    -> no answer: {exchange.failure}"
        return
    kind = (header_values(exchange.response.headers, "content-type") or [""])[0]
    slow = f"  after {exchange.took:.1f} s" if exchange.took is not None and exchange.took > 1 else ""
    yield f"    -> {exchange.response.status}  {kind}{slow}"
    if exchange.response.body:
        yield f"      {_text(exchange.response.body)}"


def _text(body: bytes) -> str:
    try:
        return json.dumps(json.loads(body), ensure_ascii=False)
    except ValueError:
        return ascii(body)[2:-1]
