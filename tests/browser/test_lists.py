"""Lists people live in, in a real browser: the row's menu, one field of many records, and the keys that walk a list."""

from __future__ import annotations

import pytest

from app import models as m
from tests.browser.test_every_page import sign_in


@pytest.fixture
def contracts(cast):
    partner = cast.partner()
    return [cast.contract(partner, cast.client(partner), number=f"AL{number}") for number in range(3)]


@pytest.mark.browser
@pytest.mark.slow
def test_a_list_is_walked_ticked_and_opened_with_keys(house, cast, tab, contracts):
    browser = tab("fr", 1280)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/contracts/")
    page.keyboard.press("?")
    assert page.is_visible("dialog#keys")
    assert "Ligne suivante" in page.inner_text("dialog#keys")
    page.keyboard.press("Escape")
    assert page.is_hidden("dialog#keys")
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("x")
    assert page.inner_text(".bulk-count").endswith("1")
    page.keyboard.press("m")
    assert page.is_visible("[data-row-panel]")
    assert page.evaluate("document.activeElement.textContent.trim()") == "Voir la fiche"
    page.keyboard.press("Escape")
    assert page.is_hidden("[data-row-panel]")
    with page.expect_navigation():
        page.keyboard.press("e")
    assert page.url.endswith(f"/contracts/{contracts[1].id}/edit")
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "javascript"), [(1280, True), (1280, False), (390, True)])
def test_a_field_is_changed_on_the_ticked_rows(house, cast, tab, contracts, javascript, width):
    browser = tab("fr", width, javascript=javascript)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/contracts/")
    if width == 390:  # a phone's cards have boxes when they are asked for
        assert not page.is_visible("td input[name=ids]")
        page.click("[data-tick-rows]")
        browser.picture("ticking")
        page.locator("td.tick-cell").first.click(position={"x": 8, "y": 8})  # beside the box is on the box
        assert page.url.endswith("/contracts/")
        assert page.inner_text(".bulk-count").endswith("1")
    for box in page.query_selector_all("td input[name=ids]"):
        box.check()
    with page.expect_navigation():
        page.click("text=Modifier un champ")
    if javascript:
        with page.expect_navigation():
            page.select_option("#field", "status")
    else:
        page.select_option("#field", "status")
        with page.expect_navigation():
            page.click("text=Continuer")
    page.select_option("select[name=status]", "suspended")
    browser.picture("bulk-field")
    with page.expect_navigation():
        page.click("text=Aperçu")
    browser.picture("bulk-preview")
    with page.expect_navigation():
        page.click("text=Modifier 3 fiches")
    assert "3 fiches ont été modifiées." in page.inner_text(".flashes")
    assert {cast.get(m.Contract, each.id).status for each in contracts} == {m.ContractStatus.SUSPENDED}
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_the_menu_of_a_row_opens_beside_it_and_leads_to_the_record(house, cast, tab, contracts):
    browser = tab("fr", 1280)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/contracts/")
    buttons = page.query_selector_all("[data-row-menu]")
    buttons[0].click()
    browser.picture("row-menu")
    at, menu = buttons[0].bounding_box(), page.query_selector("[data-row-panel]").bounding_box()
    assert abs(at["x"] + at["width"] - menu["x"] - menu["width"]) < 3
    assert -3 < menu["y"] - at["y"] - at["height"] < 40
    buttons[0].click()
    assert page.is_hidden("[data-row-panel]")
    buttons[2].click()
    with page.expect_navigation():
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
    assert page.url.endswith(f"/contracts/{contracts[0].id}/edit")


@pytest.mark.browser
def test_a_list_is_printed_dark_on_white_without_what_only_a_screen_can_do(house, cast, tab):
    cast.partner(name="Cabinet Lumière")
    user = cast.staff("manager")
    browser = tab("fr", 1280, dark=True)
    sign_in(browser, "/login", user.email)
    browser.open("/partners/")
    browser.page.emulate_media(media="print", color_scheme="dark")
    ink, paper = (
        browser.page.eval_on_selector("h1", "(each) => getComputedStyle(each).color"),
        browser.page.eval_on_selector("body", "(each) => getComputedStyle(each).backgroundColor"),
    )
    assert (ink, paper) == ("rgb(16, 32, 47)", "rgb(255, 255, 255)")
    for gone in (".topbar", ".sidebar", ".tick-cell", ".menu-cell", ".page-actions"):
        assert not browser.page.is_visible(gone), gone
    assert browser.page.is_visible("text=Cabinet Lumière")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_tabs_without_room_fold_into_a_menu(house, cast, tab, width):
    browser = tab("fr", width)
    sign_in(browser, "/login", cast.staff("administrator", language="fr").email)
    page = browser.page
    partner = cast.partner()
    browser.open(f"/partners/{partner.id}?tab=notes")
    page.wait_for_selector(".tabs-more summary")
    browser.picture("tabs-folded")
    assert page.eval_on_selector(".tabs", "bar => bar.scrollWidth <= bar.clientWidth")
    assert page.is_visible(".tabs > [aria-current]"), "the open tab stays on the line"
    page.click(".tabs-more summary")
    last = page.locator(".tabs-more a").last
    assert last.inner_text() == "Historique"
    browser.picture("tabs-open")
    with page.expect_navigation():
        last.click()
    assert page.url.endswith("?tab=history")
    page.set_viewport_size({"width": 2400, "height": 900})
    assert browser.faults == []
