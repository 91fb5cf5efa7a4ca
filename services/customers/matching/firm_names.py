"""Names of firms: the legal form apart from the words, so that "Al Noor Trading L.L.C." meets "ALNOOR TRADING LLC"."""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from services.customers.matching.spelling import in_words, plain

LEGAL_FORMS: Final[dict[str, tuple[str, ...]]] = {
    # United Arab Emirates, Gulf
    "llc": (
        "llc",
        "limited liability company",
        "limited liability co",
        "wll",
        "ذ م م",
        "ذ.م.م",
        "ش ذ م م",
        "ش.ذ.م.م",
        "ذات مسؤولية محدودة",
    ),
    "llc spc": ("llc spc", "llc opc", "llc sole proprietorship", "sole person company llc", "single owner llc"),
    "fze": ("fze", "fz e", "free zone establishment", "م م ح", "م.م.ح"),
    "fzco": ("fzco", "fz co", "fzc", "free zone company", "ش م ح", "ش.م.ح"),
    "fz llc": ("fz llc", "fzllc", "llc fz", "م م ح ذ م م"),
    "dmcc": ("dmcc", "dmcc llc"),
    "dwc llc": ("dwc llc", "dwcllc"),
    "pjsc": ("pjsc", "public joint stock company", "ش م ع", "ش.م.ع"),
    "psc": ("psc", "prjsc", "private joint stock company", "ش م خ", "ش.م.خ"),
    "saog": ("saog",),
    "est": ("est", "establishment", "sole establishment", "مؤسسة"),
    # India
    "pvt ltd": (
        "pvt ltd",
        "private limited",
        "p ltd",
        "pvt limited",
        "private ltd",
        "pvtltd",
        "प्राइवेट लिमिटेड",
        "प्रा लि",
    ),
    "opc pvt ltd": ("opc pvt ltd", "opc private limited", "opc p ltd"),
    "huf": ("huf", "hindu undivided family"),
    # United Kingdom, Singapore, Australia
    "ltd": ("ltd", "limited", "लिमिटेड"),
    "plc": ("plc", "public limited company"),
    "llp": ("llp", "limited liability partnership"),
    "cic": ("cic", "community interest company"),
    "pte ltd": ("pte ltd", "pte limited"),
    "pty ltd": ("pty ltd", "pty limited", "proprietary limited"),
    # United States
    "inc": ("inc", "incorporated"),
    "corp": ("corp", "corporation"),
    "lp": ("lp", "limited partnership"),
    "pllc": ("pllc",),
    # Germany, Austria, Switzerland
    "gmbh": ("gmbh", "gesellschaft mit beschränkter haftung", "mbh"),
    "ggmbh": ("ggmbh",),
    "gmbh co kg": ("gmbh and co kg", "gmbh co kg", "gmbh and co kgaa"),
    "ug": ("ug", "ug haftungsbeschränkt", "unternehmergesellschaft"),
    "ag": ("ag", "aktiengesellschaft"),
    "kg": ("kg", "kommanditgesellschaft"),
    "ohg": ("ohg",),
    "gbr": ("gbr",),
    "ek": ("ek", "e k", "e kfm", "eingetragener kaufmann"),
    "eg": ("eg",),
    "se": ("se",),
    # France, Italy, Spain, Netherlands, Nordic
    "sarl": ("sarl", "s a r l"),
    "sas": ("sas", "sasu"),
    "sa": ("sa", "société anonyme", "sociedad anonima"),
    "srl": ("srl",),
    "spa": ("spa", "società per azioni"),
    "sl": ("sl", "slu", "sociedad limitada"),
    "bv": ("bv", "besloten vennootschap"),
    "nv": ("nv",),
    "ab": ("ab", "aktiebolag"),
    "aps": ("aps",),
    "oy": ("oy", "oyj"),
}
"""Code -> how it is written. A new form is one line here; spelling is made plain when the table is loaded."""

GENERIC_WORDS: Final = frozenset(
    "and co company group holding holdings international intl global general trading traders trade contracting "
    "contractors construction constructions services service solutions systems technologies technology tech enterprises "
    "enterprise industries industry industrial exports imports export import agency agencies consultancy consultants "
    "consulting logistics shipping transport foods food textiles interiors software hospitality stores store shop "
    "electronics electrical mechanical engineering engineers equipment building materials real estate properties "
    "management investment investments the of for uae dubai india "
    "تجارة التجارة العامة شركة للتجارة مقاولات للمقاولات خدمات".split()
)
"""Words that say what a firm does, not which one it is: they count less than the others."""

_SPOKEN: Final = {"&": " and ", "+": " and ", **dict.fromkeys(".'’`´", "")}
"""Signs that are read as a word, or not at all; every other sign parts two words."""

_ABBREVIATED = {"company": "co", "cie": "co", "intl": "international"}
_PREFIXES = frozenset({"m/s", "m/s.", "messrs", "messrs."})


class FirmName(NamedTuple):
    """A firm's name taken apart; `words` are plain (folded, no dots) and without the legal form."""

    words: tuple[str, ...]
    form: str
    key: str
    """The words with nothing between them: spaces never tell two firms apart."""
    core: str
    """`key` without the generic words; the whole key where nothing else is left."""


def _words(name: str) -> list[str]:
    text = plain(name)
    if text.startswith("m") and text.partition(" ")[0] in _PREFIXES:
        text = text.partition(" ")[2] or text
    words = text.split()
    if not "".join(words).isalnum():
        for sign, meaning in _SPOKEN.items():
            text = text.replace(sign, meaning)
        words = in_words(text).split()
    return _initials_joined([_ABBREVIATED.get(word, word) for word in words])


def _initials_joined(words: list[str]) -> list[str]:
    """`a b c trading` is `abc trading`; one letter alone stays."""
    if min(map(len, words), default=0) > 1:
        return words
    joined: list[str] = []
    after_initial = False
    for word in words:
        initial = len(word) == 1 and word.isascii() and word.isalpha()
        if initial and after_initial:
            joined[-1] += word
        else:
            joined.append(word)
        after_initial = initial
    return joined


def _form_table() -> dict[tuple[str, ...], str]:
    return {tuple(_words(spelled)): code for code, spellings in LEGAL_FORMS.items() for spelled in spellings}


_FORMS: Final = _form_table()
_LONGEST: Final = max(map(len, _FORMS))
_LAST_WORDS: Final = frozenset(words[-1] for words in _FORMS)


def _split_form(words: list[str]) -> tuple[list[str], str]:
    """The words before the legal form, and its code; a name that is nothing but a form stays whole."""
    if words and words[-1] in _LAST_WORDS:
        for length in range(min(_LONGEST, len(words) - 1), 0, -1):
            code = _FORMS.get(tuple(words[-length:]))
            if code is not None:
                return words[:-length], code
    return words, ""


@lru_cache(maxsize=4096)
def firm_name(name: str) -> FirmName:
    """`name` taken apart. Never fails; an empty name gives empty parts."""
    words, form = _split_form(_words(name))
    key = "".join(words)
    core = "".join(word for word in words if word not in GENERIC_WORDS)
    return FirmName(tuple(words), form, key, core if len(core) > 1 else key)


def normalised_name(name: str) -> str:
    """One spelling for all: `"A.B.C. Trading L.L.C."` and `"ABC TRADING LLC"` are both `"abc trading llc"`."""
    parts = firm_name(name)
    return " ".join((*parts.words, parts.form) if parts.form else parts.words)


def legal_form(name: str) -> str:
    """The code of the legal form that `name` ends with (`"llc"`, `"pvt ltd"`, `"fze"`, ...), or an empty text."""
    return firm_name(name).form


def other_form(left: str, right: str) -> bool:
    """Two stated legal forms that differ: another firm, unless a tax number says otherwise. Unstated is no difference."""
    return bool(left and right and left != right)
