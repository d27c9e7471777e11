"""Forms in a real browser: a missing record made beside the form, drafts, days typed and picked, a company from the register."""

from __future__ import annotations

import pytest

from app import models as m
from tests.browser.test_every_page import sign_in


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [1280, 390])
def test_a_client_that_is_missing_is_made_beside_the_contract(house, cast, tab, width):
    partner = cast.partner(name="Cabinet du Lac")
    supplier = cast.supplier()
    browser = tab("fr", width)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/contracts/new")
    page.fill("#number", "AL77")
    page.fill("#client_id_text", "Lefèvre")
    page.wait_for_selector("#client_id_list li.make")
    assert page.inner_text("#client_id_list li.make") == "+ Nouveau client"
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    page.wait_for_selector("dialog.making form")
    assert page.input_value("dialog.making [name=last_name]") == "Lefèvre"
    page.click("dialog.making .btn-primary")
    page.wait_for_selector("dialog.making .field-error")
    browser.picture("dialog-refused")
    page.fill("dialog.making [name=first_name]", "Éloïse")
    page.fill("dialog.making [name=partner_id_text]", "Lac")
    page.wait_for_selector("dialog.making .lookup-list li")
    page.keyboard.press("Enter")
    page.click("dialog.making .btn-primary")
    page.wait_for_selector("dialog.making", state="detached")
    client = cast.read(lambda session: session.query(m.Client).one())
    assert (client.last_name, client.first_name, client.partner_id) == ("Lefèvre", "Éloïse", partner.id)
    assert page.input_value("#client_id") == str(client.id)
    assert page.input_value("#number") == "AL77", "the form beneath stays as it was"
    for box, words in (("#supplier_id_text", str(supplier)), ("#partner_id_text", "Lac")):
        page.fill(box, words)
        page.wait_for_selector(f"{box.removesuffix('_text')}_list li:not(.make)")
        page.keyboard.press("Enter")  # the only one
        assert page.input_value(box.removesuffix("_text"))
    with page.expect_navigation():
        page.click(".save-bar .btn-primary")
    assert cast.read(lambda session: session.query(m.Contract).one().client_id) == client.id
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_typed_is_kept_as_a_draft_and_taken_up_again(house, cast, tab):
    browser = tab("fr", 1280)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/suppliers/new")
    page.fill("#name", "Alpha Vie")
    page.wait_for_selector(".draft-state:has-text('Brouillon')")
    browser.open("/suppliers/")  # no question is asked: nothing would be lost
    browser.open("/suppliers/new")
    browser.picture("draft-offered")
    with page.expect_navigation():
        page.click("text=Reprendre")
    assert page.input_value("#name") == "Alpha Vie"
    page.fill("#code", "ALV")
    with page.expect_navigation():
        page.keyboard.press("Control+Enter")
    assert cast.count(m.Supplier, m.Supplier.name == "Alpha Vie") == 1
    browser.open("/suppliers/new")
    assert not page.is_visible(".draft-offer")
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("javascript", [True, False])
def test_a_company_is_filled_in_from_the_register(house, cast, tab, javascript):
    browser = tab("fr", 1280, javascript=javascript)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/partners/new")
    page.fill("#company_sought", "cabinet")
    with page.expect_navigation():
        page.click("#from_register")
    browser.picture("companies-found")
    with page.expect_navigation():
        page.click("text=CABINET DU PORT")
    assert page.input_value("#siren").replace("\u202f", " ") == "732 829 320"
    browser.picture("company-filled")
    with page.expect_navigation():
        page.focus("#name")
        page.keyboard.press("Enter")  # saves: the button that looks up is not the form's first
    assert cast.count(m.Partner, m.Partner.siren == "732829320") == 1
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_a_day_is_typed_as_people_do_or_picked(house, cast, tab):
    partner = cast.partner()
    browser = tab("fr", 1280)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open(f"/tasks/new?partner_id={partner.id}")
    page.fill("#name", "Rappeler")
    page.fill("#due_on", "31 déc. 2031")
    page.eval_on_selector(".day input[type=date]", "(box) => { box.value = '2031-12-30'; box.dispatchEvent(new Event('change')); }")
    assert page.input_value("#due_on") == "30/12/2031"
    page.fill("#due_on", "31 déc. 2031")
    with page.expect_navigation():
        page.click(".save-bar .btn-primary")
    assert str(cast.read(lambda session: session.query(m.Task).one().due_on)) == "2031-12-31"
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_what_is_shown_one_time_is_copied_whole(house, cast, tab):
    browser = tab("fr", 390)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    browser.open("/account/")
    with page.expect_navigation():
        page.click("text=Créer une adresse")
    page.click("[data-copies=calendar_address]")
    page.wait_for_selector("[data-copies] [role=status]:has-text('Copié')")
    assert page.evaluate("navigator.clipboard.readText()") == page.input_value("#calendar_address")
    browser.picture("calendar-address")
    assert browser.faults == []
