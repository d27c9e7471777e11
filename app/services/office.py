"""Documents of word processors and spreadsheets (Office Open XML): taken when they are what they say, and run and fetch nothing."""

from __future__ import annotations

import io
import re
import zipfile
from codecs import getincrementaldecoder
from html import unescape
from xml.etree import ElementTree

WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ENDINGS = {WORD: ".docx", SHEET: ".xlsx"}
MAIN_PART = {WORD: "word/document.xml", SHEET: "xl/workbook.xml"}

MOST_PARTS, MOST_BYTES = 5_000, 200 * 1024 * 1024
PIECE = 1024 * 1024
ACTIVE = ("vbaproject", "vbadata", "activex", "macrosheets", "embeddings/", "customui", "externallinks", "querytables", "oleobject")
TAG = re.compile(r"<[^>]*>")
PROGRAM = re.compile(r"DDEAUTO|\bDDE\s", re.IGNORECASE)
DECLARED = re.compile(r"<!DOCTYPE|<!ENTITY", re.IGNORECASE)
LARGEST_RELATIONS = 2 * 1024 * 1024


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
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, RuntimeError, ElementTree.ParseError):
        return False


def part_is_plain(book: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Read piece by piece, with an overlap in which nothing hides on a seam; never more than the part says that it holds. Only UTF-8 is
    read: in another encoding, words would be missed."""
    before, left, decoder = "", part.file_size, getincrementaldecoder("utf-8-sig")()
    with book.open(part) as source:
        while piece := source.read(min(PIECE, left + 1)):
            left -= len(piece)
            if left < 0:
                return False
            seen = before + decoder.decode(piece)
            if DECLARED.search(seen) or PROGRAM.search(unescape(TAG.sub("", seen))):
                return False
            before = seen[-4_000:]
    decoder.decode(b"", final=True)
    return not part.filename.lower().endswith(".rels") or relations_are_plain(book, part)


def relations_are_plain(book: zipfile.ZipFile, part: zipfile.ZipInfo) -> bool:
    """Whether everything outside that is pointed at is a link for a person to follow, and nothing that is loaded by itself."""
    if part.file_size > LARGEST_RELATIONS:
        return False
    relations = ElementTree.fromstring(book.read(part)).iter()  # noqa: S314 - no DTD in it, looked for above
    outside = (each for each in relations if each.get("TargetMode", "").strip().lower() == "external")
    return all(each.get("Type", "").endswith("/hyperlink") for each in outside)
