"""`python -m benchmarks`: every figure of performance beside its limit and its goal, in one run on one machine."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks import febrl, files, large, paper, selling
from benchmarks.table import Row, print_json, print_table
from benchmarks.trial import folder, machine


def run(*, is_small: bool, full: Path | None = None) -> list[Row]:
    rows: list[Row] = []

    def tell(found: list[Row]) -> None:
        rows.extend(found)
        sys.stderr.write(f"{len(rows)} figures\n")

    with folder() as place:
        tell(selling.measure(place, is_small=is_small))
        store, filling = large.filled(place, is_small=is_small)
        tell([*filling, *large.measure(store)])
        tell(files.measure(place, store, is_small=is_small))
        store.close()
        tell(paper.measure(place, is_small=is_small))
    if full is not None:
        store = large.opened(full)
        tell(large.measure(store))
        store.close()
    tell(febrl.run(small=is_small))
    return rows


def main() -> None:
    words = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    words.add_argument("--small", action="store_true", help="under a minute, for CI")
    words.add_argument("--json", action="store_true", help="one JSON line instead of the table")
    words.add_argument("--full", type=Path, metavar="BOOK", help="also read this book, filled with a million invoices")
    asked = words.parse_args()
    sys.stderr.write(machine() + "\n")
    rows = run(is_small=asked.small, full=asked.full)
    if asked.json:
        print_json(rows)
        return
    print(machine())
    print_table(rows)


if __name__ == "__main__":
    main()
