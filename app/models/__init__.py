"""WHAT WE KNOW: the tables. This is the one import that every other room uses."""

from app import extensions
from app.models.agreements import EVERY_KIND, Agreement, AgreementFile, AgreementKind, AgreementStatus, AgreementTemplate, SigningCode
from app.models.base import INTERNAL, SHARED, STAFF, Choice, Model, Money, Own, Record, fold, now, today
from app.models.clients import (
    Civility,
    Client,
    ClientKind,
    ClientReference,
    ClientStatus,
    FamilyStatus,
    Knowledge,
    MatrimonialRegime,
    ReferenceClaim,
    Signatory,
    SignatoryRole,
)
from app.models.contracts import Contract, ContractStatus, number_key
from app.models.custom import CustomField, Customised, CustomOption, FieldHolder, FieldKind, FieldPortal
from app.models.drive import ClientFile, ClientFileVersion, Folder
from app.models.duties import Channel, Complaint, ComplaintOutcome, ComplaintStatus, DataRequest, LockedBytes, LockedFile, RequestKind
from app.models.history import Deed, History, HistoryHead, HistoryValues
from app.models.imports import Import, ImportKind, ImportLine, ImportState, Outcome
from app.models.jobs import Job, JobState, Lane
from app.models.knowledge import (
    Advice,
    AdviceKind,
    AnsweredHow,
    ClientAnswers,
    ClientCode,
    ClientLink,
    ClientPaper,
    ClientPaperKind,
    ClientPaperState,
    QuestionnaireSent,
)
from app.models.lookups import LOOK_UPS, ActivityKind, Country, DocumentKind, Listed, LookUpRow, NoteKind, ProductKind
from app.models.mails import Mail, MailStatus
from app.models.merges import ClientMerge
from app.models.offers import Assignment, Offering, OfferingStatus, Product, Supplier, SupplierKind
from app.models.papers import Document, IdentityPaper, Reminder
from app.models.partners import (
    CATEGORIES_BY_KIND,
    ORIAS_CATEGORIES,
    Alert,
    BankAccount,
    Check,
    CheckKind,
    CheckResult,
    Contact,
    Exercise,
    Note,
    Partner,
    PartnerKind,
    PartnerMove,
    PartnerStatus,
    ProviderCode,
    Setting,
    Task,
)
from app.models.partnerships import Partnership, PartnershipStatus, Program, Tier
from app.models.portfolio import MoveState, PortfolioMove
from app.models.preferences import CalendarLink, Draft, Preference, SavedView, Undo
from app.models.questionnaires import OF_CLIENTS, Answers, NeverRewritten, Questionnaire, QuestionnaireKind
from app.models.screening import BeneficialOwner, Control, ListKind, MatchStatus, ScreeningMatch, WatchEntry, WatchList
from app.models.users import (
    Attempt,
    MemberRole,
    Membership,
    OneTimeLink,
    Permission,
    PermissionView,
    Purpose,
    RightsVersion,
    Role,
    SecondFactor,
    Side,
    SignIn,
    Submission,
    User,
    ViewMenu,
)
from app.models.words import Translation
