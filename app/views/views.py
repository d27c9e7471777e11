"""Lists kept under a name: one's own, those shared with a role, and the one that a list opens with from the menu."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from flask import abort, current_app, flash, redirect, render_template, request
from flask_babel import gettext
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from app.permissions import READ, SHARED_VIEWS, STAFF_ROLES, WRITE
from app.services import preferences
from app.services.refusals import RuleBroken
from app.views.base import SIGNED_IN, EntityView, HouseView, page, signed_in
from app.views.base.forms import cleaned


def list_at(place: str) -> EntityView:
    """The list at an address, for those who may read it; else 404."""
    who, lists = signed_in(), [view for view in current_app.extensions["appbuilder"].baseviews if isinstance(view, EntityView)]
    frame = "staff" if who.is_staff else "portal"
    found = next((view for view in lists if view.frame == frame and f"{view.route_base}/" == place and who.may(view.access, READ)), None)
    return found if found is not None else abort(404)


class SavedViewsView(HouseView):
    """Keeping, deleting and choosing the views of a list. Everything here is about oneself; sharing asks for a right."""

    access, frame, route_base = SIGNED_IN, "bare", "/views"

    @page("/save", methods=("POST",))
    def save(self) -> Any:
        """Keeps a list under a name: what its address asks for is read and written anew, so that only what it means is kept."""
        who, place = signed_in(), request.form.get("place", "")
        view = list_at(place)
        asked = view.asked(MultiDict(parse_qsl(request.form.get("query", "")[:4000].lstrip("?"))))
        query, name, role = asked.address(), cleaned(request.form.get("name")) or "", request.form.get("role") or None
        if role and not (role in STAFF_ROLES and who.may(SHARED_VIEWS, WRITE)):
            abort(403)
        is_default = request.form.get("is_default") == "y"
        try:
            preferences.save_view(who.id, place, name, query.lstrip("?"), role, is_default)
        except RuleBroken as refusal:
            typed = {"name": name, "role": role, "is_default": is_default, "refusal": refusal.sentence}
            return render_template("entity/view_refused.html", view=view, **menu_of_views(view, asked), typed=typed), 422
        flash(gettext("The view “%(name)s” has been kept.", name=name), "good")
        return redirect(place + query)

    @page("/<id:view_id>/delete", methods=("POST",))
    def delete(self, view_id: int) -> Response:
        """Deletes one of one's own views; what it showed stays on the page."""
        if not preferences.delete_view(signed_in().id, view_id):
            abort(404)
        flash(gettext("The view has been deleted."), "good")
        return back_to_list()

    @page("/default", methods=("POST",))
    def default(self) -> Response:
        """Chooses the view that the menu opens a list with, or the whole list."""
        place, sent = request.form.get("place", ""), request.form.get("view_id", "")
        list_at(place)
        chosen = next((view for view in signed_in().views if str(view.id) == sent and view.place == place), None)
        if sent and chosen is None:
            abort(404)
        preferences.set_default(signed_in().id, place, chosen.id if chosen else None)
        return back_to_list()


def back_to_list() -> Response:
    place = request.form.get("place", "")
    view = list_at(place)
    return redirect(place + view.asked(MultiDict(parse_qsl(request.form.get("query", "")[:4000].lstrip("?")))).address())


def menu_of_views(view: EntityView, asked: Any) -> dict[str, Any]:
    """What the menu of views on a list shows: the views there are, which one is open, and what this person may do."""
    who, place, query = signed_in(), f"{view.route_base}/", asked.address()
    found = [
        {"view": each, "is_open": f"?{each.query}" == query, "is_default": who.preferences.get("defaults", {}).get(place) == each.id}
        for each in who.views
        if each.place == place
    ]
    return {
        "place": place,
        "query": query,
        "views": found,
        "open": next((each["view"] for each in found if each["is_open"]), None),
        "open_is_default": any(each["is_open"] and each["is_default"] for each in found),
        "roles": STAFF_ROLES if who.is_staff and who.may(SHARED_VIEWS, WRITE) else {},
    }
