"""Finding and keeping, in a real browser: the search bar by the keyboard alone, columns moved and a list kept under a name."""

from __future__ import annotations

import re

import pytest

from tests.browser.test_every_page import sign_in


@pytest.mark.browser
@pytest.mark.slow
def test_a_client_is_found_and_opened_by_the_keyboard_alone(house, cast, tab):
    client = cast.client(cast.partner(), last_name="Lefèvre", first_name="Éloïse")
    browser = tab("fr", 1280)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    page.keyboard.press("/")
    page.keyboard.type("eloise", delay=20)
    page.wait_for_selector(".finder-hit[role=option]:has-text('Lefèvre')")
    page.wait_for_load_state("networkidle")  # no answer to fewer letters is on its way any more
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/clients/{client.id}")
    page.keyboard.press("/")
    page.wait_for_selector(".finder-hit")
    assert "Consultés récemment" in page.inner_text("#finder_list")
    page.keyboard.press("Escape")
    assert page.is_hidden("#finder_list")
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("javascript", [True, False])
def test_columns_are_chosen_and_the_list_is_kept(house, cast, tab, javascript):
    partner = cast.partner()
    cast.contract(partner, cast.client(partner), number="AL1")
    browser = tab("fr", 1280, javascript=javascript)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/contracts/")
    page.click(".column-menu summary")
    page.uncheck(".column-menu input[value=product]")
    if javascript:
        page.click(".column-list li:has(input[value=amount]) button[aria-label^='Monter']")
    with page.expect_navigation():
        page.click(".column-menu .btn-primary")
    wanted = ["number", "client", "partner", "status", *(["amount", "effective_on"] if javascript else ["effective_on", "amount"])]
    columns = page.eval_on_selector_all(".column-list input:checked", "boxes => boxes.map((box) => box.value)")
    assert columns == wanted
    page.click(".view-menu summary")
    page.fill("#view_name", "Sans produit")
    with page.expect_navigation():
        page.click(".view-menu .btn-primary")
    assert page.inner_text(".view-menu summary").strip() == "Sans produit"
    assert re.search(r"columns=number,client", page.url)
    assert browser.overflow() <= 0
    assert browser.faults == []
