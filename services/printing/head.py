"""The head of a document: who writes, what, to whom, when."""

from __future__ import annotations

from dataclasses import replace

from services.printing import figures
from services.printing.brand import Brand, logo_picture
from services.printing.faces import Weight
from services.printing.paper import (
    LABEL,
    MEDIUM,
    QUIET,
    STRONG,
    Paper,
    Piece,
    gap,
    line,
    lines,
    right_line,
)
from services.printing.sheet import GREY, INK, Sheet, Style, width
from services.printing.typeset import fitted, wrapped
from services.printing.view import Address, DocumentView, Party

_TITLE = Style(22, Weight.SEMIBOLD, leading=28)
_NUMBER = Style(11.5, Weight.MEDIUM, leading=18)
_FIRM = Style(11.5, Weight.SEMIBOLD, leading=15)
_NAME = Style(10.5, Weight.SEMIBOLD, leading=15)
_SECOND_NAME = Style(9, shade=GREY, leading=13)
_FACT = Style(9.5, Weight.MEDIUM, leading=12.5)
_LONG_FACT = Style(7.5, Weight.MEDIUM, leading=9.5)
_MARK = Style(14, Weight.SEMIBOLD, 1.0)

_MARK_SIZE = 28.0
_LARGEST_LOGO = (150.0, 44.0)
_SHOWN_LINES = 4


def draw_head(paper: Paper, view: DocumentView, brand: Brand) -> None:
    """Firm and title side by side, the facts in fours, the parties in two columns."""
    half = paper.width * 0.56
    title_room = paper.width - half - 12
    paper.columns(
        (paper.left, _firm(paper, view, brand, half)),
        (paper.left + paper.width - title_room, _title(view, title_room)),
    )
    paper.y += 8
    paper.rule(1.5, INK)
    paper.y += 8
    facts = _facts(view)
    _draw_facts(paper, facts[:4])
    _draw_parties(paper, view, facts[4:])


def _firm(paper: Paper, view: DocumentView, brand: Brand, room: float) -> list[Piece]:
    seller = view.seller
    name = seller.legal_name or seller.trade_name
    second = seller.trade_name if seller.trade_name and seller.trade_name != name else ""
    if brand.logo is not None:
        pieces = [_logo(paper, brand.logo), gap(6), *lines(name, _FIRM, room)]
        pieces += lines(second, _SECOND_NAME, room) if second else []
    else:
        pieces = _marked(name, second, room)
    pieces.append(gap(6))
    contact = "  ·  ".join(filter(None, (seller.phone, seller.email, seller.website)))
    for text in (*_address(seller, with_country=seller.country != view.customer.country), contact):
        pieces += lines(text, QUIET, room)
    pieces += lines(_tax_id(seller), STRONG, room)
    return pieces


def _logo(paper: Paper, logo: bytes) -> Piece:
    picture = logo_picture(logo)
    scale = min(_LARGEST_LOGO[0] / picture.width, _LARGEST_LOGO[1] / picture.height)
    name = paper.file.use_picture(picture)
    shown = (picture.width * scale, picture.height * scale)

    def draw(sheet: Sheet, x: float, y: float) -> None:
        sheet.picture(name, x, y, *shown)

    return Piece(shown[1], draw)


def _marked(name: str, second: str, room: float) -> list[Piece]:
    """The firm's name beside its mark: a square with its first letter."""
    indent = _MARK_SIZE + 9
    initial = next((char for char in name if char.isalnum()), "")

    def draw(sheet: Sheet, x: float, y: float) -> None:
        sheet.block(x, y, _MARK_SIZE, 6)
        mark = initial.upper()
        sheet.centred(x + _MARK_SIZE / 2, y + _MARK_SIZE / 2 + _MARK.size * 0.36, mark, _MARK)

    names = [*lines(name, _FIRM, room, indent), *(lines(second, _SECOND_NAME, room, indent) if second else [])]
    used = sum(piece.height for piece in names)
    above = max(0.0, (_MARK_SIZE - used) / 2)
    mark = Piece(0, draw)
    return [mark, gap(above), *names, gap(max(0.0, _MARK_SIZE - above - used))]


def _title(view: DocumentView, room: float) -> list[Piece]:
    title = view.title or "Invoice"
    number = view.number or ("Draft" if view.is_draft else "")
    pieces = [right_line(title, replace(fitted(title, _TITLE, room, 9), leading=28), room), gap(4)]
    number_style = fitted(number, _NUMBER, room, 8)
    pieces += [right_line(part, number_style, room) for part in wrapped(number, number_style, room)]
    for original in view.originals:
        text = f"corrects {original.number}"
        if original.amount:
            text += f", {view.currency} {figures.amount(original.amount, view.currency)}"
        pieces += [right_line(part, QUIET, room) for part in wrapped(text, QUIET, room)]
    if view.country == "IN" and view.seller.tax_id and view.kind != "estimate":
        pieces.append(right_line(f"Reverse charge: {'Yes' if view.is_reverse_charge else 'No'}", QUIET, room))
    return [gap(2), *pieces]


def _facts(view: DocumentView) -> list[tuple[str, str]]:
    """Label and value of what is known; the date of supply only where it is another day (Art. 59(1)(f))."""
    country = view.country
    issued = "Invoice date" if country == "IN" and view.kind == "invoice" else "Issued"
    supplied = view.supplied_on if view.supplied_on != view.issued_on else ""
    facts = [
        (issued, figures.day(view.issued_on, country)),
        ("Date of supply", figures.day(supplied, country)),
        ("Due", figures.day(view.due_on, country)),
        ("Valid until", figures.day(view.valid_until, country)),
        ("Your order", view.po_number),
        ("Payment terms", view.payment_terms),
        ("Place of supply", _place_of_supply(view)),
        ("Exchange rate", _exchange_rate(view)),
    ]
    return [(label, value) for label, value in facts if value]


def _place_of_supply(view: DocumentView) -> str:
    """India: the State's name and code (Rule 46(n))."""
    name, code = view.place_of_supply_name, view.place_of_supply
    if view.country == "IN" and name and code:
        return f"{name} ({code})"
    return name or code


def _exchange_rate(view: DocumentView) -> str:
    home = view.home
    if not view.is_foreign or not home.exchange_rate:
        return ""
    where = ", ".join(filter(None, (home.exchange_rate_source, figures.day(home.exchange_rate_on, view.country))))
    rate = f"1 {view.currency} = {figures.rate(home.exchange_rate)} {home.currency}"
    return f"{rate}\n{where}" if where else rate


def _draw_facts(paper: Paper, facts: list[tuple[str, str]]) -> None:
    """Four in a row."""
    cell = paper.width / 4
    paper.columns(
        *((paper.left + i * cell, _fact(label, value, cell - 10)) for i, (label, value) in enumerate(facts)),
    )
    paper.y += 6
    paper.rule()
    paper.y += 7


def _fact(label: str, value: str, room: float) -> list[Piece]:
    first, *rest = value.split("\n")
    shown = lines(first, _FACT, room)
    if len(shown) > _SHOWN_LINES:
        shown = lines(first, _LONG_FACT, room)
    elif len(shown) > 1 and width(first, _FACT) < room * 1.25:
        shown = [line(first, fitted(first, _FACT, room))]
    for text in rest:
        shown += lines(text, _LONG_FACT, room)
    return [line(label, LABEL), *shown]


def _draw_parties(paper: Paper, view: DocumentView, more_facts: list[tuple[str, str]]) -> None:
    """The customer on the left; where it is delivered to, and the facts that the row above had no place for, right."""
    half = paper.width / 2
    room = half - 14
    label = "For" if view.kind == "estimate" else "Bill to"
    right: list[Piece] = []
    if view.delivery is not None:
        where = "Ship to" if view.country == "IN" else "Delivered to"
        right += [line(where, LABEL), *_party(view.delivery, room, view.country), gap(4)]
    for name, value in more_facts:
        right += [line(name, LABEL), *lines(value.replace("\n", ", "), MEDIUM, room), gap(4)]
    paper.columns(
        (paper.left, [line(label, LABEL), *_party(view.customer, room, view.country)]),
        (paper.left + half, right),
    )
    paper.y += 14


def _party(party: Party, room: float, seller_country: str) -> list[Piece]:
    name = party.legal_name or party.trade_name
    pieces = [gap(1), *lines(name, _NAME, room)]
    if party.trade_name and party.trade_name != name:
        pieces += lines(party.trade_name, _SECOND_NAME, room)
    contact = "  ·  ".join(filter(None, (party.phone, party.email)))
    for text in (*_address(party, with_country=party.country != seller_country), contact):
        pieces += lines(text, QUIET, room)
    return pieces + lines(_tax_id(party), STRONG, room)


def _tax_id(party: Party) -> str:
    label = party.tax_id_label or {"AE": "TRN", "IN": "GSTIN"}.get(party.country, "Tax number")
    return f"{label} {party.tax_id}" if party.tax_id else ""


def _address(party: Party, *, with_country: bool) -> list[str]:
    """Street, extra, city with its code, state, country; in India the state on its own line with its code (Rule 46)."""
    address: Address = party.address
    city = " ".join(filter(None, (address.city, address.pin)))
    state = party.state_name or ("" if _is_code(address.state) else address.state)
    country = (party.country_name or party.country) if with_country else ""
    if party.country == "IN" and state and party.state:
        second = ", ".join(filter(None, (f"{state}, state code {party.state}", country)))
        return [", ".join(filter(None, (address.street, address.extra, city))), second]
    parts = (address.street, address.extra, city, "" if state == address.city else state, country)
    return [", ".join(filter(None, parts))]


def _is_code(state: str) -> bool:
    """DXB, 29, NY: for returns and files, not for people."""
    return len(state) <= 3 and (state.isupper() or state.isdigit())
