"""Runs the gate on every wrong server and on every right one, and prints what it noticed. By hand:

python -m tests.bench.faults [--fuzz N] [--only PART-OF-NAME] [--quick]
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor

from tests.faults.catalogue import FAULTS, TWINS
from tests.faults.model import Kind, Outcome, outcome_of

__all__ = ["main", "run"]


def run(name: str, fuzz: int) -> tuple[str, Outcome]:
    """The gate on one server, by name."""
    one = FAULTS.get(name) or TWINS[name]
    return name, outcome_of(one.build(), one.provider, fuzz=fuzz)


def _outcomes(names: list[str], fuzz: int) -> Iterator[tuple[str, Outcome]]:
    with ProcessPoolExecutor(max_workers=max(1, min(2, os.cpu_count() or 1))) as pool:
        yield from pool.map(run, names, [fuzz] * len(names), chunksize=4)


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fuzz", type=int, default=0)
    parser.add_argument("--only", default="")
    words = parser.parse_args()
    faults = dict(_outcomes([name for name in FAULTS if words.only in name], words.fuzz))
    twins = dict(_outcomes([name for name in TWINS if words.only in name], words.fuzz))
    for name, outcome in faults.items():
        fault = FAULTS[name]
        wrong = outcome.wrong(fault)
        if not outcome.named(fault) or wrong:
            state = "misnamed" if outcome.found else "NOT FOUND" if fault.shown else "not shown"
            print(f"  {state:<10} {name}: expected {', '.join(sorted(fault.expected))}; got {outcome.found or 'nothing'}")
    for name, twin in twins.items():
        if twin.found or twin.exit_code:
            print(f"  FALSE ALARM {name}: exit {twin.exit_code}, {twin.found}")
    print(f"\n{'kind':<26}{'faults':>7}{'found':>7}{'named':>7}{'wrong':>7}{'median':>8}{'worst':>7}")
    shown = {name: outcome for name, outcome in faults.items() if FAULTS[name].shown}
    for kind in (*Kind, None):
        mine = {name: outcome for name, outcome in shown.items() if kind is None or FAULTS[name].kind is kind}
        if not mine:
            continue
        firsts = [outcome.first for outcome in mine.values() if outcome.first is not None]
        named = sum(outcome.named(FAULTS[name]) for name, outcome in mine.items())
        wrong_names = sum(bool(outcome.wrong(FAULTS[name])) for name, outcome in mine.items())
        median, worst = (statistics.median(firsts), max(firsts)) if firsts else (0, 0)
        print(f"{kind or 'all':<26}{len(mine):>7}{len(firsts):>7}{named:>7}{wrong_names:>7}{median:>8g}{worst:>7}")
    requests = [outcome.requests for outcome in (*faults.values(), *twins.values())]
    alarms = sum(bool(outcome.found) for outcome in twins.values())
    print(f"\n{len(faults) - len(shown)} faults that no answer can show; {alarms} false alarms on {len(twins)} right servers")
    print(f"requests in a run: {min(requests, default=0)} to {max(requests, default=0)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
