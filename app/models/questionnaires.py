"""Questionnaires in versions, and the answers that were given to them. Which questions there are: services/questionnaires."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from flask_babel import format_date, lazy_gettext as _
from sqlalchemy import JSON, ForeignKey, Index, String, UniqueConstraint, event, inspect, text
from sqlalchemy.orm import Mapped, Mapper, mapped_column, relationship

from app.models.base import OPEN, Choice, Moment, Own, Record, choice_of, field
from app.models.partners import Partner


class QuestionnaireKind(Choice):
    KNOW_YOUR_PARTNER = "partner", _("Knowledge of the partner")
    QCF = "qcf", _("Financial knowledge (QCF)")
    QPR = "qpr", _("Risk profile (QPR)")


OF_CLIENTS = (QuestionnaireKind.QCF, QuestionnaireKind.QPR)


class NeverRewritten(Exception):
    """Answers, and the questions they answer, stay as they were; a correction is a row of its own."""


class Questionnaire(Record):
    """A version of a questionnaire. While it is being prepared (`published_at` empty) it is nobody's but its writers'; once
    published it is never rewritten, for answers point at it."""

    __tablename__ = "questionnaire"
    __table_args__ = (
        UniqueConstraint("kind", "number"),
        Index("uq_questionnaire_in_preparation", "kind", unique=True, sqlite_where=text("published_at IS NULL"), postgresql_where=text("published_at IS NULL")),
    )
    title, plural = _("Questionnaire"), _("Questionnaires")
    scope = OPEN  # answers name their version while their partner acts
    labelled = ("number",)

    kind: Mapped[QuestionnaireKind] = field(_("Questionnaire"), choice_of(QuestionnaireKind))
    number: Mapped[int] = field(_("Version"))
    content: Mapped[dict[str, Any]] = field(_("Questions"), JSON)
    by: Mapped[str] = field(_("By"), String(200), default="")
    published_at: Mapped[datetime | None] = field(_("Published on"), Moment)


class Answers(Record):
    """What somebody answered on one day, with the score and the class that it was given then."""

    __tablename__ = "answers"
    title, plural = _("Answers to a questionnaire"), _("Answers to questionnaires")
    scope = Own("partner_id", applicant=frozenset(), made_by_rules=True)
    labelled = ("id",)

    partner_id: Mapped[int] = field(_("Partner"), ForeignKey("partner.id"), index=True)
    questionnaire_id: Mapped[int] = mapped_column(ForeignKey("questionnaire.id"))
    values: Mapped[dict[str, Any]] = field(_("Answers"), JSON)
    score: Mapped[int] = field(_("Score"))
    level: Mapped[str] = field(_("Class"), String(40), default="")
    by: Mapped[str] = field(_("By"), String(200))

    partner: Mapped[Partner] = relationship()
    questionnaire: Mapped[Questionnaire] = relationship()

    def __str__(self) -> str:
        return f"{self.questionnaire.kind.label} · {format_date(self.created_at, 'medium')}"


@event.listens_for(Answers, "before_update")
@event.listens_for(Answers, "before_delete")
def keep_answers(mapper: Mapper, connection: Any, answers: Answers) -> None:
    raise NeverRewritten("answers are never rewritten")


@event.listens_for(Questionnaire, "before_update")
def keep_published(mapper: Mapper, connection: Any, questionnaire: Questionnaire) -> None:
    if questionnaire.published_at is not None and not inspect(questionnaire).attrs["published_at"].history.has_changes():
        raise NeverRewritten("a published version is never rewritten")
