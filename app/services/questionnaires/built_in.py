"""The questionnaires that come with the program, in force until compliance publishes its own version."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.models import Questionnaire, QuestionnaireKind, now
from app.services.questionnaires.definition import Band, Column, Definition, Level, Option, Question, QuestionKind, Section, written
from app.services.questionnaires.qcf import QCF
from app.services.questionnaires.qpr import QPR
from app.services.questionnaires.words import said

SINGLE, SEVERAL, NUMBER, AMOUNT, DATE, TEXT, TABLE = QuestionKind


def options(*each: tuple[str, str, str, int] | tuple[str, str, str, int, str]) -> tuple[Option, ...]:
    """Options as rows: key, French, English, points and, where there is one, the lowest class."""
    return tuple(Option(row[0], said(row[1], row[2]), row[3], row[4] if len(row) > 4 else "") for row in each)


def yes_no(yes: int = 0, no: int = 0, floor: str = "") -> tuple[Option, ...]:
    return (Option("yes", said("Oui", "Yes"), yes, floor), Option("no", said("Non", "No"), no))


def question(key: str, kind: QuestionKind, fr: str, en: str, **facts: Any) -> Question:
    return Question(key, kind, said(fr, en), **facts)


LEVELS = (
    Level("low", said("Risque faible", "Low risk"), 0, "good"),
    Level("medium", said("Risque moyen", "Medium risk"), 6, "warn"),
    Level("high", said("Risque élevé", "High risk"), 12, "bad"),
)

KNOW_YOUR_PARTNER = Definition(
    sections=(
        Section(
            "activity",
            said("Votre activité", "Your business"),
            (
                question(
                    "clients",
                    SEVERAL,
                    "Qui sont vos clients ?",
                    "Who are your clients?",
                    options=options(
                        ("private", "Particuliers", "Private persons", 0),
                        ("professional", "Professionnels et dirigeants", "Professionals and business owners", 0),
                        ("company", "Entreprises", "Companies", 1),
                        ("association", "Associations et fondations", "Associations and foundations", 1),
                    ),
                ),
                question(
                    "contact",
                    SINGLE,
                    "Comment rencontrez-vous vos clients ?",
                    "How do you meet your clients?",
                    options=options(
                        ("in_person", "Surtout en face à face", "Mostly in person", 0),
                        ("both", "En face à face et à distance", "In person and at a distance", 1),
                        ("remote", "Surtout à distance", "Mostly at a distance", 2),
                    ),
                ),
                question(
                    "area",
                    SINGLE,
                    "Où résident vos clients ?",
                    "Where do your clients live?",
                    options=options(
                        ("france", "En France seulement", "In France only", 0),
                        ("europe", "Aussi ailleurs dans l’Union européenne", "Elsewhere in the European Union too", 1),
                        ("world", "Aussi hors de l’Union européenne", "Outside the European Union too", 3),
                    ),
                ),
                question(
                    "abroad",
                    NUMBER,
                    "Part des clients qui résident hors de l’Union européenne, en %",
                    "Share of clients who live outside the European Union, in %",
                    condition=("area", ("world",)),
                    least=Decimal(0),
                    most=Decimal(100),
                    bands=(Band(Decimal(10), 1), Band(Decimal(30), 3)),
                ),
                question(
                    "volume",
                    AMOUNT,
                    "Montant annuel que vos clients versent par votre intermédiaire",
                    "What your clients pay in through you in a year",
                    least=Decimal(0),
                    bands=(Band(Decimal(5_000_000), 1), Band(Decimal(50_000_000), 2)),
                ),
            ),
        ),
        Section(
            "money",
            said("Fonds et opérations", "Money and transactions"),
            (
                question("funds", SINGLE, "Encaissez-vous des fonds pour le compte de vos clients ?", "Do you collect funds for your clients?", options=yes_no(3)),
                question(
                    "guarantee",
                    TEXT,
                    "Garant et numéro de la garantie financière",
                    "Guarantor and number of the financial guarantee",
                    condition=("funds", ("yes",)),
                ),
                question("cash", SINGLE, "Acceptez-vous des espèces ?", "Do you accept cash?", options=yes_no(6, floor="high")),
                question("crypto", SINGLE, "Vos clients paient-ils en crypto-actifs ?", "Do your clients pay in crypto-assets?", options=yes_no(4)),
                question(
                    "agents",
                    SINGLE,
                    "Des mandataires ou des apporteurs travaillent-ils pour vous ?",
                    "Do agents or introducers work for you?",
                    options=yes_no(1),
                ),
                question(
                    "agents_list",
                    TABLE,
                    "Qui sont-ils ?",
                    "Who are they?",
                    condition=("agents", ("yes",)),
                    columns=(Column("name", said("Nom", "Name")), Column("orias", said("N° ORIAS", "ORIAS no.")), Column("town", said("Ville", "Town"))),
                ),
            ),
        ),
        Section(
            "vigilance",
            said("Lutte contre le blanchiment", "Anti-money laundering"),
            (
                question("officer", SINGLE, "Avez-vous désigné un responsable ?", "Have you named somebody in charge?", options=yes_no(0, 3)),
                question("officer_name", TEXT, "Son nom", "That person’s name", condition=("officer", ("yes",))),
                question(
                    "procedures",
                    SINGLE,
                    "Vos procédures sont-elles écrites ?",
                    "Are your procedures in writing?",
                    options=options(
                        ("current", "Oui, revues depuis moins d’un an", "Yes, reviewed within the last year", 0),
                        ("old", "Oui, plus anciennes", "Yes, older than that", 1),
                        ("none", "Non", "No", 4),
                    ),
                ),
                question("training", DATE, "Dernière formation de vos équipes", "Your people’s latest training", required=False),
            ),
        ),
        Section(
            "standing",
            said("Honorabilité", "Good standing"),
            (
                question(
                    "sanctions",
                    SINGLE,
                    "Avez-vous été sanctionné ou condamné ces cinq dernières années ?",
                    "Have you been sanctioned or convicted within the last five years?",
                    help=said("Par l’ACPR, l’AMF ou un tribunal, vous ou un dirigeant.", "By the ACPR, the AMF or a court, you or one of your directors."),
                    options=yes_no(5, floor="medium"),
                ),
                question("sanctions_told", TEXT, "Lesquelles, et quand ?", "Which, and when?", condition=("sanctions", ("yes",))),
                question(
                    "exposed",
                    SINGLE,
                    "Un dirigeant ou un bénéficiaire effectif est-il politiquement exposé ?",
                    "Is a director or a beneficial owner politically exposed?",
                    help=said(
                        "Une fonction publique importante, exercée aujourd’hui ou depuis moins d’un an, ou un proche de celui qui l’exerce.",
                        "A prominent public office held now or within the last year, or somebody close to whoever holds it.",
                    ),
                    options=yes_no(4, floor="high"),
                ),
            ),
        ),
    ),
    levels=LEVELS,
)

BUILT_IN = {QuestionnaireKind.KNOW_YOUR_PARTNER: KNOW_YOUR_PARTNER, QuestionnaireKind.QCF: QCF, QuestionnaireKind.QPR: QPR}


def install(session: Session) -> None:
    """Puts in the first version of each questionnaire that a house does not have yet."""
    for kind, definition in BUILT_IN.items():
        if session.scalar(select(Questionnaire.id).where(Questionnaire.kind == kind).limit(1)) is None:
            session.add(Questionnaire(kind=kind, number=1, content=written(definition), by="", published_at=now()))
            session.flush()
