"""Where pages send what is being typed, and the button that lets a draft go."""

from __future__ import annotations

from flask import redirect, request
from werkzeug.wrappers import Response

from app.services import drafts
from app.services.refusals import RuleBroken
from app.views.base import SIGNED_IN, HouseView, local_path, page, signed_in


class DraftsView(HouseView):
    """One's own drafts. Everything here is about oneself."""

    access, frame, route_base = SIGNED_IN, "bare", "/drafts"

    @page("/keep", methods=("POST",))
    def keep(self) -> Response:
        place = local_path(request.form.get("place", "")[:4000])
        try:
            fields = drafts.read(request.form.get("fields", ""))
        except RuleBroken:
            return Response(status=413)
        token = request.form.get("token", "1")
        if place is None or not drafts.is_token(token):
            return Response(status=400)
        drafts.keep(signed_in(), place, token, fields)
        return Response(status=204)

    @page("/forget", methods=("POST",))
    def forget(self) -> Response:
        place = local_path(request.form.get("place", "")[:4000]) or "/"
        drafts.forget(signed_in(), place, request.form.get("token", "1"))
        return redirect(place)
