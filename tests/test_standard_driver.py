"""The first sale, documents and the unit of work once more, on the SQLite module that Python brings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from services.database import sqlite_driver

ROOT = Path(__file__).resolve().parents[1]
TESTS = ("tests/scenarios", "tests/services/billing/test_documents.py", "tests/services/test_store.py")


def test_the_standard_module_serves_a_book_as_well() -> None:
    environment = os.environ | {"THROUGHLINE_SQLITE": "standard"}
    asked = "from services.database import sqlite_driver; print(sqlite_driver().__name__)"
    driver = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, env=environment, capture_output=True, text=True, check=True
    )
    assert driver.stdout.strip() == "sqlite3"
    assert sqlite_driver().__name__.startswith("sqlcipher3")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-m", "not both", *TESTS]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-3000:]
