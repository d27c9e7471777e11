"""A partner's brand: colours that can be read, and what clients receive under it."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from pypdf import PdfReader

from app import models as m
from app.extensions import db
from app.models.scope import SYSTEM, acting
from app.services import brand, client_papers, dossier, files, photos
from app.services.refusals import RuleBroken
from tests.clients import EN, a_client


@pytest.mark.parametrize(
    ("one", "other", "found"), [("#000000", "#ffffff", 21.0), ("#ffffff", "#ffffff", 1.0), ("#777777", "#ffffff", 4.48), ("#14569b", "#ffffff", 7.4)]
)
def test_contrast_is_what_wcag_says(one, other, found):
    assert brand.contrast(one, other) == pytest.approx(found, abs=0.1)
    assert brand.contrast(other, one) == brand.contrast(one, other)


@pytest.mark.parametrize("colour", ["#14569b", "#000000", "#7a003c", "#0d7a4f", "#333333"])
def test_a_colour_is_lightened_until_it_can_be_read_in_the_dark(colour):
    assert brand.contrast(brand.lightened(colour), brand.NIGHT) >= brand.ENOUGH


@pytest.mark.parametrize(("typed", "kept"), [("#14569B", "#14569b"), ("14569b", "#14569b"), ("#036", "#003366"), ("  ", None)])
def test_colours_are_read_as_people_type_them(house, typed, kept):
    with house.test_request_context("/"):
        assert brand.clean_colour(typed) == kept


@pytest.mark.parametrize("typed", ["yellow", "#12", "#gggggg", "#ffee00", "#fff", "#14569b;}body{", "javascript:x"])
def test_what_is_no_colour_or_cannot_be_read_is_refused(house, typed):
    with house.test_request_context("/"), pytest.raises(RuleBroken):
        brand.clean_colour(typed)


def test_clients_receive_and_see_the_brand(house, cast):
    partner, client = a_client(cast)
    owner = cast.client_for("owner", partner)
    sent = {"brand_colour": "#7a003c", "sender_name": "L’équipe Lumière", "reply_to": "bonjour@lumiere.example", "version": cast.get(m.Partner, partner.id).version}
    assert owner.post("/portal/brand/", sent).status_code == 302
    owner.post(f"/portal/clients/{client.id}/space", {"email": client.email})
    (mail,) = cast.mails()
    assert (mail.sender_name, mail.reply_to) == ("L’équipe Lumière", "bonjour@lumiere.example")
    assert "background:#7a003c" in mail.html
    assert str(partner) in mail.subject
    guest = cast.guest(client)
    assert "/space/brand/colours.css?7a003c" in guest.get("/space/").text
    assert "--glacier:#7a003c" in guest.get("/space/brand/colours.css").text
    preview = owner.get("/portal/brand/mail", **EN)
    assert "background:#7a003c" in preview.text
    assert preview.headers["X-Frame-Options"] == "SAMEORIGIN"


def test_a_refused_brand_keeps_what_was_typed_and_a_stale_one_is_told(house, cast):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    version = cast.get(m.Partner, partner.id).version
    page = owner.post("/portal/brand/", {"brand_colour": "#ffee00", "sender_name": "Équipe", "reply_to": "x", "version": version}, **EN)
    assert page.status_code == 422
    assert 'value="Équipe"' in page.text
    too_bright = owner.post("/portal/brand/", {"brand_colour": "#ffee00", "sender_name": "Équipe", "version": version}, **EN)
    assert "cannot be read well" in too_bright.text
    assert owner.post("/portal/brand/", {"brand_colour": "#000000", "version": version - 1}).status_code == 409
    assert cast.client_for("member", partner).get("/portal/brand/").status_code == 403
    assert cast.get(m.Partner, partner.id).brand_colour is None


def test_the_house_keeps_its_own_name_in_its_own_mails(house, cast, tmp_path):
    from email import message_from_bytes, policy

    from app.connectors.mail import Letter
    from app.connectors.mail.local import FolderTransport

    transport = FolderTransport(str(tmp_path), "Maison <maison@house.example>")
    for number, facts in enumerate(({}, {"sender_name": "Équipe, Lumière", "reply_to": "a@b.example"})):
        transport.send(Letter(f"<{number}@x>", "c@example.org", "S", "T", "<p>H</p>", **facts))
    first, second = (message_from_bytes(path.read_bytes(), policy=policy.default) for path in sorted(tmp_path.glob("*.eml")))
    assert (first["From"], first["Reply-To"]) == ("Maison <maison@house.example>", None)
    assert second["From"].addresses[0].addr_spec == "maison@house.example"
    assert second["From"].addresses[0].display_name == "Équipe, Lumière"
    assert second["Reply-To"] == "a@b.example"


def a_logo(size=(400, 90)):
    out = io.BytesIO()
    Image.new("RGBA", size, (122, 0, 60, 180)).save(out, "PNG")
    return out.getvalue()


@pytest.mark.parametrize(("size", "width"), [((400, 90), 55.0), ((96, 96), 13.0), ((400, 20), 55.0)])
def test_what_is_written_for_clients_carries_the_logo_and_the_colour(house, cast, size, width):
    partner, client = a_client(cast)
    with cast.writing() as session:
        held = session.get(m.Partner, partner.id)
        photos.keep_logo(held, a_logo(size))
        held.brand_colour = "#7a003c"
    with house.app_context(), acting(db.session(), SYSTEM, "tests"):
        found, held = db.session.get(m.Partner, partner.id), db.session.get(m.Client, client.id)
        assert brand.letterhead(found) == {"colour": "#7a003c", "logo": list(b"".join(files.read(found.logo))), "width": width}
        written = dossier.pdf(db.session(), held)
        letter = b"".join(files.read(client_papers.keep_letter(held, found, "Lettre de mission", [{"title": "A", "paragraphs": ["B"]}]).key))
    for content in (written, letter):
        (picture,) = [image for page in PdfReader(io.BytesIO(content)).pages for image in page.images]
        assert Image.open(io.BytesIO(picture.data)).size == size


def test_a_logo_that_is_gone_keeps_no_letter_back(house, cast):
    partner, client = a_client(cast)
    with cast.writing() as session:
        session.get(m.Partner, partner.id).logo = "ab" * 20
    with house.app_context(), acting(db.session(), SYSTEM, "tests"):
        assert brand.letterhead(db.session.get(m.Partner, partner.id))["logo"] == []
        assert dossier.pdf(db.session(), db.session.get(m.Client, client.id)).startswith(b"%PDF")
