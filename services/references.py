"""What every command reads and hardly anyone changes: kept between units of work, proven fresh by one number.

Each unit of work that changes one of `TABLES` counts the book's `reference_stamp` up in its transaction. A later one
reads that number once and trusts what was kept under the same number, whichever process changed it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from models.base import Entity
from models.ledger import Account
from models.organisation import (
    BankAccount,
    Book,
    Branch,
    Company,
    Role,
    RoleRight,
    TaxRegistration,
    Team,
    User,
    UserRole,
)
from models.settings import SettingSection

T = TypeVar("T")

TABLES: frozenset[type[Entity]] = frozenset(
    {
        Account,
        BankAccount,
        Book,
        Branch,
        Company,
        Role,
        RoleRight,
        SettingSection,
        TaxRegistration,
        Team,
        User,
        UserRole,
    }
)


class References:
    """Values by key, all of one stamp; shared by the units of work of a store and its threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stamp = -1
        self._values: dict[Hashable, Any] = {}

    def get(self, stamp: int, key: Hashable, load: Callable[[], T]) -> T:
        with self._lock:
            if stamp == self._stamp and key in self._values:
                return self._values[key]  # type: ignore[no-any-return]
        value = load()
        with self._lock:
            if stamp > self._stamp:
                self._stamp, self._values = stamp, {}
            if stamp == self._stamp:
                self._values[key] = value
        return value
