"""Mails as they are read: each notice in both languages, its button in words of its own, nothing from anywhere else."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from app.services import mails, notices

FOLDER = Path(__file__).resolve().parents[2] / "app" / "templates" / "emails"
NOTICES = sorted(path.name for path in FOLDER.iterdir() if path.is_dir())
LINK = "https://maison.example/partner/confirm/secret"
FACTS = {
    "name": "Camille",
    "company": "Étude <Müller>",
    "contested": True,
    "offerings": ["Horizon Vie"],
    "reason": "Pièce illisible.",
    "code": "482913",
    "new": "camille@example.org",
}


@pytest.fixture
def written(house):
    """Renders a notice as it would leave."""

    def write(notice, language):
        facts = notices.SAMPLE | FACTS | ({"link": LINK} if (FOLDER / notice / "button.txt").exists() else {})
        with house.test_request_context("/"):
            return mails.written(notice, "somebody@example.org", language, 1, **facts)

    return write


@pytest.mark.parametrize("notice", NOTICES)
def test_a_notice_says_the_same_as_text_and_as_html_in_both_languages(written, notice):
    french, english = (written(notice, language) for language in ("fr", "en"))
    assert french.subject != english.subject and french.text != english.text
    for mail in (french, english):
        plain = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", re.sub(r"<style.*?</style>", "", mail.html, flags=re.DOTALL)))
        assert mail.subject.replace("<", "&lt;").replace(">", "&gt;") in plain
        assert "<Müller>" not in mail.html
        assert not re.search(r"<(img|script|link|iframe)\b|url\(", mail.html), "a mail fetches nothing"


@pytest.mark.parametrize("notice", NOTICES)
def test_a_link_is_a_button_that_says_what_it_does_and_an_address_to_copy(written, notice):
    body = (FOLDER / notice / "body.txt").read_text()
    assert ("{{ link }}" in body) is (FOLDER / notice / "button.txt").exists()
    if "{{ link }}" not in body:
        return
    buttons = {re.search(r'class="button"[^>]*>([^<]+)', written(notice, language).html)[1] for language in ("fr", "en")}
    assert len(buttons) == 2 and all(buttons)
    assert re.findall(r'href="([^"]+)"', written(notice, "fr").html) == [LINK]


def test_a_mail_can_be_read_in_the_dark(written):
    assert "prefers-color-scheme: dark" in written("invitation", "fr").html
