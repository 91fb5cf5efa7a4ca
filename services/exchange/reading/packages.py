"""A cheap look at a file before anything unpacks it: what its first bytes say, and what a zip's directory promises."""

from __future__ import annotations

import io
import zipfile
from enum import StrEnum
from pathlib import PurePosixPath
from typing import BinaryIO

from services.exchange.reading.failures import Unreadable
from services.exchange.reading.limits import Limits


class Content(StrEnum):
    """What a file is, by its content; its name's ending proves nothing."""

    XLSX = "xlsx"
    XLSB = "xlsb"
    XLS = "xls"
    ODS = "ods"
    ZIP = "zip"
    TEXT = "text"
    HTML = "html"
    SPREADSHEET_XML = "spreadsheet_xml"


_FOREIGN = (
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff", "a picture"),
    (b"GIF8", "a picture"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"Rar!", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"SQLite format 3\x00", "a database"),
    (b"MZ", "a program"),
    (b"\x7fELF", "a program"),
    (b"{\\rtf", "a text document"),
)
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ZIP = b"PK\x03\x04"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_XLS_STREAMS = ("Workbook".encode("utf-16-le"), "Book".encode("utf-16-le"))
_IS_ENCRYPTED = 0x1
_WORKBOOK_ENDINGS = (".xlsx", ".xlsm", ".xltx", ".xltm", ".xlsb", ".xls", ".ods")
_TABLE_ENDINGS = (*_WORKBOOK_ENDINGS, ".csv", ".tsv", ".txt", ".tab", ".htm", ".html", ".xml")


def sniff(file: BinaryIO, limits: Limits) -> Content:
    """What `file` is; what is no table, is encrypted or would unpack too large is refused in words."""
    head = file.read(4096)
    if not head:
        raise Unreadable("empty")
    if head.startswith((_ZIP, b"PK\x05\x06")):
        return _inside_zip(file, limits)
    if head.startswith(_OLE):
        return _inside_ole(file)
    for magic, what in _FOREIGN:
        if head.startswith(magic):
            raise Unreadable("not_a_table", what)
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head:
        return Content.SPREADSHEET_XML
    if start.startswith((b"<html", b"<!doctype html", b"<table", b"<meta", b"<head")):
        return Content.HTML
    if start.startswith(b"<?xml"):
        raise Unreadable("not_a_table", "an XML file of a kind that the import does not know")
    return Content.TEXT


def _inside_ole(file: BinaryIO) -> Content:
    file.seek(0)
    content = file.read(64_000_000)
    if _ENCRYPTED_PACKAGE in content:
        raise Unreadable("password")
    if any(stream in content for stream in _XLS_STREAMS):
        return Content.XLS
    raise Unreadable("not_a_table", "an Office document without sheets")


def _inside_zip(file: BinaryIO, limits: Limits) -> Content:
    file.seek(0)
    try:
        with zipfile.ZipFile(file) as package:
            members = inspect(package, limits)
            names = {member.filename for member in members}
            if "mimetype" in names and package.read("mimetype").startswith(b"application/vnd.oasis"):
                if b"spreadsheet" not in package.read("mimetype"):
                    raise Unreadable("not_a_table", "a text document or presentation")
                return Content.ODS
    except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
        raise Unreadable("damaged", "its packing list cannot be read") from error
    if "[Content_Types].xml" not in names:
        return Content.ZIP
    if any(name.startswith(("word/", "ppt/")) for name in names):
        raise Unreadable("not_a_table", "a text document or presentation")
    if any(name.endswith("workbook.bin") for name in names):
        return Content.XLSB
    return Content.XLSX


def inspect(package: zipfile.ZipFile, limits: Limits) -> list[zipfile.ZipInfo]:
    """The members of a zip, after its directory was found harmless: sizes, ratio, overlaps, names, encryption."""
    members = package.infolist()
    if len(members) > limits.members:
        raise Unreadable("bomb", f"{len(members):,} files inside")
    seen: set[str] = set()
    total = 0
    for member in members:
        _refuse_bad_name(member.filename, seen)
        if member.flag_bits & _IS_ENCRYPTED:
            raise Unreadable("password")
        total += member.file_size
        packed = max(member.compress_size, 1)
        if member.file_size > limits.ratio_from_bytes and member.file_size > packed * limits.ratio:
            raise Unreadable("bomb", f"one part is packed {member.file_size // packed:,} to 1")
    if total > limits.unpacked_bytes:
        raise Unreadable("bomb", f"{total // 1_000_000:,} MB")
    _refuse_overlaps(members)
    return members


def _refuse_bad_name(name: str, seen: set[str]) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name or "\x00" in name:
        raise Unreadable("unsafe", "a file inside wants to be put outside of its folder")
    if name in seen:
        raise Unreadable("unsafe", "two files inside have the same name")
    seen.add(name)


def _refuse_overlaps(members: list[zipfile.ZipInfo]) -> None:
    end = 0
    for member in sorted(members, key=lambda member: member.header_offset):
        if member.header_offset < end:
            raise Unreadable("bomb", "its parts overlap")
        end = member.header_offset + member.compress_size


def importable_members(file: BinaryIO, limits: Limits) -> list[str]:
    """Names of the tables in a plain zip, in the order of their names; system leftovers and folders left out."""
    with zipfile.ZipFile(file) as package:
        names = sorted(member.filename for member in inspect(package, limits) if not member.is_dir())
    return [name for name in names if is_importable(name)]


def is_importable(name: str) -> bool:
    """Whether a file found in a folder or zip is worth reading: a table by its ending, no lock or hidden file."""
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "~$", "__MACOSX")) for part in path.parts)
    return not hidden and path.suffix.lower() in _TABLE_ENDINGS


def open_member(file: BinaryIO, name: str, limits: Limits) -> BinaryIO:
    """One member of a plain zip, unpacked into memory (the child's memory limit holds)."""
    with zipfile.ZipFile(file) as package:
        inspect(package, limits)
        try:
            return io.BytesIO(package.read(name))
        except (zipfile.BadZipFile, EOFError, OSError, NotImplementedError) as error:
            raise Unreadable("damaged", "it cannot be unpacked") from error
