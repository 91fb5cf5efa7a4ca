"""Every table, so that `Base.metadata` is whole wherever this is imported."""

from models import billing, catalogue, customers, exchange, history, ledger, organisation, sales, settings
from models.base import Base

__all__ = [
    "Base",
    "billing",
    "catalogue",
    "customers",
    "exchange",
    "history",
    "ledger",
    "organisation",
    "sales",
    "settings",
]
