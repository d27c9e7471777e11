"""The translators' desk: what is saved is on the next page; faults are named; a catalogue comes and goes as a .po file."""

from __future__ import annotations

import html
import io
import re
import time
from datetime import date

import polib
import pytest

from app import models as m
from app.extensions import db
from app.models.base import IN_DATA
from app.services import words
from app.views.pseudo import pseudo
from bench.measure import counted

EN = {"headers": {"Accept-Language": "en"}}
SOURCE = "Partners"
KEY = words.key_of(SOURCE)


def version_of(visitor, key=KEY, language="fr"):
    return re.search(r'name="version" value="(\w+)"', visitor.get(f"/translations/{language}/{key}").text)[1]


def save(visitor, texts, key=KEY, version=None, language="fr", **more):
    version = version or version_of(visitor, key, language)
    return visitor.post(f"/translations/{language}/{key}", {"texts": texts, "version": version, **more}, **EN)


def hand_in(visitor, content, language="fr"):
    content = content.encode() if isinstance(content, str) else content
    return visitor.post(f"/translations/{language}/upload", {"file": (io.BytesIO(content), "cordee.po")}, content_type="multipart/form-data", **EN)


def refusal(answer):
    assert answer.status_code == 422
    return html.unescape(re.search(r'class="field-error">.*?</div>', answer.text, re.DOTALL)[0])


def count(cast):
    return cast.count(m.Translation)


def test_a_saved_sentence_is_on_the_next_page_of_everybody_and_before_signing_in(house, cast):
    reader, translator = cast.client_for("reader"), cast.client_for("translator")
    assert "<h1>Partenaires" in reader.get("/partners/").text
    assert save(translator, ["Cabinets associés"]).status_code == 302
    assert "<h1>Cabinets associés" in reader.get("/partners/").text
    sign_in = words.key_of("Password")
    save(translator, ["Sésame"], sign_in)
    house.extensions["cordee_words"].looked_at = time.monotonic() - 10
    assert "Sésame" in cast.stranger().get("/login").text


def test_states_and_column_heads_that_are_kept_follow_too(house, cast):
    cast.partner()
    reader, translator = cast.client_for("reader"), cast.client_for("translator")
    assert "Actif" in reader.get("/partners/").text
    save(translator, ["En activité"], words.key_of("Active"))
    assert "En activité" in reader.get("/partners/").text


def test_back_to_the_programs_text_takes_the_houses_own_away(house, cast):
    translator = cast.client_for("translator")
    save(translator, ["Cabinets"])
    assert count(cast) == 1
    assert save(translator, ["whatever"], restore="1").status_code == 302
    assert count(cast) == 0
    assert "<h1>Partenaires" in cast.client_for("reader").get("/partners/").text


def test_two_people_on_one_sentence_the_second_sees_what_the_first_saved(house, cast):
    first, second = cast.client_for("translator"), cast.client_for("administrator")
    opened = version_of(second)
    save(first, ["Cabinets"])
    answer = save(second, ["Associés"], version=opened)
    assert answer.status_code == 409
    assert "Cabinets" in answer.text
    assert ">\nAssociés</textarea>" in answer.text
    version = re.search(r'name="version" value="(\w+)"', answer.text)[1]
    assert save(second, ["Associés"], version=version).status_code == 302
    assert cast.read(lambda session: session.query(m.Translation).one().texts) == ["Associés"]


def test_who_changed_what_is_kept(house, cast):
    save(cast.client_for("administrator"), ["Cabinets"])
    page = html.unescape(cast.client_for("administrator").get(f"/translations/fr/{KEY}", **EN).text)
    assert re.search(r"Administrator N\d+", page.split("History")[1])
    assert "Cabinets" in page


@pytest.mark.parametrize(
    ("source", "texts", "sentence"),
    [
        ("Hello %(name)s", ["Bonjour"], "%(name)s"),
        ("Hello %(name)s", ["Bonjour %(nom)s"], "%(name)s"),
        ("Hello %(name)s", ["Bonjour %(name)s 100%"], "placeholders"),
        ("Partners", ["Partenaires %(x)s"], "placeholders"),
        ("Hello %(name)s", ["Bonjour %(name)s %(name)c"], "placeholders"),
        ("Hello %(name)s", ["Bonjour %(name)s %(name)s"], "placeholders"),
        ("Partners", ["%2000000000s"], "placeholders"),
        ("Partners", ["100 % des partenaires"], "placeholders"),
        ("Partners", ["Partenaires !"], "no-break space"),
        ("Partners", ["« Partenaires »"], "quotation marks"),
        ("Partners", ["L'associé"], "curved apostrophe"),
        ("Partners", [""], "fill in every form"),
        ("Partners", ["x" * 6000], "too long"),
        ("%(num)s alert", ["%(num)s alerte", ""], "fill in every form"),
        ("%(num)s alert", ["%(num)s alerte"], "fill in every form"),
    ],
)
def test_a_faulty_translation_is_refused_beside_its_box_and_kept_there(house, cast, source, texts, sentence):
    answer = save(cast.client_for("translator"), texts, words.key_of(source))
    assert sentence in refusal(answer)
    assert html.escape(texts[0], quote=False)[:50] in html.unescape(answer.text).replace("&", "&amp;") or texts[0] in html.unescape(answer.text)
    assert count(cast) == 0


@pytest.mark.parametrize("text", ["<script>alert(1)</script>", "<b>Partenaires</b>", "Partenaires &lt;b&gt;", "a > b", 'Close" formaction="/settings/checks/save'])
def test_templates_take_a_translation_for_html_so_that_it_brings_none(house, cast, text):
    assert "no markup" in refusal(save(cast.client_for("translator"), [text]))
    assert count(cast) == 0


def test_french_punctuation_is_put_right_on_asking(house, cast):
    answer = cast.client_for("translator").post(f"/translations/fr/{KEY}", {"texts": ['L\'"ami" : oui!'], "version": "any", "correct": "1"})
    assert ">\nL’«\xa0ami\xa0»\xa0: oui\xa0!</textarea>" in html.unescape(answer.text)
    assert words.faults_of("fr", "x", [words.corrected('L\'"ami" : oui!')]) == []


def test_sentences_are_found_and_sieved(house, cast):
    translator = cast.client_for("translator")
    save(translator, ["Cabinets associés"], unsure="1")
    for query, found in (
        ("?q=cabinets+associes", True),
        ("?show=changed", True),
        ("?show=unsure", True),
        ("?show=missing", False),
        ("?q=zzzz", False),
        ("?page=999", False),
        ("?show=nonsense&page=x", None),
    ):
        page = translator.get("/translations/fr/" + query)
        assert page.status_code == 200
        if found is not None:
            assert (f"/translations/fr/{KEY}" in page.text) is found, query


def test_the_overview_counts_what_is_left(house, cast):
    translator = cast.client_for("translator")
    assert "100 %" in translator.get("/translations/", **EN).text
    save(translator, ["Cabinets"], unsure="1")
    page = translator.get("/translations/", **EN).text
    assert "1 to be checked" in page
    assert "1 changed here" in page


def test_a_sentence_stands_in_its_context(house, cast):
    page = html.unescape(cast.client_for("translator").get(f"/translations/fr/{words.key_of('Nothing matches these filters.')}", **EN).text)
    assert "<mark>" in page
    assert "app/templates/entity/list.html" in page
    assert words.lines_around(("../config.py", 1)) == words.lines_around(("config.py", 1)) == words.lines_around(("/etc/passwd", 1)) == []


def test_a_catalogue_goes_out_and_comes_back(house, cast):
    translator = cast.client_for("translator")
    book = polib.pofile(translator.get("/translations/fr/catalogue.po").text)
    assert len(book) > 900
    next(each for each in book if each.msgid == SOURCE).msgstr = "Cabinets"
    answer = hand_in(translator, str(book))
    assert answer.status_code == 302
    assert "1 sentence has been changed." in translator.get("/translations/", **EN).text
    assert "<h1>Cabinets" in cast.client_for("reader").get("/partners/").text
    assert "Cabinets" in translator.get("/translations/fr/catalogue.po").text


def test_a_catalogue_with_one_fault_is_refused_whole_and_the_fault_named(house, cast):
    translator = cast.client_for("translator")
    book = polib.pofile(translator.get("/translations/fr/catalogue.po").text)
    next(each for each in book if each.msgid == SOURCE).msgstr = "Cabinets"
    next(each for each in book if each.msgid == "Hello %(name)s").msgstr = "Bonjour"
    words_said = refusal(hand_in(translator, str(book)))
    assert "Hello %(name)s" in words_said
    assert "placeholders" in words_said
    assert count(cast) == 0


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "another program"),
        (b"\xff\xfe\x00nonsense", "cannot be read|can be read"),
        (b"msgid broken", "can be read|another program"),
        ('msgid ""\nmsgstr "Language: fr\\n"\n\nmsgid "Log in to WordPress"\nmsgstr "Connexion"\n', "another program"),
        ('msgid ""\nmsgstr "Language: de\\n"\n\nmsgid "Partners"\nmsgstr "Partner"\n', "another language: de"),
        (b"#" * (5 * 1024 * 1024), "limit is 4 MB"),
    ],
    ids=["nothing", "bytes", "broken", "another program", "another language", "heavy"],
)
def test_what_is_no_catalogue_of_ours_is_refused(house, cast, content, sentence):
    assert re.search(sentence, refusal(hand_in(cast.client_for("translator"), content)))
    assert count(cast) == 0


def test_a_wording_taken_back_and_given_anew_is_not_overwritten_unseen(house, cast):
    first, second = cast.client_for("translator"), cast.client_for("administrator")
    save(first, ["Un"])
    opened = version_of(second)
    save(first, [""], restore="1")
    save(first, ["Deux"])
    assert save(second, ["Vieux"], version=opened).status_code == 409
    assert cast.read(lambda session: session.query(m.Translation).one().texts) == ["Deux"]


def test_the_same_sentence_posted_twice_is_saved_once_and_nobody_is_blamed(house, cast):
    translator = cast.client_for("translator")
    version = version_of(translator)
    answers = [save(translator, ["Cabinets"], version=version, one_time="the same") for _turn in range(2)]
    assert [answer.status_code for answer in answers] == [302, 302]
    assert count(cast) == 1


def test_a_catalogue_that_was_overtaken_is_not_taken_over_old_wording(house, cast):
    translator = cast.client_for("translator")
    old = translator.get("/translations/fr/catalogue.po").text
    save(translator, ["Neuf"])
    assert hand_in(translator, old).status_code == 302
    assert cast.read(lambda session: session.query(m.Translation).one().texts) == ["Neuf"], "left alone by whoever handed it in"
    book = polib.pofile(old)
    next(each for each in book if each.msgid == SOURCE).msgstr = "Vieux"
    assert "since you downloaded" in refusal(hand_in(translator, str(book)))
    assert cast.read(lambda session: session.query(m.Translation).one().texts) == ["Neuf"]


def test_the_name_of_a_file_is_no_catalogue(house, cast):
    assert "can be read" in refusal(hand_in(cast.client_for("translator"), str(words.FOLDER / "fr" / "LC_MESSAGES" / "messages.po")))


def test_only_translators_and_administrators_come_in(house, cast):
    for role, status in (("translator", 200), ("administrator", 200), ("manager", 403), ("reader", 403)):
        assert cast.client_for(role).get("/translations/").status_code == status
    assert cast.client_for("translator").get("/translations/xx/").status_code == 404
    assert cast.client_for("translator").get("/translations/fr/" + "0" * 40).status_code == 404


def test_an_edited_po_file_shows_on_the_next_request_in_the_demo(house, cast, tmp_path, monkeypatch):
    for language in ("fr", "en"):
        folder = tmp_path / language / "LC_MESSAGES"
        folder.mkdir(parents=True)
        for ending in ("po", "mo"):
            (folder / f"messages.{ending}").write_bytes((words.FOLDER / language / "LC_MESSAGES" / f"messages.{ending}").read_bytes())
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    monkeypatch.setitem(house.config, "LIVE_CATALOGUES", True)
    reader = cast.client_for("reader")
    assert "<h1>Partenaires" in reader.get("/partners/").text
    path = tmp_path / "fr" / "LC_MESSAGES" / "messages.po"
    path.write_text(path.read_text().replace('msgid "Partners"\nmsgstr "Partenaires"', 'msgid "Partners"\nmsgstr "Compagnons de cordée"'))
    assert "<h1>Compagnons de cordée" in reader.get("/partners/").text
    monkeypatch.undo()
    house.extensions["cordee_words"].forget()


def test_the_pseudo_language_keeps_placeholders_and_markup():
    assert pseudo("Hello %(name)s, 100%%") == "⟦Hélló %(name)s, 100%%" + "·" * 7 + "⟧"
    assert pseudo("") == ""
    assert pseudo(pseudo("Yes")) == pseudo("Yes")


def test_names_that_staff_typed_are_put_into_english_on_the_desk(house, cast):
    """Tiers, programs and values without an English name stand among the sentences, and on the pages once they are translated."""
    partner = cast.partner()
    program = cast.add(m.Program(name="Programme Élan"))
    tier = cast.add(m.Tier(program_id=program.id, name="Or & vermeil", points_from=0, support="Un conseiller dédié"))
    cast.add(m.Partnership(partner_id=partner.id, program_id=program.id, tier_id=tier.id, starts_on=date(2026, 1, 1)))
    translator, owner = cast.client_for("translator"), cast.client_for("owner", partner)
    english = {"Accept-Language": "en"}
    listed = translator.get("/translations/en/?show=data").text
    assert "Or &amp; vermeil" in listed
    assert "Un conseiller dédié" in listed
    assert "Or &amp; vermeil" not in translator.get("/translations/fr/?show=data").text
    key = words.key_of(f"{IN_DATA}Or & vermeil")
    page = translator.get(f"/translations/en/{key}").text
    assert "Niveau" in page
    version = re.search(r'name="version" value="([^"]*)"', page).group(1)
    assert translator.post(f"/translations/en/{key}", {"texts": "Gold & vermeil", "version": version}).status_code == 302
    assert "Gold &amp; vermeil" in owner.get("/portal/program/", headers=english).text
    assert "Gold &amp; vermeil" in owner.get("/portal/", headers=english).text
    assert "Gold &amp; vermeil" in cast.client_for("manager").get("/partnerships/", headers=english).text
    assert "Or &amp; vermeil" in owner.get("/portal/program/").text
    catalogue = translator.get("/translations/en/catalogue.po").text
    assert 'msgctxt "data"' in catalogue
    changed = catalogue.replace("Gold & vermeil", "Golden")
    answer = translator.post("/translations/en/upload", {"file": (io.BytesIO(changed.encode()), "en.po")})
    assert answer.status_code == 302
    assert "Golden" in owner.get("/portal/program/", headers=english).text


def test_the_desk_and_the_program_page_ask_at_most_four_times(house, cast):
    partner = cast.partner()
    program = cast.add(m.Program(name="Programme Élan"))
    tier = cast.add(m.Tier(program_id=program.id, name="Or", points_from=0))
    cast.add(m.Partnership(partner_id=partner.id, program_id=program.id, tier_id=tier.id, starts_on=date(2026, 1, 1)))
    translator, owner = cast.client_for("translator"), cast.client_for("owner", partner)
    with house.app_context():
        engines = list(db.engines.values())
    for visitor, address in ((translator, "/translations/"), (translator, "/translations/en/"), (owner, "/portal/program/")):
        visitor.get(address)
        with counted(engines) as sent:
            assert visitor.get(address).status_code == 200
        assert len(sent) <= 4, (address, sent)
