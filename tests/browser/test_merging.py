"""Two records of one client made one in a real browser, and taken apart again."""

from __future__ import annotations

from datetime import date

import pytest
from axe_playwright_python.sync_playwright import Axe

from app import models as m
from tests.browser.test_every_page import sign_in
from tests.browser.test_main_job import follow


@pytest.mark.browser
@pytest.mark.slow
@pytest.mark.parametrize(("width", "language", "dark"), [(1280, "fr", False), (390, "en", True)])
def test_a_broker_merges_two_records_and_thinks_better_of_it(house, cast, tab, width, language, dark):
    partner = cast.partner()
    common = {"last_name": "Durand", "birth_date": date(1970, 5, 1)}
    target = cast.client(partner, **common, first_name="Anne", email="anne@exemple.fr", city="Lyon", street="12 rue Mercière", postcode="69002")
    source = cast.client(partner, **common, first_name="Anne-Marie", email="am@exemple.fr", phone="+33 4 78 00 00 00", occupation="Notaire")
    cast.contract(partner, source)
    cast.client_file(source)
    broker = tab(language, width, dark, who="merge")
    sign_in(broker, "/partner/signin", cast.member(partner, "owner", language=language).email)
    page, axe = broker.page, Axe()
    broker.open(f"/portal/clients/{target.id}/admin")
    broker.picture("before")
    follow(page, f"a[href='/portal/clients/{target.id}/merge']")
    page.fill("#q", "durand")
    follow(page, "main form[role=search] button")
    broker.picture("choose")
    follow(page, f"a[href$='with={source.id}']")
    broker.picture("compare")
    assert axe.run(page, options={"resultTypes": ["violations"]}).response["violations"] == []
    follow(page, "main form[action$='/merge'] .btn-primary")
    broker.picture("merged")
    assert cast.get(m.Client, source.id) is None
    follow(page, "form[action$='/merge/undo'] button")
    assert page.url.endswith(f"/portal/clients/{source.id}")
    assert cast.get(m.Client, target.id).phone is None
    assert broker.faults == []
