"""Errors that a person can act on. Anything else is a bug and is reported as one."""

from __future__ import annotations


class UserError(Exception):
    """The request cannot be done; the message is a sentence and is shown as it stands."""


class WrongUse(UserError):
    """The request names something that does not exist: a verb, a field, a list, an option."""


class InvalidValue(UserError):
    """A value that the business does not accept."""


class NotFound(UserError):
    """The record that is asked for is not in the book, or not for this person's eyes."""


class Conflict(UserError):
    """Somebody else was faster, or the record is no longer in a state that allows this."""


class Forbidden(UserError):
    """The actor has no right to do this, or its rollout phase is off."""


class Rejected(UserError):
    """A business rule says no; `problems` lists every reason at once."""

    def __init__(self, message: str, problems: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


class BookError(UserError):
    """The book cannot be opened, or not written: missing, foreign, newer, damaged, full."""


class Cancelled(UserError):
    """The person stopped a long task; everything it did is rolled back."""
