"""Typed settings: changed by name, checked by type, kept with history."""

from __future__ import annotations

from decimal import Decimal

import pytest

from services.errors import Forbidden, InvalidValue, WrongUse
from services.settings import BillingSettings, CustomerSettings, RolloutSettings, change, everything, read
from services.store import Store
from tests.factories import user_in


def test_a_book_begins_with_the_defaults(store: Store) -> None:
    with store.reading() as work:
        assert read(work, BillingSettings) == BillingSettings()
        shown = everything(work)
    assert shown["rollout"] == {"phases": ["sales", "finance"]}
    assert shown["billing"]["round_off"] is False
    assert shown["customers"] == {"duplicate_score": "0.90"}


def test_changes_are_kept_and_seen_at_once(any_store: Store) -> None:
    with any_store.writing() as work:
        change(work, "billing.round_off", "true")
        change(work, "billing.due_days", "45")
        assert read(work, BillingSettings) == BillingSettings(round_off=True, due_days=45)
        change(work, "customers.duplicate_score", "0.85")
        change(work, "rollout.phases", "sales, finance,delivery")
        change(work, "billing.terms", "Pay in 30 days.\nThank you.")
    with any_store.reading() as work:
        assert read(work, BillingSettings).due_days == 45
        assert read(work, BillingSettings).terms == "Pay in 30 days.\nThank you."
        assert read(work, CustomerSettings).duplicate_score == Decimal("0.85")
        assert read(work, RolloutSettings).phases == ("sales", "finance", "delivery")


def test_a_change_that_was_undone_is_not_remembered(store: Store) -> None:
    with store.rehearsing() as work:
        change(work, "billing.due_days", "45")
        assert read(work, BillingSettings).due_days == 45
    with store.reading() as work:
        assert read(work, BillingSettings).due_days == 30


@pytest.mark.parametrize(
    ("key", "text"),
    [
        ("billing.round_off", "perhaps"),
        ("billing.due_days", "many"),
        ("billing.due_days", "-1"),
        ("billing.due_days", "99999999999999999999"),
        ("billing.rate_max_age_days", "-1"),
        ("billing.rate_max_age_days", "99999999999999999999"),
        ("billing.estimate_valid_days", "3651"),
        ("customers.duplicate_score", "NaN"),
        ("customers.duplicate_score", "1.5"),
        ("customers.duplicate_score", "0"),
        ("customers.duplicate_score", "high"),
        ("rollout.phases", "sales,everything"),
        ("billing.notes", "a\x00b"),
        ("billing.notes", "\ud800"),
        ("billing.notes", "x" * 100_000),
    ],
)
def test_a_value_that_cannot_be_is_refused_in_a_sentence(store: Store, key: str, text: str) -> None:
    with store.writing() as work:
        before = everything(work)
        with pytest.raises(InvalidValue):
            change(work, key, text)
        assert everything(work) == before


def test_an_unknown_setting_is_answered_with_the_nearest(store: Store) -> None:
    with store.writing() as work, pytest.raises(WrongUse, match=r"Did you mean billing.round_off"):
        change(work, "billing.roundoff", "true")


def test_only_who_configures_the_book_changes_settings(store: Store) -> None:
    staff, finance = store.acting_as(user_in(store, "Sara")), store.acting_as(user_in(store, "Omar", "finance"))
    with staff.writing() as work:
        with pytest.raises(Forbidden):
            change(work, "billing.due_days", "1")
        with pytest.raises(Forbidden):
            everything(work)
    with finance.writing() as work:
        assert everything(work)["billing"]["due_days"] == 30
        with pytest.raises(Forbidden):
            change(work, "billing.due_days", "1")
