"""What a signed cookie says, and the token of its forms: each worked out once a minute, for a browser that opens page after page."""

from __future__ import annotations

from typing import Any

from flask import Flask, Request, g, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_wtf.csrf import generate_csrf

from app.views.base.minute import kept_a_minute

SIMPLE = (str, int, bool, type(None))  # values that nobody can change in place


class KeptCookies(SecureCookieSessionInterface):
    """Flask's signed sessions; a cookie whose signature was checked within the last minute is not checked again."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        cookie = request.cookies.get(self.get_cookie_name(app), "")
        opened = super().open_session
        return self.session_class(kept_a_minute(("cookie", cookie), lambda: dict(opened(app, request) or {}), is_worth_keeping))


def is_worth_keeping(values: dict[str, Any]) -> bool:
    return bool(values) and all(isinstance(value, SIMPLE) for value in values.values())


def csrf_token() -> str:
    """This request's token: signed once, however many forms a page holds."""
    if "csrf_token" not in g:
        secret = session.get("csrf_token")
        g.csrf_token = kept_a_minute(("token", secret), generate_csrf) if secret else generate_csrf()
    return g.csrf_token
