"""Lists: filtered, sorted, counted and paged in SQL; no text of a person ever becomes SQL or a traceback."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import true

from models.catalogue import Item
from models.customers import Customer
from models.organisation import Branch
from models.values.states import CustomerStatus
from services.errors import InvalidValue, UserError, WrongUse
from services.listing import Asked, Column, Condition, Kind, Listing, conditions, count, ids, page, rows
from services.organisation.queries import BRANCHES
from services.permissions import Module
from services.store import Store
from tests.factories import add_customer, add_item

CUSTOMERS = Listing(
    name="customers",
    kind="customer",
    module=Module.CUSTOMERS,
    table=Customer,
    columns=(
        Column("code", Kind.TEXT, lambda _: Customer.code),
        Column("name", Kind.TEXT, lambda _: Customer.display_name, fold=lambda _: Customer.name_folded),
        Column("status", Kind.CHOICE, lambda _: Customer.status),
        Column("currency", Kind.TEXT, lambda _: Customer.currency),
        Column("limit", Kind.MONEY, lambda _: Customer.credit_limit_minor),
        Column("terms", Kind.INTEGER, lambda _: Customer.payment_terms_days),
        Column("email", Kind.TEXT, lambda _: Customer.email),
        Column("created_at", Kind.INSTANT, lambda _: Customer.created_at),
        Column("is_verified", Kind.BOOLEAN, lambda _: Customer.is_tax_id_verified),
        Column("branch", Kind.TEXT, lambda _: Branch.code),
    ),
    source=Customer.__table__.join(Branch.__table__, Branch.id == Customer.branch_id),
    visible=lambda _: true(),
    sort="name",
)
ITEMS = Listing(
    name="items",
    kind="item",
    module=Module.CATALOGUE,
    table=Item,
    columns=(
        Column("code", Kind.TEXT, lambda _: Item.code),
        Column("price", Kind.DECIMAL, lambda _: Item.unit_price),
    ),
    source=Item.__table__,
    visible=lambda _: true(),
    sort="code",
)


@pytest.fixture
def full(any_store: Store) -> Store:
    with any_store.writing() as work:
        add_customer(work, "Émile & Söhne", code="C-1", credit_limit_minor=150_050, email="a@example.com")
        add_customer(work, "acme trading", code="C-2", credit_limit_minor=100_000, payment_terms_days=60)
        add_customer(work, "Zenith 100%", code="C-3", status=CustomerStatus.INACTIVE, email="")
        add_customer(work, "Kuwait_Co", code="C-4", currency="KWD", credit_limit_minor=1_500_500)
        add_customer(work, 'Nippon "and" Co', code="C-5", currency="JPY", credit_limit_minor=1_500)
        add_item(work, "I-1", "Design", unit_price=Decimal("33.335"))
        add_item(work, "I-2", "Build", unit_price=Decimal(40))
    return any_store


def found(store: Store, where: str, sort: str = "code") -> list[str]:
    with store.reading() as work:
        asked = Asked(conditions(where), sort, limit=0)
        codes = [row["code"].removeprefix("C-") for row in rows(work, CUSTOMERS, asked)]
        assert count(work, CUSTOMERS, asked) == len(codes) == len(ids(work, CUSTOMERS, asked))
        return codes


@pytest.mark.parametrize(
    ("where", "codes"),
    [
        ("", "12345"),
        ("code = C-2", "2"),
        ("code = c-2", ""),
        ("code != C-2", "1345"),
        ("name ~ ACME", "2"),
        ("name ~ émile", "1"),
        ("name ~ sohne", "1"),
        ("name ~ %", "3"),
        ("name ~ _", "4"),
        ('name ~ " and "', "5"),
        ('name ~ "acme trading" and terms = 60', "2"),
        ("status = inactive", "3"),
        ("status != inactive", "1245"),
        ("status ~ activ", "12345"),
        ("status ~ INACT", "3"),
        ("terms > 30", "2"),
        ("terms >= 30 and terms < 60", "1345"),
        ("email =", "2345"),
        ("email = null", "2345"),
        ("email !=", "1"),
        ("email != a@example.com", "2345"),
        ("limit = 1500.50", "14"),
        ("limit = 1500.5", "14"),
        ("limit > 1000", "145"),
        ("limit >= 1000", "1245"),
        ("limit < 1500.5", "25"),
        ("limit <= 1499.999", "2"),
        ("limit > 1499.999", "145"),
        ("limit = 1500.501", ""),
        ("limit != 1500.501", "1245"),
        ("limit = 1500", "5"),
        ("limit =", "3"),
        ("created_at >= 2026-03-14", "12345"),
        ("created_at < 2026-03-14T09:00:00+00:00", ""),
        ("created_at = 2026-03-14T13:00:00+04:00", "12345"),
        ("is_verified = false", "12345"),
        ("is_verified = true", ""),
        ("branch = DXB AND terms = 60", "2"),
        ("currency = KWD", "4"),
        ("id > 0", "12345"),
    ],
)
def test_conditions(full: Store, where: str, codes: str) -> None:
    assert "".join(found(full, where)) == codes


@pytest.mark.parametrize(
    ("sort", "codes"),
    [
        ("name", "21453"),
        ("-name", "35412"),
        ("code", "12345"),
        ("-code", "54321"),
        ("-terms", "25431"),
        ("id", "12345"),
    ],
)
def test_sorting_by_any_column_is_stable(full: Store, sort: str, codes: str) -> None:
    assert "".join(found(full, "", sort)) == codes


@pytest.mark.parametrize(
    ("where", "error", "says"),
    [
        ("nam = x", WrongUse, "no column nam. Did you mean name"),
        ("name", WrongUse, "is no condition"),
        ("name = x and ", WrongUse, "is no condition"),
        ("= x", WrongUse, "is no condition"),
        ("name; DROP TABLE customer = 1", WrongUse, "is no condition"),
        ("terms = many", InvalidValue, "whole number"),
        ("terms = 99999999999999999999", InvalidValue, "too large"),
        ("id = 99999999999999999999", InvalidValue, "too large"),
        ("terms ~ 3", WrongUse, "is no text"),
        ("is_verified = maybe", InvalidValue, "true or false"),
        ("created_at = yesterday", InvalidValue, "not a date"),
        ("created_at < 0001-01-01T00:00:00+14:00", InvalidValue, "not a date"),
        ("limit = much", InvalidValue, "number with a point"),
        ("limit = NaN", InvalidValue, "number with a point"),
        ("limit > 1e308", InvalidValue, "larger than"),
        ("status = nonsense", InvalidValue, "one of prospect, active"),
        ("name = a\x00b", InvalidValue, r"U\+0000"),
        ("name ~ \udcff", InvalidValue, "broken character"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_a_sentence(
    full: Store, where: str, error: type[UserError], says: str
) -> None:
    with pytest.raises(error, match=says):
        found(full, where)


@pytest.mark.parametrize("sort", ["nonsense", "name; DROP TABLE customer", "-", "name desc"])
def test_only_columns_of_the_list_sort_it(full: Store, sort: str) -> None:
    with pytest.raises(WrongUse, match="has no column"):
        found(full, "", sort)


@pytest.mark.parametrize(
    ("where", "codes"), [("price > 33.335", ["I-2"]), ("price = 33.335", ["I-1"]), ("price <= 40.00", ["I-1", "I-2"])]
)
def test_decimals_compare_by_value(full: Store, where: str, codes: list[str]) -> None:
    with full.reading() as work:
        assert [row["code"] for row in rows(work, ITEMS, Asked(conditions(where)))] == codes


@pytest.mark.parametrize("value", ["1e50", "0.00000001", "NaN", "many"])
def test_decimals_that_no_row_can_hold(full: Store, value: str) -> None:
    with pytest.raises(InvalidValue), full.reading() as work:
        rows(work, ITEMS, Asked(conditions(f"price = {value}")))


def test_json_values_of_a_row(full: Store) -> None:
    with full.reading() as work:
        shown = {row["code"]: row for row in rows(work, CUSTOMERS, Asked())}
        assert rows(work, ITEMS, Asked())[0] == {
            "id": 1,
            "kind": "item",
            "number": "I-1",
            "code": "I-1",
            "price": "33.335",
        }
    assert shown["C-1"] | {"id": 0} == {
        "id": 0,
        "kind": "customer",
        "number": "C-1",
        "code": "C-1",
        "name": "Émile & Söhne",
        "status": "active",
        "currency": "AED",
        "limit": "1500.50",
        "terms": 30,
        "email": "a@example.com",
        "created_at": "2026-03-14T09:00:00+00:00",
        "is_verified": False,
        "branch": "DXB",
    }
    assert shown["C-4"]["limit"] == "1500.500"
    assert shown["C-5"]["limit"] == "1500"
    assert shown["C-3"]["limit"] is None


def test_pages_count_whatever_the_limit(full: Store) -> None:
    with full.reading() as work:
        assert count(work, CUSTOMERS, Asked(limit=2)) == 5
        assert [row["code"] for row in rows(work, CUSTOMERS, Asked(sort="code", limit=2, offset=2))] == ["C-3", "C-4"]
        assert rows(work, CUSTOMERS, Asked(sort="code", limit=2, offset=9)) == []
        assert len(rows(work, CUSTOMERS, Asked(limit=0))) == 5
        wanted = ids(work, CUSTOMERS, Asked(sort="-code"))
        assert set(page(work, CUSTOMERS, [*wanted[:2], 9_999])) == set(wanted[:2])
        assert page(work, CUSTOMERS, []) == {}


def test_an_offset_without_a_limit(full: Store) -> None:
    with full.reading() as work:
        assert [row["code"] for row in rows(work, CUSTOMERS, Asked(sort="code", limit=0, offset=3))] == ["C-4", "C-5"]


def test_the_branches_of_a_book_can_be_asked_for_their_scheme(store: Store) -> None:
    with store.reading() as work:
        assert len(rows(work, BRANCHES, Asked(conditions("scheme = regular")))) == 1
        assert rows(work, BRANCHES, Asked(conditions("scheme ~ compo"))) == []


def test_conditions_are_read_as_they_are_written() -> None:
    assert conditions('a = "x and y" and b ~ z') == (Condition("a", "=", "x and y"), Condition("b", "~", "z"))
    assert conditions("a != ") == (Condition("a", "!=", ""),)
    assert conditions("a<=5 AND b>6") == (Condition("a", "<=", "5"), Condition("b", ">", "6"))
    assert conditions("  ") == ()
    assert conditions("name = sand and gravel = no") == (Condition("name", "=", "sand"), Condition("gravel", "=", "no"))


@given(st.text(max_size=40), st.sampled_from(["name", "status", "limit", "terms", "created_at", "is_verified", "id"]))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
def test_no_text_breaks_a_list(store: Store, value: str, column: str) -> None:
    """Whatever is typed: rows or a sentence."""
    for operator in ("=", "~", ">="):
        with suppress(UserError), store.reading() as work:
            assert isinstance(rows(work, CUSTOMERS, Asked((Condition(column, operator, value),))), list)
