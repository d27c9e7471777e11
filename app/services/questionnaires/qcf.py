"""The questionnaire of financial knowledge (QCF) that comes with the program, by family of products. Knowledge is tested by facts,
never by what somebody thinks of oneself.

Sources: directive 2014/65/EU art. 25, delegated regulation 2017/565 art. 55 and 56; code des assurances L522-5.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.services.questionnaires.definition import Contradiction, Definition, Level, Question, Section
from app.services.questionnaires.words import choose, said

REVIEW = 24  # months
KNOWS = 2  # points of a fact that was answered right


def within(words: str) -> str:
    """The name of a family as it stands within a sentence: only an ordinary first word loses its capital, an acronym (SCPI, FCPR) keeps it."""
    return words if words[:2].isupper() else words[:1].lower() + words[1:]


@dataclass(frozen=True)
class Fact:
    """A question with one right answer; its first wrong one is what somebody says who takes the product for safer than it is."""

    words: tuple[str, str]
    right: str
    answers: tuple[tuple[str, str, str], ...] = (("yes", "Oui", "Yes"), ("no", "Non", "No"))

    def question(self, key: str) -> Question:
        known = tuple((name, fr, en, KNOWS if name == self.right else 0) for name, fr, en in self.answers)
        return choose(key, self.words, *known, ("unknown", "Je ne sais pas", "I do not know"))


@dataclass(frozen=True)
class Family:
    """A family of products, with its main risk as the first of two facts."""

    key: str
    words: tuple[str, str]
    risk: Fact
    other: Fact

    def section(self) -> Section:
        experience = choose(
            f"{self.key}_used",
            ("Combien de fois y avez-vous placé de l’argent ces cinq dernières années ?", "How often have you put money into it over the last five years?"),
            ("never", "Jamais", "Never", 0),
            ("few", "Une à trois fois", "One to three times", 1),
            ("often", "Plus de trois fois", "More than three times", 2),
        )
        return Section(self.key, said(*self.words), (experience, self.risk.question(f"{self.key}_risk"), self.other.question(f"{self.key}_fact")))

    def contradiction(self) -> Contradiction:
        wrong = tuple(name for name, _fr, _en in self.risk.answers if name != self.risk.right)
        fr = f"Plus de trois placements déclarés, mais erreur sur le principal risque : {within(self.words[0])}."
        en = f"Says to have put money into it more than three times, yet is wrong about the main risk: {within(self.words[1])}."
        return Contradiction((f"{self.key}_used", ("often",)), (f"{self.key}_risk", wrong), said(fr, en))


FAMILIES = (
    Family(
        "euro",
        ("Fonds en euros", "Guaranteed euro funds"),
        Fact(("L’assureur garantit-il le capital d’un fonds en euros, hors frais ?", "Does the insurer guarantee the capital of a euro fund, before charges?"), "yes"),
        Fact(
            ("Le rendement d’un fonds en euros est-il connu d’avance pour tout le contrat ?", "Is the yield of a euro fund known in advance for the whole contract?"),
            "no",
        ),
    ),
    Family(
        "funds",
        ("Fonds et unités de compte", "Funds and unit-linked policies"),
        Fact(("L’assureur garantit-il la valeur des unités de compte ?", "Does the insurer guarantee the value of unit-linked policies?"), "no"),
        Fact(
            (
                "Un fonds qui a bien progressé pendant trois ans progressera-t-il autant les trois suivantes ?",
                "Will a fund that has done well for three years do as well for the next three?",
            ),
            "no",
        ),
    ),
    Family(
        "bonds",
        ("Obligations", "Bonds"),
        Fact(("L’émetteur d’une obligation peut-il ne pas la rembourser ?", "Can the issuer of a bond fail to pay it back?"), "yes"),
        Fact(
            ("Quand les taux d’intérêt montent, que fait le prix des obligations déjà émises ?", "When interest rates rise, what does the price of existing bonds do?"),
            "falls",
            (("rises", "Il monte", "It rises"), ("falls", "Il baisse", "It falls"), ("stays", "Il ne change pas", "It does not change")),
        ),
    ),
    Family(
        "shares",
        ("Actions", "Shares"),
        Fact(("Un actionnaire peut-il perdre la totalité de sa mise ?", "Can a shareholder lose everything that was put in?"), "yes"),
        Fact(
            ("Que change le fait de répartir son placement sur vingt actions plutôt qu’une ?", "What changes by spreading money over twenty shares rather than one?"),
            "less",
            (
                ("none", "Le risque disparaît", "The risk disappears"),
                ("less", "Le risque propre à chaque société compte moins", "What happens to one company matters less"),
                ("same", "Rien", "Nothing"),
            ),
        ),
    ),
    Family(
        "property",
        ("SCPI et fonds immobiliers", "Property funds (SCPI)"),
        Fact(
            ("Peut-on toujours revendre ses parts tout de suite et sans perte ?", "Can the units always be sold at once and without a loss?"),
            "no",
        ),
        Fact(("Les loyers versés par une SCPI sont-ils garantis ?", "Is the rent that a property fund pays out guaranteed?"), "no"),
    ),
    Family(
        "structured",
        ("Produits structurés", "Structured products"),
        Fact(
            (
                "Un produit dont le capital est « protégé à l’échéance » peut-il valoir moins avant cette échéance ?",
                "Can a product whose capital is “protected at maturity” be worth less before that day?",
            ),
            "yes",
        ),
        Fact(
            ("Qui supporte le risque de défaillance de l’émetteur ?", "Who bears the risk that the issuer fails?"),
            "investor",
            (
                ("authority", "L’Autorité des marchés financiers", "The markets authority"),
                ("adviser", "Le conseiller", "The adviser"),
                ("investor", "L’investisseur", "The investor"),
            ),
        ),
    ),
    Family(
        "private",
        ("Capital-investissement (FCPR, FCPI, FIP)", "Private equity funds"),
        Fact(("Peut-on retirer son argent d’un FCPR à tout moment ?", "Can money be taken out of such a fund at any time?"), "no"),
        Fact(
            ("La réduction d’impôt d’un FCPI ou d’un FIP met-elle à l’abri d’une perte ?", "Does the tax relief on such a fund protect from a loss?"),
            "no",
        ),
    ),
)

QCF = Definition(
    sections=(
        Section(
            "background",
            said("Formation et habitudes", "Background and habits"),
            (
                choose(
                    "studies",
                    ("Avez-vous étudié la finance ou travaillé dans ce domaine ?", "Have you studied finance or worked in it?"),
                    ("no", "Non", "No", 0),
                    ("studied", "J’ai suivi une formation", "I have taken a course", 2),
                    ("worked", "J’y ai travaillé plus d’un an", "I have worked in it for more than a year", 4),
                ),
                choose(
                    "decides",
                    ("Qui choisit vos placements ?", "Who chooses your investments?"),
                    ("mandate", "Un professionnel, à ma place", "A professional, for me", 0),
                    ("advised", "Moi, avec un conseiller", "I do, with an adviser", 1),
                    ("alone", "Moi, sans conseiller", "I do, on my own", 2),
                ),
            ),
        ),
        *(family.section() for family in FAMILIES),
    ),
    levels=(
        Level("novice", said("Novice", "Novice"), 0, "quiet"),
        Level("beginner", said("Débutant", "Beginner"), 10, "quiet"),
        Level("informed", said("Informé", "Informed"), 20, "good"),
        Level("confirmed", said("Confirmé", "Confirmed"), 30, "good"),
        Level("expert", said("Expert", "Expert"), 40, "good"),
    ),
    contradictions=tuple(family.contradiction() for family in FAMILIES if family.key != "euro"),
    review=REVIEW,
)
