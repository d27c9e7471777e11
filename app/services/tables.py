"""Tables that people hand in, CSV or Excel: read within limits, whatever encoding and separator they come in."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys
import zipfile
from dataclasses import dataclass
from pathlib import Path

from flask_babel import format_decimal, lazy_gettext as _

from app.models.base import encodable
from app.services.refusals import RuleBroken

LARGEST = 10 * 1024 * 1024  # bytes
LARGEST_UNPACKED = 150 * 1024 * 1024  # bytes that the parts of a workbook may come to
MOST_LINES, MOST_COLUMNS, LONGEST_CELL = 20_000, 100, 10_000
HEAD_WITHIN = 20  # lines: a title and a date often stand above the heads
READER = Path(__file__).with_name("workbook.py")
PATIENCE = 30  # seconds


@dataclass(frozen=True)
class Table:
    """The heads, and the lines below them under their number in the file."""

    heads: list[str]
    lines: list[tuple[int, list[str]]]


def read(name: str, content: bytes) -> Table:
    """Raises RuleBroken for what is no table, is empty, or is too large."""
    if not content.strip():
        raise RuleBroken(_("This file is empty. Please choose another one."), "file")
    if len(content) > LARGEST:
        raise RuleBroken(_("This file is too large: the limit is %(limit)s MB.", limit=LARGEST // 1024 // 1024), "file")
    rows = workbook_rows(content) if content.startswith(b"PK") else csv_rows(content)
    rows = [[clean(cell) for cell in row[:MOST_COLUMNS]] for row in rows]
    at = head_of(rows)
    width = max((place for place, head in enumerate(rows[at], 1) if head), default=0) if rows else 0
    lines = [(number, (row + [""] * width)[:width]) for number, row in enumerate(rows[at + 1 :], at + 2) if any(row)]
    if width < 1 or not lines:
        raise RuleBroken(_("No lines were found below the column headers. Please check the file."), "file")
    if len(lines) > MOST_LINES:
        raise RuleBroken(_("At most %(limit)s lines at a time. Please split the file.", limit=format_decimal(MOST_LINES)), "file")
    return Table(rows[at][:width], lines)


def clean(cell: str) -> str:
    return encodable(cell.replace("\x00", "")).strip()[:LONGEST_CELL]


def head_of(rows: list[list[str]]) -> int:
    """The place of the line with the heads: the first that is about as wide as the table."""
    filled = [sum(bool(cell) for cell in row) for row in rows[:HEAD_WITHIN]]
    widest = max(filled, default=0)
    return next((place for place, count in enumerate(filled) if count and count >= widest * 0.6), 0)


def csv_rows(content: bytes) -> list[list[str]]:
    text = decoded(content)
    first = next((line for line in text.splitlines() if line.strip()), "")
    separator = max(";,\t|", key=first.count)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error:
        raise RuleBroken(_("This file could not be read. Please save it as CSV or Excel and try again."), "file") from None


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


def workbook_rows(content: bytes) -> list[list[str]]:
    """The first filled sheet, read by a program of its own whose memory and time are limited."""
    refusal = RuleBroken(_("This workbook could not be read. Please save it again as .xlsx, or as CSV."), "file")
    try:
        unpacked = sum(part.file_size for part in zipfile.ZipFile(io.BytesIO(content)).infolist())
    except zipfile.BadZipFile:
        raise refusal from None
    if unpacked > LARGEST_UNPACKED:
        raise RuleBroken(_("This workbook is too large once unpacked. Please save it as CSV."), "file")
    try:
        reader = subprocess.run([sys.executable, str(READER), str(MOST_LINES + HEAD_WITHIN + 1)], input=content, capture_output=True, timeout=PATIENCE)  # noqa: S603 - our own program
    except subprocess.TimeoutExpired:
        raise refusal from None
    if reader.returncode:
        raise refusal
    return [json.loads(line) for line in reader.stdout.splitlines()]
