"""Changing the firm: letterhead, letter of undertaking, closed periods, users who go."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import select

from models.billing import StoredFile
from models.organisation import Branch, Company, TaxRegistration, User
from services.billing import paper
from services.errors import Conflict, InvalidValue, NotFound, Rejected
from services.organisation import editing
from services.organisation.founding import UserDraft, add_user
from services.store import Store
from tests.services.billing.books import WORK, customer, draft, issued, shown


def _edit(store: Store, edit: Any, table: type[Any], **values: Any) -> None:
    with store.writing() as work:
        record_id = work.session.scalars(select(table.id).order_by(table.id.desc())).first()
        edit(work, record_id, values)


def test_a_logo_is_written_anew_and_printed(store: Store, tmp_path: Path) -> None:
    picture = tmp_path / "logo.jpg"
    Image.new("RGB", (3000, 900), "navy").save(picture, "JPEG")
    _edit(store, editing.edit_branch, Branch, logo=str(picture), footer="Thank you", paper="Letter")
    document_id = issued(store, customer(store))
    with store.reading() as work:
        kept = work.session.scalars(select(StoredFile)).one()
        assert kept.media_type == "image/png"
        assert kept.body.startswith(b"\x89PNG")
        assert b"/Image" in paper.paper(work, document_id).body


@pytest.mark.parametrize("content", [b"", b"no picture", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_no_picture_is_no_logo(store: Store, tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "logo.png"
    file.write_bytes(content)
    with pytest.raises(InvalidValue, match="cannot be used as a logo"):
        _edit(store, editing.edit_branch, Branch, logo=str(file))
    with pytest.raises(InvalidValue, match="No such file"):
        _edit(store, editing.edit_branch, Branch, logo=str(tmp_path / "missing.png"))


def test_an_export_under_a_letter_of_undertaking(india: Store) -> None:
    code = customer(
        india,
        {
            "name": "Globex Inc",
            "country": "US",
            "currency": "USD",
            "billing_address": {"street": "1 Main", "city": "Reno"},
        },
    )
    line = WORK | {"unit_price": "1000"}
    dollars: dict[str, Any] = {"currency": "USD", "exchange_rate": "83.25", "issued_on": "2026-03-14"}
    with_tax = shown(india, draft(india, code, line, **dollars))
    assert (with_tax["supply_type"], with_tax["place_of_supply"], with_tax["totals"]["tax"]) == (
        "EXPWP",
        "96",
        "360.00",
    )
    _edit(
        india,
        editing.edit_registration,
        TaxRegistration,
        lut_arn="AD290326000001X",
        lut_valid_from="2025-04-01",
        lut_valid_to="2026-03-31",
    )
    without = shown(india, issued(india, code, line, **dollars))
    assert (without["supply_type"], without["totals"]["tax"]) == ("EXPWOP", "0.00")
    assert without["endorsement"].startswith("SUPPLY MEANT FOR EXPORT")
    assert "AD290326000001X" in without["endorsement"]


def test_nothing_is_posted_into_a_closed_period(store: Store) -> None:
    code = customer(store)
    _edit(store, editing.edit_company, Company, locked_through="2026-02-28")
    with pytest.raises(Conflict, match="closed through 2026-02-28"):
        issued(store, code, issued_on="2026-02-28")
    issued(store, code, issued_on="2026-03-01")
    with store.reading() as work:
        assert work.session.scalars(select(Company.locked_through)).one() == dt.date(2026, 2, 28)


def test_one_owner_remains(store: Store) -> None:
    with pytest.raises(Rejected, match="One active owner remains"):
        _edit(store, editing.edit_user, User, is_active=False)
    with pytest.raises(Rejected, match="One active owner remains"):
        _edit(store, editing.edit_user, User, role="staff")
    with store.writing() as work:
        add_user(work, UserDraft(name="Noor Second", role="owner"))
    _edit(store, editing.edit_user, User, role="finance", branch="DXB")
    with store.reading() as work:
        assert work.session.scalars(select(User).where(User.code == "noor")).one().branch_id == 1


def test_a_change_names_what_it_does_not_know(store: Store) -> None:
    with pytest.raises(NotFound, match="no branch with the code 'AUH'"):
        _edit(store, editing.edit_user, User, branch="AUH")
    with pytest.raises(InvalidValue, match="A4 or Letter"):
        _edit(store, editing.edit_branch, Branch, paper="A5")
    with pytest.raises(Rejected, match="name is empty"):
        _edit(store, editing.edit_branch, Branch, name="")
    with store.writing() as work:
        editing.add_team(work, {"code": "sales", "name": "Sales"})
        editing.add_holiday(work, {"observed_on": "2026-12-02", "name": "National Day"})
    with pytest.raises(Conflict, match="a holiday of AE-DUBAI already"), store.writing() as work:
        editing.add_holiday(work, {"observed_on": "2026-12-02", "name": "Again"})
    with pytest.raises(Conflict, match="a team with the code sales"), store.writing() as work:
        editing.add_team(work, {"code": "sales", "name": "Again"})
