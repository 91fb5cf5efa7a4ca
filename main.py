"""Throughline: composition root and command line. The only reader of the clock."""

from __future__ import annotations

import datetime as dt
import faulthandler
import multiprocessing
import sys

NO_WINDOW = "This version has no window yet. Use the command line: main.py BOOK COMMAND; main.py --help shows how."


def now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)  # noqa: TID251 - the one place that reads the clock


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["--worker"]:
        from services.exchange.reading import worker

        return worker.main(arguments[2:])
    faulthandler.enable()
    multiprocessing.freeze_support()
    if not arguments:
        sys.stderr.write(NO_WINDOW + "\n")
        return 2
    if arguments == ["--self-test"]:
        from ui.cli.self_test import self_test

        return self_test(clock=now)
    from ui.cli.app import run

    return run(arguments, clock=now)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
