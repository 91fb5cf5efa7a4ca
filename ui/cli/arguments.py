"""What the command line accepts. Wrong use is a WrongUse with the nearest known name, never a traceback."""

from __future__ import annotations

import argparse
import re
from typing import NoReturn

from services.drafts import nearest
from services.errors import WrongUse

_CHOICES = re.compile(r"invalid choice: '?(.*?)'? \(choose from (.*)\)", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """An argument parser that raises instead of ending the process."""

    def error(self, message: str) -> NoReturn:
        match = _CHOICES.search(message)
        if match:
            known = [name.strip(" '\"") for name in match[2].split(",")]
            raise WrongUse(f"There is no command {match[1]}.{nearest(match[1], known)} Commands: {', '.join(known)}.")
        raise WrongUse(f"{message[:1].upper()}{message[1:]}. Use --help to see what is possible.")


def parser() -> Parser:
    top = Parser(prog="main.py", description="Throughline: the whole path of a sale on one customer record.")
    top.add_argument("book", metavar="BOOK", help="a file such as acme.throughline, or a PostgreSQL URL")
    _common(top, nested=False)
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True, parser_class=Parser)
    _book_commands(commands)
    _record_commands(commands)
    _file_commands(commands)
    _proof_commands(commands)
    return top


Commands = argparse._SubParsersAction  # noqa: SLF001 - argparse gives its type no public name


def _common(one: argparse.ArgumentParser, *, nested: bool = True) -> None:
    """Options that may stand before or behind the command."""
    default = argparse.SUPPRESS if nested else None
    one.add_argument("--json", action="store_true", default=argparse.SUPPRESS if nested else False)
    one.add_argument("--as", dest="actor", metavar="USER", default=default, help="who acts: code, e-mail or name")
    one.add_argument("--company", metavar="CODE", default=default)
    one.add_argument("--branch", metavar="CODE", default=default)
    one.add_argument("--at", metavar="TIME", default=default, help="sets the clock; trial books only")
    one.add_argument("--command-id", metavar="ID", default=default, help="carry out at most once under this id")


def _add(commands: Commands[Parser], name: str, help_text: str) -> Parser:
    one = commands.add_parser(name, help=help_text, description=help_text)
    _common(one)
    return one


def _book_commands(commands: Commands[Parser]) -> None:
    new = _add(commands, "new", "make a book with its first company")
    new.add_argument("--name", required=True)
    new.add_argument("--country", required=True)
    for option in ("currency", "state", "tax-id", "address", "fiscal-year-start", "scheme", "code", "time-zone"):
        new.add_argument(f"--{option}", default="")
    new.add_argument("--owner", default="Owner", help="the name of the first user")
    new.add_argument("--trial", action="store_true", help="a book to try things in: its clock can be set")
    for name in ("users", "companies", "imports", "reports"):
        _add(commands, name, f"list the {name}")
    settings = _add(commands, "settings", "show the settings, or change some")
    settings.add_argument("--set", dest="changes", nargs="+", action="extend", metavar="SECTION.NAME=VALUE", default=[])


def _record_commands(commands: Commands[Parser]) -> None:
    listing = _add(commands, "list", "list records: customers, items, deals, estimates, invoices, payments, ...")
    listing.add_argument("name", metavar="NAME")
    listing.add_argument("--where", default="", help='"status = overdue and customer ~ acme"')
    listing.add_argument("--sort", default="", help="a column, with - in front for descending")
    listing.add_argument("--limit", default="50", help="how many rows, 0 for all")
    show = _add(commands, "show", "show one record whole")
    show.add_argument("kind", metavar="KIND")
    show.add_argument("ref", metavar="REF", help="a number, a code, or #ID")
    create = _add(commands, "create", "make a record")
    create.add_argument("kind", metavar="KIND")
    create.add_argument("--set", dest="values", nargs="+", action="extend", metavar="FIELD=VALUE", default=[])
    create.add_argument("--from", dest="source", metavar="FILE.json", help="- for standard input")
    create.add_argument("--allocate", nargs="+", action="extend", metavar="NUMBER=AMOUNT", default=[])
    create.add_argument("--issue", action="store_true", help="issue the document in the same transaction")
    edit = _add(commands, "edit", "change a record")
    edit.add_argument("kind", metavar="KIND")
    edit.add_argument("ref", metavar="REF")
    edit.add_argument("--set", dest="values", nargs="+", action="extend", metavar="FIELD=VALUE", default=[])
    edit.add_argument("--from", dest="source", metavar="FILE.json")
    do = _add(commands, "do", "carry out a verb: win, send, accept, convert, issue, void, ...")
    do.add_argument("verb", metavar="VERB")
    do.add_argument("kind", metavar="KIND")
    do.add_argument("ref", metavar="REF")
    do.add_argument("--set", dest="values", nargs="+", action="extend", metavar="FIELD=VALUE", default=[])
    do.add_argument("--allocate", nargs="+", action="extend", metavar="NUMBER=AMOUNT", default=[])
    history = _add(commands, "history", "who changed what in a record, and when")
    history.add_argument("kind", metavar="KIND")
    history.add_argument("ref", metavar="REF")
    search = _add(commands, "search", "find any record by a part of what it says")
    search.add_argument("text")


def _file_commands(commands: Commands[Parser]) -> None:
    pdf = _add(commands, "pdf", "write documents as PDF")
    pdf.add_argument("numbers", nargs="+", metavar="NUMBER")
    pdf.add_argument("--out", required=True, metavar="DIR")
    import_ = _add(commands, "import", "bring in customers, contacts and items from files")
    import_.add_argument("paths", nargs="+", metavar="PATH")
    import_.add_argument("--dry-run", action="store_true")
    import_.add_argument("--as-system", metavar="SYSTEM")
    import_.add_argument("--entity", metavar="ENTITY")
    import_.add_argument("--mapping", metavar="FILE.json")
    import_.add_argument("--date-order", choices=["dmy", "mdy", "ymd"])
    import_.add_argument("--currency", metavar="CODE")
    import_.add_argument("--errors", metavar="FILE.xlsx", help="write the rejected rows with what to correct")
    undo = _add(commands, "undo-import", "take an import back")
    undo.add_argument("batch", metavar="BATCH")
    export = _add(commands, "export", "write every list, or one, as Excel")
    export.add_argument("target", metavar="DIR|FILE.xlsx")
    export.add_argument("--list", dest="name", metavar="NAME")
    export.add_argument("--where", default="")
    report = _add(commands, "report", "a report with its counter-check")
    report.add_argument("name", metavar="NAME")
    report.add_argument("--as-of", metavar="DATE")
    report.add_argument("--from", dest="date_from", metavar="DATE")
    report.add_argument("--to", dest="date_to", metavar="DATE")
    report.add_argument("--xlsx", metavar="FILE")
    report.add_argument("--pdf", metavar="FILE")


def _proof_commands(commands: Commands[Parser]) -> None:
    check = _add(commands, "check", "prove every invariant of the book")
    check.add_argument("--deep", action="store_true", help="also recompute what is stored, row by row")
    for name, help_text in (
        ("backup", "write a verified backup"),
        ("verify", "prove a backup"),
        ("restore", "put a backup in the place of the book"),
    ):
        _add(commands, name, help_text).add_argument("file", metavar="FILE")
    fill = _add(commands, "fill", "fill a book with lifelike records, for trying speed")
    fill.add_argument("--customers", default="1000", metavar="N")
    fill.add_argument("--invoices", default="10000", metavar="M")
    fill.add_argument("--seed", default="1", metavar="S")
