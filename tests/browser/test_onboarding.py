"""Onboarding from start to portal against the register server, with a person's steps counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from app import models as m
from app.connectors import registers
from app.connectors.registers.kept import Kept
from tests.browser.test_main_job import ACTIVITY, STANDING, an_identity_card, follow, link_in, sign_in
from tests.cast import PASSWORD
from tests.registers import public_registers, register_server  # noqa: F401 - fixtures
from tests.services.test_mrz import zone

# The keystroke-level model of Card, Moran and Newell (1980): seconds for a key by an average typist, for a move of the hand and a
# click, and for making up one's mind before each.
KEY, POINT, MIND = 0.28, 1.3, 1.35
PASTED = 2.0  # seconds to paste what a phone has read off a card, or to choose a file


@dataclass
class Steps:
    """What a person does on a page, counted."""

    page: Any
    fields: int = 0
    keys: int = 0
    clicks: int = 0
    pasted: int = 0

    def type(self, selector: str, text: str) -> None:
        self.page.fill(selector, text)
        self.fields, self.keys = self.fields + 1, self.keys + len(text)

    def paste(self, selector: str, text: str) -> None:
        self.page.fill(selector, text)
        self.pasted += 1

    def choose_file(self, selector: str, file: dict[str, Any]) -> None:
        self.page.set_input_files(selector, file)
        self.pasted, self.clicks = self.pasted + 1, self.clicks + 1

    def click(self, selector: str, leads_on: bool = True) -> None:
        follow(self.page, selector) if leads_on else self.page.click(selector)
        self.clicks += 1

    @property
    def seconds(self) -> float:
        return self.keys * KEY + self.clicks * (POINT + MIND) + (self.fields + self.pasted) * MIND + self.pasted * PASTED


GO_ON = "main .save-bar .btn-primary, main .save-row .btn-primary, main .btn-wide.btn-primary >> visible=true"


@pytest.mark.browser
@pytest.mark.shared
def test_from_the_first_page_to_the_portal_in_under_three_minutes_of_a_persons_steps(tab, cast, public, monkeypatch):
    monkeypatch.setattr(registers, "chosen", Kept(public))
    admin = cast.staff("administrator", language="fr")
    offering = cast.offering(name="Sérénité Vie 2026", required_categories=["COA"])
    made = tab("fr", 1280, who="broker")
    broker = Steps(made.page)
    made.open("/partner/register")
    broker.type("#first_name", "Jeanne")
    broker.type("#last_name", "Martin")
    broker.type("#email", "jeanne@alpes.example")
    broker.click(GO_ON)
    broker.page.goto(link_in(cast.mails()[-1]))
    broker.clicks += 1  # the link in the mail
    broker.type("#password", PASSWORD)
    broker.type("#password_again", PASSWORD)
    broker.click(GO_ON)
    broker.type("#birth_date", "1974-08-12")
    broker.click(GO_ON)
    broker.type("#company_sought", "999000011")
    broker.click("#from_register")
    assert broker.page.input_value("#name") == "PATRIMOINE DES ALPES"
    assert broker.page.input_value("#orias_number").replace(" ", "") == "12068209"
    if not broker.page.input_value("#rcs_town"):
        broker.type("#rcs_town", "Grenoble")
    broker.click(GO_ON)
    broker.paste("#mrz", zone("MARTIN", "JEANNE").lines)
    broker.choose_file("#document_identity", an_identity_card())
    broker.type("#iban", "FR7630006000011234567890189")
    broker.click(GO_ON)
    broker.page.wait_for_url("**/partner/file/activity")
    broker.click("button[value='only_me']")
    broker.click("input[name='q_clients'][value='private']", leads_on=False)
    broker.type("#q_volume", "1200000")
    for key, value in (ACTIVITY | STANDING).items():
        broker.click(f"input[name='q_{key}'][value='{value}']", leads_on=False)
    broker.type("#q_officer_name", "Jeanne Martin")
    broker.click(GO_ON)
    broker.page.wait_for_url("**/partner/file/submit")
    broker.click(GO_ON)
    broker.page.wait_for_url("**/partner/file/sign")
    broker.click("form[action='/partner/file/sign/code'] button")
    code = next(word for word in cast.mails()[-1].text.split() if word.isdecimal() and len(word) == 6)
    broker.type("#code", code)
    broker.click("#consent", leads_on=False)
    broker.click("form[action='/partner/file/sign'] .btn-primary")
    broker.page.wait_for_url("**/partner/file/waiting")
    checks = cast.read(lambda session: {check.kind.value: check.result.value for check in session.query(m.Check)})
    assert checks == dict.fromkeys(("siren", "rcs", "orias", "identity"), "passed")

    staff = tab("fr", 1280, who="staff")
    sign_in(staff, "/login", admin.email)
    hand = Steps(staff.page)
    hand.click(".bell")
    hand.click(".alert-list a")
    hand.click(f"input[name=offerings][value='{offering.id}']", leads_on=False)
    hand.click("form[action$='/validate'] button")
    made.open("/portal/")
    assert broker.page.url.endswith("/portal/")
    print(
        f"\nonboarding: {broker.fields} fields typed ({broker.keys} keys), {broker.pasted} pasted or chosen, {broker.clicks} clicks: "
        f"{broker.seconds:.0f} s of a person's steps (asked: under 180); staff: {hand.clicks} clicks, {hand.seconds:.0f} s"
    )
    assert broker.seconds < 180
