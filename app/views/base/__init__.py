"""The engine. Views import it from here."""

from app.views.base.actions import act
from app.views.base.declared import Portal, Rules
from app.views.base.entity import EntityView
from app.views.base.forms import HouseForm
from app.views.base.guards import APPLICANTS, BETWEEN, DEMO, EVERYBODY, GUESTS, MEMBERS, SIGNED_IN, HouseView, guest, local_path, page, person, signed_in
from app.views.base.portals import portal_view

__all__ = [
    "APPLICANTS",
    "BETWEEN",
    "DEMO",
    "EVERYBODY",
    "GUESTS",
    "MEMBERS",
    "SIGNED_IN",
    "EntityView",
    "HouseForm",
    "HouseView",
    "Portal",
    "Rules",
    "act",
    "guest",
    "local_path",
    "page",
    "person",
    "portal_view",
    "signed_in",
]
