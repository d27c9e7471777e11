"""The risk profile (QPR) that comes with the program: objectives, horizon, tolerance and capacity, which count, and sustainability
preferences, which do not.

Sources: directive 2014/65/EU art. 25, delegated regulation 2017/565 art. 54; delegated regulations 2021/1253 and 2021/1257.
"""

from __future__ import annotations

from app.services.questionnaires.definition import Contradiction, Definition, Level, Section
from app.services.questionnaires.words import choose, said, tick

REVIEW = 24  # months

OBJECTIVES = Section(
    "objectives",
    said("Vos objectifs", "Your objectives"),
    (
        tick(
            "purpose",
            ("À quoi ce placement doit-il servir ?", "What is this investment for?"),
            ("retirement", "Préparer ma retraite", "Prepare for retirement"),
            ("home", "Acheter un logement", "Buy a home"),
            ("children", "Aider mes enfants ou transmettre mon patrimoine", "Help my children or pass on my wealth"),
            ("income", "Percevoir un revenu complémentaire", "Draw an additional income"),
            ("reserve", "Garder une réserve", "Keep a reserve"),
            ("other", "Autre projet", "Another project"),
        ),
        choose(
            "goal",
            ("Quel est votre objectif principal ?", "What is your main goal?"),
            ("keep", "Préserver mon capital", "Preserve my capital", 0, "cautious"),
            ("income", "Percevoir un revenu complémentaire régulier, avec peu de variations", "Draw a regular additional income that varies little", 3, "balanced"),
            ("grow", "Faire fructifier mon capital sur plusieurs années", "Make my capital grow over several years", 6),
            ("most", "Rechercher le meilleur rendement, quitte à beaucoup perdre", "Seek the best return, even if I may lose a lot", 9),
        ),
    ),
)

HORIZON = Section(
    "horizon",
    said("Votre horizon", "Your horizon"),
    (
        choose(
            "years",
            ("Dans combien de temps aurez-vous besoin de cet argent ?", "When will you need this money?"),
            ("two", "Avant deux ans", "Within two years", 0, "secure"),
            ("five", "Dans deux à cinq ans", "In two to five years", 3, "balanced"),
            ("eight", "Dans cinq à huit ans", "In five to eight years", 6),
            ("later", "Dans plus de huit ans", "In more than eight years", 9),
        ),
        choose(
            "early",
            ("Devrez-vous en retirer une partie avant cette échéance ?", "Will you have to take some of it out before then?"),
            ("large", "Oui, plus du quart", "Yes, more than a quarter", 0, "cautious"),
            ("small", "Peut-être, moins du quart", "Perhaps, less than a quarter", 2),
            ("none", "Non", "No", 4),
        ),
    ),
)

TOLERANCE = Section(
    "tolerance",
    said("Les pertes que vous acceptez", "The losses that you accept"),
    (
        choose(
            "loss",
            ("Sur 10 000 € placés, quelle perte accepteriez-vous sur un an ?", "Of €10,000 invested, what loss would you accept over a year?"),
            ("none", "Aucune", "None", 0, "secure"),
            ("five", "Jusqu’à 500 €", "Up to €500", 3, "cautious"),
            ("fifteen", "Jusqu’à 1 500 €", "Up to €1,500", 6, "balanced"),
            ("thirty", "Jusqu’à 3 000 €", "Up to €3,000", 9, "dynamic"),
            ("more", "Plus de 3 000 €", "More than €3,000", 12),
        ),
        choose(
            "fall",
            ("Votre placement perd 20 % en trois mois. Que faites-vous ?", "Your investment loses 20% in three months. What do you do?"),
            ("sell", "Je vends tout", "I sell everything", 0, "cautious"),
            ("part", "Je vends une partie", "I sell a part", 2),
            ("wait", "J’attends", "I wait", 5),
            ("buy", "Je réinvestis", "I buy more", 8),
        ),
        choose(
            "portfolio",
            (
                "Voici la pire et la meilleure année de quatre placements. Lequel choisissez-vous ?",
                "These are the worst and the best year of four investments. Which do you choose?",
            ),
            ("a", "de −1 % à +3 %", "from −1% to +3%", 0),
            ("b", "de −6 % à +8 %", "from −6% to +8%", 3),
            ("c", "de −15 % à +18 %", "from −15% to +18%", 6),
            ("d", "de −35 % à +40 %", "from −35% to +40%", 9),
        ),
    ),
)

CAPACITY = Section(
    "capacity",
    said("Votre capacité à subir une perte", "Your capacity to bear a loss"),
    (
        choose(
            "share",
            ("Quelle part de votre épargne ce placement représente-t-il ?", "How much of your savings is this investment?"),
            ("most", "Plus des trois quarts", "More than three quarters", 0, "balanced"),
            ("half", "De la moitié aux trois quarts", "From a half to three quarters", 2),
            ("quarter", "Du quart à la moitié", "From a quarter to a half", 4),
            ("little", "Moins du quart", "Less than a quarter", 6),
        ),
        choose(
            "reserve",
            (
                "Combien de mois de dépenses gardez-vous de côté, disponibles tout de suite ?",
                "How many months of spending do you keep aside, at hand at once?",
            ),
            ("three", "Moins de trois mois", "Less than three months", 0, "cautious"),
            ("six", "De trois à six mois", "Three to six months", 2),
            ("more", "Plus de six mois", "More than six months", 4),
        ),
        choose(
            "saves",
            ("Quelle part de vos revenus arrivez-vous à épargner ?", "How much of your income do you manage to save?"),
            ("none", "Aucune", "None", 0),
            ("tenth", "Moins de 10 %", "Less than 10%", 1),
            ("fifth", "De 10 à 20 %", "10 to 20%", 2),
            ("more", "Plus de 20 %", "More than 20%", 3),
        ),
        choose(
            "debts",
            ("Quelle part de vos revenus consacrez-vous au remboursement de crédits ?", "How much of your income goes into repaying loans?"),
            ("third", "Plus du tiers", "More than a third", 0, "balanced"),
            ("less", "Moins du tiers", "Less than a third", 2),
            ("none", "Aucune", "None", 3),
        ),
    ),
)

WANTS = ("sustainable", ("yes",))
SUSTAINABILITY = Section(
    "sustainability",
    said("Vos préférences en matière de durabilité", "Your sustainability preferences"),
    (
        choose(
            "sustainable",
            ("Voulez-vous que vos placements tiennent compte de critères de durabilité ?", "Should your investments take sustainability into account?"),
            ("yes", "Oui", "Yes"),
            ("neutral", "Je n’ai pas de préférence", "I have no preference"),
            ("no", "Non", "No"),
            help=("L’environnement, les questions sociales, la gouvernance.", "The environment, social questions, governance."),
        ),
        choose(
            "taxonomy",
            (
                "Part minimale dans des activités durables sur le plan environnemental (taxonomie européenne)",
                "Least share in environmentally sustainable activities (EU taxonomy)",
            ),
            ("none", "Aucun minimum", "No minimum"),
            ("five", "Au moins 5 %", "At least 5%"),
            ("twenty", "Au moins 20 %", "At least 20%"),
            ("fifty", "Au moins 50 %", "At least 50%"),
            condition=WANTS,
        ),
        choose(
            "sfdr",
            ("Part minimale d’investissements durables (règlement SFDR)", "Least share of sustainable investments (SFDR regulation)"),
            ("none", "Aucun minimum", "No minimum"),
            ("ten", "Au moins 10 %", "At least 10%"),
            ("thirty", "Au moins 30 %", "At least 30%"),
            ("fifty", "Au moins 50 %", "At least 50%"),
            condition=WANTS,
        ),
        tick(
            "impacts",
            ("Quelles principales incidences négatives (PAI) souhaitez-vous éviter ?", "Which principal adverse impacts (PAI) do you want to avoid?"),
            ("climate", "Émissions de gaz à effet de serre", "Greenhouse gases"),
            ("nature", "Atteintes à la biodiversité", "Harm to biodiversity"),
            ("water", "Pollution de l’eau", "Water pollution"),
            ("waste", "Déchets dangereux", "Hazardous waste"),
            ("people", "Atteintes aux droits des personnes et des salariés", "Harm to people’s and workers’ rights"),
            ("weapons", "Armes controversées", "Controversial weapons"),
            condition=WANTS,
            required=False,
        ),
    ),
)

QPR = Definition(
    sections=(OBJECTIVES, HORIZON, TOLERANCE, CAPACITY, SUSTAINABILITY),
    levels=(
        Level("secure", said("Sécuritaire", "Secure"), 0, "good"),
        Level("cautious", said("Prudent", "Cautious"), 14, "good"),
        Level("balanced", said("Équilibré", "Balanced"), 28, "quiet"),
        Level("dynamic", said("Dynamique", "Dynamic"), 42, "warn"),
        Level("offensive", said("Offensif", "Aggressive"), 55, "warn"),
    ),
    contradictions=(
        Contradiction(
            ("goal", ("most",)),
            ("loss", ("none", "five")),
            said("Recherche du meilleur rendement, mais refus de presque toute perte.", "Wants the best return, yet accepts hardly any loss."),
        ),
        Contradiction(
            ("goal", ("keep",)),
            ("portfolio", ("c", "d")),
            said(
                "Volonté de préserver le capital, mais choix d’un placement qui varie beaucoup.",
                "Wants to preserve the capital, yet chooses an investment that varies a lot.",
            ),
        ),
        Contradiction(
            ("loss", ("none", "five")),
            ("portfolio", ("c", "d")),
            said(
                "Refus de presque toute perte, mais choix d’un placement qui peut en subir de fortes.",
                "Accepts hardly any loss, yet chooses an investment that can suffer large ones.",
            ),
        ),
        Contradiction(
            ("loss", ("thirty", "more")),
            ("fall", ("sell",)),
            said(
                "Acceptation de fortes pertes, mais vente totale envisagée après une baisse de 20 %.",
                "Accepts large losses, yet would sell everything after a fall of 20%.",
            ),
        ),
        Contradiction(
            ("years", ("two",)),
            ("goal", ("grow", "most")),
            said(
                "Besoin de l’argent avant deux ans, mais objectif de placement sur plusieurs années.",
                "Needs the money within two years, yet aims at an investment over several.",
            ),
        ),
        Contradiction(
            ("years", ("later",)),
            ("early", ("large",)),
            said(
                "Aucun besoin de l’argent avant huit ans, mais retrait prévu de plus du quart avant cette échéance.",
                "Does not need the money for eight years, yet will take out more than a quarter before.",
            ),
        ),
    ),
    review=REVIEW,
)
