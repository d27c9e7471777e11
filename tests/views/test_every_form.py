"""Every form of the back office and the portal, as a browser sends it: what stands in it at first, and with nothing in it."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.views.base.entity import EntityView
from tests.trust.world import build

DAY = re.compile(r'<input class="form-control" type="text" id="(\w+)" name="\w+" value="([^"]*)" placeholder="(?:dd/mm/yyyy|jj/mm/aaaa)"')


def forms(app, frame):
    return [view for view in app.extensions["appbuilder"].baseviews if isinstance(view, EntityView) and view.adds and view.frame == frame]


def as_sent(page):
    """The fields with what stands in them; boxes of several kinds, because a browser would send them all."""
    sent = {name: unescape(value) for name, value in re.findall(r'<input[^>]* name="(\w+)"[^>]* value="([^"]*)"', page) if name != "csrf_token"}
    sent |= {name: unescape(value) for name, value in re.findall(r'<select[^>]* name="(\w+)"[^>]*>.*?<option[^>]*selected[^>]* value="([^"]*)"', page, re.DOTALL)}
    return sent


@pytest.mark.parametrize("frame", ["staff", "portal"])
def test_no_form_breaks_whatever_is_left_empty(house, cast, frame):
    """The application raises here what would be a page about an unexpected error."""
    ours, _theirs, _shared = build(cast)
    visitor = cast.client_for("administrator") if frame == "staff" else cast.client_for("owner", ours.partner)
    tried = 0
    for view in forms(house, frame):
        address = f"{view.route_base}/new"
        page = visitor.get(address)
        if page.status_code != 200:
            continue
        shown = as_sent(page.text)
        days = dict(DAY.findall(page.text))
        for sent in (shown, shown | dict.fromkeys(days, ""), {}, {"version": "1"}):
            answer = visitor.post(address, sent)
            assert answer.status_code in (200, 302, 422), (address, answer.status_code)
            tried += 1
    print(f"\n{frame}: forms × fillings {tried}")
    assert tried > 20


def test_a_day_that_has_to_be_said_is_today_at_first_and_asked_for_when_it_is_emptied(house, cast):
    partner = cast.partner()
    client = cast.client(partner)
    manager = cast.client_for("manager")
    for address, name in (("/complaints/new", "received_on"), ("/data-requests/new", "received_on"), ("/portfolio-moves/new", "moves_on"), ("/advice/new", "given_on")):
        page = manager.get(f"{address}?client_id={client.id}", headers={"Accept-Language": "en"}).text
        assert dict(DAY.findall(page)).get(name) or re.search(rf'name="{name}" value="\d\d/\d\d/\d{{4}}"', page), address
        refused = manager.post(address, {"client_id": client.id, name: ""}, headers={"Accept-Language": "en"})
        assert (refused.status_code, "Please fill in this field." in refused.text.split(f'id="{name}_help"')[1][:400]) == (422, True), address


def test_words_in_a_look_up_that_are_no_choice_are_not_dropped(house, cast):
    partner = cast.partner()
    typed = {
        "partner_id": partner.id,
        "kind": "person",
        "last_name": "Durand",
        "adviser_id": "",
        "adviser_id_text": "Nobody at all",
        "country": "FR",
        "tax_country": "FR",
    }
    answer = cast.client_for("manager").post("/clients/new", typed | {"language": "fr"}, headers={"Accept-Language": "en"})
    assert (answer.status_code, "Please choose from the list." in answer.text, 'value="Nobody at all"' in answer.text) == (422, True, True)
