"""House rules that no linter knows: about tables, about commands, about folders (design.md section 11)."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import BigInteger, Float, Numeric, PrimaryKeyConstraint, Table, UniqueConstraint
from sqlalchemy.orm import configure_mappers

from models.all import Base
from models.base import Created, Entity, Owned, Placed, Versioned
from models.values.topics import Topic

ROOT = Path(__file__).resolve().parent.parent.parent
SERVICES = ROOT / "services"
FEATURES = sorted(path.parent.name for path in SERVICES.glob("*/__init__.py"))
MAPPERS = sorted(Base.registry.mappers, key=lambda mapper: mapper.class_.__name__)
ENTITIES = [mapper.class_ for mapper in MAPPERS if issubclass(mapper.class_, Entity)]
TABLES: list[Table] = Base.metadata.sorted_tables


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), path.name)


# --- tables ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_no_column_is_a_float_or_a_numeric(table: Table) -> None:
    """NUMERIC is a float on SQLite: amounts and decimals are whole numbers (design.md section 4)."""
    wrong = [c.name for c in table.c if isinstance(getattr(c.type, "impl_instance", c.type), Float | Numeric)]
    assert wrong == []


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_money_is_a_whole_number_of_64_bits_and_says_so(table: Table) -> None:
    for column in table.c:
        if column.name.endswith("_minor"):
            assert type(column.type) is BigInteger, column.name
        assert not column.name.endswith(("_amount", "_price_total", "_total")), f"{column.name}: money ends in _minor"
        assert column.name not in {"amount", "total", "balance", "tax", "payable"}, f"{column.name}: in which unit?"


NO_INDEX = {"owner_id", "company_id", "branch_id", "business_unit_id", "issued_by_id"}
"""Links to what a firm has a handful of and never deletes (models.base.Placed)."""


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table.name)
def test_every_link_has_an_index_that_begins_with_it(table: Table) -> None:
    begins = {next(iter(index.columns)).name for index in table.indexes}
    keys = (c for c in table.constraints if isinstance(c, PrimaryKeyConstraint | UniqueConstraint))
    begins |= {next(iter(key.columns)).name for key in keys}
    links = {column.name for column in table.c if column.foreign_keys}
    assert links - begins - NO_INDEX == set()


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__name__)
def test_every_entity_has_a_topic_an_id_and_is_on_the_list(entity: type[Entity]) -> None:
    assert isinstance(entity.topic, Topic)
    assert entity.__table__ in TABLES
    assert "id" in entity.__table__.c
    assert entity.untracked <= set(entity.__table__.c.keys()), "a column that is left out of the history exists"


def test_every_table_belongs_to_a_module_that_all_knows() -> None:
    modules = {path.stem for path in (ROOT / "models").glob("*.py")} - {"__init__", "all", "base", "columns", "guards"}
    known = importlib.import_module("models.all")
    assert modules <= set(known.__all__)


@pytest.mark.parametrize("entity", ENTITIES, ids=lambda entity: entity.__name__)
def test_mixins_stand_before_the_entity(entity: type[Entity]) -> None:
    """Their columns and arguments count only there."""
    order = entity.__mro__
    mixins: set[type] = {Versioned, Owned, Placed, Created}
    assert all(order.index(mixin) < order.index(Entity) for mixin in mixins.intersection(order))


def test_old_values_are_read_for_every_column() -> None:
    """An expired attribute that is set must not lose its old value: the history needs it."""
    configure_mappers()
    for mapper in MAPPERS:
        for attribute in mapper.column_attrs:
            assert getattr(mapper.class_, attribute.key).impl.dispatch._active_history, f"{mapper} {attribute.key}"


# --- commands --------------------------------------------------------------------------------------------------------

COMMAND_MODULES = ("commands", "payments", "founding", "editing", "rates", "contacts", "pipelines", "stages", "undo")
NO_RIGHT_NEEDED = {
    "services/organisation/founding.py": {"currency_of", "free_code", "split_address", "time_zone_of"},
    "services/organisation/rates.py": {"quote"},
    "services/sales/pipelines.py": {"stage_named", "first_of"},
}
"""Pure functions and what a command that asked before looks up; the reason stands in each docstring."""


def command_files() -> list[Path]:
    return [path for name in COMMAND_MODULES for path in sorted(SERVICES.glob(f"*/{name}.py"))]


def public_functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_"):
            yield node


def takes_work(function: ast.FunctionDef) -> bool:
    return any(argument.arg == "work" for argument in function.args.args[:1])


ASKS = {"require", "to_change"}
"""`to_change` (services/versions.py) begins with require."""


def asks_for_a_right(function: ast.FunctionDef, asks: set[str]) -> bool:
    calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
    return any(isinstance(call.func, ast.Name) and call.func.id in asks for call in calls)


def asking(path: Path) -> set[str]:
    """ASKS, and the private functions of the module that ask for their callers."""
    private = (node for node in tree(path).body if isinstance(node, ast.FunctionDef) and node.name.startswith("_"))
    return ASKS | {node.name for node in private if asks_for_a_right(node, ASKS)}


@pytest.mark.parametrize("path", command_files(), ids=named)
def test_every_command_asks_for_a_right(path: Path) -> None:
    allowed = NO_RIGHT_NEEDED.get(named(path), set())
    asks = asking(path)
    careless = {f.name for f in public_functions(path) if takes_work(f) and not asks_for_a_right(f, asks)}
    assert careless - allowed == set()


def seeing(path: Path) -> set[str]:
    """What shows only what the actor may see, and the private functions of the module that end there."""
    asks = ASKS | {"visible", "row_of"}
    private = [node for node in tree(path).body if isinstance(node, ast.FunctionDef) and node.name.startswith("_")]
    while more := {node.name for node in private if asks_for_a_right(node, asks)} - asks:
        asks |= more
    return asks


@pytest.mark.parametrize("path", sorted(SERVICES.glob("*/queries.py")), ids=named)
def test_every_query_asks_for_a_right_or_shows_only_what_is_visible(path: Path) -> None:
    asks = seeing(path)
    careless = {f.name for f in public_functions(path) if takes_work(f) and not asks_for_a_right(f, asks)}
    assert careless == set()


@pytest.mark.parametrize("path", command_files(), ids=named)
def test_no_command_commits_or_rolls_back(path: Path) -> None:
    """The caller owns the transaction (style.md, house rule 2)."""
    calls = (node.func for node in ast.walk(tree(path)) if isinstance(node, ast.Call))
    endings = {call.attr for call in calls if isinstance(call, ast.Attribute)} & {"commit", "rollback", "begin"}
    assert endings == set()


# --- SQL around the hooks --------------------------------------------------------------------------------------------

FREE = ("services/health/", "services/search/", "services/filling/")
AROUND = {"services/organisation/numbers.py", "services/codes.py"}
"""Counters leave no history; what they counted does."""
JOINS = {"join", "outerjoin"}
CORE = {"text", "update", "delete", "insert"}


def feature_files() -> list[Path]:
    files = (path for feature in FEATURES for path in sorted((SERVICES / feature).rglob("*.py")))
    return [path for path in files if not named(path).startswith(FREE) and named(path) not in AROUND]


def is_source(node: ast.AST) -> bool:
    """What a Listing reads from: `source=...`, or tables joined."""
    if isinstance(node, ast.keyword):
        return node.arg == "source"
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in JOINS


def bypasses(path: Path) -> list[str]:
    """Where a feature writes SQL that neither history nor visibility see."""
    module = tree(path)
    imported = {
        alias.asname or alias.name
        for node in ast.walk(module)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("sqlalchemy")
        for alias in node.names
    }
    found = []
    in_listing = {id(inner) for node in ast.walk(module) if is_source(node) for inner in ast.walk(node)}
    for node in ast.walk(module):
        if isinstance(node, ast.Attribute) and node.attr == "__table__" and id(node) not in in_listing:
            found.append(f"line {node.lineno}: __table__")
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in imported & CORE:
            found.append(f"line {node.lineno}: {node.func.id}()")
        if isinstance(node, ast.Attribute) and node.attr in {"exec_driver_sql", "bulk_save_objects"}:
            found.append(f"line {node.lineno}: {node.attr}")
    return found


@pytest.mark.parametrize("path", feature_files(), ids=named)
def test_no_feature_writes_sql_around_the_hooks(path: Path) -> None:
    assert bypasses(path) == []


CAREFUL = """
from sqlalchemy import select
SOURCE = Deal.__table__.join(Customer.__table__, Customer.id == Deal.customer_id)
LISTING = Listing(source=Item.__table__)
def win(work, deal_id):
    require(work, Module.SALES, Action.EDIT)
def lose(work, deal_id):
    _open(work, deal_id)
def _open(work, deal_id):
    return to_change(work, Deal, deal_id, Module.SALES)
"""
CARELESS = """
import datetime as dt
from sqlalchemy import delete, text, update
def win(work, deal_id):
    work.session.execute(update(Deal).values(won_on=dt.date.today()))
def lose(work, deal_id):
    _open(work, deal_id)
    work.session.connection().execute(Deal.__table__.insert())
def drop(work):
    work.session.execute(text("DELETE FROM deal"))
    work.session.execute(delete(Deal))
def _open(work, deal_id):
    return work.session.get(Deal, deal_id, dt.datetime.now())
"""


@pytest.mark.parametrize(
    ("source", "unasked", "around", "clock"),
    [(CAREFUL, set(), 0, 0), (CARELESS, {"win", "lose", "drop"}, 4, 2)],
    ids=["careful", "careless"],
)
def test_the_rules_bite(tmp_path: Path, source: str, unasked: set[str], around: int, clock: int) -> None:
    path = tmp_path / "commands.py"
    path.write_text(source, encoding="utf-8")
    assert {f.name for f in public_functions(path) if not asks_for_a_right(f, asking(path))} == unasked
    assert len(bypasses(path)) == around
    assert len(readings_of_the_clock(path)) == clock


# --- the clock -------------------------------------------------------------------------------------------------------

CLOCK = {("date", "today"), ("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("time", "time")}


def readings_of_the_clock(path: Path) -> list[str]:
    found = []
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name | ast.Attribute):
            owner = node.value.id if isinstance(node.value, ast.Name) else node.value.attr
            if (owner, node.attr) in CLOCK:
                found.append(f"line {node.lineno}: {owner}.{node.attr}")
    return found


def program_files() -> list[Path]:
    return [path for folder in ("models", "services", "ui") for path in sorted((ROOT / folder).rglob("*.py"))]


def test_main_alone_reads_the_clock() -> None:
    found = {named(path): lines for path in program_files() if (lines := readings_of_the_clock(path))}
    assert found == {}


# --- folders ---------------------------------------------------------------------------------------------------------

OF_SERVICES_ALONE = {"printing", "search", "reports", "health", "filling", "journey", "templates", "einvoice"}
"""Features without tables of their own."""


@pytest.mark.parametrize("feature", FEATURES)
def test_a_feature_has_the_same_name_in_models_services_and_tests(feature: str) -> None:
    if feature not in OF_SERVICES_ALONE:
        assert (ROOT / "models" / f"{feature}.py").is_file()


def test_tests_of_a_feature_lie_in_its_folder() -> None:
    folders = {path.name for path in (ROOT / "tests" / "services").iterdir() if (path / "__init__.py").is_file()}
    assert folders <= set(FEATURES)


def test_every_folder_of_tests_is_a_package() -> None:
    tests = ROOT / "tests"
    folders = {path.parent for path in tests.rglob("test_*.py")}
    assert [named(folder) for folder in sorted(folders) if not (folder / "__init__.py").is_file()] == []


def test_tests_and_code_name_no_folder_of_this_machine() -> None:
    signs = ("/work/" + "shared", "/work/" + "main", "/root" + "/")
    for path in [*program_files(), *(ROOT / "tests").rglob("*.py")]:
        content = path.read_text(encoding="utf-8")
        assert not any(sign in content for sign in signs), named(path)
