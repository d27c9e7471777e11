"""Tables that people hand in, CSV or Excel: read within limits, whatever encoding and separator they come in."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from flask_babel import format_decimal, lazy_gettext as _

from app.models.base import encodable
from app.services import workbook
from app.services.refusals import RuleBroken

LARGEST = 10 * 1024 * 1024  # bytes
LARGEST_UNPACKED = 150 * 1024 * 1024  # bytes that the parts of a workbook may come to
MOST_LINES, MOST_COLUMNS = 20_000, 100
LONGEST_CELL = 10_001  # one more than the longest field takes, so that the form says it
HEAD_WITHIN = 20  # lines: a title and a date often stand above the headers
SEPARATORS = ";,\t|"
PATIENCE = 30  # seconds

Row = tuple[int, list[str]]  # its number in the file, and its cells


@dataclass(frozen=True)
class Table:
    """The headers, and the lines below them under their number in the file. A line may have more cells than there are headers."""

    heads: list[str]
    lines: list[Row]


def read(content: bytes) -> Table:
    """Raises RuleBroken for what is no table, is empty, or is too large."""
    if not content.strip():
        raise RuleBroken(_("This file is empty. Please choose another one."), "file")
    if len(content) > LARGEST:
        raise RuleBroken(_("This file is too large: the limit is %(limit)s MB.", limit=LARGEST // 1024 // 1024), "file")
    rows = filled_rows(workbook_rows(content) if content.startswith(b"PK\x03\x04") else csv_rows(content))
    at = head_of(rows)
    heads = rows[at][1] if rows else []
    if not heads or len(rows) == at + 1:
        raise RuleBroken(_("No lines were found below the column headers. Please check the file."), "file")
    if len(rows) - at - 1 > MOST_LINES:
        raise RuleBroken(_("At most %(limit)s lines at a time. Please split the file.", limit=format_decimal(MOST_LINES)), "file")
    return Table(heads, [(number, cells + [""] * (len(heads) - len(cells))) for number, cells in rows[at + 1 :]])


def filled_rows(rows: Iterable[Row]) -> list[Row]:
    """The rows that hold something, without what is empty behind; no more of them than are taken."""
    found = []
    for number, row in rows:
        cells = [clean(cell) for cell in row[: MOST_COLUMNS + 1]]
        while cells and not cells[-1]:
            cells.pop()
        if len(cells) > MOST_COLUMNS:
            raise RuleBroken(_("At most %(limit)s columns. Please take out those that you do not need.", limit=MOST_COLUMNS), "file")
        if cells:
            found.append((number, cells))
        if len(found) > MOST_LINES + HEAD_WITHIN:
            break
    return found


def clean(cell: str) -> str:
    return encodable(cell[:LONGEST_CELL]).strip()


def head_of(rows: list[Row]) -> int:
    """The place of the line with the headers: the first that is about as wide as the table."""
    filled = [sum(bool(cell) for cell in cells) for _number, cells in rows[:HEAD_WITHIN]]
    widest = max(filled, default=0)
    return next((place for place, count in enumerate(filled) if count >= widest * 0.6), 0)


def csv_rows(content: bytes) -> Iterator[Row]:
    text = decoded(content)
    first = list(islice(io.StringIO(text, newline=None), HEAD_WITHIN))
    separator = max(SEPARATORS, key=lambda each: sum(line.count(each) for line in first))
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    before = 0
    try:
        for row in reader:
            yield before + 1, row
            before = reader.line_num
    except csv.Error:
        sentence = _("Line %(number)s could not be read: perhaps a quotation mark is missing or stands alone there.", number=format_decimal(before + 1))
        raise RuleBroken(sentence, "file") from None


def decoded(content: bytes) -> str:
    """UTF-8 with or without its mark, UTF-16 as Excel's “Unicode text”, else Windows' Western European."""
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return content.decode("utf-16", "replace")
    if b"\x00" in content:
        raise RuleBroken(_("Only CSV and Excel (.xlsx) files are accepted."), "file")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def workbook_rows(content: bytes) -> Iterator[Row]:
    """The first filled sheet, read by a program of its own whose memory and time are limited, and which knows none of our secrets."""
    unreadable = RuleBroken(_("This workbook could not be read. Please save it again as .xlsx, or as CSV."), "file")
    too_large = RuleBroken(_("This workbook is too large once unpacked. Please save it as CSV."), "file")
    try:
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(content)).infolist())
    except (zipfile.BadZipFile, ValueError, OSError):
        raise unreadable from None
    if unpacked > LARGEST_UNPACKED:
        raise too_large
    limits = [str(MOST_LINES + HEAD_WITHIN + 1), str(MOST_COLUMNS + 1), str(LONGEST_CELL)]
    try:
        reader = subprocess.run([sys.executable, "-I", str(Path(workbook.__file__)), *limits], input=content, capture_output=True, timeout=PATIENCE, env={})  # noqa: S603 - our own program
    except subprocess.TimeoutExpired:
        raise unreadable from None
    lines = reader.stdout.splitlines()
    if reader.returncode == workbook.ROUNDED:
        number = format_decimal(json.loads(lines[-1])[0])
        sentence = _("Line %(number)s holds a number of more than 15 digits, which Excel has rounded. Please give that column the format “Text” in Excel.", number=number)
        raise RuleBroken(sentence, "file")
    if reader.returncode:
        raise too_large if reader.returncode == workbook.TOO_LARGE else unreadable
    for line in lines:
        number, cells = json.loads(line)
        yield number, cells
