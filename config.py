"""Every setting of the house, read from the environment once. README.md lists them for the person who installs."""

import os
from datetime import timedelta
from pathlib import Path

ROOT = Path(__file__).resolve().parent
FOLDER = Path(os.environ.get("CORDEE_INSTANCE", ROOT / "instance"))


def flag(name: str, default: bool) -> bool:
    return os.environ.get(name, str(default)).strip().lower() in {"1", "true", "yes", "on"}


class Config:
    """What a production house reads; SECRET_KEY has no default, so that a house without one does not start."""

    APP_NAME = "Cordée"
    HOUSE_NAME = os.environ.get("HOUSE_NAME", "Maison Cordée")
    INSTANCE = str(FOLDER)
    SECRET_KEY = os.environ.get("SECRET_KEY", "")
    DEMO = False

    SQLALCHEMY_DATABASE_URI = os.environ.get("DATABASE_URL", f"sqlite:///{FOLDER / 'cordee.db'}").replace("postgresql://", "postgresql+psycopg://")
    SQLALCHEMY_ENGINE_OPTIONS: dict = {"pool_use_lifo": True}  # the connection used last has its statements prepared

    # Links in mails are written from here, never from the Host header.
    PUBLIC_URL = os.environ.get("PUBLIC_URL", "http://localhost:8000")
    # How many proxies of one's own stand in front: that many addresses in X-Forwarded-For are believed.
    TRUSTED_PROXIES = int(os.environ.get("TRUSTED_PROXIES", "0"))
    TRUSTED_HOSTS = [host for host in os.environ.get("TRUSTED_HOSTS", "localhost,127.0.0.1").split(",") if host]
    SESSION_COOKIE_NAME = "cordee"
    SESSION_COOKIE_SAMESITE = "Lax"
    SESSION_COOKIE_SECURE = flag("SESSION_COOKIE_SECURE", PUBLIC_URL.startswith("https"))
    PERMANENT_SESSION_LIFETIME = timedelta(hours=12)
    SESSION_REFRESH_EACH_REQUEST = False  # a sign-in ends when it ends, on the server and in the cookie
    WTF_CSRF_TIME_LIMIT = None  # the token dies with the session
    MAX_CONTENT_LENGTH = 90 * 1024 * 1024  # the eight documents of a file in one form, 10 MB each
    MAX_FORM_MEMORY_SIZE = 2 * 1024 * 1024
    SEND_FILE_MAX_AGE_DEFAULT = timedelta(days=30)

    LANGUAGES = {"fr": {"flag": "fr", "name": "Français", "locale": "fr"}, "en": {"flag": "gb", "name": "English", "locale": "en_GB"}}
    PSEUDO = flag("CORDEE_PSEUDO", False)  # every sentence in the pseudo-language, to see what has escaped translation
    LIVE_CATALOGUES = False  # .po files are read as they are edited, without compiling
    BABEL_DEFAULT_LOCALE = "fr"
    BABEL_DEFAULT_TIMEZONE = "Europe/Paris"
    BABEL_TRANSLATION_DIRECTORIES = str(ROOT / "translations")

    JOBS = os.environ.get("JOBS", "here")  # "here": threads of the server do the background work; "elsewhere": `flask work` does
    WORK_MEMORY = int(os.environ.get("WORK_MEMORY", "4096"))  # megabytes that one `flask work` may take; 0 for no limit

    MAIL_SERVER = os.environ.get("MAIL_SERVER", "")
    MAIL_PORT = int(os.environ.get("MAIL_PORT", "25"))
    MAIL_USE_TLS = flag("MAIL_USE_TLS", False)
    MAIL_USERNAME = os.environ.get("MAIL_USERNAME")
    MAIL_PASSWORD = os.environ.get("MAIL_PASSWORD")
    MAIL_DEFAULT_SENDER = os.environ.get("MAIL_SENDER", "Cordée <ne-pas-repondre@cordee.example>")
    MAIL_FOLDER = str(FOLDER / "mails")
    FILE_FOLDER = str(FOLDER / "files")
    FILE_STORE = os.environ.get("FILE_STORE", "")  # s3://bucket/prefix instead of the folder
    S3_ENDPOINT, S3_REGION = os.environ.get("S3_ENDPOINT", ""), os.environ.get("S3_REGION", "")

    # "local" answers from the digits typed; "public" asks the registers below. One without its key is not asked.
    REGISTERS = os.environ.get("REGISTERS", "local")
    RECHERCHE_URL = os.environ.get("RECHERCHE_URL", "https://recherche-entreprises.api.gouv.fr")
    SIRENE_URL = os.environ.get("SIRENE_URL", "https://api.insee.fr/api-sirene/3.11")
    SIRENE_KEY = os.environ.get("SIRENE_KEY", "")
    RNE_URL = os.environ.get("RNE_URL", "https://registre-national-entreprises.inpi.fr")
    RNE_USER, RNE_PASSWORD = os.environ.get("RNE_USER", ""), os.environ.get("RNE_PASSWORD", "")
    ORIAS_URL = os.environ.get("ORIAS_URL", "https://ws.orias.fr/service")
    ORIAS_USER = os.environ.get("ORIAS_USER", "")

    SIGNATURE_PROVIDER = os.environ.get("SIGNATURE_PROVIDER", "local")
    KEY_FOLDER = os.environ.get("KEY_FOLDER", "")  # where the key lies that agreements are sealed with: INSTANCE/keys if not said
    TSA_URL = os.environ.get("TSA_URL", "")  # a time-stamp server (RFC 3161), if the house has one
    CLAMD = os.environ.get("CLAMD", "")  # a virus scanner, "host:port" or the path of its socket, if the house has one
    DRIVE_QUOTA = int(os.environ.get("DRIVE_QUOTA", "500")) * 1024 * 1024  # what one client's files may take, all versions together; the setting in MB
    LINK_LIFETIME = timedelta(days=7)
    OFFER_TO_SIGN_LIFETIME = timedelta(days=14)
    CODE_LIFETIME = timedelta(minutes=15)
    CLIENT_LINK_LIFETIME = timedelta(days=14)
    QUESTIONNAIRE_LIFETIME = timedelta(days=30)

    # Staff in these roles do not get in without a second factor; to everybody else it is offered.
    SECOND_FACTOR_FOR: tuple[str, ...] = tuple(role.strip() for role in os.environ.get("SECOND_FACTOR_FOR", "administrator,compliance").split(",") if role.strip())

    # What Flask-AppBuilder must not do by itself: docs/decisions/0002-what-is-kept-of-flask-appbuilder.md.
    FAB_CREATE_DB = False
    FAB_UPDATE_PERMS = False
    FAB_ADD_SECURITY_VIEWS = False
    FAB_ADD_OPENAPI_VIEWS = False
    RATELIMIT_ENABLED = False


class DemoConfig(Config):
    """The demo on one's own machine: a known key, mails that can be read on a page."""

    DEMO = True
    SECRET_KEY = os.environ.get("SECRET_KEY", "demo only: anybody who has read this file knows it")
    TEMPLATES_AUTO_RELOAD = True
    SECOND_FACTOR_FOR: tuple[str, ...] = ()  # its accounts are for everybody who looks at it
    LIVE_CATALOGUES = True


def chosen() -> type[Config]:
    """The settings this process runs under: the demo's when CORDEE_DEMO says so."""
    return DemoConfig if flag("CORDEE_DEMO", False) else Config
