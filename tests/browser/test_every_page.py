"""Every page in a real browser: accessible (axe), inside the strict policy, no wider than a phone, deaf to scripts typed in."""

from __future__ import annotations

import itertools
import os
import re
from datetime import timedelta
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from sqlalchemy import String, Text

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.permissions import Access
from app.services import client_links, words
from app.services.questionnaires import versions
from app.views.base.entity import EntityView
from tests.cast import PASSWORD
from tests.trust.test_addresses import addresses, entity_of, fill
from tests.trust.world import build

# Language, width and darkness: two opposite corners at every stop, all eight by `make test-all`.
WHOLE = bool(os.environ.get("CORDEE_WHOLE"))
SETTINGS = list(itertools.product(("fr", "en"), (1280, 390), (False, True))) if WHOLE else [("fr", 390, False), ("en", 1280, True)]
PAYLOADS = [
    "<script>alert({n})</script>",
    '"><script>alert({n})</script>',
    "'><script>alert({n})</script>",
    "<img src=x onerror=alert({n})>",
    '"><img src=x onerror=alert({n})>',
    "<svg onload=alert({n})>",
    "<svg/onload=alert({n})>",
    "javascript:alert({n})",
    '" onmouseover=alert({n}) x="',
    "' onfocus=alert({n}) autofocus x='",
    "<body onload=alert({n})>",
    "<iframe src=javascript:alert({n})>",
    "<a href=javascript:alert({n})>x</a>",
    "{{{{ {n} }}}}",
    "{{% raw %}}<script>alert({n})</script>",
    "</textarea><script>alert({n})</script>",
    "</title><script>alert({n})</script>",
    '<math><mi//xlink:href="javascript:alert({n})">',
    "<details open ontoggle=alert({n})>",
    "<video><source onerror=alert({n})>",
]


DOWNLOADS = {"StaffFileView", "PortalFileView", "ApplicantFileView"}


def pages_of(app: Any, role: str, ids: dict[str, int]) -> list[str]:
    """The address of every page that a role can open, with a record's number where one is needed."""
    found = []
    for rule, view, asked, level in addresses(app):
        if (
            "GET" not in rule.methods
            or ".export" in rule.endpoint
            or rule.endpoint.endswith((".choices", ".quick", ".photo", ".logo", ".file", ".download", ".preview", ".content", ".colours", "BrandView.mail"))
            or rule.endpoint.split(".")[0] in DOWNLOADS
            or rule.endpoint.endswith("agreement")
            or rule.rule.endswith(".csv")
        ):
            continue
        if isinstance(asked, Access) and asked.level_of(role) < level:
            continue
        if getattr(view, "is_table", False) and not WHOLE and view.model.__tablename__ not in ("contract", "ab_user"):
            continue  # one template over forty tables
        entity = entity_of(rule, view)
        if "<id:" in rule.rule and entity not in ids:
            continue
        if "<" in re.sub("<any[^>]*>", "", rule.rule).replace("<id:", "") or (not isinstance(asked, Access) and asked.name in ("everybody", "applicants", "demo")):
            continue
        found.append(fill(rule, ids.get(entity or "", 0)))
        if isinstance(view, EntityView) and rule.endpoint.endswith(".show_record"):
            found.append(found[-1] + "?tab=history")
    return found


def sign_in(tab: Any, door: str, email: str) -> None:
    tab.open(door)
    tab.page.fill("#email", email)
    tab.page.fill("#password", PASSWORD)
    with tab.page.expect_navigation():
        tab.page.click("main .btn-primary")


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("language", "width", "dark"), SETTINGS)
@pytest.mark.parametrize("role", ["administrator", "owner", None])
def test_every_page_is_accessible_and_keeps_to_the_policy(house, cast, tab, role, language, width, dark):
    ours, _theirs, shared = build(cast)
    browser = tab(language, width, dark)
    if role == "administrator":
        user = cast.staff(role, language=language)
        sign_in(browser, "/login", user.email)
    elif role == "owner":
        user = cast.member(ours.partner, role, language=language)
        sign_in(browser, "/partner/signin", user.email)
    paths = pages_of(house, role, ours.ids | shared) if role else ["/login", "/partner/signin", "/partner/register", "/partner/confirm/nothing", "/nothing-here"]
    if role == "administrator":
        with house.test_request_context(), acting(db.session(), SYSTEM, "tests"):
            versions.prepare_next(m.QuestionnaireKind.KNOW_YOUR_PARTNER, "tests")
            db.session.commit()
        paths += [f"/questionnaires/partner/{place}" for place in ("", "versions/1", "questions/area", "questions/new?section=money", "classes", "rehearsal/2")]
        paths += ["/translations/fr/", f"/translations/fr/{words.key_of('Partners')}"]
    if role:
        paths.append("/charts/contracts-by-month")
    axe, violations, wide = Axe(), [], []
    for path in paths:
        browser.open(path)
        found = axe.run(browser.page, options={"resultTypes": ["violations"]})
        violations += [(path, each["id"], each["nodes"][0]["html"][:120]) for each in found.response["violations"]]
        if browser.overflow() > 0:
            wide.append((path, browser.overflow()))
    print(f"\n{role} {language} {width}: {len(paths)} pages, axe violations: {len(violations)}, too wide: {len(wide)}, policy violations: {len(browser.faults)}")
    assert not violations, "\n".join(map(str, violations))
    assert not wide, str(wide)
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("language", "width", "dark"), SETTINGS)
def test_every_page_of_a_client_behind_a_link_is_accessible(house, cast, tab, language, width, dark):
    ours, _theirs, _shared = build(cast)
    client = cast.get(m.Client, ours.ids["Client"])
    sent = cast.questionnaire_sent(client)
    with cast.writing() as session:
        held = session.get_one(m.Client, client.id)
        held.notifications, held.language, held.email = True, language, "client@example.org"
        link, _row = client_links.new(session, held, "client@example.org")
        session.get_one(m.Partner, ours.partner.id).brand_colour = "#7a003c"
    browser, axe, violations, wide = tab(language, width, dark), Axe(), [], []
    secret = link.rpartition("/")[2]

    def look(path):
        found = axe.run(browser.page, options={"resultTypes": ["violations"]})
        violations.extend((path, each["id"], each["nodes"][0]["html"][:120]) for each in found.response["violations"])
        if browser.overflow() > 0:
            wide.append((path, browser.overflow()))

    browser.open(f"/space/enter/{secret}")
    look("door")
    with browser.page.expect_navigation():
        browser.page.click("main .btn-primary")
    look("space")
    for path in (f"/space/questionnaires/{sent.id}", f"/space/papers/{ours.ids['ClientPaper']}", f"/space/papers/{ours.ids['ClientPaper']}?sent=1", "/space/left"):
        browser.open(path)
        look(path)
    browser.open(f"/space/questionnaires/{sent.id}")
    with browser.page.expect_navigation():
        browser.page.click(".save-bar .btn-primary")
    look("questionnaire, sent empty")
    browser.page.context.clear_cookies()
    for path in (f"/space/enter/{secret}", "/space/"):
        browser.open(path)
        look(f"{path}, after")
    print(f"\nclient {language} {width}: axe violations: {len(violations)}, too wide: {len(wide)}, policy violations: {len(browser.faults)}")
    assert not violations, "\n".join(map(str, violations))
    assert not wide, str(wide)
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("language", "width", "dark"), SETTINGS)
def test_every_page_of_an_applicant_is_accessible(house, cast, tab, language, width, dark):
    """The file step by step, empty and refused; the signature, offered and expired; the waiting page; the choice of a company."""
    browser, axe, violations, wide, seen = tab(language, width, dark), Axe(), [], [], 0

    def look(path):
        nonlocal seen
        seen += 1
        found = axe.run(browser.page, options={"resultTypes": ["violations"]})
        violations.extend((path, each["id"], each["nodes"][0]["html"][:120]) for each in found.response["violations"])
        if browser.overflow() > 0:
            wide.append((path, browser.overflow()))

    files = {
        m.PartnerStatus.DRAFT: ["you", "company", "documents", "activity", "submit"],
        m.PartnerStatus.TO_SIGN: ["sign"],
        m.PartnerStatus.PENDING_VALIDATION: ["waiting"],
    }
    for status, steps in files.items():
        partner = cast.partner(status=status, city=None if status is m.PartnerStatus.DRAFT else "Lyon")
        if status is not m.PartnerStatus.DRAFT:
            signed = {} if status is m.PartnerStatus.PENDING_VALIDATION else {"status": m.AgreementStatus.TO_SIGN, "signed_at": None, "signed_by": None}
            agreement = cast.agreement(partner, expires_at=m.now() + timedelta(days=3), **signed)
        user = cast.member(partner, language=language)
        browser.page.context.clear_cookies()
        sign_in(browser, "/partner/signin", user.email)
        for step in steps:
            browser.open(f"/partner/file/{step}")
            assert browser.page.url.endswith(step)
            look(step)
            if status is m.PartnerStatus.DRAFT and step != "submit":  # an incomplete file has no button there
                with browser.page.expect_navigation():
                    browser.page.click("main .btn-primary")
                look(f"{step}, sent empty")
        if status is m.PartnerStatus.TO_SIGN:
            with cast.writing() as session:
                session.get_one(m.Agreement, agreement.id).expires_at = m.now() - timedelta(days=1)
            browser.open("/partner/file/sign")
            look("sign, expired")
    one, two = cast.partner(), cast.partner()
    user = cast.member(one, language=language)
    cast.add(m.Membership(user_id=user.id, partner_id=two.id, role=m.MemberRole.MEMBER))
    browser.page.context.clear_cookies()
    sign_in(browser, "/partner/signin", user.email)
    browser.open("/partner/cabinet/")
    look("cabinet")
    print(f"\napplicant {language} {width}: {seen} pages, axe violations: {len(violations)}, too wide: {len(wide)}, policy violations: {len(browser.faults)}")
    assert not violations, "\n".join(map(str, violations))
    assert not wide, str(wide)
    assert browser.faults == []


@pytest.mark.browser
@pytest.mark.slow
def test_no_script_payload_is_ever_executed(house, cast, tab):
    """Sixty payloads through the text columns of one partner's rows, read back on every screen by staff and by the partner."""
    ours, _theirs, shared = build(cast)
    number = 0
    member = cast.read(lambda session: session.get(m.Membership, ours.ids["Membership"]).user_id)
    with cast.writing() as session:
        for entity, key in [*(ours.ids | shared | {"User": member}).items()]:
            record = session.get_one(getattr(m, entity), key)
            if entity == "Answers":  # never rewritten: a row of its own
                payloads = [PAYLOADS[(number + more) % len(PAYLOADS)].format(n=number + more) for more in range(2)]
                session.add(own := m.Answers(partner_id=record.partner_id, questionnaire_id=1, values={"guarantee": payloads[0]}, score=0, level="low", by=payloads[1]))
                session.flush()
                ours.ids["Answers"], number = own.id, number + 2
                continue
            if entity == "ClientAnswers":
                found = {
                    "client_id": record.client_id,
                    "kind": record.kind,
                    "questionnaire_id": record.questionnaire_id,
                    "values": record.values,
                    "score": 1,
                    "how": record.how,
                }
                session.add(own := m.ClientAnswers(**found, level="secure", review_on=record.review_on, by=PAYLOADS[number % len(PAYLOADS)].format(n=number)))
                session.flush()
                ours.ids["ClientAnswers"], number = own.id, number + 1
                continue
            for column in record.__table__.columns:
                if (
                    isinstance(column.type, String | Text)
                    and not hasattr(column.type, "enums")
                    and column.name
                    not in (
                        "key",
                        "number_key",
                        "currency",
                        "search_text",
                        "digest",
                        "siren",
                        "language",
                        "media_type",
                        "password",
                        "theme",
                        "signed_key",
                        "brand_colour",
                    )
                ):
                    if (column.type.length or 500) < 20:
                        continue
                    payload = PAYLOADS[number % len(PAYLOADS)].format(n=number)
                    setattr(record, column.name, payload[: column.type.length or 500])
                    number += 1
    assert number >= 60
    executed = []
    for role, door in (("administrator", "/login"), ("owner", "/partner/signin")):
        user = cast.staff(role) if role == "administrator" else cast.member(ours.partner, role)
        browser = tab("en")
        browser.page.on("dialog", lambda dialog, found=executed: found.append(dialog.message))
        sign_in(browser, door, user.email)
        for path in pages_of(house, role, ours.ids | shared):
            browser.open(path)
        executed += browser.faults
    print(f"\npayloads stored: {number}, executed: {len(executed)}")
    assert executed == []
