"""Switches that administrators set in the product."""

from __future__ import annotations

from sqlalchemy import select

from app.extensions import db
from app.models import CheckKind, Setting
from app.services import crossings


def check_is_on(kind: CheckKind) -> bool:
    """Whether a register check runs when a partner submits its file; all are on until somebody switches one off."""
    value = crossings.setting(f"check_{kind.value}")
    return True if value is None else bool(value)


QUESTIONNAIRE = "ask_questionnaire"


def questionnaire_is_on() -> bool:
    """Whether whoever becomes a partner names its beneficial owners and answers the questionnaire; on until somebody switches it off."""
    value = crossings.setting(QUESTIONNAIRE)
    return True if value is None else bool(value)


def switch_check(kind: CheckKind, on: bool) -> None:
    switch(f"check_{kind.value}", on)


def switch(key: str, on: bool) -> None:
    setting = db.session.scalar(select(Setting).where(Setting.key == key))
    if setting is None:
        db.session.add(Setting(key=key, value=on))
    else:
        setting.value = on
