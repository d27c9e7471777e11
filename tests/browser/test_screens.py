"""Twelve screens in both languages, two widths, light and dark: docs/pictures/screens. Taken anew, all eight settings, by
CORDEE_WHOLE=1 CORDEE_SCREENS=docs/pictures/screens pytest tests/browser/test_screens.py -k sqlite; without the folder the test
holds that each screen opens, fits and is quiet, and that its pictures are there."""

from __future__ import annotations

import itertools
import os
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from tests.browser.scenery import furnish
from tests.browser.test_every_page import SETTINGS, sign_in

ALBUM = Path(__file__).resolve().parents[2] / "docs" / "pictures" / "screens"
TAKEN = os.environ.get("CORDEE_SCREENS")
SCREENS = {
    "01-sign-in": (None, "/login"),
    "02-home": ("administrator", "/"),
    "03-partners": ("administrator", "/partners/"),
    "04-partner": ("administrator", "/partners/{partner}"),
    "05-validation": ("administrator", "/partners/{waiting}/validation"),
    "06-client-form": ("administrator", "/clients/{client}/edit"),
    "07-contracts": ("administrator", "/contracts/?status=active"),
    "08-console-list": ("administrator", "/console/lists/product_kind/"),
    "09-translations": ("translator", "/translations/"),
    "10-portal": ("owner", "/portal/"),
    "11-portal-clients": ("owner", "/portal/clients/"),
    "12-registration": ("applicant", "/partner/file/company"),
}


def name_of(screen: str, language: str, width: int, dark: bool) -> str:
    return f"{screen}-{language}-{width}-{'dark' if dark else 'light'}.webp"


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("language", "width", "dark"), SETTINGS)
def test_each_of_the_twelve_screens_opens_fits_and_has_its_picture(house, cast, tab, language, width, dark):
    people = furnish(cast, language)
    numbers = {"partner": people.partner.id, "waiting": people.waiting.id, "client": people.client.id}
    for who, screens in itertools.groupby(SCREENS.items(), lambda each: each[1][0]):
        browser = tab(language, width, dark)
        if who:
            sign_in(browser, "/login" if who in ("administrator", "translator") else "/partner/signin", getattr(people, who).email)
        for screen, (_who, place) in screens:
            assert browser.open(place.format(**numbers)).status == 200, screen
            assert browser.overflow() <= 0, screen
            kept = Path(TAKEN or ALBUM) / name_of(screen, language, width, dark)
            if TAKEN:
                kept.parent.mkdir(parents=True, exist_ok=True)
                browser.page.wait_for_timeout(300)  # charts are drawn once the page is there
                Image.open(BytesIO(browser.page.screenshot())).save(kept, quality=70, method=6)
            assert kept.stat().st_size < 200_000
        assert browser.faults == []


def test_every_screen_has_its_eight_pictures_and_none_is_left_over():
    wanted = {name_of(screen, *setting) for screen in SCREENS for setting in itertools.product(("fr", "en"), (1280, 390), (False, True))}
    assert {path.name for path in ALBUM.glob("*")} == wanted
