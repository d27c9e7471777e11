"""Lists of values edited where they stand, with and without JavaScript; the explanation behind a question mark."""

from __future__ import annotations

import pytest

from app.models.lookups import ProductKindRow
from tests.browser.test_every_page import sign_in

PLACE = "/console/lists/product_kind/"


def names_of(cast, code):
    return cast.read(lambda session: session.query(ProductKindRow).filter_by(code=code).one()).names


@pytest.mark.browser
@pytest.mark.slow
def test_a_box_saves_its_row_as_it_is_left_and_says_why_where_it_cannot(house, cast, tab):
    browser = tab("fr", 1280)
    sign_in(browser, "/login", cast.staff("administrator", language="fr").email)
    browser.open(PLACE)
    row = browser.page.locator("tr", has_text="credit").first
    assert row.locator("button:has-text('Enregistrer')").is_hidden()
    for name in ("Crédit immobilier", "Crédits"):  # twice: the second save knows the version that the first one made
        row.locator("[name=name_fr]").fill(name)
        row.locator("[name=name_en]").focus()
        row.locator(".in-list-said:has-text('Enregistré')").wait_for()
        assert names_of(cast, "credit") == {"fr": name}
    row.locator("[name=position]").fill("abc")
    row.locator("[name=name_en]").focus()
    row.locator(".field-error:has-text('nombre entier')").wait_for()
    assert row.locator("[name=position]").input_value() == "abc"
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_without_javascript_each_row_has_its_button(house, cast, tab):
    browser = tab("fr", 390, javascript=False)
    sign_in(browser, "/login", cast.staff("administrator", language="fr").email)
    browser.open(PLACE)
    row = browser.page.locator("tr", has_text="credit").first
    row.locator("[name=name_fr]").fill("Emprunt")
    with browser.page.expect_navigation():
        row.locator("button:has-text('Enregistrer')").click()
    assert names_of(cast, "credit") == {"fr": "Emprunt"}


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_a_hard_field_explains_itself_within_the_page(house, cast, tab, width):
    browser = tab("fr", width, javascript=False)
    sign_in(browser, "/login", cast.staff("administrator", language="fr").email)
    browser.open("/partners/new")
    marks = browser.page.locator("details.more")
    assert marks.count() >= 3
    for number in range(marks.count()):
        mark = marks.nth(number)
        mark.locator("summary").click()
        box = mark.locator("p").bounding_box()
        assert box["x"] >= 0, number
        assert box["x"] + box["width"] <= width, number
        mark.locator("summary").click()
    assert browser.overflow() <= 0
