"""The pictures of the guides, taken from the pages themselves: CORDEE_GUIDES=app/static/guides pytest tests/browser/test_guide_pictures.py
takes them anew; without it the test holds that every page still opens and that every picture is there, in both languages."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from app.views.guides import PICTURED, PICTURES
from tests.browser.scenery import furnish
from tests.browser.test_every_page import sign_in

ALBUM = Path(__file__).resolve().parents[2] / "app" / "static" / "guides"
TAKEN = os.environ.get("CORDEE_GUIDES")
SIZES = {"": (960, 600), "-phone": (390, 600), "-dark": (960, 600), "-phone-dark": (390, 600)}  # what is kept; a desk's picture is taken at 1200 x 750
WINDOWS = {"": {"width": 1200, "height": 750}, "-phone": {"width": 390, "height": 600}}


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("language", PICTURED)
def test_every_picture_of_the_guides_is_of_a_page_that_opens(house, cast, tab, language):
    people = furnish(cast, language)
    for person, door, places in (
        (people.administrator, "/login", [place for place in PICTURES if not place.startswith(("/portal", "/translations"))]),
        (people.translator, "/login", ["/translations/"]),
        (people.owner, "/partner/signin", [place for place in PICTURES if place.startswith("/portal")]),
    ):
        browser = tab(language)
        sign_in(browser, door, person.email)
        for place in places:
            assert browser.open(place).status == 200, place
            for device, size in SIZES.items():
                kept = ALBUM / language / f"{PICTURES[place]}{device}.webp"
                if TAKEN:
                    kept = Path(TAKEN) / language / kept.name
                    kept.parent.mkdir(parents=True, exist_ok=True)
                    browser.page.set_viewport_size(WINDOWS[device.removesuffix("-dark")])
                    browser.page.emulate_media(color_scheme="dark" if device.endswith("-dark") else "light", reduced_motion="reduce")
                    browser.page.wait_for_timeout(250)
                    Image.open(BytesIO(browser.page.screenshot())).resize(size).save(kept, quality=70, method=6)
                assert Image.open(BytesIO(kept.read_bytes())).size == size, f"take the pictures again: {kept.name}"
                assert kept.stat().st_size < 200_000
        assert browser.faults == []


def test_no_picture_is_left_over():
    for language in PICTURED:
        assert {path.stem for path in (ALBUM / language).glob("*")} == {f"{name}{device}" for name in PICTURES.values() for device in SIZES}
