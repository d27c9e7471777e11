"""WHO MAY DO WHAT: kinds of record × roles. Nothing is allowed that is not written here (or in a role that an
administrator added in the database). Scope — whose rows — is another question: models/scope.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import IntEnum

from flask_babel import LazyString, lazy_gettext as _


class Level(IntEnum):
    """How far somebody may go with a kind of record; each level includes those below it."""

    NONE = 0
    READ = 1
    WRITE = 2
    FULL = 3  # delete too


NONE, READ, WRITE, FULL = Level.NONE, Level.READ, Level.WRITE, Level.FULL
LEVEL_WORDS = {NONE: _("Nothing"), READ: _("Read"), WRITE: _("Read and write"), FULL: _("Everything, deletion included")}

STAFF_ROLES: dict[str, LazyString] = {
    "administrator": _("Administrator"),
    "manager": _("Manager"),
    "compliance": _("Compliance"),
    "reader": _("Reader"),
    "translator": _("Translator"),
}
PARTNER_ROLES: dict[str, LazyString] = {"owner": _("Owner"), "member": _("Member"), "read_only": _("Read only")}


@dataclass(frozen=True)
class Access:
    """A row of the table: a kind of record and what each role may do with it. Administrators may do everything of staff's."""

    name: str
    label: LazyString
    levels: dict[str, Level] = field(default_factory=dict, hash=False, compare=False)

    @property
    def is_portal(self) -> bool:
        return bool(self.levels) and self.levels.keys() <= PARTNER_ROLES.keys()

    def level_of(self, role: str) -> Level:
        if role == "administrator" and not self.is_portal:
            return FULL
        return self.levels.get(role, NONE)


TABLE: list[Access] = []


def kind(name: str, label: LazyString, **levels: Level) -> Access:
    access = Access(name, label, levels)
    TABLE.append(access)
    return access


# The back office.
PARTNER_FILE = kind("partner_file", _("Partner files"), manager=WRITE, compliance=WRITE, reader=READ)
PARTNER_VALIDATION = kind("partner_validation", _("Validation of partners"), compliance=READ)
IDENTITY_PAPERS = kind("identity_papers", _("Identity documents"), compliance=READ)
SCREENING = kind("screening", _("Screening against watch lists"), compliance=WRITE)
QUESTIONNAIRES = kind("questionnaires", _("Questionnaires"), manager=READ, compliance=WRITE)
BENEFICIAL_OWNERS = kind("beneficial_owners", _("Beneficial owners of partners"), manager=FULL, compliance=FULL, reader=READ)
PARTNER_BANK = kind("partner_bank", _("Bank accounts of partners"), manager=WRITE, compliance=READ)
PARTNER_PEOPLE = kind("partner_people", _("People of partners"), manager=WRITE, compliance=READ, reader=READ)
FOLLOW_UP = kind("follow_up", _("Tasks and notes"), manager=FULL, compliance=FULL, reader=READ)
AGREEMENTS = kind("agreements", _("Agreements"), manager=WRITE, compliance=WRITE)
AGREEMENT_TEXTS = kind("agreement_texts", _("Wording of agreements"), manager=READ, compliance=WRITE)
PARTNERSHIPS = kind("partnerships", _("Partnerships"), manager=WRITE, compliance=READ, reader=READ)
PROGRAMS = kind("programs", _("Programs and tiers"), manager=READ, compliance=READ, reader=READ)
CATALOGUE = kind("catalogue", _("Suppliers and products"), manager=WRITE, compliance=READ, reader=READ)
OFFER = kind("offer", _("Offerings and their assignment"), manager=FULL, compliance=READ, reader=READ)
CLIENT_FILE = kind("client_file", _("Client files"), manager=FULL, compliance=READ, reader=READ)
CONTRACTS = kind("contracts", _("Contracts"), manager=WRITE, compliance=READ, reader=READ)
PORTFOLIO = kind("portfolio", _("Moves of clients between partners"), manager=WRITE, compliance=READ)
COMPLAINTS = kind("complaints", _("Complaints and requests about data"), manager=WRITE, compliance=WRITE, reader=READ)
LOCKED_FILES = kind("locked_files", _("Locked files of deleted clients"), compliance=READ)
STAFF_PEOPLE = kind("staff_people", _("Staff and their roles"))
SETTINGS = kind("settings", _("Settings"))
RIGHTS = kind("rights", _("Table of permissions"))
SHARED_VIEWS = kind("shared_views", _("Views of lists shared with a role"), manager=WRITE)
IMPORTS = kind("imports", _("Imports"), manager=FULL)
MAILS = kind("mails", _("E-mails"), manager=READ, compliance=READ)
JOBS = kind("jobs", _("Background work"))
HISTORY = kind("history", _("History"), compliance=READ, manager=READ)
TRANSLATIONS = kind("translations", _("Translations"), translator=WRITE)
CONSOLE = kind("console", _("Console"))

# The portal: what people of a partner may do with their own company's rows.
MY_COMPANY = kind("my_company", _("My company"), owner=WRITE, member=READ, read_only=READ)
MY_OWNERS = kind("my_owners", _("Beneficial owners of my company"), owner=FULL, member=READ, read_only=READ)
MY_PEOPLE = kind("my_people", _("People of my company"), owner=FULL)
MY_CLIENTS = kind("my_clients", _("My clients"), owner=FULL, member=WRITE, read_only=READ)
MY_CONTRACTS = kind("my_contracts", _("My contracts"), owner=READ, member=READ, read_only=READ)
MY_OFFERINGS = kind("my_offerings", _("My offerings"), owner=READ, member=READ, read_only=READ)
MY_PROGRAM = kind("my_program", _("My program"), owner=READ, member=READ, read_only=READ)
MY_COMPLAINTS = kind("my_complaints", _("Complaints of my clients"), owner=WRITE, member=WRITE, read_only=READ)
MY_BANK = kind("my_bank", _("My bank accounts"), owner=WRITE)

BY_NAME = {access.name: access for access in TABLE}
STAFF_TABLE = [access for access in TABLE if not access.is_portal]
PORTAL_TABLE = [access for access in TABLE if access.is_portal]

Rights = dict[str, Level]


def rights_of(roles: list[str]) -> Rights:
    """What a set of built-in roles may do, kind by kind; kinds without a right are absent."""
    found = {access.name: max((access.level_of(role) for role in roles), default=NONE) for access in TABLE}
    return {name: level for name, level in found.items() if level}


def flask_appbuilder_roles() -> dict[str, list[list[str]]]:
    """The table as Flask-AppBuilder's FAB_ROLES. Its patterns are unanchored, so each name is anchored here."""
    return {
        role: [[f"^{access.name}$", f"^can_{level.name.lower()}$"] for access in STAFF_TABLE for level in (READ, WRITE, FULL) if access.level_of(role) >= level]
        for role in STAFF_ROLES
    }
