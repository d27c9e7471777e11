"""A company's logo at the top of its portal."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from app import models as m


def picture(width=800, height=300, kind="PNG", colour=(20, 86, 155, 128)):
    out = io.BytesIO()
    Image.new("RGBA" if kind == "PNG" else "RGB", (width, height), colour if kind == "PNG" else colour[:3]).save(out, kind)
    return out.getvalue()


def send(visitor, content, name="logo.png"):
    return visitor.post("/portal/profile/logo", {"logo": (io.BytesIO(content), name)})


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_an_owner_gives_the_company_a_logo_that_its_pages_show(house, cast, kind):
    partner = cast.partner()
    owner = cast.client_for("owner", partner)
    assert send(owner, picture(kind=kind)).status_code == 302
    page = owner.get("/portal/").text
    key = cast.get(m.Partner, partner.id).logo
    assert f"/logos/{partner.id}?{key}" in page
    assert f'alt="{partner.name}"' in page
    shown = owner.get(f"/logos/{partner.id}")
    assert shown.mimetype == "image/png"
    assert Image.open(io.BytesIO(shown.get_data())).size == (256, 96)
    assert cast.client_for("member", partner).get("/portal/").text.count(f"/logos/{partner.id}") == 1
    assert owner.post("/portal/profile/logo/remove").status_code == 302
    assert "/logos/" not in owner.get("/portal/").text


def test_only_owners_change_it_and_nobody_elses_is_seen(house, cast):
    partner, other = cast.partner(), cast.partner()
    send(cast.client_for("owner", partner), picture())
    for role in ("member", "read_only"):
        assert send(cast.client_for(role, partner), picture()).status_code == 403
    assert cast.client_for("owner", other).get(f"/logos/{partner.id}").status_code == 404
    assert cast.client_for("reader").get(f"/logos/{partner.id}").status_code == 200


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "d’abord une image"),
        (b"GIF89a", "JPEG"),
        (b"\x89PNG\r\n\x1a\n" + b"x" * 50, "image"),
        (picture(20, 20), "trop petite"),
        (picture(6000, 5000, "PNG"), "trop grande"),
    ],
)
def test_what_is_no_logo_is_refused_beside_its_field(house, cast, content, sentence):
    partner = cast.partner()
    answer = send(cast.client_for("owner", partner), content)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert cast.get(m.Partner, partner.id).logo is None


def test_staff_without_a_right_to_partners_see_no_logo(house, cast):
    partner = cast.partner()
    send(cast.client_for("owner", partner), picture())
    assert cast.client_for("translator").get(f"/logos/{partner.id}").status_code == 404
