"""Pictures of people and companies. A person's photo: a square cut from whatever was handed in, drawn anew and small. Nothing of the original is kept."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import filetype
from flask_babel import lazy_gettext as _
from PIL import Image, UnidentifiedImageError

from app.models import Partner, User
from app.services import files
from app.services.refusals import RuleBroken

SIDE = 256  # pixels of the square that is kept
LARGEST = {"image/jpeg": 80_000_000, "image/png": 25_000_000}  # pixels: a JPEG is read at a fraction of its size, a PNG only whole
LEAST, LEAST_LOGO = 64, 24
LOGO = (400, 96)  # pixels into which a logo fits: twice what the frame shows


@dataclass(frozen=True)
class Cut:
    """Which square of the picture, as fractions of its width, its height and its shorter side."""

    x: float = 0.5  # where the square's centre lies
    y: float = 0.5
    size: float = 1.0

    @classmethod
    def read(cls, x: str, y: str, size: str) -> Cut:
        """From what a page sent; the middle of the picture for anything that is not a number."""
        try:
            found = [float(sent) for sent in (x, y, size)]
        except ValueError:
            return cls()
        return cls(*(min(1.0, max(0.0 if at < 2 else 0.05, value)) if value == value else (0.5, 0.5, 1.0)[at] for at, value in enumerate(found)))


def keep(user: User, cut_out: bytes) -> str | None:
    """Sets a person's photo to a square(); returns the key of the one before, to be forgotten once this is committed."""
    kept = files.put("photo.jpg", "image/jpeg", cut_out)
    before, user.photo = user.photo, kept.key
    return before


def square(content: bytes, cut: Cut) -> bytes:
    """The chosen square of a picture, as a JPEG of SIDE × SIDE pixels."""
    with opened(content, "photo", LEAST, (SIDE * 4, SIDE * 4)) as picture:
        whole = files.upright(picture).convert("RGB")
        out = io.BytesIO()
        whole.crop(box(whole, cut)).resize((SIDE, SIDE), Image.Resampling.LANCZOS).save(out, "JPEG", quality=85)
    return out.getvalue()


def logo(content: bytes) -> bytes:
    """A company's logo, whole and with what is see-through in it, as a PNG that fits into LOGO."""
    with opened(content, "logo", LEAST_LOGO, (LOGO[0] * 2, LOGO[1] * 2)) as picture:
        whole = files.upright(picture).convert("RGBA")
        whole.thumbnail(LOGO, Image.Resampling.LANCZOS)
        out = io.BytesIO()
        whole.save(out, "PNG", optimize=True)
    return out.getvalue()


def keep_logo(partner: Partner, drawn: bytes) -> str | None:
    """Sets a partner's logo(); returns the key of the one before, to be forgotten once this is committed."""
    kept = files.put("logo.png", "image/png", drawn)
    before, partner.logo = partner.logo, kept.key
    return before


@contextmanager
def opened(content: bytes, field: str, least: int, enough: tuple[int, int]) -> Iterator[Image.Image]:
    """A picture that was handed in, opened with care; raises RuleBroken for what is no picture, too small or too large. `enough`
    are the pixels that are needed: a large JPEG is decoded at half, a quarter or an eighth."""
    if not content:
        raise RuleBroken(_("Please choose a picture first."), field)
    if len(content) > files.LARGEST:
        raise RuleBroken(_("This file is too large: the limit is %(limit)s MB.", limit=files.LARGEST // 1024 // 1024), field)
    guess = filetype.guess(content)
    if guess is None or guess.mime not in LARGEST:
        raise RuleBroken(_("Only JPEG and PNG pictures are accepted."), field)
    try:
        picture: Image.Image = Image.open(io.BytesIO(content), formats=["JPEG", "PNG"])
        kind = "image/png" if picture.info.get("progressive") else guess.mime  # a progressive JPEG is read whole too
        if picture.width * picture.height > LARGEST[kind]:
            raise too_large(kind, field)
        if min(picture.size) < least:
            raise RuleBroken(_("This picture is too small: at least %(limit)s pixels on each side.", limit=least), field)
        picture.draft("RGB", enough)
        yield picture
    except (Image.DecompressionBombWarning, Image.DecompressionBombError) as refusal:
        raise too_large(guess.mime, field) from refusal
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as refusal:
        raise RuleBroken(_("This picture cannot be read. Please choose another one."), field) from refusal


def too_large(kind: str, field: str) -> RuleBroken:
    return RuleBroken(_("This picture is too large: the limit is %(limit)s million pixels.", limit=LARGEST[kind] // 1_000_000), field)


def box(picture: Image.Image, cut: Cut) -> tuple[int, int, int, int]:
    """The square in pixels, moved inside the picture where it would stick out."""
    width, height = picture.size
    side = max(1, round(min(width, height) * cut.size))
    left = min(max(0, round(width * cut.x - side / 2)), width - side)
    top = min(max(0, round(height * cut.y - side / 2)), height - side)
    return left, top, left + side, top + side
