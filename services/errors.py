"""Errors by blame: a UserError is shown in a sentence, anything else is our bug and is reported whole."""

from models.values.errors import (
    BookError,
    Cancelled,
    Conflict,
    Forbidden,
    InvalidValue,
    NotFound,
    Rejected,
    UserError,
    WrongUse,
)

__all__ = [
    "BookError",
    "Cancelled",
    "Conflict",
    "Forbidden",
    "InvalidValue",
    "NotFound",
    "Rejected",
    "UserError",
    "WrongUse",
]
