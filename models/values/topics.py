"""What a change is about; the only thing that a screen needs to know to refresh."""

from __future__ import annotations

from enum import StrEnum


class Topic(StrEnum):
    ORGANISATION = "organisation"
    CATALOGUE = "catalogue"
    CUSTOMERS = "customers"
    SALES = "sales"
    BILLING = "billing"
    LEDGER = "ledger"
    ACTIVITY = "activity"
    EXCHANGE = "exchange"
    SETTINGS = "settings"
