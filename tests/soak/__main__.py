"""`python3 dev.py soak [names] [--seed S] [--seconds N] [--short]`: the long runs, one line of result each."""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from tests import postgres
from tests.soak import failing_calls, failing_system_calls, kills, power_cuts, races
from tests.soak.books import new_book

CUTS, KILLS, SECONDS = 1_000, 200, 60.0
SHORTER = 20


def _power_cuts(options: argparse.Namespace) -> Iterator[object]:
    cuts = CUTS // SHORTER if options.short else CUTS
    for name, rounds in power_cuts.ROUNDS.items():
        yield from power_cuts.run(options.seed, cuts, rounds // 3 if options.short else rounds, (name,))


def _kills(options: argparse.Namespace) -> Iterator[object]:
    number = KILLS // SHORTER if options.short else KILLS
    for name in kills.NAMES:
        yield from kills.run(options.seed, number, (name,))


def _races(options: argparse.Namespace) -> Iterator[object]:
    seconds = options.seconds / SHORTER if options.short else options.seconds
    with tempfile.TemporaryDirectory(prefix="throughline-races-") as folder:
        book = str(Path(folder) / "race.throughline")
        new_book(book)
        yield races.run(book, "SQLite", options.seed, seconds)
    server = postgres.server()
    if server is None:
        print(postgres.reason_of_absence(), flush=True)
        return
    url = postgres.fresh_database(server)
    new_book(url)
    yield races.run(url, "PostgreSQL", options.seed, seconds, is_timed=False)
    postgres.drop_database(server, url)


def _failing_calls(options: argparse.Namespace) -> Iterator[object]:
    for name in failing_calls.COMMANDS:
        yield from failing_calls.run((name,), stride=3 if options.short else 1)


def _failing_system_calls(options: argparse.Namespace) -> Iterator[object]:
    for name in failing_system_calls.NAMES:
        yield failing_system_calls.run(name, options.seed, 5 if options.short else None)


RUNS: dict[str, Callable[[argparse.Namespace], Iterator[object]]] = {
    "power_cuts": _power_cuts,
    "kills": _kills,
    "races": _races,
    "failing_calls": _failing_calls,
    "failing_system_calls": _failing_system_calls,
}


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="dev.py soak", description=__doc__)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(RUNS)}; all where none is named")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="length of a race")
    parser.add_argument("--short", action="store_true", help="about a twentieth of everything")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in RUNS]
    if unknown:
        parser.error(f"there is no run {unknown[0]}; there are {', '.join(RUNS)}")
    faults = 0
    for name in options.names or RUNS:
        begun = time.monotonic()
        for outcome in RUNS[name](options):
            print(f"{outcome} [seed {options.seed}, {time.monotonic() - begun:.0f} s]", flush=True)
            faults += len(getattr(outcome, "faults", ()))
            begun = time.monotonic()
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
