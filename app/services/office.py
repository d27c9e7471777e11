"""Documents of word processors and spreadsheets (Office Open XML): taken when they are what they say, and run and fetch nothing."""

from __future__ import annotations

import io
import re
import zipfile

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS = {WORD: ".docx", SHEET: ".xlsx"}
MAIN_PART = {WORD: "word/document.xml", SHEET: "xl/workbook.xml"}

MOST_PARTS, MOST_BYTES = 5_000, 200 * 1024 * 1024
PIECE = 1024 * 1024
ACTIVE = ("vbaproject", "vbadata", "activex", "macrosheets", "embeddings/", "customui", "externallinks", "querytables", "oleobject")
FETCHES = re.compile(rb'<[^>]*TargetMode\s*=\s*["\']External["\'][^>]*>', re.IGNORECASE)
HARMLESS = re.compile(rb'Type\s*=\s*["\'][^"\']*/hyperlink["\']', re.IGNORECASE)
PROGRAM = re.compile(rb"DDEAUTO|<!DOCTYPE|<!ENTITY|\bDDE\s", re.IGNORECASE)


def kind_of(content: bytes) -> str:
    """The media type, by the parts that are in it; empty for what is none of the two."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = set(book.namelist())
    except (zipfile.BadZipFile, ValueError, OSError):
        return ""
    return next((kind for kind, part in MAIN_PART.items() if part in names and "[Content_Types].xml" in names), "")


def is_plain(content: bytes) -> bool:
    """Whether it holds nothing that runs, fetches or unpacks without end. What cannot be read is not plain."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            parts = book.infolist()
            if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_BYTES:
                return False
            if any(part.flag_bits & 1 or any(word in part.filename.lower() for word in ACTIVE) for part in parts):
                return False
            return all(part_is_plain(book, part) for part in parts if part.filename.lower().endswith((".xml", ".rels", ".vml")))
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, RuntimeError):
        return False


def part_is_plain(book: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Read piece by piece, with an overlap in which nothing hides on a seam; never more than the part says that it holds."""
    before, left = b"", part.file_size
    with book.open(part) as source:
        while piece := source.read(min(PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                return False
            seen = before + piece
            if PROGRAM.search(seen) or (part.filename.lower().endswith(".rels") and any(not HARMLESS.search(found) for found in FETCHES.findall(seen))):
                return False
            before = seen[-2_000:]
    return True
