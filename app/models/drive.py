"""A client's drive: folders, files in versions, and what has been thrown away but can be had back."""

from __future__ import annotations

from datetime import datetime

from flask_babel import lazy_gettext as _
from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.models.base import Moment, Own, Record, field
from app.models.clients import Client


class Folder(Record):
    """A folder of a client's drive; one without a parent stands at the top. Two of one name do not stand side by side."""

    __tablename__ = "folder"
    title, plural, adding = _("Folder"), _("Folders"), _("New folder")
    scope = Own(through=("client_id", "Client.id"), made_by_rules=True, deletes=True)
    __table_args__ = (
        Index("uq_folder_at_the_top", "client_id", "name_key", unique=True, sqlite_where=text("parent_id IS NULL"), postgresql_where=text("parent_id IS NULL")),
        UniqueConstraint("parent_id", "name_key"),
        CheckConstraint("parent_id <> id", name="not_in_itself"),
    )

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    parent_id: Mapped[int | None] = field(_("In the folder"), ForeignKey("folder.id"))
    name: Mapped[str] = field(_("Name"), String(120))
    name_key: Mapped[str] = mapped_column(String(200))

    client: Mapped[Client] = relationship()
    parent: Mapped[Folder | None] = relationship(remote_side="Folder.id")


class ClientFile(Record):
    """A file of a client's drive as it is now: its latest version. Thrown away, it can be had back for a while."""

    __tablename__ = "client_file"
    title, plural = _("File in the drive"), _("Files")
    scope = Own(through=("client_id", "Client.id"), made_by_rules=True, link="client_id", link_if="shared")
    __table_args__ = (Index("ix_client_file_place", "client_id", "folder_id", "name_key"),)

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"))
    folder_id: Mapped[int | None] = field(_("In the folder"), ForeignKey("folder.id"), index=True)
    name: Mapped[str] = field(_("Name"), String(200))
    name_key: Mapped[str] = mapped_column(String(300))
    number: Mapped[int] = field(_("Version"), default=1)
    key: Mapped[str] = field(_("Kept file"), String(80), kind="file")
    media_type: Mapped[str] = field(_("Kind of file"), String(100))
    size: Mapped[int] = field(_("Size"), BigInteger)
    digest: Mapped[str] = field(_("SHA-256"), String(64))
    by: Mapped[str] = field(_("By"), String(200))
    shared: Mapped[bool] = field(_("Shared with the client"), default=False)
    deleted_at: Mapped[datetime | None] = field(_("Thrown away on"), Moment)

    client: Mapped[Client] = relationship()
    folder: Mapped[Folder | None] = relationship()


class ClientFileVersion(Record):
    """One state of a file. None is ever rewritten: what is restored becomes the next one."""

    __tablename__ = "client_file_version"
    title, plural = _("Version of a file"), _("Versions of files")
    labelled = ("number",)
    scope = Own(through=("client_id", "Client.id"), made_by_rules=True)
    recorded = False
    __table_args__ = (UniqueConstraint("file_id", "number"),)

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"), index=True)
    file_id: Mapped[int] = mapped_column(ForeignKey("client_file.id", ondelete="CASCADE"))
    number: Mapped[int] = field(_("Version"))
    key: Mapped[str] = field(_("Kept file"), String(80), index=True, kind="file")
    media_type: Mapped[str] = field(_("Kind of file"), String(100))
    size: Mapped[int] = field(_("Size"), BigInteger)
    digest: Mapped[str] = field(_("SHA-256"), String(64))
    by: Mapped[str] = field(_("By"), String(200))

    file: Mapped[ClientFile] = relationship()
