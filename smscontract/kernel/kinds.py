"""The kinds of exchanges that are known, and how new ones are learned: from the judge, or from one that is told the same."""

from __future__ import annotations

import contextlib
import secrets
from collections.abc import Callable, Hashable, Iterator

from smscontract.documents import Rule
from smscontract.exchange import Exchange
from smscontract.judge import Judge, Judgement
from smscontract.kernel.breaking import counted_as
from smscontract.kernel.known import First, Known, learned
from smscontract.kernel.matchers import DOUBTS, Unsure
from smscontract.summary import Summary

__all__ = ["Kinds"]

#: Kinds that are told apart.
_MOST = 20_000


class Kinds(dict[Hashable, Known | None]):
    """By the key of an exchange, or by its likeness; `None` where each has to be judged."""

    def __init__(self, judge: Judge) -> None:
        super().__init__()
        self._judge = judge
        #: Tells by whose scope exchanges of an operation are sampled; `None`: they are not.
        self.sampled_by: Callable[[str], Rule | None] | None = None

    @property
    def all(self) -> Iterator[Known]:
        """Each kind, some more than once."""
        return (known for known in self.values() if known is not None)

    def like(self, first: First, summary: Summary) -> Known | None:
        """The kind of an exchange that is of none by its key; `None` if it has to be judged, and to be learned from.

        Raises:
            Unsure: it has to be judged.
        """
        known = self._alike(first)
        if known is None or (known.judgement.findings and not known.is_told(summary, first.end)):
            return None
        if not known.judgement.findings and first.key not in self:
            known = self[first.key] = known.asking(first)
        return known

    def wants(self, first: First) -> bool:
        """Whether there is anything to learn from such an exchange."""
        _, kin = first.likeness  # of one likeness all break something, or none does
        return (kin if kin is not None else first.key) not in self and len(self) < _MOST

    def learn(self, first: First, exchange: Exchange, judgement: Judgement) -> None:
        """Learns the kind of an exchange for which `like` gave nothing."""
        key, fine, kin = first.key, *first.likeness
        alike = bool(judgement.findings) or key in self  # what broke something may be one of a kind that does not
        if (alike and kin is None) or (kin if alike else key) in self or len(self) >= _MOST:
            return
        known = None
        with contextlib.suppress(*DOUBTS):
            known = learned(
                self._judge, first, exchange, judgement, secrets.randbits(60), alike=alike, sampled=self._sampled(first)
            )
        if not alike:
            self[key] = known
        if alike or (known is not None and kin is not None):
            self[kin] = self[fine] = known and known.as_counted(known.judgement)

    def _sampled(self, first: First) -> Rule | None:
        return self.sampled_by(first.sides[0].operation.key) if self.sampled_by is not None else None

    def _alike(self, first: First) -> Known | None:
        """The kind of an exchange of which the same is told as of another one; `None` if none is known yet."""
        fine, kin = first.likeness
        known = self.get(fine)
        if known is None:
            kindred = self.get(kin)
            if kindred is None and kin not in self:
                return None
            if kindred is None or len(self) >= _MOST:
                raise Unsure
            known = self[fine] = kindred.as_counted(counted_as(kindred.judgement, first.sides, first.sources))
        return known
