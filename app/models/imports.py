"""Files of partners, clients or contracts that staff bring in: what stands in each line, and what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_appbuilder.security.sqla.models import User
from flask_babel import lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import INTERNAL, STAFF, Choice, Model, Moment, Record, choice_of, field


class ImportKind(Choice):
    """What a file can hold; the value is the address of the list that it goes into."""

    PARTNERS = "partners", _("Partners")
    CLIENTS = "clients", _("Clients")
    CONTRACTS = "contracts", _("Contracts")


class ImportState(Choice):
    COLUMNS = "columns", _("Columns to choose"), "warn"
    CHECKING = "checking", _("Being checked"), "warn"
    CHECKED = "checked", _("Checked, nothing written yet"), "warn"
    RUNNING = "running", _("Under way"), "warn"
    DONE = "done", _("Done"), "good"
    UNDOING = "undoing", _("Being taken back"), "warn"
    UNDONE = "undone", _("Taken back"), "quiet"


class Outcome(Choice):
    """What becomes of a line, or has become of it."""

    WAITING = "waiting", _("Not yet looked at")
    CREATED = "created", _("New"), "good"
    CHANGED = "changed", _("Changed"), "good"
    UNCHANGED = "unchanged", _("Unchanged"), "quiet"
    REFUSED = "refused", _("Refused"), "bad"
    TAKEN_BACK = "taken_back", _("Taken back"), "quiet"
    STAYS = "stays", _("Could not be taken back"), "bad"


class Import(Record):
    """One file. Which column goes into which field stands in `columns`, by the column's place in the file."""

    __tablename__ = "import_file"
    scope, recorded = STAFF, False  # each record that it writes has a history of its own
    title, plural, adding = _("Import"), _("Imports"), _("Import a file")
    labelled = ("filename",)

    kind: Mapped[ImportKind] = field(_("Into"), choice_of(ImportKind))
    filename: Mapped[str] = field(_("File name"), String(200))
    state: Mapped[ImportState] = field(_("State"), choice_of(ImportState), default=ImportState.COLUMNS)
    lines: Mapped[int] = field(_("Lines"), default=0)
    heads: Mapped[list[str]] = mapped_column(JSON, default=list)
    columns: Mapped[dict[str, str]] = mapped_column(JSON, default=dict)
    recognised: Mapped[str] = mapped_column(String(200), default="")  # fields by which a line finds its record, with commas between
    reached: Mapped[int] = mapped_column(default=0)  # the number of the last line that the present pass has done
    passed: Mapped[int] = mapped_column(default=0)  # how many lines the present pass has done
    created_by_id: Mapped[int | None] = field(_("Brought in by"), ForeignKey("ab_user.id"), index=True)

    created_by: Mapped[User | None] = relationship(User)

    def __str__(self) -> str:
        return self.filename


class ImportLine(Model):
    """A line of a file under its number there, and what became of it: the record, its values before, its version after."""

    __tablename__ = "import_line"
    scope, recorded = INTERNAL, False
    __table_args__ = (Index("ix_import_line_outcome", "import_id", "outcome", "number"), Index("ix_import_line_key", "import_id", "key", "number"))

    import_id: Mapped[int] = mapped_column(ForeignKey("import_file.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    cells: Mapped[list[str]] = mapped_column(JSON)
    outcome: Mapped[Outcome] = mapped_column(choice_of(Outcome), default=Outcome.WAITING)
    reason: Mapped[str] = mapped_column(Text, default="")
    key: Mapped[str | None] = mapped_column(String(64))  # a digest of what the line is recognised by
    record_id: Mapped[int | None] = mapped_column()
    record_name: Mapped[str] = mapped_column(String(200), default="")
    changes: Mapped[dict[str, list[Any]]] = mapped_column(JSON, default=dict)  # {field: [before, after]}
    record_version: Mapped[int | None] = mapped_column()
    done_at: Mapped[datetime | None] = mapped_column(Moment)
