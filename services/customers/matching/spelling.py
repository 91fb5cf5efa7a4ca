"""One spelling for what people type in several: letters, phones, e-mail addresses, web domains, tax numbers."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, Literal

from models.values.text import folded

FREE_MAIL: Final = frozenset(
    "gmail.com googlemail.com yahoo.com yahoo.co.in yahoo.in yahoo.co.uk ymail.com rocketmail.com hotmail.com hotmail.co.uk "
    "outlook.com outlook.in live.com live.in live.co.uk msn.com icloud.com me.com mac.com aol.com proton.me protonmail.com "
    "pm.me gmx.com gmx.de gmx.net web.de t-online.de freenet.de mail.com mail.ru yandex.com yandex.ru zoho.com zohomail.com "
    "zohomail.in rediffmail.com rediff.com sify.com indiatimes.com emirates.net.ae eim.ae etisalat.ae btinternet.com "
    "sky.com virginmedia.com comcast.net verizon.net att.net sbcglobal.net qq.com 163.com 126.com fastmail.com hey.com "
    "tutanota.com orange.fr free.fr laposte.net libero.it".split()
)
"""Domains that anyone gets an address at: they say nothing about a firm."""

ROLE_MAILBOXES: Final = frozenset(
    "info sales admin accounts account accounting billing contact office support hello mail enquiry enquiries inquiry "
    "finance hr marketing purchase procurement service team noreply no-reply postmaster webmaster".split()
)
"""Mailboxes that several people read: no proof that two persons are one."""

PHONE_DIGITS: Final = 8
"""Compared from the right, so that +971 4 555 0112, 00971 4 5550112 and 04-555 0112 are one number."""

_ARABIC_SAME: Final = str.maketrans({"ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ـ": None, "ؤ": "و", "ئ": "ي"})
_NOT_WORD = re.compile(r"[\W_]+")
_SIGNS: Final = "".join(char for char in map(chr, range(128)) if not char.isalnum())
_SIGNS_AWAY: Final = str.maketrans("", "", _SIGNS)
_SIGNS_TO_SPACE: Final = str.maketrans(_SIGNS, " " * len(_SIGNS))
_MARK = "M"
"""Unicode category of the vowel signs that belong to an Indic letter: `\\w` leaves them out."""
_PHONE_SIGNS: Final = str.maketrans("", "", " +-().'\t\xa0")
_SEVERAL_PHONES = re.compile(r"[/,;|]")
_EXTENSION = re.compile(r"(?:ext|extn|x)\.?\s*\d+\s*$", re.IGNORECASE)
_DESTROYED = re.compile(r"\d[.,]?\d*e\+?\d+", re.IGNORECASE)
_NOT_DIGIT = re.compile(r"\D+")
_DOUBLED = re.compile(r"(.)\1+")
_VOWELS: Final = str.maketrans("", "", "aeiouyhw")
_GSTIN = re.compile(r"\d\d([A-Z]{5}\d{4}[A-Z])[0-9A-Z]{3}")
_AFTER_HOST = re.compile(r"[/?#:]")


def plain(value: str) -> str:
    """Folded (case, accents, spaces), with the Arabic letters that are written either way as one."""
    if value.isascii():
        return " ".join(value.lower().split())
    return folded(folded(value).translate(_ARABIC_SAME))


@lru_cache(maxsize=16_384)
def letters(value: str) -> str:
    """Plain, with nothing but letters and digits: `"St. Mary's Road"` is `"stmarysroad"`."""
    text = value.lower() if value.isascii() else plain(value)
    return text if text.isalnum() else in_words(text, between="")


def in_words(text: str, between: Literal["", " "] = " ") -> str:
    """`text` with `between` for every sign that is no letter, digit or vowel sign."""
    if text.isascii():
        return text.translate(_SIGNS_TO_SPACE if between else _SIGNS_AWAY)
    return "".join(char if char.isalnum() or unicodedata.category(char).startswith(_MARK) else between for char in text)


def skeleton(value: str) -> str:
    """The consonants of plain letters, doubles once: `"mohammed"` and `"muhammad"` are both `"md"`."""
    return _DOUBLED.sub(r"\1", value.translate(_VOWELS))


def _western_digits(value: str) -> str:
    if value.isascii():
        return value
    return "".join(str(unicodedata.decimal(char, char)) for char in value)


def phone_keys(values: tuple[str, ...]) -> frozenset[str]:
    """The last digits of each number; short ones and those that a spreadsheet destroyed (9.71506E+11) are left out."""
    numbers: list[str] = []
    for value in values:
        digits = value.translate(_PHONE_SIGNS)
        if digits.isascii() and digits.isdigit():
            numbers.append(digits)
        else:
            numbers += _phones_in(_western_digits(value))
    return frozenset([digits[-PHONE_DIGITS:] for digits in numbers if len(digits) >= PHONE_DIGITS - 1])


def _phones_in(cell: str) -> list[str]:
    """The numbers of a cell with several, with extensions or with words."""
    parts = [part for part in _SEVERAL_PHONES.split(cell) if not _DESTROYED.search(part)]
    return [_NOT_DIGIT.sub("", _EXTENSION.sub("", part)) for part in parts]


def email_keys(values: tuple[str, ...]) -> frozenset[str]:
    """Addresses in lower case; what has no `@` is left out."""
    return frozenset([text for text in [plain(value) for value in values] if "@" in text])


def web_domain(value: str) -> str:
    """`https://www.Acme.example/contact` and `info@acme.example` are both at `acme.example`; free mail gives nothing."""
    text = plain(value)
    if "://" in text:
        text = text.partition("://")[2]
    text = text.rpartition("@")[2]
    host = (
        (text if text.replace(".", "").isalnum() else _AFTER_HOST.split(text, maxsplit=1)[0])
        .removeprefix("www.")
        .strip(".")
    )
    return host if "." in host and host not in FREE_MAIL else ""


def tax_keys(values: tuple[str, ...]) -> frozenset[str]:
    """Tax numbers as capitals and digits; a GSTIN also gives the PAN inside it (one legal entity, several states)."""
    keys = set()
    for value in values:
        number = value if value.isalnum() and value.isascii() else _NOT_WORD.sub("", _western_digits(value))
        number = number.upper()
        if len(number) >= 5:
            keys.add(number)
            if not number.isdigit() and (match := _GSTIN.fullmatch(number)):
                keys.add(match[1])
    return frozenset(keys)


@lru_cache(maxsize=4096)
def tax_shape(number: str) -> str:
    """What kind of number it looks like: letters `A`, digits `9`. Two numbers of one shape can contradict each other."""
    return "9" * len(number) if number.isdigit() else re.sub(r"[A-Z]", "A", re.sub(r"\d", "9", number))
