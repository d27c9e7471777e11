"""The main job, end to end, as people do it: register, be refused twice and correct it, sign, be validated, work in the portal.

CORDEE_PICTURES=docs/pictures make test TESTS=tests/browser/test_main_job.py takes every picture again.
"""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from PIL import Image

from app import models as m
from tests.browser.conftest import PICTURES
from tests.browser.keys import Keys
from tests.cast import PASSWORD

VARIANTS = [("fr", 1280), ("en", 390)] if not PICTURES else [(language, width) for language in ("fr", "en") for width in (1280, 390)]


def an_identity_card() -> dict[str, Any]:
    out = io.BytesIO()
    Image.new("RGB", (600, 380), "#c8d4e0").save(out, "JPEG")
    return {"name": "carte d’identité.jpg", "mimeType": "image/jpeg", "buffer": out.getvalue()}


def link_in(mail: m.Mail) -> str:
    found = re.search(r"https?://\S+", mail.text)
    assert found, mail.text
    return found[0]


def follow(page: Any, selector: str) -> None:
    """Clicks what leads to another page, and waits for it."""
    with page.expect_navigation():
        page.click(selector)


def save(page: Any) -> None:
    follow(page, "main .save-bar .btn-primary, main .save-row .btn-primary, main .btn-wide.btn-primary >> visible=true")


def error_beside(page: Any, field: str) -> str:
    """The sentence below one field, which has the focus."""
    page.wait_for_selector(f"#{field}_help .field-error")
    assert page.evaluate("document.activeElement.id") == field
    return page.inner_text(f"#{field}_help .field-error")


def open_access(tab: Any, cast: Any) -> None:
    """Follows the newest mail's link and chooses a password."""
    tab.page.goto(link_in(cast.mails()[-1]))
    tab.picture("choose-a-password")
    tab.page.fill("#password", PASSWORD)
    tab.page.fill("#password_again", PASSWORD)
    save(tab.page)


def fill_you(tab: Any) -> None:
    tab.page.fill("#birth_date", "1980-04-12")
    tab.page.fill("#job_title", "Gérante")
    tab.picture("you")
    save(tab.page)


def fill_company(tab: Any, **facts: str) -> None:
    for name, value in facts.items():
        (tab.page.select_option if name in ("kind", "exercise") else tab.page.fill)(f"#{name}", value)


def fill_documents(tab: Any) -> None:
    tab.page.fill("#identity_number", "12AB34561")
    tab.page.fill("#identity_expires_on", "2032-01-31")
    tab.page.set_input_files("#document_identity", an_identity_card())
    tab.page.fill("#iban", "FR76 3000 6000 0112 3456 7890 189")
    tab.picture("documents")
    save(tab.page)


ACTIVITY = {"contact": "in_person", "area": "france", "funds": "no", "cash": "no", "crypto": "no", "agents": "no", "officer": "yes", "procedures": "current"}
STANDING = {"sanctions": "no", "exposed": "no"}


def fill_activity(tab: Any) -> None:
    """The owner by one button, the questions by the choices that stand first or say no."""
    follow(tab.page, "button[value='only_me']")
    tab.page.check("input[name='q_clients'][value='private']")
    for key, value in ACTIVITY.items():
        choose(tab.page, f"q_{key}", value)
        if key == "area":
            tab.page.fill("#q_volume", "1 200 000")
        if key == "officer":
            tab.page.fill("#q_officer_name", "Jeanne Martin")
    for key, value in STANDING.items():
        choose(tab.page, f"q_{key}", value)
    tab.picture("activity")
    save(tab.page)


def choose(page: Any, name: str, value: str) -> None:
    if isinstance(page, Keys):
        page.choose(name, value)
    else:
        page.check(f"input[name='{name}'][value='{value}']")


def sign(tab: Any, cast: Any) -> None:
    tab.picture("agreement")
    follow(tab.page, "form[action='/partner/file/sign/code'] button")
    code = re.search(r"\b[0-9]{6}\b", cast.mails()[-1].text)
    assert code
    tab.page.fill("#code", "000000" if code[0] != "000000" else "111111")
    tab.page.check("#consent")
    save(tab.page)
    error_beside(tab.page, "code")
    tab.page.fill("#code", code[0])
    save(tab.page)
    tab.page.wait_for_url("**/partner/file/waiting")
    tab.picture("waiting")


def sign_in(tab: Any, door: str, email: str) -> None:
    tab.open(door)
    tab.page.fill("#email", email)
    tab.page.fill("#password", PASSWORD)
    tab.picture("sign-in")
    save(tab.page)


def in_hand(tab: Any, keyboard: bool) -> Any:
    """The tab, worked with the keyboard alone where that is asked for."""
    if keyboard:
        tab.page = Keys(tab.page)
    return tab


@pytest.mark.browser
@pytest.mark.parametrize(("language", "width", "keyboard"), [(*variant, False) for variant in VARIANTS] + ([] if PICTURES else [("fr", 1280, True)]))
def test_a_broker_registers_and_works_in_its_portal(tab, cast, language, width, keyboard):
    admin = cast.staff("administrator", email="admin@house.example", username="admin@house.example", language=language)
    cast.add(m.Preference(user_id=admin.id, values={"alerts": {"file_waits": "mail"}}, number=1))
    offerings = [cast.offering(name="Sérénité Vie 2026", required_categories=["COA"]), cast.offering(name="Prévoyance Famille 2026")]
    broker = in_hand(tab(language, width, who="broker"), keyboard)

    broker.open("/partner/signin")
    follow(broker.page, "a[href='/partner/register']")
    broker.page.fill("#first_name", "Jeanne")
    broker.page.fill("#last_name", "Martin")
    broker.page.fill("#email", "jeanne@cabinet-du-port.example")
    broker.picture("register")
    save(broker.page)
    broker.page.wait_for_selector(".door-centre")
    broker.picture("look-in-your-mailbox")
    open_access(broker, cast)
    fill_you(broker)

    fill_company(
        broker,
        name="Cabinet du Port",
        kind="insurance_broker",
        rcs_town="Marseille",
        orias_number="07 004 126",
        street="2 quai du Port",
        postcode="13002",
        city="Marseille",
        siren="732 829 321",
    )
    save(broker.page)
    wrong_digit = error_beside(broker.page, "siren")
    assert broker.page.input_value("#name") == "Cabinet du Port"  # nothing typed is lost
    broker.picture("wrong-check-digit")
    broker.page.fill("#siren", "999000029")
    save(broker.page)
    broker.page.wait_for_function("words => !document.querySelector('#siren_help').innerText.includes(words)", arg=wrong_digit)
    error_beside(broker.page, "siren")
    broker.picture("closed-company")
    broker.page.fill("#siren", "732829320")
    save(broker.page)
    fill_documents(broker)
    broker.page.wait_for_url("**/partner/file/activity")
    fill_activity(broker)
    broker.page.wait_for_url("**/partner/file/submit")
    broker.picture("check-and-submit")
    save(broker.page)
    broker.page.wait_for_url("**/partner/file/sign")
    sign(broker, cast)
    assert any(mail.notice == "file_waits" and mail.recipient == admin.email for mail in cast.mails())
    broker.open("/portal/clients/")
    assert broker.page.url.endswith("/partner/file/waiting")  # not before validation

    staff = in_hand(tab(language, width, who="staff"), keyboard)
    sign_in(staff, "/login", admin.email)
    follow(staff.page, ".bell")
    staff.picture("alerts")
    follow(staff.page, ".alert-list a")
    staff.picture("validation")
    for offering in offerings:
        staff.page.check(f"input[name=offerings][value='{offering.id}']")
    follow(staff.page, "form[action$='/validate'] button")
    staff.page.wait_for_selector(".flash-good")
    staff.picture("validated")

    sign_in(broker, "/partner/signin", "jeanne@cabinet-du-port.example") if broker.page.url.endswith("signin") else broker.open("/portal/")
    broker.picture("dashboard")
    follow(broker.page, "a[href='/portal/clients/new']")
    broker.page.fill("#last_name", "Éloïse-Müller")
    broker.page.fill("#first_name", "Zoé 🧗")
    broker.page.fill("#birth_date", "1975-07-14")
    broker.picture("new-client")
    save(broker.page)
    broker.page.wait_for_selector(".flash-good")
    broker.picture("client")
    broker.open("/portal/clients/")
    assert "Éloïse-Müller Zoé 🧗" in broker.page.inner_text("table")
    broker.picture("my-clients")
    broker.open("/portal/offerings/")
    assert "Sérénité Vie 2026" in broker.page.inner_text("table")
    broker.picture("my-offerings")
    assert broker.page.get_attribute("html", "lang") == language
    assert broker.faults + staff.faults == []


@pytest.mark.browser
def test_an_introducer_without_orias_is_invited_by_an_administrator(tab, cast):
    admin = cast.staff("administrator", language="fr")
    staff = tab("fr", who="inviting")
    sign_in(staff, "/login", admin.email)
    staff.open("/partners/new")
    staff.page.fill("#email", "bonjour@apport.example")
    staff.page.select_option("#kind", "introducer")
    staff.picture("new-partner")
    save(staff.page)
    follow(staff.page, "a[href$='/invite']")
    staff.picture("invite")
    save(staff.page)
    staff.page.wait_for_selector(".flash-good")

    introducer = tab("fr", who="introducer")
    introducer.page.goto(link_in(cast.mails()[-1]))
    introducer.page.fill("#first_name", "Paul")
    introducer.page.fill("#last_name", "Apport")
    introducer.page.fill("#password", PASSWORD)
    introducer.page.fill("#password_again", PASSWORD)
    save(introducer.page)
    fill_you(introducer)
    fill_company(introducer, name="Apport & Cie", siren="999000045", rcs_town="Lyon", city="Lyon")
    assert introducer.page.input_value("#kind") == "introducer"
    save(introducer.page)
    fill_documents(introducer)
    fill_activity(introducer)
    save(introducer.page)
    introducer.page.wait_for_url("**/partner/file/sign")
    sign(introducer, cast)
    results = {check.kind: check.result for check in cast.read(lambda session: session.query(m.Check).all())}
    assert results[m.CheckKind.ORIAS] is m.CheckResult.NOT_REQUIRED
    assert results[m.CheckKind.SIREN] is m.CheckResult.PASSED
    staff.open("/alerts/")
    follow(staff.page, ".alert-list a")
    staff.page.check("input[name='none_yet']")
    follow(staff.page, "form[action$='/validate'] button")
    staff.page.wait_for_selector(".flash-good")
    assert cast.read(lambda session: session.query(m.Partner).one().status) is m.PartnerStatus.ACTIVE
    assert introducer.faults + staff.faults == []


@pytest.mark.browser
def test_a_liberal_profession_needs_no_rcs(tab, cast):
    partner = cast.partner(name="", status=m.PartnerStatus.DRAFT, siren=None, rcs_town=None, orias_number=None, city=None)
    user = cast.member(partner, "owner")
    marie = tab("fr", 390, who="liberal")
    sign_in(marie, "/partner/signin", user.email)
    fill_you(marie)
    fill_company(marie, name="Marie Conseil", kind="agent", exercise="liberal", siren="999000037", orias_number="19001234", city="Annecy")
    save(marie.page)
    fill_documents(marie)
    fill_activity(marie)
    save(marie.page)
    marie.page.wait_for_url("**/partner/file/sign")
    sign(marie, cast)
    results = {check.kind: check.result for check in cast.read(lambda session: session.query(m.Check).all())}
    assert results == {
        m.CheckKind.SIREN: m.CheckResult.PASSED,
        m.CheckKind.RCS: m.CheckResult.NOT_REQUIRED,
        m.CheckKind.ORIAS: m.CheckResult.PASSED,
        m.CheckKind.IDENTITY: m.CheckResult.PASSED,
    }
    assert marie.faults == []
