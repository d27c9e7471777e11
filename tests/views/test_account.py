"""One's own account: photo, density, the devices one is signed in with, and a form that somebody else's tab has overtaken."""

from __future__ import annotations

import io
import re
import struct
from pathlib import Path

import pytest
from PIL import Image

from app import models as m
from app.services import photos

EN = {"headers": {"Accept-Language": "en"}}


def picture(width=400, height=300, kind="JPEG", left="red", right="blue", **options):
    """A picture whose left half has one colour and whose right half another."""
    made = Image.new("RGB", (width, height), left)
    made.paste(Image.new("RGB", (width // 2, height), right), (width - width // 2, 0))
    out = io.BytesIO()
    made.save(out, kind, **options)
    return out.getvalue()


def hand_in(visitor, content, name="moi.jpg", **cut):
    return visitor.post("/account/photo", {"photo": (io.BytesIO(content), name), **cut}, content_type="multipart/form-data", **EN)


def shown(visitor):
    return Image.open(io.BytesIO(visitor.get("/account/photo").data))


def colour(image, x=0.5):
    red, _green, blue = image.getpixel((int(image.width * x), image.height // 2))
    return "red" if red > blue else "blue"


@pytest.fixture(params=["administrator", "owner"])
def visitor(request, cast):
    return cast.client_for("administrator") if request.param == "administrator" else cast.client_for("owner", cast.partner())


def test_a_photo_is_kept_as_a_small_square_and_shown_in_the_header(house, visitor):
    assert hand_in(visitor, picture()).location == "/account/"
    photo = shown(visitor)
    assert (photo.format, photo.size) == ("JPEG", (photos.SIDE, photos.SIDE))
    page = visitor.get("/account/").text
    address = re.search(r'<img class="avatar" src="(/account/photo\?[0-9a-f]{8})"', page)[1]
    assert visitor.get(address).status_code == 200
    assert "private" in visitor.get(address).headers["Cache-Control"]


@pytest.mark.parametrize(("x", "found"), [("0", "red"), ("1", "blue"), ("nonsense", "red"), ("NaN", "red")])
def test_the_square_is_cut_where_the_window_was(house, cast, x, found):
    visitor = cast.client_for("administrator")
    hand_in(visitor, picture(900, 300), x=x, y="0.5", size="0.5")
    assert colour(shown(visitor), 0.25) == found


def test_a_phones_picture_stands_upright(house, cast):
    visitor = cast.client_for("administrator")
    exif = Image.Exif()
    exif[0x0112] = 3  # upside down
    hand_in(visitor, picture(exif=exif))
    assert colour(shown(visitor), 0.1) == "blue"


def test_an_odd_margin_and_a_progressive_picture_break_nothing(house, cast):
    """A margin that cannot be rewritten; and a progressive JPEG, which is read whole, so that it has a PNG's limit."""
    visitor = cast.client_for("administrator")
    width_as_text, on_its_side = struct.pack("<HHI4s", 0x0100, 2, 4, b"abc\x00"), struct.pack("<HHIHH", 0x0112, 3, 1, 6, 0)
    exif = b"Exif\x00\x00II*\x00\x08\x00\x00\x00" + struct.pack("<H", 2) + width_as_text + on_its_side + b"\x00" * 4
    assert hand_in(visitor, picture(exif=exif)).status_code == 302
    huge = hand_in(visitor, picture(8000, 5000, progressive=True))
    assert huge.status_code == 422
    assert "the limit is 25 million pixels" in huge.text


def test_a_photo_of_forty_megapixels_is_taken_as_a_jpeg_and_refused_as_a_png(house, cast):
    visitor = cast.client_for("administrator")
    assert hand_in(visitor, picture(8000, 5000)).status_code == 302
    assert shown(visitor).size == (photos.SIDE, photos.SIDE)
    refused = hand_in(visitor, picture(8000, 5000, "PNG"), "moi.png")
    assert refused.status_code == 422
    assert "the limit is 25 million pixels" in refused.text
    assert shown(visitor).size == (photos.SIDE, photos.SIDE), "the photo before is still there"


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "choose a picture first"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "Only JPEG and PNG"),
        (picture()[:3000], "cannot be read"),
        (b"\xff\xd8\xff" + b"x" * 500, "cannot be read"),
        (picture(40, 40), "too small"),
        (picture(11000, 10000, quality=1), "the limit is 80 million pixels"),
        (b"\xff\xd8\xff" + b"x" * 10 * 1024 * 1024, "limit is 10 MB"),
    ],
    ids=["nothing", "svg", "half", "no picture", "small", "huge", "heavy"],
)
def test_what_is_no_photo_is_refused_beside_the_field(house, cast, content, sentence):
    visitor = cast.client_for("administrator")
    answer = hand_in(visitor, content)
    assert answer.status_code == 422
    assert sentence in re.search(r'class="field-error">.*?</div>', answer.text, re.DOTALL)[0]
    assert visitor.get("/account/photo").location == "/static/mark.svg"


def test_an_older_photo_is_forgotten_when_it_is_replaced_or_removed(house, cast, visitor):
    keys = []
    for _turn in range(2):
        hand_in(visitor, picture())
        keys.append(cast.read(lambda session: session.query(m.User.photo).filter(m.User.photo.is_not(None)).scalar()))
    folder = cast.app.config["FILE_FOLDER"]
    exists = [Path(folder, key[:2], key).exists() for key in keys]
    assert exists == [False, True]
    visitor.post("/account/photo/remove")
    assert not Path(folder, keys[1][:2], keys[1]).exists()
    assert visitor.get("/account/photo").location == "/static/mark.svg"
    assert 'class="avatar" aria-hidden' in visitor.get("/account/").text


def test_density_is_chosen_and_stands_on_every_page(house, cast):
    person = cast.staff("administrator")
    visitor = cast.signed_in(person)
    sent = {"first_name": "A", "last_name": "B", "language": "en", "theme": "dark", "density": "compact"}
    assert visitor.post("/account/", sent).status_code == 302
    page = visitor.get("/contracts/").text
    assert 'data-density="compact"' in page
    assert 'data-bs-theme="dark"' in page
    assert visitor.post("/account/", sent | {"density": "tiny"}).status_code == 422


def test_settings_saved_in_another_tab_are_not_overwritten_unseen(house, cast):
    visitor = cast.client_for("administrator")
    version = re.search(r'name="version" value="(\d+)"', visitor.get("/account/").text)[1]
    sent = {"last_name": "B", "language": "en", "theme": "auto", "density": "compact", "version": version}
    assert visitor.post("/account/", sent | {"first_name": "First"}).status_code == 302
    stale = visitor.post("/account/", sent | {"first_name": "Second"}, **EN)
    assert stale.status_code == 409
    assert "Somebody else saved" in stale.text
    assert 'value="Second"' in stale.text
    again = re.search(r'name="version" value="(\d+)"', stale.text)[1]
    assert visitor.post("/account/", sent | {"first_name": "Second", "version": again}).status_code == 302


def test_other_devices_are_listed_and_signed_out(house, cast):
    person = cast.staff("administrator")
    here, there, another = cast.signed_in(person), cast.signed_in(person), cast.client_for("administrator")
    page = here.get("/account/", **EN).text
    assert page.count("state-good") == 1
    assert page.count("Since ") == 2
    assert here.post("/account/sign-out-elsewhere").status_code == 302
    assert here.get("/account/").status_code == 200
    assert there.get("/account/").location.startswith("/login")
    assert another.get("/account/").status_code == 200, "somebody else stays signed in"


def test_a_profile_says_who_one_is_and_what_one_may_do(house, cast):
    page = cast.client_for("compliance").get("/account/profile", **EN).text
    assert "Compliance" in page
    assert "What you may do" in page
    assert page.count("<dt>Contracts</dt>") == 1
    partner = cast.client_for("owner", cast.partner()).get("/account/profile", **EN)
    assert "What you may do" in partner.text
