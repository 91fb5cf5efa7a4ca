"""Invented customers: firms and people whose names are written in Latin, Arabic and Devanagari letters."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from models.values.places import INDIAN_STATES
from models.values.states import CustomerKind
from models.values.tax_ids import gstin_check_character
from services.customers.drafts import AddressDraft, ContactDraft, CustomerDraft

Town = tuple[str | None, str, str]
"""(state code, city, postal code)."""


@dataclass(frozen=True, slots=True)
class Group:
    """Customers whose invoices are taxed alike. `weight`: how many of a hundred customers belong to it."""

    name: str
    weight: int
    country: str
    currency: str
    towns: tuple[Town, ...]
    kind: CustomerKind = CustomerKind.BUSINESS
    is_registered: bool = True
    scripts: tuple[int, int, int] = (80, 10, 10)
    """Weights of Latin, Arabic and Devanagari names."""


_EMIRATES: tuple[Town, ...] = (("DXB", "Dubai", ""), ("AUH", "Abu Dhabi", ""), ("SHJ", "Sharjah", ""))
_STATES: tuple[Town, ...] = (
    ("27", "Mumbai", "400001"),
    ("07", "New Delhi", "110001"),
    ("29", "Bengaluru", "560001"),
    ("33", "Chennai", "600001"),
    ("24", "Ahmedabad", "380001"),
    ("36", "Hyderabad", "500001"),
)
_GULF = (60, 28, 12)
_INDIAN = (68, 4, 28)


def groups(country: str, currency: str, state: str | None, town: Town) -> tuple[Group, ...]:
    """Whom a company of this country sells to: mostly at home, some abroad, some of those in their own currency."""
    if country == "AE":
        return (
            Group("local firms", 68, "AE", currency, _EMIRATES, scripts=_GULF),
            Group(
                "local people", 16, "AE", currency, _EMIRATES, CustomerKind.PERSON, is_registered=False, scripts=_GULF
            ),
            Group(
                "the Gulf", 6, "SA", currency, ((None, "Riyadh", "11564"),), is_registered=False, scripts=(40, 60, 0)
            ),
            Group("India", 5, "IN", currency, (("27", "Mumbai", "400001"),), is_registered=False, scripts=_INDIAN),
            Group("overseas", 5, "US", "USD", ((None, "Houston", "77002"),), is_registered=False, scripts=(100, 0, 0)),
        )
    if country == "IN":
        others = [one for one in _STATES if one[0] != state]
        return (
            Group("own State", 44, "IN", currency, (town,), scripts=_INDIAN),
            Group("people", 14, "IN", currency, (town,), CustomerKind.PERSON, is_registered=False, scripts=_INDIAN),
            *(Group(f"state {one[0]}", 7, "IN", currency, (one,), scripts=_INDIAN) for one in others[:5]),
            Group("the Emirates", 4, "AE", currency, (("DXB", "Dubai", ""),), is_registered=False, scripts=_GULF),
            Group("overseas", 3, "US", "USD", ((None, "Houston", "77002"),), is_registered=False, scripts=(100, 0, 0)),
        )
    return (
        Group("home", 90, country, currency, (town,), is_registered=False),
        Group(
            "abroad",
            10,
            "US" if country != "US" else "GB",
            currency,
            ((None, "London", "EC1A 1BB"),),
            is_registered=False,
        ),
    )


_FIRST = (
    "Falcon|Gulf Star|Qamar|Hajar Peak|Liwa|Dhow|Zafran|Neelam|Kaveri|Pushkar|Malabar|Aurora|Oasis|Pearl|Crescent|"
    "Reem|Himalaya|Ganga|Lotus|Tulsi|Vindhya|Konkan|Deccan|Sahara|Marina|Meridian|Saffron|Indigo|Emerald|Cedar"
).split("|")
_SECOND = (
    "Bright|Royal|Golden|Silver|Blue|Green|Rainbow|Sunrise|Metro|Prime|Apex|Zenith|Orbit|Unity|Summit|Harbour|Coral|"
    "Palm|Desert|Valley|River|Stone|North|South|East|West|Grand|Swift|Noble|Clear|Cobalt|Amber|Jade|Ivory|Quartz|Onyx"
).split("|")
_TRADE = (
    "Trading|Contracting|Logistics|Interiors|Foods|Textiles|Software|Hospitality|Electronics|Exports|Steel|Marble|"
    "Optics|Printing|Packaging|Motors|Jewellers|Travels|Clinics|Consulting|Furniture|Catering|Security|Events"
).split("|")
_FORMS = {
    "AE": ("LLC", "FZE", "FZCO"),
    "IN": ("Private Limited", "LLP", "Limited"),
    "US": ("Inc", "LLC"),
    "SA": ("Co",),
}
_ARABIC = (
    "النور|الخليج|الريم|الصقر|اللؤلؤة|الواحة|النخيل|البحر|الأمل|الفجر|السلام|الهلال|الياسمين|المرجان|الوفاء|الرواد".split(
        "|"
    ),
    "الذهبي|الأزرق|الكبير|الحديث|الأول|العربي|المتحد|الدولي|الأصيل|المتميز|الجديد|الشرقي".split("|"),
    "للتجارة|للمقاولات|للخدمات|للأغذية|للنقل|للتقنية|للسياحة|للأثاث|للاستشارات|للطباعة".split("|"),
)
_DEVANAGARI = (
    "श्री गणेश|लक्ष्मी|सरस्वती|नीलकंठ|कावेरी|गंगा|हिमालय|कमल|तुलसी|सूर्या|भारत|विंध्य|अमृत|शांति|राजहंस|मयूर".split("|"),
    "नव|स्वर्ण|राष्ट्रीय|आधुनिक|उत्तम|प्रथम|संयुक्त|विशाल|उज्ज्वल|प्रगति|सागर|मंगल".split("|"),
    "ट्रेडर्स|उद्योग|टेक्सटाइल्स|इंजीनियरिंग|फूड्स|सेवाएँ|ट्रांसपोर्ट|सॉफ्टवेयर|एक्सपोर्ट्स|स्टील".split("|"),
)
_PEOPLE = (
    ("Ahmed Fatima Omar Layla John Maria Priya Arjun Rahul Anita David Sara Wei Elena Noor Vikram".split(),
     "Khan Haddad Smith Fernandes Sharma Iyer Nair Patel Rossi Chen Mansour Gupta Reddy Thomas Saleh Menon".split()),
    ("أحمد فاطمة عمر ليلى خالد مريم يوسف سارة علي هند".split(),
     "الهاشمي المنصوري السويدي النعيمي الكعبي المهيري الشامسي الظاهري".split()),
    ("प्रिया अर्जुन राहुल अनिता विक्रम सुनीता मोहन कविता रवि दीपा".split(),
     "शर्मा पटेल गुप्ता अय्यर नायर रेड्डी वर्मा मेनन".split()),
)  # fmt: skip
_ROADS = (
    "Marina Walk|Sheikh Zayed Road|MG Road|Corniche Street|Park Avenue|Airport Road|Nehru Street|Harbour Lane".split(
        "|"
    )
)
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_TERMS = (0, 15, 30, 30, 30, 45, 60)
CONTACT_EVERY = 3


def invented(among: Sequence[Group], seed: int, first: int, count: int) -> Iterator[tuple[int, CustomerDraft]]:
    """Customers number `first` to `first + count - 1`: the position of the group in `among`, and the draft."""
    weights = [group.weight for group in among]
    for number in range(first, first + count):
        dice = random.Random(f"{seed}:customer:{number}")  # noqa: S311 - lifelike figures, not secrets
        position = dice.choices(range(len(among)), weights)[0]
        yield position, _draft(among[position], number, dice)


def _draft(group: Group, number: int, dice: random.Random) -> CustomerDraft:
    state, city, pin = dice.choice(group.towns)
    is_firm = group.kind is CustomerKind.BUSINESS
    script = dice.choices((0, 1, 2), group.scripts)[0]
    name = _firm(number, script, group.country) if is_firm else f"{_person(script, dice)} {number}"
    domain = f"c{number}.example" if is_firm else "mail.example"
    contacts: tuple[ContactDraft, ...] = ()
    if is_firm and number % CONTACT_EVERY == 0:
        contacts = (_contact(script, number, dice),)
    return CustomerDraft(
        display_name=name,
        kind=group.kind,
        country=group.country,
        state=state or "",
        currency=group.currency,
        payment_terms_days=dice.choice(_TERMS),
        tax_id=_tax_id(group, state, number, dice),
        email=f"accounts{number}@{domain}",
        phone=_phone(group.country, dice),
        billing_address=AddressDraft(
            street=f"{dice.randrange(1, 400)} {dice.choice(_ROADS)}", city=city, pin=pin, state=state or ""
        ),
        contacts=contacts,
    )


def _firm(number: int, script: int, country: str) -> str:
    """A name that no other firm of its script has, until all combinations are used."""
    if script == 0:
        forms = _FORMS.get(country, ("Ltd",))
        first, second, trade = _picked(number, (_FIRST, _SECOND, _TRADE))
        name = f"{first} {second} {trade} {forms[number % len(forms)]}"
        rounds = number // (len(_FIRST) * len(_SECOND) * len(_TRADE))
    else:
        parts = _ARABIC if script == 1 else _DEVANAGARI
        name = " ".join(_picked(number, parts))
        rounds = number // (len(parts[0]) * len(parts[1]) * len(parts[2]))
    return f"{name} {rounds + 1}" if rounds else name


def _picked(number: int, parts: Sequence[Sequence[str]]) -> list[str]:
    words = []
    for part in parts:
        number, position = divmod(number, len(part))
        words.append(part[position])
    return words


def _person(script: int, dice: random.Random) -> str:
    given, family = _PEOPLE[script]
    return f"{dice.choice(given)} {dice.choice(family)}"


def _contact(script: int, number: int, dice: random.Random) -> ContactDraft:
    given, _, family = _person(script, dice).partition(" ")
    return ContactDraft(
        first_name=given, last_name=family, email=f"person@c{number}.example", roles=("billing",), is_primary=True
    )


def _phone(country: str, dice: random.Random) -> str:
    code, digits = {"AE": ("+9715", 8), "IN": ("+919", 9), "SA": ("+9665", 8)}.get(country, ("+1713", 7))
    return f"{code}{dice.randrange(10**digits):0{digits}d}"


def _tax_id(group: Group, state: str | None, number: int, dice: random.Random) -> str:
    """A number of the right shape that nobody holds: TRN or GSTIN."""
    if not group.is_registered:
        return ""
    if group.country == "AE":
        return f"100{number:010d}03"
    if group.country != "IN" or state not in INDIAN_STATES:
        return ""
    pan = f"{_letters(number, 3)}C{dice.choice(_LETTERS)}{number % 9999 + 1:04d}{dice.choice(_LETTERS)}"
    first14 = f"{state}{pan}1Z"
    return first14 + gstin_check_character(first14)


def _letters(number: int, count: int) -> str:
    return "".join(_LETTERS[number // 9999 // 26**i % 26] for i in range(count))
