"""A small real book with something of everything, and a way to plant faults in its file around the program."""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from sqlalchemy import select

from models.columns import canonical_json
from models.exchange import ImportBatch
from models.organisation import Company
from models.sales import Deal, DealLine, Stage
from models.values.states import DocumentKind
from services.billing import commands, payments
from services.billing.records import document_draft, payment_draft
from services.customers.commands import create_customer
from services.customers.drafts import customer_draft
from services.database import sqlite_driver
from services.organisation.rates import enter_rate
from services.store import Store, Work

BATCH = "IMP-0001"
GULF: dict[str, Any] = {
    "name": "Gulf Star Trading LLC",
    "country": "AE",
    "state": "DXB",
    "tax_id": "100000000000103",
    "billing_address": {"street": "1 Creek Road", "city": "Dubai"},
    "contacts": [{"first_name": "Mariam", "last_name": "Saleh", "email": "mariam@gulfstar.example"}],
}
DESIGN = {"description": "Design", "hsn": "998391", "quantity": "3", "unit": "HUR", "unit_price": "33.335"}
TRAVEL = {"description": "Travel", "hsn": "996411", "quantity": "1", "unit": "H87", "unit_price": "50"}


def fill(store: Store) -> None:
    """One customer; INV-2026-0001 partly paid, 0002 in dollars and paid, 0003 void, a draft out of an estimate; two
    payments that count, one that does not; a deal, an import, a closed January.
    """
    with store.writing() as work:
        company = work.session.scalars(select(Company)).one()
        company.locked_through = dt.date(2026, 1, 31)
        enter_rate(work, "USD", "AED", work.today, Decimal("3.6725"), "cbuae")
        customer_id = create_customer(work, customer_draft(GULF))
    with store.writing(batch=BATCH) as work:
        _imported(work)
    with store.writing() as work:
        _deal(work, customer_id)
    _invoice(store, [DESIGN, TRAVEL], document_discount={"percent": "5"})
    _invoice(store, [DESIGN], currency="USD")
    with store.writing() as work:
        commands.void(work, _issued(work, [TRAVEL]), "written twice")
    _estimate_to_draft(store)
    _pay(store, "100", ("INV-2026-0001", "60"))
    with store.writing() as work:
        enter_rate(work, "USD", "AED", work.today, Decimal("3.70"), "cbuae")
    _pay(store, "105.01", ("INV-2026-0002", "105.01"), currency="USD")
    with store.writing() as work:
        payments.void_payment(work, _receive(work, "20", ("INV-2026-0001", "20")), "bounced")


def _issued(work: Work, lines: list[dict[str, str]], **more: Any) -> int:
    document_id = commands.create_document(
        work, DocumentKind.INVOICE, document_draft({"customer": "C-0001", "lines": lines, **more})
    )
    commands.issue(work, document_id)
    return document_id


def _invoice(store: Store, lines: list[dict[str, str]], **more: Any) -> int:
    with store.writing() as work:
        return _issued(work, lines, **more)


def _receive(work: Work, amount: str, *parts: tuple[str, str], **more: Any) -> int:
    allocate = [{"document": number, "amount": part} for number, part in parts]
    return payments.receive(work, payment_draft({"customer": "C-0001", "amount": amount, "allocate": allocate, **more}))


def _pay(store: Store, amount: str, *parts: tuple[str, str], **more: Any) -> None:
    with store.writing() as work:
        _receive(work, amount, *parts, **more)


def _estimate_to_draft(store: Store) -> None:
    with store.writing() as work:
        estimate = commands.create_document(
            work, DocumentKind.ESTIMATE, document_draft({"customer": "C-0001", "lines": [DESIGN]})
        )
        commands.send(work, estimate)
        commands.accept(work, estimate)
        commands.convert(work, estimate)


def _deal(work: Work, customer_id: int) -> None:
    """2 x 100.005 less 10 % is 180.01 (gross 200.01, discount 20.00); with 3 x 10: 210.01; less 5 %: 199.51."""
    company = work.session.scalars(select(Company)).one()
    stage = work.session.scalars(select(Stage).order_by(Stage.position)).first()
    assert stage is not None
    deal = Deal(
        code="D-0001",
        name="New office",
        customer_id=customer_id,
        pipeline_id=stage.pipeline_id,
        stage_id=stage.id,
        stage_since=work.now,
        currency="AED",
        amount_minor=19951,
        scope="",
        notes="",
        discount_percent=Decimal(5),
        owner_id=work.actor_id,
        company_id=company.id,
        branch_id=1,
        created_at=work.now,
    )
    deal.lines = [
        DealLine(no=1, description="Desk", quantity=Decimal(2), unit="H87", unit_price=Decimal("100.005")),
        DealLine(no=2, description="Lamp", quantity=Decimal(3), unit="H87", unit_price=Decimal(10)),
    ]
    deal.lines[0].discount_percent = Decimal(10)
    work.session.add(deal)


def _imported(work: Work) -> None:
    """A batch of one customer, as an import leaves it."""
    create_customer(work, customer_draft({"name": "Palm Bakery", "country": "AE", "state": "SHJ"}))
    work.session.add(
        ImportBatch(
            code=BATCH,
            state="applied",
            started_at=work.now,
            finished_at=work.now,
            actor_id=work.actor_id,
            files=[],
            options={},
            counts={"customers": {"created": 1, "updated": 0}},
            kept=[],
        )
    )


# --- faults ----------------------------------------------------------------------------------------------------------


def tamper(path: Path, *statements: str) -> None:
    """Change the file as somebody with another program would: no guards, no foreign keys."""
    connection = sqlite_driver().connect(str(path), isolation_level=None)
    try:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("BEGIN")
        triggers = connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall()
        for (name,) in triggers:
            connection.execute(f"DROP TRIGGER {name}")
        for statement in statements:
            connection.execute(statement)
        connection.execute("COMMIT")
    finally:
        connection.close()


def without_unique(path: Path, table: str) -> str:
    """SQL that makes a table anew without its UNIQUE constraints, under a name of its own."""
    connection = sqlite_driver().connect(str(path), isolation_level=None)
    try:
        (sql,) = connection.execute("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).fetchone()
    finally:
        connection.close()
    bare = re.sub(r",\s*CONSTRAINT \w+ UNIQUE \([^)]*\)", "", str(sql))
    return re.sub(rf"CREATE TABLE \"?{table}\"?", f"CREATE TABLE {table}_anew", bare, count=1)


def altered_changes(old: str, new: str) -> str:
    """SQL for the text of a history value with one value changed."""
    return f"replace(changes, {_quoted(old)}, {_quoted(new)})"


def _quoted(value: str) -> str:
    text = canonical_json(value)
    return "'" + text.replace("'", "''") + "'"
