"""The parsed OpenAPI document and contract file: what everything else is generated from."""

from __future__ import annotations

from smscontract.documents.clause import FAMILIES, Clause, Source, level_of
from smscontract.documents.contract import Contract, Page, find_contract, read_contract
from smscontract.documents.neighbours import Neighbour
from smscontract.documents.nodes import Node
from smscontract.documents.openapi import Operation, Parameter, RequestBody, ResponseDocument, Security
from smscontract.documents.places import EACH, Place, parse_place
from smscontract.documents.rules import Conditions, Rule, Undefined, nearest_hint

__all__ = [
    "EACH",
    "FAMILIES",
    "Clause",
    "Conditions",
    "Contract",
    "Neighbour",
    "Node",
    "Operation",
    "Page",
    "Parameter",
    "Place",
    "RequestBody",
    "ResponseDocument",
    "Rule",
    "Security",
    "Source",
    "Undefined",
    "find_contract",
    "level_of",
    "nearest_hint",
    "parse_place",
    "read_contract",
]
