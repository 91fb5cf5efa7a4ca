"""Where a business is: countries, Indian states, emirates. Facts only, by the codes that documents carry.

A *place of supply* is a GST state code ("29"), an emirate ("DXB") or else a country ("US"); India's documents call
every place abroad "96".
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from models.values.errors import InvalidValue
from models.values.text import folded

COUNTRIES: dict[str, str] = dict(
    entry.split(" ", 1)
    for entry in (
        "AD Andorra; AE United Arab Emirates; AF Afghanistan; AG Antigua & Barbuda; AI Anguilla; AL Albania; AM Armenia; "
        "AO Angola; AQ Antarctica; AR Argentina; AS American Samoa; AT Austria; AU Australia; AW Aruba; "
        "AX Åland Islands; AZ Azerbaijan; BA Bosnia & Herzegovina; BB Barbados; BD Bangladesh; BE Belgium; "
        "BF Burkina Faso; BG Bulgaria; BH Bahrain; BI Burundi; BJ Benin; BL St. Barthélemy; BM Bermuda; BN Brunei; "
        "BO Bolivia; BQ Caribbean Netherlands; BR Brazil; BS Bahamas; BT Bhutan; BV Bouvet Island; BW Botswana; "
        "BY Belarus; BZ Belize; CA Canada; CC Cocos (Keeling) Islands; CD Congo - Kinshasa; CF Central African Republic; "
        "CG Congo - Brazzaville; CH Switzerland; CI Côte d'Ivoire; CK Cook Islands; CL Chile; CM Cameroon; CN China; "
        "CO Colombia; CR Costa Rica; CU Cuba; CV Cape Verde; CW Curaçao; CX Christmas Island; CY Cyprus; CZ Czechia; "
        "DE Germany; DJ Djibouti; DK Denmark; DM Dominica; DO Dominican Republic; DZ Algeria; EC Ecuador; EE Estonia; "
        "EG Egypt; EH Western Sahara; ER Eritrea; ES Spain; ET Ethiopia; FI Finland; FJ Fiji; FK Falkland Islands; "
        "FM Micronesia; FO Faroe Islands; FR France; GA Gabon; GB United Kingdom; GD Grenada; GE Georgia; "
        "GF French Guiana; GG Guernsey; GH Ghana; GI Gibraltar; GL Greenland; GM Gambia; GN Guinea; GP Guadeloupe; "
        "GQ Equatorial Guinea; GR Greece; GS South Georgia & South Sandwich Islands; GT Guatemala; GU Guam; "
        "GW Guinea-Bissau; GY Guyana; HK Hong Kong; HM Heard & McDonald Islands; HN Honduras; HR Croatia; HT Haiti; "
        "HU Hungary; ID Indonesia; IE Ireland; IL Israel; IM Isle of Man; IN India; IO British Indian Ocean Territory; "
        "IQ Iraq; IR Iran; IS Iceland; IT Italy; JE Jersey; JM Jamaica; JO Jordan; JP Japan; KE Kenya; KG Kyrgyzstan; "
        "KH Cambodia; KI Kiribati; KM Comoros; KN St. Kitts & Nevis; KP North Korea; KR South Korea; KW Kuwait; "
        "KY Cayman Islands; KZ Kazakhstan; LA Laos; LB Lebanon; LC St. Lucia; LI Liechtenstein; LK Sri Lanka; "
        "LR Liberia; LS Lesotho; LT Lithuania; LU Luxembourg; LV Latvia; LY Libya; MA Morocco; MC Monaco; MD Moldova; "
        "ME Montenegro; MF St. Martin; MG Madagascar; MH Marshall Islands; MK North Macedonia; ML Mali; MM Myanmar; "
        "MN Mongolia; MO Macao; MP Northern Mariana Islands; MQ Martinique; MR Mauritania; MS Montserrat; MT Malta; "
        "MU Mauritius; MV Maldives; MW Malawi; MX Mexico; MY Malaysia; MZ Mozambique; NA Namibia; NC New Caledonia; "
        "NE Niger; NF Norfolk Island; NG Nigeria; NI Nicaragua; NL Netherlands; NO Norway; NP Nepal; NR Nauru; NU Niue; "
        "NZ New Zealand; OM Oman; PA Panama; PE Peru; PF French Polynesia; PG Papua New Guinea; PH Philippines; "
        "PK Pakistan; PL Poland; PM St. Pierre & Miquelon; PN Pitcairn Islands; PR Puerto Rico; PS Palestine; "
        "PT Portugal; PW Palau; PY Paraguay; QA Qatar; RE Réunion; RO Romania; RS Serbia; RU Russia; RW Rwanda; "
        "SA Saudi Arabia; SB Solomon Islands; SC Seychelles; SD Sudan; SE Sweden; SG Singapore; SH St. Helena; "
        "SI Slovenia; SJ Svalbard & Jan Mayen; SK Slovakia; SL Sierra Leone; SM San Marino; SN Senegal; SO Somalia; "
        "SR Suriname; SS South Sudan; ST São Tomé & Príncipe; SV El Salvador; SX Sint Maarten; SY Syria; SZ Eswatini; "
        "TC Turks & Caicos Islands; TD Chad; TF French Southern Territories; TG Togo; TH Thailand; TJ Tajikistan; "
        "TK Tokelau; TL Timor-Leste; TM Turkmenistan; TN Tunisia; TO Tonga; TR Türkiye; TT Trinidad & Tobago; TV Tuvalu; "
        "TW Taiwan; TZ Tanzania; UA Ukraine; UG Uganda; UM U.S. Outlying Islands; US United States; UY Uruguay; "
        "UZ Uzbekistan; VA Vatican City; VC St. Vincent & Grenadines; VE Venezuela; VG British Virgin Islands; "
        "VI U.S. Virgin Islands; VN Vietnam; VU Vanuatu; WF Wallis & Futuna; WS Samoa; YE Yemen; YT Mayotte; "
        "ZA South Africa; ZM Zambia; ZW Zimbabwe"
    ).split("; ")
)
"""ISO 3166-1 alpha-2 codes with their English short names."""

_COUNTRY_ALIASES = {
    "uae": "AE", "u.a.e.": "AE", "emirates": "AE", "bharat": "IN", "uk": "GB", "great britain": "GB", "england": "GB",
    "usa": "US", "u.s.a.": "US", "united states of america": "US", "america": "US", "ksa": "SA",
    "kingdom of saudi arabia": "SA", "sultanate of oman": "OM", "state of qatar": "QA", "kingdom of bahrain": "BH",
    "state of kuwait": "KW", "turkey": "TR", "holland": "NL", "the netherlands": "NL", "czech republic": "CZ",
    "korea": "KR", "republic of korea": "KR", "russian federation": "RU", "viet nam": "VN", "ivory coast": "CI",
    "swaziland": "SZ", "burma": "MM", "macedonia": "MK", "republic of ireland": "IE", "hong kong sar": "HK",
    "dr congo": "CD", "democratic republic of the congo": "CD", "congo": "CG", "are": "AE", "ind": "IN", "gbr": "GB",
    "sau": "SA", "omn": "OM", "qat": "QA", "bhr": "BH", "kwt": "KW", "deu": "DE", "fra": "FR", "sgp": "SG",
}  # fmt: skip

GCC = frozenset({"AE", "BH", "KW", "OM", "QA", "SA"})
"""Members of the Gulf Cooperation Council."""

EU = frozenset("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK".split())
"""Members of the European Union."""

ABROAD = "96"
"""India's place of supply for everything outside India."""

OTHER_TERRITORY = "97"
"""Waters and zones of India that belong to no State."""


@dataclass(frozen=True, slots=True)
class Place:
    """An Indian State or Union territory (GST code), or an emirate; `short` is the letters people use for it."""

    code: str
    name: str
    short: str
    aliases: tuple[str, ...] = ()
    is_union_territory: bool = False
    """Without a legislature of its own: the State part of GST is printed UTGST instead of SGST."""


_STATES = (
    Place("01", "Jammu and Kashmir", "JK"),
    Place("02", "Himachal Pradesh", "HP"),
    Place("03", "Punjab", "PB"),
    Place("04", "Chandigarh", "CH", is_union_territory=True),
    Place("05", "Uttarakhand", "UK", ("UT", "UA", "Uttaranchal")),
    Place("06", "Haryana", "HR"),
    Place("07", "Delhi", "DL", ("New Delhi", "NCT of Delhi")),
    Place("08", "Rajasthan", "RJ"),
    Place("09", "Uttar Pradesh", "UP"),
    Place("10", "Bihar", "BR"),
    Place("11", "Sikkim", "SK"),
    Place("12", "Arunachal Pradesh", "AR"),
    Place("13", "Nagaland", "NL"),
    Place("14", "Manipur", "MN"),
    Place("15", "Mizoram", "MZ"),
    Place("16", "Tripura", "TR"),
    Place("17", "Meghalaya", "ML"),
    Place("18", "Assam", "AS"),
    Place("19", "West Bengal", "WB"),
    Place("20", "Jharkhand", "JH"),
    Place("21", "Odisha", "OD", ("OR", "Orissa")),
    Place("22", "Chhattisgarh", "CG", ("CT", "Chattisgarh")),
    Place("23", "Madhya Pradesh", "MP"),
    Place("24", "Gujarat", "GJ"),
    Place(
        "26",
        "Dadra and Nagar Haveli and Daman and Diu",
        "DH",
        ("DN", "DD", "DNHDD", "Dadra and Nagar Haveli", "Daman and Diu"),
        is_union_territory=True,
    ),
    Place("27", "Maharashtra", "MH"),
    Place("29", "Karnataka", "KA"),
    Place("30", "Goa", "GA"),
    Place("31", "Lakshadweep", "LD", is_union_territory=True),
    Place("32", "Kerala", "KL"),
    Place("33", "Tamil Nadu", "TN", ("Tamilnadu",)),
    Place("34", "Puducherry", "PY", ("Pondicherry",)),
    Place("35", "Andaman and Nicobar Islands", "AN", ("Andaman and Nicobar",), is_union_territory=True),
    Place("36", "Telangana", "TS", ("TG",)),
    Place("37", "Andhra Pradesh", "AP", ("AD",)),
    Place("38", "Ladakh", "LA", is_union_territory=True),
    Place(OTHER_TERRITORY, "Other Territory", "OT", is_union_territory=True),
)
INDIAN_STATES: dict[str, Place] = {state.code: state for state in _STATES}
"""By GST code. 25 and 28 are dead: merged into 26 and renumbered 37."""

DEAD_STATE_CODES: dict[str, str] = {"25": "26", "28": "37"}
"""A GST code that is no longer given out, and the one that took its place."""

_EMIRATES = (
    Place("AUH", "Abu Dhabi", "AZ", ("AD", "Abu Zaby", "Al Ain")),
    Place("DXB", "Dubai", "DU", ("Dubayy",)),
    Place("SHJ", "Sharjah", "SH", ("Ash Shariqah",)),
    Place("AJM", "Ajman", "AJ"),
    Place("UAQ", "Umm Al Quwain", "UQ", ("Umm al Qaiwain", "Umm al Quwayn")),
    Place("RAK", "Ras Al Khaimah", "RK", ("Ras al Khaymah",)),
    Place("FUJ", "Fujairah", "FU", ("Al Fujayrah",)),
)
EMIRATES: dict[str, Place] = {emirate.code: emirate for emirate in _EMIRATES}


def _key(text: str) -> str:
    """For finding a place: letters and digits only; `&` reads as `and`."""
    return re.sub(r"[^0-9a-z]", "", folded(text.replace("&", " and ")))


def _index(places: Iterable[Place]) -> dict[str, str]:
    return {
        _key(name): place.code for place in places for name in (place.code, place.short, place.name, *place.aliases)
    }


_STATE_BY_KEY = {"IN": _index(_STATES), "AE": _index(_EMIRATES)}
_COUNTRY_BY_KEY = (
    {_key(name): code for code, name in COUNTRIES.items()}
    | {_key(code): code for code in COUNTRIES}
    | {_key(alias): code for alias, code in _COUNTRY_ALIASES.items()}
)


def find_country(text: str) -> str | None:
    """The ISO code that `text` names by code or by an English name; None if it names none."""
    return _COUNTRY_BY_KEY.get(_key(text))


def normalise_country(text: str) -> str:
    """The ISO code; a name that is not known is refused, with the nearest one."""
    code = find_country(text)
    if code is None:
        raise InvalidValue(_unknown(text, "a country", COUNTRIES.values()))
    return code


def find_state(country: str, text: str) -> str | None:
    """The GST code or emirate that `text` names: "29", "KA", "Karnataka", "29-Karnataka"; "DXB", "Dubai".

    Where we hold no list (other countries) the text itself, trimmed.
    """
    known = _STATE_BY_KEY.get(country)
    if known is None:
        return text.strip() or None
    key = _key(text)
    if country == "IN":
        numbered = re.match(r"\s*([0-9]{1,2})(?![0-9])", text)
        if numbered:
            code = numbered[1].zfill(2)
            name = _key(text[numbered.end() :])
            return code if code in INDIAN_STATES and known.get(name, code) == code else None
    return known.get(key)


def normalise_state(country: str, text: str) -> str:
    """`find_state`, or a sentence that says what is wrong."""
    code = find_state(country, text)
    if code is not None:
        return code
    if country == "IN" and text.strip()[:2] in DEAD_STATE_CODES:
        dead = text.strip()[:2]
        raise InvalidValue(f"State code {dead} is no longer in use; it became {DEAD_STATE_CODES[dead]}.")
    kind, places = ("an emirate", EMIRATES) if country == "AE" else ("a State of India", INDIAN_STATES)
    raise InvalidValue(_unknown(text, kind, [place.name for place in places.values()]))


def place_name(code: str) -> str:
    """The name behind a place of supply: "29" Karnataka, "DXB" Dubai, "US" United States, "96" abroad."""
    if code == ABROAD:
        return "Outside India"
    place = INDIAN_STATES.get(code) or EMIRATES.get(code)
    return place.name if place else COUNTRIES.get(code, code)


def _unknown(text: str, kind: str, names: Iterable[str]) -> str:
    by_folded = {folded(name): name for name in names}
    near = difflib.get_close_matches(folded(text), by_folded, n=1)
    hint = f" Did you mean {by_folded[near[0]]}?" if near else ""
    return f"{text!r} is not {kind} that the book knows.{hint}"
