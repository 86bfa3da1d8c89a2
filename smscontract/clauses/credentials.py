"""Which parts of a request are credentials, so that they are hidden wherever else they turn up."""

from __future__ import annotations

import re
from functools import lru_cache
from urllib.parse import parse_qs, urlsplit

from smscontract.documents import Operation
from smscontract.exchange import Exchange

__all__ = ["credentials"]

#: Headers that carry a credential, whatever the document says.
_CREDENTIALS = re.compile(r"authorization|proxy-authorization|cookie|(x-)?api-?key|x-auth-token")


@lru_cache(maxsize=1024)
def _carries(name: str) -> bool:
    return _CREDENTIALS.fullmatch(name) is not None


def credentials(exchange: Exchange, operation: Operation | None) -> set[str]:
    """What opens something in a request: credentials of the usual headers, and of the place that the document names."""
    security = operation.security if operation is not None else None
    pairs = [(name, value) for name, value in exchange.request.headers or () if _carries(name)]
    if security is not None and security.where == "header":
        pairs += [(name, value) for name, value in exchange.request.headers or () if name == security.name]
    elif security is not None:
        try:
            query = parse_qs(urlsplit(exchange.request.url).query)
        except ValueError:
            query = {}
        pairs += [(security.name, value) for value in query.get(security.name, [])]
    # A shorter one would be found in words that have nothing to do with it.
    return {secret for _, value in pairs if len(secret := value.rpartition(" ")[2]) >= 8}
