"""The layers hold: a deliberate break of each contract of pyproject.toml fails, and names the contract."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("ui", "services", "models")

FEATURES = (
    ("automation", "governance", "exchange", "reports"),
    ("journey",),
    ("support", "contracts", "projects"),
    ("billing",),
    ("sales",),
    ("approvals", "activities", "attachments", "catalogue"),
    ("customers", "ledger"),
    ("organisation",),
)
"""From the top; those of one row do not know each other."""

BREAKS = {
    "layers": {
        "models/offence.py": "import services.billing\n",
        "services/offence.py": "import ui.kit\n",
        "models/deep/offence.py": "from ui import kit\n",
    },
    "no-screen-below-ui": {
        "services/offence.py": "from PySide6.QtCore import QObject\n",
        "models/offence.py": "import shiboken6\n",
        "services/billing/offence.py": "def show() -> None:\n    from PySide6 import QtWidgets\n",
    },
    "ui-knows-values-only": {
        "ui/offence.py": "import sqlalchemy\n",
        "ui/kit/offence.py": "from models import billing\n",
        "ui/offence_too.py": "from models.billing import Invoice\n",
    },
    "values-are-pure": {
        "models/values/offence.py": "from sqlalchemy import select\n",
        "models/values/deep/offence.py": "import psycopg\n",
        "models/values/offence_too.py": "from models import billing\n",
    },
    "features": {
        "services/billing/offence.py": "from services.journey import steps\n",
        "services/sales/offence.py": "from services.billing import steps\n",
        "services/organisation/offence.py": "from services.customers import steps\n",
        "services/ledger/offence.py": "from services.customers import steps\n",
    },
}
"""One file each, by the contract that it breaks. A new contract gets its breaks here."""

ALLOWED = {
    "ui/kit/fine.py": "from models.values.money import Money\nfrom services.billing import steps\n",
    "services/journey/fine.py": "from services.billing import steps\nfrom services.sales import steps as more\n",
    "models/fine.py": "import sqlalchemy\nfrom models.values import money\n",
}


def contracts() -> dict[str, dict[str, Any]]:
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return {contract["id"]: contract for contract in settings["tool"]["importlinter"]["contracts"]}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The shape of our packages, with nothing in them, under our contracts."""
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    write(tmp_path, {"ui/kit/x.py": "", "models/values/money.py": "", "models/billing.py": ""})
    write(tmp_path, {f"services/{feature}/steps.py": "" for row in FEATURES for feature in row})
    write(tmp_path, ALLOWED)
    return tmp_path


def write(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        for folder in path.relative_to(tree).parents[:-1]:
            (tree / folder / "__init__.py").touch()


def verdicts(tree: Path) -> tuple[int, dict[str, str]]:
    """Exit code of lint-imports, and KEPT or BROKEN by the contract's name."""
    command = [str(Path(sys.executable).parent / "lint-imports"), "--no-logo", "--no-cache"]
    done = subprocess.run(command, cwd=tree, check=False, capture_output=True, text=True)
    found = dict(re.findall(r"^(.+) (KEPT|BROKEN)(?: \(\d+ ignored imports?\))?$", done.stdout, re.MULTILINE))
    assert found, done.stdout + done.stderr
    return done.returncode, found


def test_what_is_allowed_passes(tree: Path) -> None:
    code, found = verdicts(tree)
    assert code == 0
    assert set(found.values()) == {"KEPT"}
    assert set(found) == {contract["name"] for contract in contracts().values()}


@pytest.mark.parametrize(
    ("contract", "file"), [(contract, file) for contract, files in BREAKS.items() for file in files]
)
def test_a_break_fails_and_names_its_contract(tree: Path, contract: str, file: str) -> None:
    write(tree, {file: BREAKS[contract][file]})
    code, found = verdicts(tree)
    assert code == 1
    assert [name for name, verdict in found.items() if verdict == "BROKEN"] == [contracts()[contract]["name"]]


def test_every_contract_has_its_breaks() -> None:
    assert set(BREAKS) == set(contracts())


def test_the_rows_of_features_are_those_of_the_contract() -> None:
    rows = [tuple(name.strip(" ()") for name in row.split("|")) for row in contracts()["features"]["layers"]]
    assert tuple(rows) == FEATURES


def test_values_import_only_the_standard_library_and_each_other() -> None:
    """The contract lists the libraries that we know; this takes none at all."""
    values = ROOT / "models" / "values"
    foreign = {
        f"{path.relative_to(ROOT)}: {module}"
        for path in values.rglob("*.py")
        for module in imported(ast.parse(path.read_text(encoding="utf-8")))
        if module.split(".")[0] not in sys.stdlib_module_names and not module.startswith("models.values")
    }
    assert foreign == set()


def imported(tree: ast.Module) -> set[str]:
    """Names of the modules that a module imports, wherever in it; a relative import counts as `.name`."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names
