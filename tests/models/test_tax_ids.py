"""Tax numbers, codes and places: what is accepted, what is refused and in which words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.in_ import gstin as other_gstin

from models.values.errors import InvalidValue
from models.values.places import (
    COUNTRIES,
    EMIRATES,
    EU,
    GCC,
    INDIAN_STATES,
    find_country,
    find_state,
    normalise_country,
    normalise_state,
    place_name,
)
from models.values.tax_ids import (
    check_gstin,
    check_hsn,
    check_pan,
    check_pin,
    check_tax_id,
    check_trn,
    gstin_check_character,
    gstin_pan,
    gstin_state,
)


def with_check(first14: str) -> str:
    return first14 + gstin_check_character(first14)


@pytest.mark.parametrize(
    "gstin",
    ["27AAPFU0939F1ZV", "27aapfu0939f1zv", " 27 AAPFU0939F 1ZV ", with_check("38AAPFU0939F1Z"), with_check("97AAPFU0939F1Z")],
)  # fmt: skip
def test_a_good_gstin_is_accepted_and_tidied(gstin: str) -> None:
    check = check_gstin(gstin)
    assert (check.problem, check.warning) == (None, None)
    assert check.value == "".join(gstin.split()).upper()


@pytest.mark.parametrize(
    ("gstin", "why"),
    [
        ("27AAPFU0939F1ZA", "The last character should be V, not A: a character was mistyped somewhere."),
        ("27AAPFU0993F1ZV", "The last character should be"),
        ("27AAPFU0939F1Z", "A GSTIN has 15 characters; this one has 14."),
        ("", "A GSTIN has 15 characters; this one has 0."),
        ("27AAPFU0939F1Z?", "A GSTIN has only the letters A to Z and digits."),
        ("28AAPFU0939F1ZV", "State code 28 is no longer in use; it became 37."),
        ("25AAPFU0939F1ZV", "State code 25 is no longer in use; it became 26."),
        ("96AAPFU0939F1ZV", "A GSTIN begins with the code of a State; 96 is none."),
        ("00AAPFU0939F1ZV", "A GSTIN begins with the code of a State; 00 is none."),
        ("27AAPF10939F1ZV", "Characters 3 to 12 must be a PAN, such as AAPFU0939F; AAPF10939F is none."),
        ("27AAPFU0939F0ZV", "The 13th character counts the registrations of a PAN in a State; it is never 0."),
        ("२७AAPFU0939F1ZV", "A GSTIN has only the letters A to Z and digits."),
    ],
)
def test_a_wrong_gstin_says_why(gstin: str, why: str) -> None:
    problem = check_gstin(gstin).problem
    assert problem is not None and problem.startswith(why)


@pytest.mark.parametrize(
    ("number", "meaning"),
    [
        ("2917USA00058UN8", "UIN"),
        ("9917USA29001OSB", "OIDAR"),
        ("27MUMA12345A1DX", "TDS"),
        ("29AAPFU0939F1CX", "TCS"),
    ],
)
def test_other_registrations_warn_and_pass(number: str, meaning: str) -> None:
    check = check_gstin(number)
    assert check.is_ok
    assert check.warning is not None and meaning in check.warning


def test_an_unusual_fourteenth_character_warns() -> None:
    check = check_gstin(with_check("27AAPFU0939F1A"))
    assert check.is_ok
    assert check.warning == "The 14th character of a GSTIN is usually Z; here it is A."


@given(st.from_regex(r"(27|29|07|33)[A-Z]{3}[ABCFGHJLPT][A-Z][1-9][0-9]{3}[A-Z][1-9A-Z]Z", fullmatch=True))
def test_our_check_character_agrees_with_stdnum(first14: str) -> None:
    whole = with_check(first14)
    assert other_gstin.is_valid(whole)
    assert check_gstin(whole).is_ok


@given(st.integers(0, 13), st.sampled_from("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
def test_one_mistyped_character_never_passes_the_check_character(position: int, char: str) -> None:
    good = "27AAPFU0939F1ZV"
    mistyped = good[:position] + char + good[position + 1 :]
    assert (gstin_check_character(mistyped[:14]) == "V") == (mistyped == good)


def test_what_a_gstin_holds() -> None:
    assert (gstin_state("27AAPFU0939F1ZV"), gstin_pan("27AAPFU0939F1ZV")) == ("27", "AAPFU0939F")
    assert gstin_state("9917USA29001OSB") is None


@pytest.mark.parametrize(
    ("trn", "problem", "warning"),
    [
        ("100000000000003", None, None),
        ("100 1234 5678 9003", None, None),
        ("100-1234-5678-9003", None, None),
        ("100123456789004", None, "A TRN usually ends in 03; this one ends in 04."),
        ("200000000000003", "A TRN begins with 1; this one begins with 2.", None),
        ("10000000000003", "A TRN has 15 digits; this one has 14.", None),
        ("10000000000000A", "A TRN has only digits.", None),
        ("١٠٠٠٠٠٠٠٠٠٠٠٠٠٣", "A TRN has only digits.", None),
    ],
)
def test_trn(trn: str, problem: str | None, warning: str | None) -> None:
    check = check_trn(trn)
    assert (check.problem, check.warning) == (problem, warning)


@pytest.mark.parametrize(
    ("pan", "is_ok", "warns"),
    [
        ("AAPFU0939F", True, False),
        ("aapfu0939f", True, False),
        ("AAPXU0939F", True, True),
        ("AAPFU0000F", False, False),
        ("AAPFU939F", False, False),
    ],
)
def test_pan(pan: str, is_ok: bool, warns: bool) -> None:
    check = check_pan(pan)
    assert (check.is_ok, check.warning is not None) == (is_ok, warns)


@pytest.mark.parametrize(
    ("code", "is_service", "is_ok"),
    [
        ("998391", True, True),
        ("9983", True, True),
        ("8471", False, True),
        ("84713010", False, True),
        ("84713010", None, True),
        ("998391", False, False),
        ("8471", True, False),
        ("84713", None, False),
        ("99", True, False),
        ("99A391", True, False),
    ],
)
def test_hsn_and_sac(code: str, is_service: bool | None, is_ok: bool) -> None:
    assert check_hsn(code, is_service=is_service).is_ok is is_ok


def test_the_country_decides_which_check_applies() -> None:
    assert check_tax_id("IN", "27AAPFU0939F1ZV").is_ok
    assert not check_tax_id("AE", "27AAPFU0939F1ZV").is_ok
    assert check_tax_id("DE", "DE 123456789").value == "DE123456789"
    assert not check_tax_id("DE", "?").is_ok


def test_pin_codes() -> None:
    assert check_pin("IN", "560 001").value == "560001"
    assert not check_pin("IN", "060001").is_ok
    assert not check_pin("IN", "56001").is_ok
    assert check_pin("AE", "P.O. Box 12").is_ok


@pytest.mark.parametrize(
    ("country", "text", "code"),
    [
        ("IN", "29", "29"),
        ("IN", "KA", "29"),
        ("IN", "karnataka", "29"),
        ("IN", "29-Karnataka", "29"),
        ("IN", "7", "07"),
        ("IN", "Delhi", "07"),
        ("IN", "Jammu & Kashmir", "01"),
        ("IN", "Orissa", "21"),
        ("IN", "Ladakh", "38"),
        ("IN", "97", "97"),
        ("IN", "Other Territory", "97"),
        ("AE", "DXB", "DXB"),
        ("AE", "Dubai", "DXB"),
        ("AE", "abu dhabi", "AUH"),
        ("AE", "Ras al-Khaimah", "RAK"),
        ("US", " California ", "California"),
    ],
)
def test_a_state_by_any_of_its_names(country: str, text: str, code: str) -> None:
    assert normalise_state(country, text) == code


@pytest.mark.parametrize(
    ("country", "text", "why"),
    [
        ("IN", "Karnatka", "'Karnatka' is not a State of India that the book knows. Did you mean Karnataka?"),
        ("IN", "28", "State code 28 is no longer in use; it became 37."),
        ("IN", "29-Kerala", "'29-Kerala' is not a State of India that the book knows."),
        ("AE", "Dubay", "'Dubay' is not an emirate that the book knows. Did you mean Dubai?"),
        ("AE", "Muscat", "'Muscat' is not an emirate that the book knows."),
    ],
)
def test_an_unknown_state_is_refused_with_the_nearest(country: str, text: str, why: str) -> None:
    assert find_state(country, text) is None
    with pytest.raises(InvalidValue) as refused:
        normalise_state(country, text)
    assert str(refused.value).startswith(why)


def test_countries_by_code_and_name() -> None:
    found = [
        find_country(text) for text in ("AE", "ae", "UAE", "United Arab Emirates", "USA", "india", "Turkey", "Mars")
    ]
    assert found == ["AE", "AE", "AE", "AE", "US", "IN", "TR", None]
    with pytest.raises(InvalidValue, match="Did you mean Germany"):
        normalise_country("Germny")


def test_every_country_name_finds_its_country() -> None:
    assert {code: find_country(name) for code, name in COUNTRIES.items()} == {code: code for code in COUNTRIES}


def test_the_lists_are_whole() -> None:
    assert (len(COUNTRIES), len(INDIAN_STATES), len(EMIRATES), len(GCC), len(EU)) == (249, 37, 7, 6, 27)
    assert set(COUNTRIES) >= GCC | EU
    territories = sorted(code for code, state in INDIAN_STATES.items() if state.is_union_territory)
    assert territories == ["04", "26", "31", "35", "38", "97"]
    for country, places in (("IN", INDIAN_STATES), ("AE", EMIRATES)):
        assert [find_state(country, place.short) for place in places.values()] == list(places)


def test_the_name_of_a_place_of_supply() -> None:
    assert [place_name(code) for code in ("29", "DXB", "US", "96")] == [
        "Karnataka",
        "Dubai",
        "United States",
        "Outside India",
    ]
