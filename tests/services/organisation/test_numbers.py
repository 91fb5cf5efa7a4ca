"""Numbers of documents: consecutive, in the order of the dates, unique, and as the law wants them written."""

from __future__ import annotations

import datetime as dt
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import select

from models.organisation import NumberSeries
from models.values.period import FiscalYear
from services.codes import next_code, next_codes
from services.errors import Conflict, Forbidden, InvalidValue
from services.organisation.founding import BranchDraft, CompanyDraft, found_company, open_branch
from services.organisation.numbers import check_pattern, default_pattern, render, set_pattern, take
from services.organisation.places import default_place
from services.store import Store, Work
from tests.factories import user_in

DAY = dt.date(2026, 3, 14)
CALENDAR = FiscalYear(2026)
INDIAN = FiscalYear(2026, 4, 1)


def taken(work: Work, on: dt.date = DAY, kind: str = "invoice", branch: str | None = None) -> str:
    return take(work, default_place(work, None, branch), kind, on).number


# --- patterns --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "year", "number", "text"),
    [
        ("INV-{YYYY}-{0000}", CALENDAR, 1, "INV-2026-0001"),
        ("INV/{YY-YY}/{00000}", INDIAN, 42, "INV/26-27/00042"),
        ("{BR}-INV-{YY}-{0000}", CALENDAR, 12_345, "DXB-INV-26-12345"),
        ("{0}", CALENDAR, 1, "1"),
        ("A{00}/B", CALENDAR, 7, "A07/B"),
        ("{BR}{YY-YY}-{000}", FiscalYear(2099, 4, 1), 1, "DXB99-00-001"),
    ],
)
def test_a_pattern_gives_a_number(pattern: str, year: FiscalYear, number: int, text: str) -> None:
    check_pattern(pattern)
    assert render(pattern, branch="DXB", year=year, number=number) == text


@pytest.mark.parametrize(
    "pattern",
    [
        "INV",
        "INV-{00}-{00}",
        "inv-{0000}",
        "INV {0000}",
        "INV_{0000}",
        "INV-{MM}-{0000}",
        "{0000",
        "INV-{}",
        "",
        "É{00}",
    ],
)
def test_what_is_no_pattern(pattern: str) -> None:
    with pytest.raises(InvalidValue, match="no pattern of numbers"):
        check_pattern(pattern)


@pytest.mark.parametrize(("pattern", "number"), [("{0000}", 1), ("/{0}", 1), ("-{0}", 1), ("ABCDEFGHIJKLM{0000}", 1)])
def test_a_number_that_the_law_does_not_take(pattern: str, number: int) -> None:
    with pytest.raises(InvalidValue, match="at most 16 characters"):
        render(pattern, branch="DXB", year=CALENDAR, number=number)


def test_sixteen_characters_are_allowed_and_seventeen_are_not() -> None:
    assert len(render("ABCDEFGHIJKL{0000}", branch="", year=CALENDAR, number=9_999)) == 16
    with pytest.raises(InvalidValue):
        render("ABCDEFGHIJKL{0000}", branch="", year=CALENDAR, number=10_000)


@pytest.mark.parametrize("kind", ["invoice", "estimate", "payment"])
@pytest.mark.parametrize("year", [CALENDAR, INDIAN])
@pytest.mark.parametrize("has_branches", [False, True])
def test_the_patterns_that_come_ready_are_valid_up_to_the_ten_thousandth(
    kind: str, year: FiscalYear, has_branches: bool
) -> None:
    pattern = default_pattern(kind, year, has_branches=has_branches)
    check_pattern(pattern)
    for number in (1, 9_999, 10_000):
        assert len(render(pattern, branch="DXB", year=year, number=number)) <= 16


def test_a_firm_with_one_branch_and_a_calendar_year(store: Store) -> None:
    with store.writing() as work:
        assert [taken(work), taken(work), taken(work, kind="estimate"), taken(work, kind="payment")] == [
            "INV-2026-0001",
            "INV-2026-0002",
            "EST-2026-0001",
            "RCT-2026-0001",
        ]


def test_a_firm_with_one_branch_and_india_s_year(india: Store) -> None:
    with india.writing() as work:
        assert taken(work, dt.date(2026, 3, 31)) == "INV/25-26/00001"
        assert taken(work, dt.date(2026, 4, 1)) == "INV/26-27/00001"


def test_branches_of_one_registration_number_apart(store: Store) -> None:
    with store.writing() as work:
        open_branch(work, BranchDraft("AUH", "Abu Dhabi", state="AUH"))
        assert taken(work, branch="DXB") == "DXB-INV-26-0001"
        assert taken(work, branch="AUH") == "AUH-INV-26-0001"


def test_a_branch_that_opens_later_does_not_take_the_first_one_s_numbers(store: Store) -> None:
    with store.writing() as work:
        assert taken(work) == "INV-2026-0001"
        open_branch(work, BranchDraft("AUH", "Abu Dhabi", state="AUH"))
        assert taken(work, branch="DXB") == "INV-2026-0002"
        assert taken(work, branch="AUH") == "AUH-INV-26-0001"


def test_branches_with_registrations_of_their_own_may_use_the_same_numbers(india: Store) -> None:
    with india.writing() as work:
        open_branch(work, BranchDraft("MUM", "Mumbai", tax_id="27AABCU9603R1ZN"))
        assert taken(work, branch="BEN") == taken(work, branch="MUM") == "INV/25-26/00001"


def test_two_companies_number_apart(store: Store) -> None:
    with store.writing() as work:
        found_company(work, CompanyDraft("Second", "AE", state="AUH"))
        assert taken(work, branch="DXB") == taken(work, branch="AUH") == "INV-2026-0001"


# --- taking ----------------------------------------------------------------------------------------------------------


def test_a_rollback_gives_the_number_back(any_store: Store) -> None:
    with any_store.writing() as work:
        assert taken(work) == "INV-2026-0001"
    with pytest.raises(RuntimeError), any_store.writing() as work:
        assert taken(work) == "INV-2026-0002"
        raise RuntimeError
    with any_store.rehearsing() as work:
        assert taken(work) == "INV-2026-0002"
    with any_store.writing() as work:
        assert taken(work) == "INV-2026-0002"


def test_a_rollback_of_the_very_first_number(any_store: Store) -> None:
    with pytest.raises(RuntimeError), any_store.writing() as work:
        taken(work)
        raise RuntimeError
    with any_store.writing() as work:
        assert taken(work) == "INV-2026-0001"


def test_numbers_follow_the_dates(any_store: Store) -> None:
    with any_store.writing() as work:
        taken(work, dt.date(2026, 3, 10))
        taken(work, dt.date(2026, 3, 12))
        assert taken(work, dt.date(2026, 3, 12)) == "INV-2026-0003"
        with pytest.raises(Conflict, match=r"2026-03-11 is before 2026-03-12.*use 2026-03-12 or later"):
            taken(work, dt.date(2026, 3, 11))
        assert taken(work, dt.date(2026, 3, 13)) == "INV-2026-0004", "the refusal took no number"
        assert taken(work, dt.date(2025, 12, 31)) == "INV-2025-0001", "another year has a series of its own"


def test_receipts_may_go_back_and_the_last_date_stays(store: Store) -> None:
    with store.writing() as work:
        place = default_place(work)
        numbers = [
            take(work, place, "payment", dt.date(2026, 3, day), is_ordered=False).number for day in (10, 5, 12, 1)
        ]
        assert numbers == [f"RCT-2026-000{n}" for n in (1, 2, 3, 4)]
        assert work.session.scalars(select(NumberSeries.last_issued_on)).one() == dt.date(2026, 3, 12)


def test_a_new_year_keeps_the_pattern_and_begins_with_one(store: Store) -> None:
    with store.writing() as work:
        set_pattern(work, default_place(work), "invoice", "A/{YY}/{000}", DAY)
        assert [taken(work), taken(work), taken(work, dt.date(2027, 1, 1))] == ["A/26/001", "A/26/002", "A/27/001"]


def test_a_pattern_changes_and_the_count_goes_on(store: Store) -> None:
    with store.writing() as work:
        taken(work)
        set_pattern(work, default_place(work), "invoice", "TAX-{0000}", DAY)
        assert taken(work) == "TAX-0002"


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("INV-{YYYY}-{0000}", "INV-{YYYY}-{0000}"),
        ("INV-{YYYY}-{0000}", "INV-{YYYY}-{00000}"),
        ("INV-{YYYY}-{0000}", "INV-2026-{0000}"),
        ("INV-{YY}-{0000}", "INV-26-{000}"),
        ("INV-{0000}", "INV-1{000}"),
        ("INV-{0000}", "INV-{00}1"),
        ("AUH-{0000}", "{BR}-{0000}"),
    ],
)
def test_patterns_that_could_collide_are_refused(store: Store, mine: str, theirs: str) -> None:
    """Branches of one registration share the law's one series: the same number twice is not to be."""
    with store.writing() as work:
        open_branch(work, BranchDraft("AUH", "Abu Dhabi", state="AUH"))
        set_pattern(work, default_place(work, None, "DXB"), "invoice", mine, DAY)
        with pytest.raises(InvalidValue, match="collide"):
            set_pattern(work, default_place(work, None, "AUH"), "invoice", theirs, DAY)
        set_pattern(work, default_place(work, None, "AUH"), "estimate", theirs, DAY)


@pytest.mark.parametrize(
    ("mine", "theirs"),
    [
        ("{BR}-{0000}", "{BR}-{0000}"),
        ("A-{0000}", "B-{0000}"),
        ("INV-{0000}", "INV-{0000}/A"),
        ("D1-{0000}", "D2-{0000}"),
    ],
)
def test_patterns_that_cannot_collide_are_kept(store: Store, mine: str, theirs: str) -> None:
    with store.writing() as work:
        open_branch(work, BranchDraft("AUH", "Abu Dhabi", state="AUH"))
        set_pattern(work, default_place(work, None, "DXB"), "invoice", mine, DAY)
        set_pattern(work, default_place(work, None, "AUH"), "invoice", theirs, DAY)
        numbers = {taken(work, branch=branch) for branch in ("DXB", "AUH") for _ in range(20)}
        assert len(numbers) == 40


def test_who_may_set_a_pattern_and_of_what(store: Store) -> None:
    with store.acting_as(user_in(store, "Sara")).writing() as work, pytest.raises(Forbidden):
        set_pattern(work, default_place(work), "invoice", "A-{000}", DAY)
    with store.writing() as work:
        with pytest.raises(InvalidValue, match="not for 'nonsense'"):
            set_pattern(work, default_place(work), "nonsense", "A-{000}", DAY)
        with pytest.raises(InvalidValue, match="at most 16"):
            set_pattern(work, default_place(work), "invoice", "ABCDEFGHIJKLMNO{0}", DAY)


def test_four_writers_take_a_hundred_numbers_in_a_row(any_store: Store) -> None:
    """Also the very first numbers of the series, which all four want to open."""
    barrier = threading.Barrier(4)

    def issue(_number: int) -> list[int]:
        barrier.wait()
        mine = []
        for turn in range(25):
            try:
                with any_store.writing() as work:
                    sequence_no = take(work, default_place(work), "invoice", DAY).sequence_no
                    if turn % 5 == 4:
                        raise RuntimeError
            except RuntimeError:
                with any_store.writing() as work:
                    sequence_no = take(work, default_place(work), "invoice", DAY).sequence_no
            mine.append(sequence_no)
        assert mine == sorted(mine)
        return mine

    with ThreadPoolExecutor(4) as pool:
        numbers = sorted(number for mine in pool.map(issue, range(4)) for number in mine)
    assert numbers == list(range(1, 101))


# --- codes of records ------------------------------------------------------------------------------------------------


def test_codes_of_records_are_consecutive(any_store: Store) -> None:
    with any_store.writing() as work:
        assert next_code(work, "T") == "T-0001"
        assert next_codes(work, "T", 3) == ["T-0002", "T-0003", "T-0004"]
        assert next_codes(work, "T", 0) == []
        assert next_code(work, "U") == "U-0001"
    with any_store.writing() as work:
        assert next_code(work, "T") == "T-0005"


def test_four_writers_want_the_first_code_at_once(any_store: Store) -> None:
    barrier = threading.Barrier(4)

    def make(_number: int) -> list[str]:
        barrier.wait()
        made = []
        for _ in range(5):
            with any_store.writing() as work:
                made.append(next_code(work, "T"))
        return made

    with ThreadPoolExecutor(4) as pool:
        codes = sorted(code for made in pool.map(make, range(4)) for code in made)
    assert codes == [f"T-{number:04d}" for number in range(1, 21)]
