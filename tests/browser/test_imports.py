"""A file brought in by somebody at a screen: with a bar that moves by itself, and without a script by its button."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from app import models as m
from tests.browser.test_every_page import sign_in

HEADS = "Nom;Prénom;Né le;Mail;Cabinet;Ville\n"


def file_of(lines: int) -> bytes:
    good = "".join(f"Roux;Hugo {number};03/04/1980;c{number}@example.org;Cabinet des Écrins;Gap\n" for number in range(lines))
    return (HEADS + good + "Petit;Jade;31/02/2000;jade@example.org;Cabinet des Écrins;Gap\nFaure;Léo;;leo@example.org;Nulle Part;Gap\n").encode("cp1252")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "javascript", "language"), [(1280, True, "fr"), (390, False, "fr"), (390, True, "en")])
def test_a_file_is_chosen_checked_written_and_taken_back(house, cast, tab, monkeypatch, width, javascript, language):
    monkeypatch.setattr("app.views.imports.PIECE", 10)
    cast.partner(name="Cabinet des Écrins")
    browser = tab(language, width, javascript=javascript, who=f"imports{'' if javascript else '-plain'}")
    sign_in(browser, "/login", cast.staff("manager", language=language).email)
    page = browser.page

    def go_on(button: str) -> None:
        """Presses a button; without a script, the one of each piece too: each press is answered by a page of its own."""
        with page.expect_navigation():
            page.click(button)
        for _turn in range(20):
            if javascript or page.query_selector("[data-advance]") is None:
                break
            with page.expect_navigation():
                page.click("[data-advance-button]")
        page.wait_for_selector(".tile-number")

    def look(name: str) -> None:
        browser.picture(name)
        if javascript:
            found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
            assert [each["id"] for each in found] == [], name

    browser.open("/imports/new?into=clients")
    look("file")
    page.set_input_files("#file", {"name": "clients.csv", "mimeType": "text/csv", "buffer": file_of(25)})
    page.click("form[enctype] button.btn-primary")
    page.wait_for_selector("[name=column_0]")
    assert [page.input_value(f"[name=column_{place}]") for place in range(6)] == ["last_name", "first_name", "birth_date", "email", "partner_id", "city"]
    assert page.input_value("#recognised") == "email"
    look("columns")
    go_on(".save-bar button.btn-primary")
    assert page.eval_on_selector_all(".tile-number", "all => all.map((each) => each.textContent)") == ["25", "0", "0", "2"]
    assert cast.count(m.Client) == 0
    look("check")
    go_on(".save-bar button.btn-primary")
    assert cast.count(m.Client) == 25
    look("done")
    go_on(".card-danger button")
    assert cast.count(m.Client) == 0
    look("taken-back")
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_a_lost_connection_leaves_the_button_and_a_word(house, cast, tab, monkeypatch):
    monkeypatch.setattr("app.views.imports.PIECE", 5)
    cast.partner(name="Cabinet des Écrins")
    browser = tab("fr", 1280)
    sign_in(browser, "/login", cast.staff("manager", language="fr").email)
    page = browser.page
    browser.open("/imports/new?into=clients")
    page.set_input_files("#file", {"name": "clients.csv", "mimeType": "text/csv", "buffer": file_of(25)})
    page.click("form[enctype] button.btn-primary")
    page.route("**/advance", lambda route: route.abort())
    page.click(".save-bar button.btn-primary")
    page.wait_for_selector("[data-failed]:not([hidden])")
    assert "La connexion a été perdue" in page.inner_text("[data-failed]")
    page.unroute("**/advance")
    page.click("[data-advance-button]")
    page.wait_for_selector(".tile-number")
    assert [fault for fault in browser.faults if "ERR_FAILED" not in fault] == []
