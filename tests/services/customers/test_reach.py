"""The bound that saves full comparisons leaves out no pair that would be shown."""

from __future__ import annotations

from hypothesis import example, given, settings
from hypothesis import strategies as st

from models.values.states import CustomerKind
from services.customers.duplicates import Party
from services.customers.matching.party import profile
from services.customers.matching.reach import in_reach, silhouette, unpacked
from services.customers.matching.scoring import LIKELY, scored

WORDS = ["Falcon", "Falkon", "Gulf", "Noor", "Nour", "Marina", "Trading", "Foods", "General", "Al", "ABC", "7"]
FORMS = ["", "LLC", "L.L.C", "Pvt Ltd", "FZE"]
NAMES = st.builds(
    lambda words, form: " ".join([*words, form]).strip(),
    st.lists(st.sampled_from(WORDS), max_size=4),
    st.sampled_from(FORMS),
)
FIRMS = st.builds(
    Party,
    name=NAMES,
    kind=st.sampled_from([CustomerKind.BUSINESS, CustomerKind.BUSINESS, CustomerKind.PERSON]),
    house_number=st.sampled_from(["", "12", "14"]),
    street=st.sampled_from(["", "Marina Walk", "Marine Walk", "MG Road"]),
    building=st.sampled_from(["", "Tower 2", "Marina Walk"]),
    suburb=st.sampled_from(["", "Bur Dubai", "Deira"]),
    city=st.sampled_from(["", "Dubai", "Pune"]),
    postcode=st.sampled_from(["", "411001", "411007"]),
    state=st.sampled_from(["", "DXB", "27"]),
    country=st.sampled_from(["", "AE", "IN"]),
)
POINTS = st.booleans()


def _with_points(party: Party, number: int, *, phone: bool, mail: bool, domain: bool, tax: str) -> Party:
    """`party` with contact points that no other number has."""
    return Party(
        **{
            **{name: getattr(party, name) for name in party.__slots__},
            "phones": (f"+97150{number:07d}",) if phone else (),
            "emails": (f"info@mail{number}.example",) if mail else (),
            "domain": f"site{number}.example" if domain else "",
            "tax_ids": (tax.format(number),) if tax else (),
        }
    )


TAXES = st.sampled_from(["", "10000000000{}003", "2{}000009999911", "27AAPFU093{}F1ZV", "X{}23"])
OWNED = st.tuples(POINTS, POINTS, POINTS, TAXES)


@settings(max_examples=300)
@given(FIRMS, OWNED, FIRMS, OWNED)
@example(
    Party(name="Falcon Gulf Foods LLC", street="Marina Walk", city="Dubai", state="DXB"),
    (False, False, False, "10000000000{}003"),
    Party(name="Gulf Falcon Foods LLC", street="Marina Walk", city="Dubai", state="DXB"),
    (False, False, False, "10000000000{}003"),
)
def test_what_is_out_of_reach_scores_less(
    left: Party, of_left: tuple[bool, bool, bool, str], right: Party, of_right: tuple[bool, bool, bool, str]
) -> None:
    one, other = (
        profile(_with_points(party, number, phone=owned[0], mail=owned[1], domain=owned[2], tax=owned[3]))
        for party, number, owned in ((left, 1, of_left), (right, 2, of_right))
    )
    is_likely = scored(one, other).value >= LIKELY
    for a, b in ((one, other), (other, one)):
        candidate = (7, silhouette(b))
        assert in_reach(silhouette(a), [candidate]) == [candidate] or not is_likely


def test_another_firm_of_the_street_is_out_of_reach() -> None:
    falcon = silhouette(profile(Party(name="Falcon Foods LLC", street="Marina Walk", city="Dubai")))
    steel = silhouette(profile(Party(name="Deccan Steel LLC", street="Marina Walk", city="Dubai")))
    again = silhouette(profile(Party(name="Falcon Food LLC", street="Marina Walk", city="Dubai")))
    assert in_reach(falcon, [(1, steel), (2, again)]) == [(2, again)]


@given(FIRMS, OWNED)
def test_a_packed_profile_is_the_same_unpacked(party: Party, owned: tuple[bool, bool, bool, str]) -> None:
    one = profile(_with_points(party, 3, phone=owned[0], mail=owned[1], domain=owned[2], tax=owned[3]))
    assert unpacked(silhouette(one)) == one
