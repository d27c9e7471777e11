"""A client's file in a real browser, from nothing to a signed risk profile, by an adviser and a client on their phones."""

from __future__ import annotations

import re
from io import BytesIO

import pytest
from PIL import Image

from app import models as m
from tests.browser.test_every_page import sign_in
from tests.browser.test_main_job import follow
from tests.clients import code_in

GO_ON = ".save-bar .btn-primary"


def answer_all(page, place=1):
    """Ticks an answer of every question that is shown, the way a thumb does."""
    for group in page.locator("fieldset").all():
        if group.is_visible():
            choices = group.locator("input")
            choices.nth(min(place, choices.count() - 1)).check()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_a_file_from_nothing_to_a_signed_risk_profile(house, cast, tab, width):
    partner = cast.partner(name="Cabinet Lumière")
    adviser = tab("fr", width, who="adviser")
    sign_in(adviser, "/partner/signin", cast.member(partner, "owner", language="fr").email)
    page = adviser.page
    adviser.open("/portal/")
    follow(page, "a[href='/portal/clients/new']")
    assert page.locator("#legal_form").is_hidden()
    page.select_option("#kind", "company")
    assert page.locator("#legal_form").is_visible()
    assert page.locator("#birth_date").is_hidden()
    page.select_option("#kind", "person")
    page.fill("#last_name", "Durand")
    page.fill("#first_name", "Alice")
    page.fill("#email", "alice@example.org")
    page.select_option("#language", "fr")
    adviser.picture("new-client")
    follow(page, GO_ON)
    adviser.picture("client-data")
    follow(page, "a[href$='/signatories/add']")
    for _step in range(3):
        adviser.picture("signatory")
        follow(page, GO_ON)
    assert "Alice Durand" in page.locator("#signatories").inner_text()
    client = cast.read(lambda session: session.query(m.Client).one())
    adviser.open(f"/portal/clients/{client.id}/qpr")
    follow(page, "form[action$='/qpr/send'] button")
    assert "retenu" in page.locator(".flashes").inner_text(), "notifications are off for a new client"
    adviser.open(f"/portal/clients/{client.id}/notifications")
    adviser.picture("held")
    page.check("[name=what][value=send]")
    follow(page, "form[action$='/switch'] .btn-primary")

    phone = tab("fr", width, who="client")
    (link,) = re.findall(r"https?://\S+/space/enter/\S+", cast.mails()[-1].text)
    phone.page.goto(link)
    phone.picture("door")
    follow(phone.page, "main .btn-primary")
    assert "/space/questionnaires/" in phone.page.url, "the mail leads to the one thing that waits"
    phone.picture("questionnaire")
    with phone.page.expect_response("**/keep"):
        phone.page.check("[name=q_goal][value=grow]")
    assert phone.page.locator(".answer-progress .quiet").inner_text() == "1 sur 12"
    phone.page.reload()
    assert phone.page.is_checked("[name=q_goal][value=grow]"), "what was answered is still there"
    answer_all(phone.page)
    answer_all(phone.page)  # what the first answers have opened
    phone.picture("answers")
    follow(phone.page, GO_ON)
    phone.picture("result")
    follow(phone.page, "form[action$='/code'] button")
    phone.page.fill("#code", code_in(cast.mails()[-1]))
    phone.page.check("#consent")
    phone.picture("sign")
    follow(phone.page, "form[action$='/sign'] .btn-primary")
    phone.picture("signed")
    paper = cast.read(lambda session: session.query(m.ClientPaper).one())
    assert (paper.status, paper.signed_by) == (m.ClientPaperState.SIGNED, "Alice Durand")
    phone.open("/space/")
    phone.picture("space-after")

    adviser.open(f"/portal/clients/{client.id}/qpr")
    adviser.picture("signed")
    assert "Signé par le client" in page.locator("main").inner_text()
    assert adviser.faults == []
    assert phone.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_without_javascript_a_client_answers_all_the_same(house, cast, tab):
    client = cast.client(cast.partner(), email="alice@example.org", notifications=True, language="en")
    row = cast.questionnaire_sent(client, sent_to=client.email)
    with cast.writing() as session:
        from app.services import client_links

        link, _row = client_links.new(session, session.get_one(m.Client, client.id), client.email)
    phone = tab("en", 390, javascript=False, who="client")
    phone.open(f"/space/enter/{link.rpartition('/')[2]}")
    phone.page.click("main .btn-primary")
    phone.open(f"/space/questionnaires/{row.id}")
    for group in phone.page.locator("fieldset").all():
        group.locator("input").first.check()
    phone.page.click(GO_ON)
    assert "/space/papers/" in phone.page.url
    assert cast.read(lambda session: session.query(m.ClientAnswers).one()).level == "secure"


DROP = """
(names) => {
  const transfer = new DataTransfer();
  for (const [name, text] of names) transfer.items.add(new File([text], name, { type: "application/pdf" }));
  const drive = document.querySelector("[data-drive]");
  drive.dispatchEvent(new DragEvent("dragover", { dataTransfer: transfer, bubbles: true, cancelable: true }));
  drive.dispatchEvent(new DragEvent("drop", { dataTransfer: transfer, bubbles: true, cancelable: true }));
}
"""


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_files_are_dropped_into_a_drive_looked_at_and_had_back(house, cast, tab, width):
    partner = cast.partner()
    client = cast.client(partner, last_name="Durand")
    browser = tab("fr", width)
    sign_in(browser, "/partner/signin", cast.member(partner, "owner", language="fr").email)
    page = browser.page
    browser.open(f"/portal/clients/{client.id}/drive")
    browser.picture("drive-empty")
    page.click("summary:has-text('Nouveau dossier')")
    page.fill("#folder_name", "Impôts")
    follow(page, ".drive-form .btn-primary >> visible=true")
    pictures = [{"name": f"carte-{number}.png", "mimeType": "image/png", "buffer": a_picture(number)} for number in range(3)]
    page.set_input_files("#files", pictures)
    page.wait_for_selector(".drive .table a:has-text('carte-2.png')")
    assert page.locator(".upload-good").count() == 3, "what was said of each file stays when the list is read again"
    assert [file.name for file in cast.read(lambda session: session.query(m.ClientFile).all())] == ["carte-0.png", "carte-1.png", "carte-2.png"]
    page.evaluate(DROP, [["note.pdf", "this is no PDF"], ["autre.pdf", "nor is this"]])
    page.wait_for_selector(".upload-bad >> nth=1")
    assert page.locator(".upload-bad").count() == 2
    assert "acceptés" in page.locator(".upload-list").inner_text()
    browser.picture("drive-refused")
    browser.open(f"/portal/clients/{client.id}/drive")
    follow(page, "a:has-text('carte-1.png')")
    assert page.evaluate("document.querySelector('img.preview').naturalWidth") == 640
    browser.picture("drive-file")
    follow(page, "button[value=throw]")
    browser.open(f"/portal/clients/{client.id}/drive?bin")
    browser.picture("drive-bin")
    follow(page, "button[value=back]")
    browser.open(f"/portal/clients/{client.id}/drive")
    assert page.locator("a:has-text('carte-1.png')").count() == 1
    assert browser.faults == []


def a_picture(number: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (640, 400), (40 * number, 90, 160)).save(out, "PNG")
    return out.getvalue()
