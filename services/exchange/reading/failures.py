"""Why a file could not be read, in one plain sentence each: what happened and what to do."""

from __future__ import annotations

from models.values.errors import UserError

SENTENCES = {
    "missing": "{file} is not there. Check the path.",
    "directory": "{file} is a folder without any file in it that could be imported.",
    "special": "{file} is not an ordinary file. Only files and folders can be imported.",
    "unreadable": "{file} cannot be opened: {detail}. Close it in other programs or check your rights, and try again.",
    "empty": "{file} is empty: 0 bytes. Export it again.",
    "no_rows": "{file} holds 0 rows. Open it in a spreadsheet program, see whether the rows are there, and save it again.",
    "password": "{file} is protected with a password. Save a copy without a password and import that.",
    "damaged": "{file} is damaged or only half there ({detail}). Export or download it again.",
    "not_a_table": "{file} is {detail}, not a table. Export the records as Excel (.xlsx) or CSV and import that.",
    "binary": "{file} holds binary content, not a table of text. Export it again as Excel (.xlsx) or CSV.",
    "nested": "{file} is an archive inside an archive. Unpack it first and import its files.",
    "bomb": "{file} was not opened: it would unpack to far more than it should ({detail}).",
    "unsafe": "{file} was not opened: {detail}. Pack the files again with an ordinary program.",
    "unclosed_quote": "{file}: the quotation mark that opens in row {detail} is never closed. Close or remove it.",
    "field_too_long": "{file}: row {detail} holds a cell that is far too long, probably behind an unclosed quotation mark.",
    "too_many": "{file} has more than {detail}. Split it into smaller files.",
    "memory": "{file} needs more memory than the import allows. Split it, or save it as CSV.",
    "time": "{file} took longer than {detail} seconds to read and was stopped. Split it, or save it as CSV.",
    "crashed": "{file} made the reader stop: it is damaged or made to do harm. Open it in a spreadsheet program, save it"
    " as CSV and import that.",
    "strict": "{file} is a Strict Open XML workbook that could not be read. Save it as an ordinary Excel workbook.",
}


class Unreadable(UserError):
    """A file gave no rows. `reason` is a key of SENTENCES, for the program; the message is for people."""

    def __init__(self, reason: str, detail: object = "", file: str = "") -> None:
        self.reason = reason
        self.detail = str(detail)
        super().__init__(self.sentence(file or "The file"))

    def sentence(self, file: str) -> str:
        return SENTENCES[self.reason].format(file=file, detail=self.detail)
