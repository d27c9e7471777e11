"""A questionnaire in a real browser, on a phone: what is asked follows what was answered; a version is edited, rehearsed, published."""

from __future__ import annotations

import pytest

from app import models as m
from tests.browser.test_every_page import sign_in
from tests.browser.test_main_job import ACTIVITY, STANDING, follow


def is_shown(page, key):
    return page.locator(f"[name^='q_{key}']").first.is_visible()


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_asked_follows_what_was_answered(house, cast, tab, width):
    partner = cast.partner()
    owner = cast.member(partner, "owner", language="fr")
    browser = tab("fr", width)
    sign_in(browser, "/partner/signin", owner.email)
    page = browser.page
    browser.open("/portal/questionnaire/")
    assert not is_shown(page, "abroad")
    assert not is_shown(page, "agents_list")
    page.check("[name=q_area][value=world]")
    assert is_shown(page, "abroad")
    page.fill("[name=q_abroad]", "12,5")
    page.check("[name=q_agents][value=yes]")
    page.fill("[name=q_agents_list_0_name]", "Jean Peyraud")
    browser.picture("questionnaire")
    page.check("[name=q_clients][value=private]")
    page.fill("[name=q_volume]", "1 200 000")
    for key, value in (ACTIVITY | STANDING | {"area": "world", "agents": "yes"}).items():
        page.check(f"[name=q_{key}][value={value}]")
    follow(page, ".save-bar .btn-primary")  # the name of who is in charge is missing
    assert page.evaluate("document.activeElement.name") == "q_officer_name"
    assert page.input_value("[name=q_abroad]") == "12,5"
    assert page.input_value("[name=q_agents_list_0_name]") == "Jean Peyraud"
    page.fill("[name=q_officer_name]", "Jeanne Martin")
    follow(page, ".save-bar .btn-primary")
    row = cast.read(lambda session: session.query(m.Answers).one())
    assert (row.values["abroad"], row.values["agents_list"], row.score) == ("12.5", [{"name": "Jean Peyraud"}], 5)
    assert browser.overflow() <= 0
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_compliance_prepares_rehearses_and_publishes_a_version(house, cast, tab):
    browser = tab("en", 1280)
    sign_in(browser, "/login", cast.staff("compliance", language="en").email)
    page = browser.page
    browser.open("/questionnaires/partner/")
    follow(page, "form[action$='/begin'] button")
    follow(page, "a[href$='questions/new?section=money']")
    assert page.locator("[name=option_0_fr]").is_visible()
    page.select_option("#kind", "amount")
    assert not page.locator("[name=option_0_fr]").is_visible()
    page.fill("#text_fr", "Montant de vos commissions annuelles")
    page.fill("#text_en", "Your yearly commission")
    page.fill("[name=band_0_least]", "100,000")
    page.fill("[name=band_0_points]", "2")
    follow(page, ".save-bar .btn-primary")
    assert "Your yearly commission" in page.inner_text("main")
    follow(page, "a[href$='/rehearsal/2']")
    page.check("[name=q_clients][value=private]")
    for key, value in (ACTIVITY | STANDING).items():
        page.check(f"[name=q_{key}][value={value}]")
    page.fill("[name=q_officer_name]", "A. Martin")
    page.fill("[name=q_volume]", "10")
    page.locator("label:has-text('Your yearly commission')").locator("xpath=..").locator("input").fill("120000")
    follow(page, ".save-bar .btn-primary")
    assert "2 points" in page.inner_text("[role=status].card")
    follow(page, ".save-bar .btn-quiet")
    follow(page, "form[action$='/publish'] button")
    assert "published on" in page.inner_text(".page-head")
    assert cast.count(m.Questionnaire, m.Questionnaire.kind == m.QuestionnaireKind.KNOW_YOUR_PARTNER, m.Questionnaire.published_at.is_not(None)) == 2
    assert browser.faults == []
