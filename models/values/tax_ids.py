"""Tax numbers and the codes around them, checked on entry; the answer says why (tax.md 1.1, 2.1).

A check answers with the tidied value and at most one of two things: a `problem` blocks, a `warning` is shown and lets
the value pass. Nothing here looks a number up.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from models.values.places import DEAD_STATE_CODES, INDIAN_STATES

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_GSTIN_LENGTH = 15
_TRN_LENGTH = 15

_PAN = re.compile(r"[A-Z]{5}[0-9]{4}[A-Z]")
_PAN_HOLDERS = "ABCFGHJLPT"
"""Fourth letter: association, body of individuals, company, firm, government, family, juridical, local, person, trust."""
_TRN = re.compile(r"1[0-9]{12}03")
_UIN = re.compile(r"[0-9]{4}[A-Z]{3}[0-9]{5}[UO]N[0-9A-Z]")
_OIDAR = re.compile(r"99[0-9]{2}[A-Z]{3}[0-9]{5}[A-Z]{2}[0-9A-Z]")
_TDS = re.compile(r"[0-9]{2}[A-Z]{4}[0-9A-Z][0-9]{4}[A-Z][0-9A-Z]D[0-9A-Z]")
_TCS = re.compile(r"[0-9]{2}[A-Z]{5}[0-9]{4}[A-Z][0-9A-Z]C[0-9A-Z]")
_SPECIAL_SHAPES = (
    (_UIN, "the UIN of an embassy or a United Nations body"),
    (_OIDAR, "the number of an online service from abroad (OIDAR)"),
    (_TDS, "a number for deducting tax (TDS), not for supplies"),
    (_TCS, "a number for collecting tax (TCS), not for supplies"),
)
_HSN_LENGTHS = (4, 6, 8)


@dataclass(frozen=True, slots=True)
class TaxIdCheck:
    """`value` tidied (upper case, no spaces); `problem` says why it cannot be kept, `warning` what to look at."""

    value: str
    problem: str | None = None
    warning: str | None = None

    @property
    def is_ok(self) -> bool:
        return self.problem is None


def check_tax_id(country: str, text: str) -> TaxIdCheck:
    """GSTIN in India, TRN in the UAE; elsewhere only the shape that any tax number has."""
    return _BY_COUNTRY.get(country, _check_any)(text)


def check_gstin(text: str) -> TaxIdCheck:
    """State code, PAN inside, entity, usually Z, check character. UIN, TDS, TCS and OIDAR shapes warn, never block."""
    value = tidy(text)
    if len(value) != _GSTIN_LENGTH:
        return TaxIdCheck(value, f"A GSTIN has 15 characters; this one has {len(value)}.")
    if not _is_plain(value):
        return TaxIdCheck(value, "A GSTIN has only the letters A to Z and digits.")
    for shape, meaning in _SPECIAL_SHAPES:
        if shape.fullmatch(value):
            return TaxIdCheck(value, warning=f"This looks like {meaning}. Make sure that it is meant.")
    problem = _state_problem(value[:2]) or _pan_inside_problem(value) or _check_character_problem(value)
    if problem:
        return TaxIdCheck(value, problem)
    if value[13] != "Z":
        return TaxIdCheck(value, warning=f"The 14th character of a GSTIN is usually Z; here it is {value[13]}.")
    return TaxIdCheck(value)


def gstin_check_character(first14: str) -> str:
    """Luhn mod 36 over 0-9A-Z: values weigh 1, 2, 1, 2 ... from the left, and both base-36 digits are added."""
    total = 0
    for i, char in enumerate(first14):
        total += sum(divmod(_ALPHABET.index(char) * (1 + i % 2), 36))
    return _ALPHABET[-total % 36]


def gstin_state(gstin: str) -> str | None:
    """The State that a GSTIN is registered in, None where its first two digits name none."""
    return gstin[:2] if gstin[:2] in INDIAN_STATES else None


def gstin_pan(gstin: str) -> str:
    """The PAN inside a GSTIN."""
    return gstin[2:12]


def check_pan(text: str) -> TaxIdCheck:
    """Five letters, four digits, one letter; the fourth letter is the kind of holder."""
    value = tidy(text)
    if not _PAN.fullmatch(value):
        return TaxIdCheck(value, "A PAN has five letters, four digits and a letter, such as AAPFU0939F.")
    if value[5:9] == "0000":
        return TaxIdCheck(value, "The four digits of a PAN are never 0000.")
    if value[3] not in _PAN_HOLDERS:
        return TaxIdCheck(value, warning=f"The fourth letter of this PAN, {value[3]}, names no known kind of holder.")
    return TaxIdCheck(value)


def check_trn(text: str) -> TaxIdCheck:
    """UAE tax registration number: 15 digits, begins 1, ends 03; no check digit is published, so other ends warn."""
    value = tidy(text)
    if not (value.isascii() and value.isdecimal()):
        return TaxIdCheck(value, "A TRN has only digits.")
    if len(value) != _TRN_LENGTH:
        return TaxIdCheck(value, f"A TRN has 15 digits; this one has {len(value)}.")
    if not value.startswith("1"):
        return TaxIdCheck(value, f"A TRN begins with 1; this one begins with {value[0]}.")
    if not _TRN.fullmatch(value):
        return TaxIdCheck(value, warning=f"A TRN usually ends in 03; this one ends in {value[-2:]}.")
    return TaxIdCheck(value)


def check_hsn(text: str, *, is_service: bool | None = None) -> TaxIdCheck:
    """HSN (goods) or SAC (services, begins 99): 4, 6 or 8 digits. `is_service` None leaves the two apart unasked."""
    value = tidy(text)
    if not (value.isascii() and value.isdecimal()):
        return TaxIdCheck(value, "An HSN or SAC code has only digits.")
    if len(value) not in _HSN_LENGTHS:
        return TaxIdCheck(value, f"An HSN or SAC code has 4, 6 or 8 digits; this one has {len(value)}.")
    if is_service is True and not value.startswith("99"):
        return TaxIdCheck(value, "The code of a service (SAC) begins with 99.")
    if is_service is False and value.startswith("99"):
        return TaxIdCheck(value, "A code that begins with 99 is for services (SAC), and this is goods.")
    return TaxIdCheck(value)


def check_pin(country: str, text: str) -> TaxIdCheck:
    """Postal code: six digits in India, the first not 0; elsewhere anything goes."""
    value = " ".join(text.split())
    if country == "IN":
        value = value.replace(" ", "")
        if not re.fullmatch(r"[1-9][0-9]{5}", value):
            return TaxIdCheck(value, "A PIN code in India has six digits and does not begin with 0.")
    return TaxIdCheck(value)


def tidy(text: str) -> str:
    """Upper case, without the spaces, dots and dashes that people put between groups."""
    return re.sub(r"[\s.\-]", "", text).upper()


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isalnum()


def _state_problem(code: str) -> str | None:
    if code in INDIAN_STATES:
        return None
    if code in DEAD_STATE_CODES:
        return f"State code {code} is no longer in use; it became {DEAD_STATE_CODES[code]}."
    return f"A GSTIN begins with the code of a State; {code} is none."


def _pan_inside_problem(gstin: str) -> str | None:
    pan = check_pan(gstin_pan(gstin))
    if pan.problem:
        return f"Characters 3 to 12 must be a PAN, such as AAPFU0939F; {pan.value} is none."
    if gstin[12] == "0":
        return "The 13th character counts the registrations of a PAN in a State; it is never 0."
    return None


def _check_character_problem(gstin: str) -> str | None:
    expected = gstin_check_character(gstin[:14])
    if gstin[14] == expected:
        return None
    return f"The last character should be {expected}, not {gstin[14]}: a character was mistyped somewhere."


def _check_any(text: str) -> TaxIdCheck:
    value = tidy(text)
    if not re.fullmatch(r"[0-9A-Z/+&*]{2,20}", value):
        return TaxIdCheck(value, "A tax number has 2 to 20 letters and digits.")
    return TaxIdCheck(value)


_BY_COUNTRY: dict[str, Callable[[str], TaxIdCheck]] = {"IN": check_gstin, "AE": check_trn}
