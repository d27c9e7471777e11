"""What one does on one's first day, role by role; and the hint on the home page that leads there until it is put away."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import redirect, render_template
from flask_babel import LazyString, get_locale, lazy_gettext as _
from werkzeug.wrappers import Response

from app.permissions import PARTNER_ROLES, STAFF_ROLES
from app.services import preferences
from app.services.people import Person
from app.views.base import SIGNED_IN, HouseView, page, signed_in

PUT_AWAY = "guide_put_away"


@dataclass(frozen=True)
class Step:
    """One thing to do: what, why and how in a sentence or two, and where."""

    title: LazyString
    text: LazyString
    href: str = ""


FIND = Step(
    _("Find anything from the bar at the top"),
    _("Press / and type part of a name, a SIREN, a contract number or an e-mail address; accents do not matter. What you pin is there before you type."),
    "/search/",
)
LISTS = Step(
    _("Make lists your own"),
    _(
        "Filter, choose columns, sort: all of it stands in the address, so a link shows a colleague the same. Keep a list under a name in “Views”. The ? key shows the keyboard."
    ),
)
BRING_IN = Step(
    _("Bring in what you have"),
    _("Partners, clients and contracts come in from Excel or CSV. You say which column is what, see what would happen, and can take it all back."),
    "/imports/new",
)
SETTINGS = Step(
    _("Set up your account"), _("Language, light or dark, density of lists, photo and password are in your settings, behind your name at the top right."), "/account/"
)

GUIDES: dict[str, tuple[Step, ...]] = {
    "administrator": (
        Step(
            _("Add your colleagues"),
            _("Give each a role; what a role may do stands in the table of permissions. Add a role of your own where none fits."),
            "/settings/staff/",
        ),
        Step(
            _("Choose the checks"),
            _("Each register check can be switched off. A file that fails one cannot be validated until you override it, in writing."),
            "/settings/checks/",
        ),
        Step(
            _("Validate the first file"),
            _(
                "Files that wait are counted in the menu and on your home page. The validation screen shows checks with their proofs, documents and history: validate, or refuse with a reason."
            ),
            "/alerts/",
        ),
        Step(
            _("Invite a partner yourself"),
            _("Start from the register with a SIREN or a name, save, then invite its first person by e-mail: a one-time link opens the file."),
            "/partners/new",
        ),
        BRING_IN,
        FIND,
        SETTINGS,
    ),
    "manager": (
        Step(
            _("Know your partners"),
            _(
                "The list of partners shows who is active and who looks after them. A partner’s page holds its contacts, documents, clients, contracts, tasks and notes in tabs."
            ),
            "/partners/",
        ),
        BRING_IN,
        Step(_("Assign offerings"), _("An offering that requires an ORIAS category can only be assigned to a partner whose registration stands."), "/offerings/"),
        Step(
            _("Keep clients and contracts in order"),
            _("Contracts without a client are counted on your home page. Tick several rows to change one field of all of them: you see what will happen before it does."),
            "/contracts/?client_id=none",
        ),
        Step(
            _("Note what is to be done"),
            _("A task has a day and a person; those that are due are counted in the menu. A shared one shows on the partner’s own profile."),
            "/tasks/",
        ),
        LISTS,
        FIND,
        SETTINGS,
    ),
    "compliance": (
        Step(
            _("Look at the files that wait"),
            _("Each check shows what was asked, what the register answered, and when. Nothing is deleted: a new run is a new line."),
            "/partners/?status=pending_validation",
        ),
        Step(
            _("Decide on matches"),
            _("Whoever resembles an entry of a watch list stands here with the reasons. Your decision is kept, and holds until one of the two changes."),
            "/matches/?status=open",
        ),
        Step(
            _("Keep the questions up to date"),
            _("Prepare the next version of a questionnaire, rehearse it, publish it. Whoever has answered keeps the questions and the score of that day."),
            "/questionnaires/",
        ),
        Step(_("Watch what expires"), _("Documents that expire within 60 days stand on your home page."), "/"),
        Step(_("Ask who changed what"), _("Every record has its history as its last tab: before and after, by whom and when."), "/partners/"),
        LISTS,
        FIND,
        SETTINGS,
    ),
    "reader": (LISTS, FIND, SETTINGS),
    "translator": (
        Step(_("See how far each language is"), _("Missing and doubtful sentences are counted; a click shows them."), "/translations/"),
        Step(
            _("Change a sentence"),
            _("You see where it stands in the program and how the other languages say it. What you save is on the pages at once; one click takes it back."),
            "/translations/",
        ),
        Step(
            _("Work with your own tools"),
            _("Download the catalogue, translate it in your editor and hand it in: it is checked first and taken over whole, or not at all."),
            "/translations/",
        ),
        SETTINGS,
    ),
    "owner": (
        Step(_("Register a client"), _("From your dashboard or from “My clients”. What you type is kept as a draft until you save it."), "/portal/clients/new"),
        Step(_("Look at your contracts"), _("They come from the suppliers. Sort them by amount, export them, keep a view of those you follow."), "/portal/contracts/"),
        Step(_("Know what you may market"), _("“My offerings” lists what the house has assigned to your company, with its conditions."), "/portal/offerings/"),
        Step(_("Invite your colleagues"), _("A member works with clients, a reader only looks. A member can be limited to the clients it advises."), "/portal/people/"),
        Step(_("Keep your profile up to date"), _("Address, bank account, documents: the house works with what stands there."), "/portal/profile"),
        SETTINGS,
    ),
}
GUIDES["member"] = tuple(step for step in GUIDES["owner"] if step.href not in ("/portal/people/",))
GUIDES["read_only"] = tuple(step for step in GUIDES["owner"] if step.href not in ("/portal/people/", "/portal/clients/new"))


# The picture of each place that a step leads to, in static/guides by language. tests/browser/test_guide_pictures.py takes them.
PICTURES = {
    "/settings/staff/": "staff",
    "/alerts/": "alerts",
    "/partners/new": "new-partner",
    "/partners/": "partners",
    "/contracts/?client_id=none": "contracts",
    "/tasks/": "tasks",
    "/imports/new": "imports",
    "/translations/": "translations",
    "/portal/clients/new": "portal-new-client",
    "/portal/contracts/": "portal-contracts",
    "/portal/people/": "portal-people",
}
PICTURED = ("fr", "en")  # a third language shows the English pictures until it has its own


def guides_of(who: Person) -> list[tuple[LazyString | str, tuple[Step, ...]]]:
    """The guides of a person's roles; whoever has only a role that the house added reads the reader's."""
    if not who.rights:
        return []  # an applicant has a file to finish first
    names: dict[str, Any] = STAFF_ROLES if who.is_staff else PARTNER_ROLES
    found = [(names[role], GUIDES[role]) for role in who.role_names if role in GUIDES and role in names]
    return found or ([(STAFF_ROLES["reader"], GUIDES["reader"])] if who.is_staff else [])


def hint_is_due() -> bool:
    """Whether the home page still leads to the guide."""
    who = signed_in()
    return bool(guides_of(who)) and not who.preferences.get(PUT_AWAY)


class GuidesView(HouseView):
    access, frame, route_base = SIGNED_IN, "bare", "/help"

    @page("/")
    def show(self) -> str:
        spoken = get_locale().language
        return render_template("home/guide.html", guides=guides_of(signed_in()), pictures=PICTURES, album=spoken if spoken in PICTURED else "en")

    @page("/put-away", methods=("POST",))
    def put_away(self) -> Response:
        """The hint does not come back; the guide stays behind one's name."""
        who = signed_in()
        preferences.change(who.id, PUT_AWAY, True)
        return redirect("/" if who.is_staff else "/portal/")
