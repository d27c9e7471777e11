"""Every address × role × id × method: who gets in, who is sent away, and that nobody else's row comes out."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any

import pytest

from app import models as m
from app.permissions import Access
from app.views.base.entity import EntityView
from app.views.base.guards import APPLICANTS, BETWEEN, DEMO, EVERYBODY, GUESTS, MEMBERS, SIGNED_IN, Door, HouseView
from tests.cast import PARTNER_ROLES, STAFF_ROLES, Cast, Visitor
from tests.trust.world import MARK, build

OUTSIDE_VIEWS = {"static", "bootstrap", "icons"}  # the short list of addresses that are not a view's
RECORD_OF = {  # which entity's number an address outside the engine carries
    "ValidationView": "Partner",
    "StaffPapersView": "Partner",
    "AmendmentView": "Partner",
    "PortalAgreementView": "Agreement",
    "LogoView": "Partner",
    "StaffFileView.document": "Document",
    "StaffFileView.agreement": "Agreement",
    "PortalFileView.document": "Document",
    "PortalFileView.agreement": "Agreement",
    "ApplicantFileView.document": "Document",
    "ReferenceDoor": "Client",
    "ClientFileView": "Client",
    "PortalClientFileView": "Client",
    "SignatoryStepsView": "Client",
    "PortalSignatoryStepsView": "Client",
    "RegulatoryView": "Client",
    "PortalRegulatoryView": "Client",
    "DisclosureView": "Client",
    "MergeView": "Client",
    "PortalMergeView": "Client",
    "DriveView": "Client",
    "PortalDriveView": "Client",
    "ClientFileRowView": "ClientFile",
    "PortalClientFileRowView": "ClientFile",
    "ClientPaperView": "ClientPaper",
    "PortalClientPaperView": "ClientPaper",
    "ColleaguesView": "Membership",
    "ProfileView.task_done": "Task",
    "StaffView": "User",
    "RolesView": "Role",
    "DemoView.mail": "Mail",
    "DemoView.mail_as_sent": "Mail",
    "SavedViewsView": "SavedView",
}
ABSENT, TOO_LARGE = 2_000_000_000, 99_999_999_999_999


def views(app: Any) -> dict[str, Any]:
    """Flask-AppBuilder's registered views and, beside them, Flask-Admin's: both stand behind the house's guards."""
    return {view.endpoint: view for view in app.extensions["appbuilder"].baseviews} | app.extensions["cordee_console"]


def addresses(app: Any) -> list[tuple[Any, HouseView, Access | Door, int]]:
    """Every rule with its view, what it asks for and how far."""
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint in OUTSIDE_VIEWS:
            continue
        view, method = views(app)[rule.endpoint.split(".")[0]], rule.endpoint.split(".")[1]
        access, level = getattr(view, method).asks
        found.append((rule, view, access or view.access, level))
    return found


def entity_of(rule: Any, view: HouseView) -> str | None:
    if isinstance(view, EntityView):
        return view.model.__name__
    return RECORD_OF.get(rule.endpoint) or RECORD_OF.get(rule.endpoint.split(".")[0])


def fill(rule: Any, number: int, name: str = "nothing") -> str:
    """The rule's address with a record's number in it."""
    url = re.sub(r"<id:check_id>", str(number), rule.rule)
    url = re.sub(r"<id:\w+>", str(number), url)
    url = re.sub(r"<any\(([^,]+),[^>]*>", r"\1", url)
    return re.sub(r"<\w+>", name, url)


def test_no_address_is_unclassified(house):
    known = views(house)
    unclassified = [
        rule.endpoint
        for rule in house.url_map.iter_rules()
        if rule.endpoint not in OUTSIDE_VIEWS
        and (rule.endpoint.split(".")[0] not in known or not hasattr(getattr(known[rule.endpoint.split(".")[0]], rule.endpoint.split(".")[1]), "asks"))
    ]
    print(f"\nunclassified addresses: {len(unclassified)}")
    assert unclassified == []


def test_a_view_without_access_cannot_be_defined():
    with pytest.raises(TypeError):
        type("Nameless", (HouseView,), {})


def expected_gate(role: str | None, asked: Access | Door, level: int) -> str:
    """Where the permission table lets a role: "in", "out" (to sign-in) or "no" (403 or 404)."""
    if asked is EVERYBODY:
        return "in"
    if asked in (DEMO, GUESTS):
        return "no"
    if role is None or asked is BETWEEN:
        return "out"
    if asked is SIGNED_IN:
        return "in"
    if asked is MEMBERS:
        return "in" if role in PARTNER_ROLES else "no"
    if asked is APPLICANTS:
        return "no"
    assert isinstance(asked, Access)
    return "in" if asked.level_of(role) >= level else "no"


def gate(response: Any) -> str:
    if response.status_code in (403, 404):
        return "no"
    if response.status_code == 302 and response.location.rsplit("/", 1)[-1] in ("login", "signin"):
        return "out"
    return "in"


def visitors(cast: Cast, ours: Any) -> dict[str | None, Visitor]:
    found: dict[str | None, Visitor] = {None: cast.stranger()}
    found |= {role: cast.client_for(role) for role in STAFF_ROLES}
    return found | {role: cast.client_for(role, ours.partner) for role in PARTNER_ROLES}


def test_every_role_gets_in_where_the_table_says_and_nowhere_else(house, cast):
    """GET of every address that needs no number, by every role and by nobody."""
    ours, _theirs, _shared = build(cast)
    cells, wrong = 0, []
    for role, visitor in visitors(cast, ours).items():
        for rule, _view, asked, level in addresses(house):
            if "GET" not in rule.methods or "<" in rule.rule:
                continue
            response = visitor.get(rule.rule)
            cells += 1
            want = expected_gate(role, asked, level)
            if want != gate(response) or response.status_code >= 500:
                wrong.append((role, rule.rule, want, response.status_code))
    print(f"\ncells of role × address: {cells}, wrong: {len(wrong)}")
    assert wrong == []


def test_no_role_of_staff_opens_or_changes_what_the_table_keeps_from_it(house, cast):
    """Every address by every role of staff and by nobody, with GET and POST: what the table refuses is refused for a number
    that exists, for an absent one and without one; what it allows is 404 for an absent number."""
    ours, _theirs, shared = build(cast)
    ids = ours.ids | shared
    cells, wrong = 0, []
    everybody = {None: cast.stranger()} | {role: cast.client_for(role) for role in STAFF_ROLES}
    before = cast.read(fingerprint(ours))
    for role, visitor in everybody.items():
        for rule, view, asked, level in addresses(house):
            numbered, want = "<id:" in rule.rule, expected_gate(role, asked, level)
            if asked in (EVERYBODY, SIGNED_IN):
                continue
            for number in (ids.get(entity_of(rule, view) or "", ABSENT), ABSENT) if numbered else (0,):
                for method in sorted(rule.methods & {"GET", "POST"}):
                    if want == "in" and not (numbered and number == ABSENT):
                        continue  # what is allowed is tried with real forms elsewhere
                    response = (visitor.get if method == "GET" else visitor.post)(fill(rule, number))
                    cells += 1
                    good = response.status_code == 404 if want == "in" else gate(response) == want
                    if not good or response.status_code >= 500:
                        wrong.append((role, method, rule.rule, number, want, response.status_code))
    print(f"\ncells of staff's role × address × id × method: {cells}, wrong: {len(wrong)}")
    assert wrong == []
    assert cast.read(fingerprint(ours)) == before


def test_somebody_elses_row_is_404_and_nothing_of_it_shows(house, cast):
    """Own, somebody else's, deleted, absent and impossible numbers, by every role of a partner, with GET and POST."""
    ours, theirs, _shared = build(cast)
    deleted = cast.client(ours.partner)
    with cast.writing() as session:
        session.delete(session.get_one(m.Client, deleted.id))
    cells, leaks = 0, []
    before = cast.read(fingerprint(theirs))
    for role in PARTNER_ROLES:
        visitor = cast.client_for(role, ours.partner)
        for rule, view, asked, level in addresses(house):
            entity = entity_of(rule, view)
            if "<id:" not in rule.rule or entity is None or asked in (EVERYBODY, DEMO):
                continue
            numbers = {"theirs": theirs.ids.get(entity, ABSENT), "absent": ABSENT, "impossible": TOO_LARGE, "deleted": deleted.id if entity == "Client" else ABSENT}
            for whose, number in numbers.items():
                for method in sorted(rule.methods & {"GET", "POST"}):
                    response = (visitor.get if method == "GET" else visitor.post)(fill(rule, number))
                    cells += 1
                    allowed = isinstance(asked, Access) and asked.level_of(role) >= level
                    good = response.status_code in ((404,) if allowed or whose == "impossible" else (403, 404))
                    if not good or MARK in response.text:
                        leaks.append((role, method, rule.rule, whose, response.status_code))
    print(f"\ncells of role × address × method: {cells}, leaks: {len(leaks)}")
    assert leaks == []
    assert cast.read(fingerprint(theirs)) == before


def fingerprint(side: Any) -> Any:
    def look(session: Any) -> dict[str, Any]:
        return {name: session.get(getattr(m, name), key).version for name, key in side.ids.items()}

    return look


def test_own_rows_open(house, cast):
    """The owner reaches its own record at every address of the portal; staff reach everybody's."""
    ours, theirs, shared = build(cast)
    closed = []
    for role, side in (("owner", ours), ("administrator", theirs)):
        visitor = cast.client_for(role, ours.partner)
        for rule, view, asked, level in addresses(house):
            entity = entity_of(rule, view)
            number = side.ids.get(entity or "", shared.get(entity or ""))
            if "GET" not in rule.methods or number is None or not isinstance(asked, Access) or asked.level_of(role) < level:
                continue
            if isinstance(view, EntityView) and (rule.endpoint.endswith((".choices", ".edit", ".delete")) or entity == "User"):
                continue
            response = visitor.get(fill(rule, number))
            if response.status_code != 200:
                closed.append((role, rule.rule, response.status_code))
    assert closed == []


def test_lists_choices_exports_and_filters_hold_nothing_of_somebody_elses(house, cast):
    ours, theirs, shared = build(cast)
    leaks, asked_for = [], 0
    queries = ["", f"?q={MARK}", "?sort=-name", f"?partner_id={theirs.partner.id}", f"?client_id={theirs.ids['Client']}", "?last=1", "?page=2", '?after=["a",1]']
    for role in PARTNER_ROLES:
        visitor = cast.client_for(role, ours.partner)
        for rule, _view, asked, level in addresses(house):
            if not isinstance(asked, Access) or not asked.is_portal or asked.level_of(role) < level or "GET" not in rule.methods:
                continue
            urls = [rule.rule + query for query in queries] if "<" not in rule.rule else []
            if rule.endpoint.endswith(".choices"):
                urls = [fill(rule, 1, name) + f"?q={MARK}" for name in ("client_id", "first_person_id", "adviser_id", "product_id", "supplier_id", "partner_id")]
            for url in urls:
                asked_for += 1
                response = visitor.get(url)
                # What was typed into the search box comes back in it; nothing else may carry the mark.
                body = text_of(response).replace(f'value="{MARK}"', "").replace(f"q={MARK}", "").replace(f"«\xa0{MARK}\xa0»", "")
                if MARK in body:
                    leaks.append((role, url, body[max(0, body.index(MARK) - 80) : body.index(MARK) + 40]))
        for sheet in ("export.csv", "export.xlsx"):  # not empty, so that the search above has something to search
            assert "Notreclient" in text_of(visitor.get(f"/portal/clients/{sheet}"))
    print(f"\naddresses asked: {asked_for}, leaks: {len(leaks)}")
    assert leaks == []


OF_GUESTS = {"questionnaires": "QuestionnaireSent", "papers": "ClientPaper", "files": "ClientFile"}  # which entity's number an address of the space carries


def test_a_client_behind_a_link_opens_its_own_and_nothing_of_another(house, cast):
    """Every address for guests with an own number, another client's of the same partner, another partner's and an absent one."""
    ours, theirs, _shared = build(cast)
    client = cast.get(m.Client, ours.ids["Client"])
    beside = cast.client(ours.partner, last_name=f"{MARK}voisin")
    ids = {"own": ours.ids, "theirs": theirs.ids, "beside": {"ClientPaper": cast.client_paper(beside).id, "ClientFile": cast.client_file(beside, shared=True).id}}
    for whose, each in {"own": client, "theirs": cast.get(m.Client, theirs.ids["Client"]), "beside": beside}.items():
        ids[whose] = ids[whose] | {"QuestionnaireSent": cast.questionnaire_sent(each).id}
    guest, stranger = cast.guest(client), cast.stranger()
    cells, wrong = 0, []
    before = cast.read(fingerprint(theirs))
    for rule, _view, asked, _level in addresses(house):
        if asked is not GUESTS:
            continue
        numbers = {whose: known[OF_GUESTS[rule.rule.split("/")[2]]] for whose, known in ids.items()} | {"absent": ABSENT} if "<id:" in rule.rule else {"own": 0}
        for whose, number in numbers.items():
            for method in sorted(rule.methods & {"GET", "POST"}):
                if rule.rule.endswith("leave"):
                    continue
                for visitor, good in ((stranger, {403}), (guest, {200, 204, 302, 422} if whose == "own" else {404})):
                    response = (visitor.get if method == "GET" else visitor.post)(fill(rule, number))
                    cells += 1
                    if response.status_code not in good or (MARK in response.text and visitor is guest):
                        wrong.append((method, rule.rule, whose, response.status_code))
    print(f"\ncells of guest × address × id × method: {cells}, wrong: {len(wrong)}")
    assert wrong == []
    assert cells > 40
    assert cast.read(fingerprint(theirs)) == before


def text_of(response: Any) -> str:
    """All the text of a page, a sheet or a workbook."""
    data = response.get_data()
    if data[:2] != b"PK":
        return data.decode()
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        return "".join(book.read(name).decode() for name in book.namelist())


def test_actions_and_writes_do_not_reach_somebody_elses_rows(house, cast):
    ours, theirs, _shared = build(cast)
    owner = cast.client_for("owner", ours.partner)
    before = cast.read(fingerprint(theirs))
    for url, sent in {
        "/portal/signatories/new": {"client_id": theirs.ids["Client"], "role": "holder", "first_name": "A", "last_name": "B"},
        "/portal/clients/new": {"kind": "couple", "last_name": "Deux", "first_person_id": theirs.ids["Client"]},
        f"/portal/clients/{ours.ids['Client']}/edit": {"kind": "couple", "last_name": "Deux", "version": "1", "first_person_id": theirs.ids["Client"]},
    }.items():
        assert owner.post(url, sent).status_code == 422
    assert cast.read(fingerprint(theirs)) == before


def test_a_partner_cannot_write_columns_that_are_not_offered(house, cast):
    """Every form of the portal, posted with every column of its table: only the offered ones change."""
    ours, theirs, _shared = build(cast)
    owner = cast.client_for("owner", ours.partner)
    accepted, tried = [], 0
    for view in views(house).values():
        if not isinstance(view, EntityView) or view.frame != "portal" or not view.edits:
            continue
        key = ours.ids[view.model.__name__]
        before = cast.get(view.model, key)
        offered = set(view.fields)
        poison = {
            "status": "former",
            "notifications": "1",
            "partner_id": theirs.partner.id,
            "adviser_id": 1,
            "is_default": "1",
            "version": before.version,
            "id": 7,
            "amount": "1",
            "role": "guardian",
            "name": "Volé",
        }
        sent = {
            name: poison.get(name, getattr(before, name)) if name in offered else poison.get(name, "9")
            for name in (column.name for column in view.model.__table__.columns)
        }
        owner.post(f"{view.route_base}/{key}/edit", {name: value for name, value in sent.items() if value is not None})
        after = cast.get(view.model, key)
        for column in [each.name for each in view.model.__table__.columns]:
            tried += 1
            if column not in offered | {"version", "updated_at", "name", "search_text"} and getattr(before, column) != getattr(after, column):
                accepted.append((view.endpoint, column))
    print(f"\ncolumns tried: {tried}, accepted: {len(accepted)}")
    assert accepted == []


def test_flask_appbuilder_would_say_the_same(house):
    """Its own has_access answers from our table, anchored: `partner_file` opens nothing that merely begins like it."""
    roles = house.extensions["appbuilder"].sm.builtin_roles
    assert all(name.startswith("^") and name.endswith("$") for pairs in roles.values() for name, _verb in pairs)
