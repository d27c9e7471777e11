"""WHAT PEOPLE SEE: the table of contents. Every address of the application comes from a view named here."""

from __future__ import annotations

from flask_appbuilder import AppBuilder
from flask_babel import lazy_gettext as _

from app.permissions import (
    AGREEMENT_TEXTS,
    CLIENT_FILE,
    CONSOLE,
    MY_COMPANY,
    MY_PEOPLE,
    MY_PROGRAM,
    PARTNER_VALIDATION,
    QUESTIONNAIRES,
    RIGHTS,
    SCREENING,
    SETTINGS as SETTINGS_ACCESS,
    STAFF_PEOPLE,
    TRANSLATIONS,
)
from app.views import (
    account,
    agreements,
    answering,
    brand,
    charts,
    client_exports,
    client_file,
    client_papers,
    clients,
    contracts,
    disclosure,
    drafts,
    drive,
    duties,
    factors,
    fields,
    files,
    guides,
    home,
    imports,
    jobs,
    mails,
    merging,
    offers,
    papers,
    partners,
    partnerships,
    passwords,
    portal,
    portfolio,
    questionnaires,
    registration,
    regulatory,
    screening,
    search,
    settings,
    sign_in,
    signatories,
    signing,
    space,
    translations,
    views,
)
from app.views.base import portal_view, undo
from app.views.menu import CLIENTS, COMPLIANCE, HOME, NETWORK, OFFER, PORTAL, SETTINGS, Entry, Menu

# Entities, in the order of the side navigation; None keeps a view out of it (it shows as a tab).
CONTENTS = [
    (NETWORK, partners.PartnerView),
    (NETWORK, partnerships.PartnershipView),
    (NETWORK, partnerships.ProgramView),
    (None, partnerships.TierView),
    (None, partners.ContactView),
    (None, partners.ProviderCodeView),
    (None, partners.BankAccountView),
    (None, partners.DocumentView),
    (None, partners.MembershipView),
    (NETWORK, agreements.AgreementView),
    (NETWORK, partners.TaskView),
    (None, partners.NoteView),
    (CLIENTS, clients.ClientView),
    (None, clients.SignatoryView),
    (None, clients.ClientReferenceView),
    (None, clients.ReferenceClaimView),
    (None, client_file.ClientAnswersView),
    (None, regulatory.AdviceView),
    (CLIENTS, contracts.ContractView),
    (CLIENTS, portfolio.PortfolioMoveView),
    (OFFER, offers.SupplierView),
    (OFFER, offers.ProductView),
    (OFFER, offers.OfferingView),
    (None, offers.AssignmentView),
    (COMPLIANCE, duties.ComplaintView),
    (COMPLIANCE, duties.DataRequestView),
    (COMPLIANCE, duties.LockedFileView),
    (COMPLIANCE, screening.ScreeningMatchView),
    (None, screening.BeneficialOwnerView),
    (None, answering.AnswersView),
    (SETTINGS, fields.FieldView),
    (None, fields.OptionView),
    (SETTINGS, imports.ImportView),
    (SETTINGS, mails.MailView),
    (SETTINGS, jobs.JobView),
]

CALLS = {
    partners.PartnerView: "files",
    partners.TaskView: "tasks",
    screening.ScreeningMatchView: "matches",
}  # what of them waits for the reader, counted in the navigation

PAGES = [
    home.HomeView,
    home.AlertsView,
    charts.ChartsView,
    guides.GuidesView,
    search.SearchView,
    views.SavedViewsView,
    drafts.DraftsView,
    undo.UndoView,
    partners.ValidationView,
    clients.ReferenceDoor,
    client_file.ClientFileView,
    client_file.PortalClientFileView,
    disclosure.DisclosureView,
    merging.MergeView,
    merging.PortalMergeView,
    regulatory.RegulatoryView,
    regulatory.PortalRegulatoryView,
    regulatory.RegulatoryListView,
    drive.DriveView,
    drive.PortalDriveView,
    drive.ClientFileRowView,
    drive.PortalClientFileRowView,
    client_exports.ClientExportView,
    client_exports.PortalClientExportView,
    client_papers.ClientPaperView,
    client_papers.PortalClientPaperView,
    signatories.SignatoryStepsView,
    signatories.PortalSignatoryStepsView,
    brand.BrandView,
    brand.SpaceBrandView,
    space.SpaceDoorView,
    space.SpaceView,
    space.SpaceLeftView,
    files.LogoView,
    files.StaffFileView,
    papers.StaffPapersView,
    papers.PortalPapersView,
    files.PortalFileView,
    files.ApplicantFileView,
    sign_in.StaffDoorView,
    sign_in.PartnerDoorView,
    passwords.PasswordDoorView,
    account.AccountView,
    account.CalendarView,
    sign_in.CabinetView,
    factors.FactorDoorView,
    factors.OwnFactorView,
    registration.DoorView,
    registration.RegistrationView,
    signing.ApplicantSigningView,
    signing.PortalAgreementView,
    answering.PortalQuestionnaireView,
    questionnaires.QuestionnairesView,
    screening.WatchListsView,
    agreements.AmendmentView,
    agreements.WordingsView,
    portal.DashboardView,
    portal.ProfileView,
    portal.ProgramDoor,
    portal.ColleaguesView,
    settings.ChecksView,
    settings.PermissionsView,
    settings.StaffView,
    settings.RolesView,
    settings.DemoView,
    translations.TranslationsView,
]

STAFF_LINKS = [
    Entry(HOME, _("Home"), "house", "/"),
    Entry(HOME, _("Alerts"), "bell", "/alerts/", PARTNER_VALIDATION, "alerts"),
]
SETTINGS_LINKS = [
    Entry(COMPLIANCE, _("Regulatory files"), "card-checklist", "/regulatory/", CLIENT_FILE),
    Entry(COMPLIANCE, _("Watch lists"), "list-check", "/watch-lists/", SCREENING),
    Entry(COMPLIANCE, _("Questionnaires"), "ui-checks", "/questionnaires/", QUESTIONNAIRES),
    Entry(SETTINGS, _("Staff"), "person-gear", "/settings/staff/", STAFF_PEOPLE),
    Entry(SETTINGS, _("Roles"), "shield-check", "/settings/roles/", STAFF_PEOPLE),
    Entry(SETTINGS, _("Permissions"), "table", "/settings/permissions/", RIGHTS),
    Entry(SETTINGS, _("Wording of agreements"), "file-earmark-ruled", "/wordings/", AGREEMENT_TEXTS),
    Entry(SETTINGS, _("Checks"), "clipboard-check", "/settings/checks/", SETTINGS_ACCESS),
    Entry(SETTINGS, _("Translations"), "translate", "/translations/", TRANSLATIONS),
    Entry(SETTINGS, _("Console"), "terminal", "/console/", CONSOLE),
]
PORTAL_MENU = ["clients", "contracts", "offerings"]
PORTAL_REGISTERS = ["complaints", "data-requests"]
PORTAL_LINKS = [
    Entry(PORTAL, _("Dashboard"), "house", "/portal/", MY_COMPANY),
    Entry(PORTAL, _("My program"), "trophy", "/portal/program/", MY_PROGRAM),
    Entry(PORTAL, _("Colleagues"), "people", "/portal/people/", MY_PEOPLE),
]


def register(builder: AppBuilder, menu: Menu) -> None:
    """Registers every view and fills both menus."""
    for entry in STAFF_LINKS:
        menu.add(entry)
    in_portal = {}
    for group, view in CONTENTS:
        builder.add_view_no_menu(view)
        if group is not None:
            menu.add(Entry(group, view.model.plural, view.icon, f"/{view.slug}/", view.access, CALLS.get(view, "")))
        if view.portal is not None:
            made = portal_view(view)
            in_portal[made.slug] = made
            builder.add_view_no_menu(made)
    for page in PAGES:
        builder.add_view_no_menu(page)
    menu.add(PORTAL_LINKS[0])
    for slug in PORTAL_MENU:
        made = in_portal[slug]
        menu.add(Entry(PORTAL, made.heading or made.model.plural, made.icon, f"/portal/{slug}/", made.access))
    for entry in PORTAL_LINKS[1:]:
        menu.add(entry)
    for slug in PORTAL_REGISTERS:
        made = in_portal[slug]
        menu.add(Entry(PORTAL, made.heading or made.model.plural, made.icon, f"/portal/{slug}/", made.access))
    for entry in SETTINGS_LINKS:
        menu.add(entry)
