"""What a client has answered and signed, and the links and codes that were mailed for it. Rules: DOMAIN 4."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask_babel import format_date, lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, event
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from app.models.base import INTERNAL, Choice, Moment, Own, Record, choice_of, field, now, today
from app.models.clients import Client
from app.models.questionnaires import NeverRewritten, Questionnaire, QuestionnaireKind


class AnsweredHow(Choice):
    TOGETHER = "together", _("With the adviser")
    LINK = "link", _("By the client alone, through a link")


class ClientAnswers(Record):
    """What a client answered on one day, with the score and the class that it was given under the version it was asked."""

    __tablename__ = "client_answers"
    title, plural = _("Answers of a client"), _("Answers of clients")
    scope = Own(through=("client_id", "Client.id"), link="client_id", made_by_rules=True)
    labelled = ("id",)
    __table_args__ = (Index("ix_client_answers_client_kind", "client_id", "kind", "id"),)

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id"))
    kind: Mapped[QuestionnaireKind] = field(_("Questionnaire"), choice_of(QuestionnaireKind))
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    values: Mapped[dict[str, Any]] = field(_("Answers"), JSON)
    score: Mapped[int] = field(_("Score"))
    level: Mapped[str] = field(_("Class"), String(40), default="")
    how: Mapped[AnsweredHow] = field(_("How it was answered"), choice_of(AnsweredHow), default=AnsweredHow.TOGETHER)
    by: Mapped[str] = field(_("By"), String(200))
    review_on: Mapped[date] = field(_("To be reviewed on"))

    client: Mapped[Client] = relationship()
    questionnaire: Mapped[Questionnaire] = relationship()

    def __str__(self) -> str:
        return f"{self.kind.label} · {format_date(self.created_at, 'medium')}"

    @property
    def is_due(self) -> bool:
        return self.review_on <= today()


@event.listens_for(ClientAnswers, "before_update")
@event.listens_for(ClientAnswers, "before_delete")
def keep_client_answers(mapper: Mapper, connection: Any, answers: ClientAnswers) -> None:
    raise NeverRewritten("answers are never rewritten")


class ClientPaperKind(Choice):
    QCF = "qcf", _("Result of the knowledge questionnaire")
    QPR = "qpr", _("Result of the risk questionnaire")
    ENTRY = "entry", _("Entry document")
    MISSION = "mission", _("Mission letter")
    SUITABILITY = "suitability", _("Suitability report")


class ClientPaperState(Choice):
    TO_SIGN = "to_sign", _("To sign"), "warn"
    SIGNED = "signed", _("Signed by the client"), "good"
    REPLACED = "replaced", _("Replaced by a newer one")


class ClientPaper(Record):
    """A document made for a client: the PDF with its digest, and who signed it, when and with what proof."""

    __tablename__ = "client_paper"
    title, plural = _("Document of a client"), _("Documents of clients")
    scope = Own(through=("client_id", "Client.id"), link="client_id", made_by_rules=True)
    __table_args__ = (Index("ix_client_paper_client", "client_id", "kind", "id"),)

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id"))
    answers_id: Mapped[int | None] = field(_("Answers"), ForeignKey("client_answers.id"), unique=True)
    contract_id: Mapped[int | None] = field(_("Contract"), ForeignKey("contract.id", ondelete="SET NULL"), index=True)
    body: Mapped[list[Any]] = mapped_column(JSON, default=list)  # the words of a letter, part by part, as they were offered
    sent_at: Mapped[datetime | None] = field(_("Sent on"), Moment)
    kind: Mapped[ClientPaperKind] = field(_("Kind of document"), choice_of(ClientPaperKind))
    name: Mapped[str] = field(_("Title"), String(200))
    language: Mapped[str] = field(_("Language"), String(5), default="fr", kind="language")
    status: Mapped[ClientPaperState] = field(_("Status"), choice_of(ClientPaperState), default=ClientPaperState.TO_SIGN)
    key: Mapped[str] = field(_("Kept file"), String(80), unique=True, kind="file")
    digest: Mapped[str] = field(_("SHA-256 of the PDF"), String(64))
    signed_at: Mapped[datetime | None] = field(_("Signed on"), Moment)
    signed_by: Mapped[str | None] = field(_("Signed by"), String(200))
    signed_key: Mapped[str | None] = field(_("Signed file"), String(80), kind="file", unique=True)
    proof: Mapped[dict[str, Any]] = field(_("Proof"), JSON, default=dict)

    client: Mapped[Client] = relationship()
    answers: Mapped[ClientAnswers | None] = relationship()
    contract: Mapped[Any] = relationship("Contract")

    @property
    def newest_key(self) -> str:
        """Where the file lies as it is now: signed, if it has been."""
        return self.signed_key or self.key


class ClientLink(Record):
    """A mailed link by which a client enters without a password: used once, in one browser. Only its digest is kept."""

    __tablename__ = "client_link"
    title, plural = _("Client’s link"), _("Clients’ links")
    scope, recorded = INTERNAL, False
    __table_args__ = (UniqueConstraint("digest"), UniqueConstraint("session_digest"), Index("ix_client_link_client", "client_id", "id"))

    client_id: Mapped[int] = mapped_column(ForeignKey("client.id", ondelete="CASCADE"))
    sent_to: Mapped[str] = mapped_column(String(320))
    digest: Mapped[str] = mapped_column(String(64))
    message_id: Mapped[str] = mapped_column(String(200), default="")  # the mail that carries it
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)
    session_digest: Mapped[str | None] = mapped_column(String(64))  # of the browser's cookie, once it has been used
    session_until: Mapped[datetime | None] = mapped_column(Moment)

    @property
    def is_open(self) -> bool:
        return self.used_at is None and self.expires_at > now()


class QuestionnaireSent(Record):
    """A questionnaire that waits for a client: the version it was sent with, what has been answered so far, and its reminders."""

    __tablename__ = "questionnaire_sent"
    title, plural = _("Questionnaire sent"), _("Questionnaires sent")
    scope = Own(through=("client_id", "Client.id"), link="client_id", made_by_rules=True)
    recorded = False
    labelled = ("id",)
    __table_args__ = (Index("ix_questionnaire_sent_client", "client_id", "id"), Index("ix_questionnaire_sent_open", "answered_at", "id"))

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"))
    kind: Mapped[QuestionnaireKind] = field(_("Questionnaire"), choice_of(QuestionnaireKind))
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    sent_to: Mapped[str] = field(_("To"), String(320))
    by: Mapped[str] = field(_("By"), String(200))
    expires_at: Mapped[datetime] = field(_("To be answered before"), Moment)
    begun: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)  # as typed, to go on with
    opened_at: Mapped[datetime | None] = field(_("Opened on"), Moment)
    reminded_at: Mapped[datetime | None] = field(_("Reminded on"), Moment)
    answered_at: Mapped[datetime | None] = field(_("Answered on"), Moment)
    withdrawn_at: Mapped[datetime | None] = field(_("Withdrawn on"), Moment)
    message_id: Mapped[str] = mapped_column(String(200), default="", server_default="")  # the last mail about it

    client: Mapped[Client] = relationship()
    questionnaire: Mapped[Questionnaire] = relationship()

    @property
    def is_open(self) -> bool:
        return self.answered_at is None and self.withdrawn_at is None and self.expires_at > now()


class ClientCode(Record):
    """A one-time code mailed to whoever is about to sign a client's document; only its digest is kept."""

    __tablename__ = "client_code"
    title, plural = _("Client’s signing code"), _("Clients’ signing codes")
    scope, recorded = INTERNAL, False

    paper_id: Mapped[int] = mapped_column(ForeignKey("client_paper.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64))
    sent_to: Mapped[str] = mapped_column(String(320))
    tries: Mapped[int] = mapped_column(default=0)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    used_at: Mapped[datetime | None] = mapped_column(Moment)


class AdviceKind(Choice):
    GIVEN = "given", _("Advice given"), "good"
    PERSONAL = "personal", _("Personalised recommendation given"), "good"
    REFUSED = "refused", _("The client did not want any"), "warn"
    SILENT = "silent", _("The client did not answer"), "warn"


class Advice(Record):
    """That advice on a life-insurance contract was given, refused or left unanswered: each starts a new period (DOMAIN 4)."""

    __tablename__ = "advice"
    title, plural, adding = _("Advice on a contract"), _("Advice on contracts"), _("Note advice")
    labelled = ("id",)
    scope = Own(through=("client_id", "Client.id"), writes=frozenset({"client_id", "contract_id", "kind", "given_on"}))
    __table_args__ = (Index("ix_advice_contract", "contract_id", "given_on"),)

    client_id: Mapped[int] = field(_("Client"), ForeignKey("client.id", ondelete="CASCADE"), index=True)
    contract_id: Mapped[int] = field(_("Contract"), ForeignKey("contract.id", ondelete="CASCADE"))
    kind: Mapped[AdviceKind] = field(_("What happened"), choice_of(AdviceKind))
    given_on: Mapped[date] = field(_("Day of the advice"), default=today)

    client: Mapped[Client] = relationship()
    contract: Mapped[Any] = relationship("Contract")
