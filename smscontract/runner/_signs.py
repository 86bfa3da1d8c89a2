"""What the answers so far say of the target as a whole: whether it serves at all, and whether it lets anybody in."""

from __future__ import annotations

from smscontract.exchange import Auth, Exchange
from smscontract.probes.base import Case, Kit

__all__ = ["Signs", "failed", "is_limited"]


class Signs:
    """Learns from one answer after the other.

    Args:
        kit: of the operation.

    Attributes:
        refused: a case that was refused although who asked may ask: it can be asked again and changes nothing.
        doubts: failures in a row that only a request without a credential told from an outage.
        storm: answers 429 in a row.
        turned_away: statuses of all answers to the good credential; `None` once it was let in, or that was asked for.
        telling: how many of them no state of a resource explains.
    """

    def __init__(self, kit: Kit) -> None:
        self._states = kit.operation.states
        self.refused: Case | None = None
        self.doubts = 0
        self.storm = 0
        self.turned_away: set[int] | None = set()
        self.telling = 0

    def learn(self, case: Case, exchange: Exchange) -> None:
        """An answer to somebody who may ask shows that the provider works; who was refused once can be asked again."""
        astray = bool(case.method or case.spelling)  # somebody else may answer it
        if exchange.auth is Auth.GOOD and self.turned_away is not None and not astray:
            status = exchange.response.status if exchange.response is not None else 0
            self.turned_away.add(status)
            self.telling += not self._may_be_refused(case)
            if not self.turned_away <= {401, 403} or len(self.turned_away) > 1:
                self.turned_away = None
        if exchange.auth is Auth.GOOD and exchange.response is not None and not failed(exchange) and not is_limited(exchange):
            self.doubts = self.storm = 0
            refused = exchange.response.status // 100 == 4 and exchange.response.status not in (401, 403)
            # HEAD is answered without a body, whatever happens to the rest.
            if refused and not (case.spends or case.repeats or astray):
                self.refused = case

    def _may_be_refused(self, case: Case) -> bool:
        """Whether the contract has what a case names refused as a credential is."""
        return any(
            code in ("401", "403", "4XX")
            for name, entry in case.entries.items()
            for label in (entry.label, entry.state)
            for code in self._states.get(name, {}).get(label, ((), None))[0]
        )


def failed(exchange: Exchange) -> bool:
    """Whether an exchange could as well be an outage: no whole answer, or a 5xx."""
    return exchange.failure is not None or exchange.response is None or exchange.response.status >= 500


def is_limited(exchange: Exchange) -> bool:
    """Whether somebody was turned away for asking too often."""
    return exchange.response is not None and exchange.response.status == 429
