"""Files that people hand in: looked at before they are kept, and never trusted for what their name says."""

from __future__ import annotations

import hashlib
import io
import re
import struct
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import filetype
from flask import current_app
from flask_babel import gettext, lazy_gettext as _
from PIL import Image, UnidentifiedImageError

from app.connectors import documents, files, scanner
from app.connectors.files import FileMissing, StoreGone
from app.services.office import ENDINGS, is_plain, kind_of
from app.services.refusals import RuleBroken

__all__ = ["LARGEST", "FileMissing", "Kept", "StoreGone", "keep", "put", "read", "remove"]

LARGEST = 10 * 1024 * 1024
LARGEST_PICTURE = 25_000_000  # pixels, 75 MB while it is drawn
TAKEN = {"application/pdf": ".pdf", "image/jpeg": ".jpg", "image/png": ".png"}


@dataclass(frozen=True)
class Kept:
    """A file that was accepted and lies with the file connector."""

    key: str
    filename: str
    media_type: str
    size: int
    digest: str


def keep(name: str, content: bytes, field: str = "file", office: bool = False) -> Kept:
    """Checks and keeps one file; pictures are drawn anew, so that nothing but the picture stays. `office` takes documents of word
    processors and spreadsheets too. Raises RuleBroken."""
    if not content:
        raise RuleBroken(_("This file is empty. Please choose another one."), field)
    if len(content) > LARGEST:
        raise RuleBroken(_("This file is too large: the limit is %(limit)s MB.", limit=LARGEST // 1024 // 1024), field)
    guess = filetype.guess(content)
    media_type = guess.mime if guess else ""
    if office and content[:2] == b"PK" and (kind := documents_kind(content, field)):
        return put(safe_name(name, ENDINGS[kind]), kind, scanned(content, field), field)
    if media_type not in TAKEN:
        raise RuleBroken(not_taken(name, office), field)
    if media_type.startswith("image/"):
        content = drawn_anew(content, media_type, field)
    else:
        content = whole_pdf(content, field)
    return put(safe_name(name, TAKEN[media_type]), media_type, scanned(content, field), field)


def not_taken(name: str, office: bool) -> str:
    """Why a file of another kind is refused; one that calls itself a PDF is told that it is none."""
    accepted = gettext("Only PDF, JPEG, PNG, Word and Excel files are accepted.") if office else gettext("Only PDF, JPEG and PNG files are accepted.")
    known = (*TAKEN.values(), ".jpeg", *(ENDINGS.values() if office else ()))
    if not name.lower().endswith(known):
        return accepted
    return gettext("This file is not what its name says, or it is damaged.") + " " + accepted


def documents_kind(content: bytes, field: str) -> str:
    kind = kind_of(content)
    if kind and not is_plain(content):
        raise RuleBroken(_("This document contains macros, embedded objects or links that load something. Please save it as PDF, or without them."), field)
    return kind


def scanned(content: bytes, field: str) -> bytes:
    """The content, once the scanner has found nothing in it; a file that cannot be looked at is not taken."""
    try:
        found = scanner.chosen.found_in(content)
    except scanner.Unavailable as silence:
        current_app.logger.error("the scanner does not answer: %s", silence)
        raise RuleBroken(_("Files cannot be checked for viruses just now. Nothing has been lost: please try again in a few minutes."), field) from silence
    if found:
        current_app.logger.warning("a file was refused: %s", found)
        raise RuleBroken(_("This file carries a virus and has not been taken. Please have your device checked."), field)
    return content


def whole_pdf(content: bytes, field: str) -> bytes:
    """The PDF up to its end mark, if it can be read and does nothing of its own accord."""
    end = content.rfind(b"%%EOF")
    if not content.startswith(b"%PDF-") or end < 0 or content[end + 5 :].strip(b"\r\n \x00"):
        raise RuleBroken(_("This PDF is not complete. Please choose another one."), field)
    finding = documents.look_into_pdf(content)
    if finding == "program":
        raise RuleBroken(_("This PDF contains active code. Please print it to a plain PDF and try again."), field)
    if finding != "plain":
        raise RuleBroken(_("This PDF cannot be read. Please choose another one."), field)
    return content


def put(filename: str, media_type: str, content: bytes, field: str | None = None) -> Kept:
    """Keeps a file that the house has made or looked at; raises RuleBroken when the store cannot take it."""
    key = files.new_key()
    try:
        files.chosen.put(key, content)
    except OSError as fault:  # the disk is full, or the store does not answer
        current_app.logger.error("a file could not be kept: %s", fault)
        raise RuleBroken(_("This file could not be kept just now. Nothing has been lost: please try again in a few minutes."), field) from fault
    return Kept(key, filename, media_type, len(content), hashlib.sha256(content).hexdigest())


def drawn_anew(content: bytes, media_type: str, field: str) -> bytes:
    try:
        picture: Image.Image = Image.open(io.BytesIO(content))
        if picture.width * picture.height > LARGEST_PICTURE:
            raise RuleBroken(_("This picture is too large: the limit is %(limit)s million pixels.", limit=LARGEST_PICTURE // 1_000_000), field)
        picture.load()
        picture = upright(picture)
        out = io.BytesIO()
        picture.convert("RGB").save(out, "JPEG" if media_type == "image/jpeg" else "PNG")
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, Image.DecompressionBombError) as refusal:
        raise RuleBroken(_("This picture cannot be read. Please choose another one."), field) from refusal
    return out.getvalue()


TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def upright(picture: Image.Image) -> Image.Image:
    """A phone says in the margin which side is up, and the margin is left out. A margin that cannot be read says nothing."""
    try:
        turn = TURNS.get(picture.getexif().get(0x0112, 1))
    except (ValueError, TypeError, SyntaxError, OSError, KeyError, struct.error):
        turn = None
    return picture if turn is None else picture.transpose(turn)


def safe_name(name: str, ending: str) -> str:
    """The name without its path or control characters, at most 150 characters, with the ending its content deserves."""
    stem = re.split(r"[\\/]", name)[-1].rsplit(".", 1)[0]
    stem = "".join(letter for letter in stem if unicodedata.category(letter)[0] != "C").strip(" .")
    return (stem[:150] or "document") + ending


def kept_before(moment: datetime) -> Iterator[str]:
    """The keys of files that were kept before a moment."""
    return files.chosen.every_key(moment)


def remove(key: str) -> None:
    """Forgets a kept file, once no row names it any more. If the store does not answer, the night's sweep does it: what the person has
    done stands already."""
    try:
        files.chosen.remove(key)
    except StoreGone as silence:
        current_app.logger.warning("a file that is no longer needed stays until the night: %s", silence)


def read(key: str) -> Iterator[bytes]:
    """The bytes of a kept file, piece by piece; raises FileMissing or StoreGone."""
    return files.chosen.read(key)
