"""Two customers compared: what is one, what is another, and what a person must look at."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.values.states import CustomerKind
from services.customers.duplicates import (
    BLOCK_LIMIT,
    LIKELY,
    Index,
    Party,
    block_keys,
    certain,
    clusters,
    legal_form,
    normalised_name,
    pairs,
    rank,
    score,
)

WORDS = st.sampled_from(
    ["Al Noor", "Gulf", "Star", "Trading", "LLC", "FZE", "ravi", "Kumár", "مؤسسة", "नीलम", "-", "7", ""]
)
TEXTS = st.one_of(st.lists(WORDS, max_size=4).map(" ".join), st.text(max_size=12))
PARTIES = st.builds(
    Party, name=TEXTS, given_name=TEXTS, surname=TEXTS, kind=st.sampled_from([None, *CustomerKind]), house_number=TEXTS,
    street=TEXTS, building=TEXTS, suburb=TEXTS, city=TEXTS, postcode=TEXTS, state=TEXTS, country=st.sampled_from(["", "AE", "IN"]),
    phones=st.lists(st.sampled_from(["+971 4 555 0112", "04-5550112", "9.71506E+11", "x", "050 1234567 / 055 7654321"]), max_size=2).map(tuple),
    emails=st.lists(st.sampled_from(["Info@Acme.example", "a@gmail.com", "no address"]), max_size=2).map(tuple),
    domain=st.sampled_from(["", "https://www.acme.example/x", "gmail.com"]),
    tax_ids=st.lists(st.sampled_from(["100200300400003", "27AABCZ1234E1ZM", "29AABCZ1234E1ZK", "-"]), max_size=2).map(tuple),
    birth_on=st.sampled_from([None, date(1980, 2, 29), date(1980, 2, 28)]),
)  # fmt: skip

QAMAR = Party(
    name="Qamar Coast Trading LLC", street="Office 1204, Cedar Tower", suburb="Business Bay", city="Dubai", country="AE",
    phones=("+971 4 555 0112",), domain="qamarcoast.example", tax_ids=("100200300400003",),
)  # fmt: skip
ASHA = Party(
    given_name="Asha", surname="Menon", house_number="12", street="Lake Road", building="Rose Villa", suburb="Kadavanthra",
    postcode="682020", state="Kerala",
)  # fmt: skip


@given(PARTIES, PARTIES)
def test_a_score_is_symmetric_and_between_0_and_1(a: Party, b: Party) -> None:
    there, back = score(a, b), score(b, a)
    assert there.value == back.value
    assert 0.0 <= there.value <= 1.0
    assert all(0.0 <= one.similarity <= 1.0 and one.weight > 0 for one in there.evidence)
    assert certain(a, b) == certain(b, a)


@given(PARTIES)
def test_a_customer_is_itself(party: Party) -> None:
    result = score(party, replace(party))
    assert result.value == (1.0 if result.evidence else 0.0)


@given(PARTIES, PARTIES)
def test_what_is_certain_is_shown_and_shares_a_block(a: Party, b: Party) -> None:
    if certain(a, b):
        assert score(a, b).value >= LIKELY
        assert block_keys(a) & block_keys(b)


@given(st.lists(PARTIES, max_size=8))
def test_pairs_are_exactly_those_that_share_a_key_and_reach_the_threshold(parties: list[Party]) -> None:
    expected = [
        (left, right)
        for right in range(len(parties))
        for left in range(right)
        if block_keys(parties[left]) & block_keys(parties[right])
        and score(parties[left], parties[right]).value >= LIKELY
    ]
    assert [(pair.left, pair.right) for pair in pairs(parties)] == expected


@given(st.lists(PARTIES, max_size=8), PARTIES)
def test_the_index_finds_what_pairs_finds(parties: list[Party], wanted: Party) -> None:
    index = Index()
    for customer_id, party in enumerate(parties):
        index.add(customer_id, party)
    found = {match.customer_id for match in index.candidates(wanted, limit=50)}
    last = len(parties)
    assert found == {pair.left for pair in pairs([*parties, wanted]) if pair.right == last}
    for customer_id in range(last):
        index.remove(customer_id)
    assert len(index) == 0
    assert index.candidates(wanted) == []


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("A.B.C. Trading L.L.C.", "abc trading llc"),
        ("ABC  TRADING LLC", "abc trading llc"),
        ("A B C Trading", "abc trading"),
        ("M/s Neelam Textiles Private Limited", "neelam textiles pvt ltd"),
        ("NEELAM TEXTILES (P) LTD.", "neelam textiles pvt ltd"),
        ("Liwa Sands Hospitality FZ-LLC", "liwa sands hospitality fz llc"),
        ("Pushkar Clinic & Diagnostics", "pushkar clinic and diagnostics"),
        ("Café Aurora Sunrise", "cafe aurora sunrise"),
        ("Müller GmbH & Co. KG", "muller gmbh co kg"),
        ("Rub' al Khali Drilling Services Co.", "rub al khali drilling services co"),
        ("شركة النور ذ.م.م", "شركه النور llc"),
        ("LLC", "llc"),
        ("", ""),
    ],
)
def test_a_firms_name_has_one_spelling(typed: str, expected: str) -> None:
    assert normalised_name(typed) == expected


def test_devanagari_keeps_its_vowel_signs() -> None:
    assert normalised_name("नीलम, प्राइवेट लिमिटेड") == "नीलम pvt ltd"
    assert score(Party(name="नीलम फूड्स"), Party(name="नलम फडस")).value < 1.0


@pytest.mark.parametrize(
    ("typed", "form"),
    [("Acme Ltd", "ltd"), ("Acme Pvt. Ltd", "pvt ltd"), ("Acme FZE", "fze"), ("Acme Inc.", "inc"), ("Acme Sales", "")],
)
def test_the_legal_form_is_read_from_the_end(typed: str, form: str) -> None:
    assert legal_form(typed) == form


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Al Noor Trading LLC", "Alnoor Trading L.L.C"),
        ("Al Noor Trading LLC", "Al Nour Trading LLC"),
        ("Kaveri Stack Software Pvt. Ltd.", "KaveriStack"),
        ("Hajar Peak Contracting LLC", "Hajar Peak"),
        ("Al Wahda Pearl Interiors LLC", "AL-WAHDA PEARL INTERIORS"),
        ("Zafrani Foods Private Limited", "Zafarni Foods Pvt Ltd"),
        ("مؤسسة النور للتجارة", "موسسه النور للتجاره"),
    ],
)
def test_firms_that_a_person_should_look_at(left: str, right: str) -> None:
    assert score(Party(name=left), Party(name=right)).value >= LIKELY
    assert len(pairs([Party(name=left), Party(name=right)])) == 1
    assert not certain(Party(name=left), Party(name=right)), "a name alone is never certain"


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("Gulf Star FZE", "Gulf Star LLC"),
        ("Dhow Harbour Logistics FZE", "Dhow Harbour Logistics LLC"),
        ("Tulsi Exports Pvt Ltd", "Tulsi Exports LLP"),
        ("Al Noor Trading LLC", "Al Falah Trading LLC"),
        ("Emirates Steel LLC", "Emirates Glass LLC"),
        ("Royal General Trading LLC", "Pearl General Trading LLC"),
    ],
)
def test_firms_that_are_others_even_in_one_building(left: str, right: str) -> None:
    here = Party(
        street="Office 12", building="Bay Square", suburb="Business Bay", city="Dubai", state="Dubai", country="AE"
    )
    assert score(replace(here, name=left), replace(here, name=right)).value < LIKELY
    assert not certain(replace(here, name=left), replace(here, name=right))


def test_another_legal_form_is_another_firm_unless_the_tax_number_says_otherwise() -> None:
    free_zone = replace(QAMAR, name="Qamar Coast Trading FZE")
    assert not certain(QAMAR, free_zone), "rule 2 wants the same legal form: a person decides"
    assert score(QAMAR, free_zone).value >= LIKELY
    other_number = replace(free_zone, tax_ids=("100755866977003",))
    assert score(QAMAR, other_number).value < LIKELY


@pytest.mark.parametrize(
    "other",
    [
        Party(name="Something Else", tax_ids=("1002 0030 0400 003",)),
        Party(name="Qamar Coast", domain="http://www.qamarcoast.example/contact"),
        Party(name="Qamar Coast", emails=("lina@qamarcoast.example",)),
        Party(name="QAMAR COAST TRADING L.L.C", city="DUBAI"),
        Party(name="Qamar Coast Trading", phones=("04-555 0112",)),
        Party(name="Qamar Coast Trading", phones=("055 1112223 / 00971 4 5550112",)),
    ],
)
def test_certain_by_the_rules_of_migration(other: Party) -> None:
    assert certain(QAMAR, other)


@pytest.mark.parametrize(
    "other",
    [
        Party(name="Qamar Coast Trading LLC"),
        Party(name="Qamar Coast Trading", city="Dubai"),
        Party(name="Qamar Cost Trading LLC", city="Dubai", phones=("04-555 0112",)),
        Party(name="Qamar Coast Trading LLC", city="Dubai", tax_ids=("100311422533003",)),
        Party(name="Qamar Coast Trading LLC", city="Sharjah", phones=("9.71506E+11",)),
        Party(given_name="Lina", surname="Sabbagh", emails=("lina@qamarcoast.example",), domain="qamarcoast.example"),
    ],
)
def test_not_certain(other: Party) -> None:
    assert not certain(QAMAR, other)


def test_free_mail_says_nothing_about_firms_and_role_mailboxes_nothing_about_persons() -> None:
    assert not certain(Party(name="Acme", emails=("acme@gmail.com",)), Party(name="Zenith", emails=("zen@gmail.com",)))
    assert certain(
        replace(ASHA, emails=("Asha@gmail.com",)), Party(given_name="A", surname="M", emails=("asha@GMAIL.com",))
    )
    one, other = (Party(given_name=name, surname="Rao", emails=("info@acme.example",)) for name in ("Divya", "Kiran"))
    assert not certain(one, other)


def test_the_pan_inside_two_gstins_is_one_legal_entity() -> None:
    mumbai, bengaluru = (
        Party(name="Zafrani Foods", tax_ids=(number,)) for number in ("27AABCZ1234E1ZM", "29AABCZ1234E1ZK")
    )
    assert certain(mumbai, bengaluru)


@pytest.mark.parametrize(
    "other",
    [
        replace(ASHA, given_name="Menon", surname="Asha"),
        replace(ASHA, street="Rose Villa", building="Lake Road"),
        replace(ASHA, street="LakeRoad", surname="Mennon", postcode="682002"),
        replace(ASHA, surname="Pillai", suburb=""),
        replace(ASHA, given_name="", surname="", name="Asha Menon", kind=CustomerKind.PERSON),
    ],
)
def test_a_person_with_slips_of_the_pen_is_likely(other: Party) -> None:
    assert score(ASHA, other).value >= LIKELY
    assert len(pairs([ASHA, other])) == 1


def test_a_neighbour_and_a_namesake_elsewhere() -> None:
    neighbour = Party(
        given_name="Thomas", surname="Kurian", house_number="14", street="Lake Road", suburb="Kadavanthra"
    )
    namesake = Party(
        given_name="Asha",
        surname="Nair",
        house_number="7",
        street="Hill View",
        suburb="Bandra",
        postcode="400050",
        state="MH",
    )
    assert score(ASHA, neighbour).value < LIKELY
    assert score(ASHA, namesake).value < LIKELY


def test_lines_of_an_address_that_changed_places_count_alike_from_both_sides() -> None:
    one = Party(street="Al Noor Al Noor", building="Al Noor Al Noor Al Noor")
    other = Party(street="Al Noor Al Noor Al Noor", building="Al Noor")
    assert score(one, other).value == score(other, one).value


def test_evidence_names_the_fields_and_leaves_out_what_one_side_does_not_know() -> None:
    result = score(ASHA, replace(ASHA, postcode="", surname="Menom"))
    assert [one.field for one in result.evidence] == [
        "given_name",
        "surname",
        "house_number",
        "street",
        "suburb",
        "state",
    ]
    surname = result.evidence[1]
    assert (surname.left, surname.right) == ("menon", "menom")
    assert 0.5 < surname.similarity < 1.0


def test_a_key_that_more_than_60_share_is_passed_over() -> None:
    same_switchboard = [Party(name=f"{chr(65 + n // 8)}{n}", phones=("04 5550112",)) for n in range(BLOCK_LIMIT + 1)]
    index = Index()
    for customer_id, party in enumerate(same_switchboard[:-1]):
        index.add(customer_id, party)
    wanted = Party(name="", phones=("04 5550112",))
    assert len(index.candidates(wanted, 100, threshold=0.0)) == BLOCK_LIMIT
    index.add(BLOCK_LIMIT, same_switchboard[-1])
    assert index.candidates(wanted, 100, threshold=0.0) == []


def test_groups_close_over_a_third() -> None:
    short = Party(name="Hajar Peak", phones=("06 5550198",))
    long = Party(name="Hajar Peak Contracting LLC", domain="hajarpeak.example")
    mail = Party(name="H P C", emails=("cfo@hajarpeak.example",))
    found = pairs([short, QAMAR, long, mail, ASHA])
    assert [(pair.left, pair.right) for pair in found] == [(0, 2), (2, 3)]
    assert clusters(found) == [(0, 2, 3)]


def test_the_best_comes_first_and_the_certain_before_it() -> None:
    same_tax = Party(name="Renamed Holding LLC", tax_ids=QAMAR.tax_ids)
    near = replace(QAMAR, name="Qamar Coast Tradings LLC", tax_ids=(), domain="", phones=())
    far = Party(name="Omega Foods LLC", city="Dubai")
    found = rank(QAMAR, {7: far, 5: near, 3: same_tax})
    assert [(match.customer_id, match.certain) for match in found] == [(3, True), (5, False)]
    assert len(rank(QAMAR, {5: near, 3: same_tax}, limit=1)) == 1


def test_a_customer_added_again_is_replaced() -> None:
    index = Index()
    index.add(1, QAMAR)
    index.add(1, ASHA)
    assert len(index) == 1
    assert index.candidates(QAMAR) == []
    assert [match.customer_id for match in index.candidates(ASHA)] == [1]
