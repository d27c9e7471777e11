"""The rough edges of what we build on, each by its name: an upgrade that changes one is noticed here (STACK.md)."""

from __future__ import annotations

import ast
import threading
from importlib.metadata import version
from inspect import iscoroutinefunction
from pathlib import Path

import pytest
from flask_appbuilder import Model
from sqlalchemy import inspect, text
from sqlalchemy.orm import class_mapper

from app import create_app, models as m
from app.extensions import db
from tests.conftest import TestConfig

ROOT = Path(__file__).resolve().parents[2]


def test_fab_tables_and_ours_share_one_metadata(house):
    with house.app_context():
        assert db.metadata is Model.metadata
        assert {"ab_user", "partner"} <= set(db.metadata.tables)


def test_fab_constraints_carry_our_naming_convention():
    assert {constraint.name for constraint in m.Role.__table__.constraints} >= {"pk_ab_role", "uq_ab_role_name"}


def test_fab_user_has_our_columns_and_one_mapper():
    mappers = [mapper for mapper in Model.registry.mappers if mapper.local_table.name == "ab_user"]
    assert mappers == [class_mapper(m.User)]
    assert "side" in inspect(m.User).column_attrs


def test_fab_makes_no_tables_and_no_permissions_by_itself(tmp_path):
    app = create_app(
        TestConfig, SQLALCHEMY_DATABASE_URI=f"sqlite:///{tmp_path / 'empty.db'}", INSTANCE=str(tmp_path), FILE_FOLDER=str(tmp_path), MAIL_FOLDER=str(tmp_path)
    )
    with app.app_context():
        assert inspect(db.engine).get_table_names() == []
        db.engine.dispose()


def test_fab_brings_no_address_of_its_own(house):
    ours = {"static", "bootstrap", "icons"}
    assert [
        rule.rule
        for rule in house.url_map.iter_rules()
        if rule.endpoint not in ours and not rule.endpoint.split(".")[0].endswith(("View", "Door")) and not rule.rule.startswith("/console")
    ] == []


def test_fab_role_patterns_are_unanchored_so_ours_are_anchored(house):
    pairs = house.extensions["appbuilder"].sm.builtin_roles["manager"]
    assert all(part[0] == "^" and part[-1] == "$" for pair in pairs for part in pair)


def test_fab_has_access_answers_from_our_table(house, cast):
    visitor = cast.client_for("reader")
    with visitor.client:
        visitor.get("/partners/")
        sm = house.extensions["appbuilder"].sm
        assert sm.has_access("can_read", "partner_file")
        assert not sm.has_access("can_write", "partner_file")
        assert not sm.has_access("can_read", "partner_file_secret")


def test_marshmallow_and_wtforms_are_pinned_below_what_breaks_fab():
    assert int(version("marshmallow").split(".")[0]) < 4
    assert tuple(map(int, version("wtforms").split(".")[:2])) < (3, 4)


def test_the_catalogue_directory_is_absolute(house):
    assert all(Path(part).is_absolute() for part in house.config["BABEL_TRANSLATION_DIRECTORIES"].split(";"))


@pytest.mark.parametrize(("header", "language"), [("en", "en"), ("fr", "fr"), ("de", "fr"), ("en-US,en;q=0.9", "en"), ("", "fr"), ("xx;q=zz", "fr")])
def test_the_browsers_language_counts_and_french_comes_last(house, cast, header, language):
    page = cast.stranger().get("/login", headers={"Accept-Language": header}).text
    assert f'<html lang="{language}"' in page
    assert ("Se connecter" in page) is (language == "fr")


def test_the_persons_language_comes_before_the_browsers(house, cast):
    visitor = cast.signed_in(cast.staff("reader", language="en"))
    assert '<html lang="en"' in visitor.get("/", headers={"Accept-Language": "fr"}).text
    assert visitor.post("/language", {"language": "fr", "next": "/clients/?q=a"}).headers["Location"] == "/clients/?q=a"
    assert '<html lang="fr"' in visitor.get("/", headers={"Accept-Language": "en"}).text


def test_an_unknown_language_is_refused_in_words(house, cast):
    visitor = cast.stranger()
    assert visitor.post("/language", {"language": "xx", "next": "/login"}, headers={"Accept-Language": "en"}).status_code == 302
    assert "This language is not available." in visitor.get("/login", headers={"Accept-Language": "en"}).text


def test_two_requests_at_once_do_not_see_each_others_filters(house, cast):
    """FAB keeps `_filters` on the view (#2366); our listing is made per request."""
    one, two = cast.partner(), cast.partner()
    clients = {cast.client(one, city="Lyon").id: one, cast.client(two, city="Paris").id: two}
    visitor = cast.client_for("reader")
    cookie = visitor.client.get_cookie("cordee").value
    wrong = []

    def look(key: int, partner: m.Partner) -> None:
        browser = house.test_client()
        browser.set_cookie("cordee", cookie)
        for _turn in range(20):
            page = browser.get(f"/clients/?partner_id={partner.id}").text
            if f'data-href="/clients/{key}"' not in page or page.count("data-href=") != 1:
                wrong.append(key)

    threads = [threading.Thread(target=look, args=pair) for pair in clients.items() for _each in range(2)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert wrong == []


def test_sqlite_trigrams_know_no_accents_so_the_folded_column_is_indexed(house, cast):
    """And nothing under three letters is found by them."""
    cast.client(cast.partner(), last_name="Éloïse")
    with house.app_context(), db.engine.connect() as connection:
        if connection.dialect.name != "sqlite":
            return
        count = "SELECT count(*) FROM client_fts WHERE client_fts MATCH :words"
        assert connection.execute(text(count), {"words": '"elois"'}).scalar() == 1
        assert connection.execute(text(count), {"words": '"éloï"'}).scalar() == 0
        assert connection.execute(text(count), {"words": '"el"'}).scalar() == 0


def test_sqlite_writers_take_the_lock_at_once(house, cast):
    """Without BEGIN IMMEDIATE 254 of 400 concurrent updates were lost."""
    partner = cast.partner()

    def add() -> None:
        for _turn in range(10):
            with house.app_context(), db.engine.begin() as connection:
                seen = connection.execute(
                    text("SELECT version FROM partner WHERE id = :id" + (" FOR UPDATE" if connection.dialect.name == "postgresql" else "")), {"id": partner.id}
                ).scalar()
                connection.execute(text("UPDATE partner SET version = :next WHERE id = :id"), {"next": seen + 1, "id": partner.id})

    threads = [threading.Thread(target=add) for _each in range(8)]
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
    assert cast.get(m.Partner, partner.id).version == 1 + 80


def test_migrating_sqlite_leaves_foreign_keys_on(house):
    with house.app_context(), db.engine.connect() as connection:
        if connection.dialect.name == "sqlite":
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
            assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"


def test_import_app_is_always_the_package():
    import app

    assert app.__file__.endswith("app/__init__.py")


def test_no_imports_inside_functions_in_services_and_models():
    """Circles are not dodged: an import stands at the top of its module."""
    found = []
    for path in [*(ROOT / "app" / "services").glob("*.py"), *(ROOT / "app" / "models").glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef):
                found += [f"{path.name}:{inner.lineno}" for inner in ast.walk(node) if isinstance(inner, ast.Import | ast.ImportFrom)]
    assert found == []


def test_no_key_no_start():
    with pytest.raises(RuntimeError, match="SECRET_KEY"):
        create_app(TestConfig, SECRET_KEY="")


def test_pygal_leaves_no_importer_behind_and_its_pictures_hold_no_script():
    """It puts a finder without find_spec on sys.meta_path and its settings as a script into every picture."""
    import sys

    from app.views import charts

    pygal = charts.painter()
    assert [finder for finder in sys.meta_path if not hasattr(finder, "find_spec")] == []
    chart = pygal.Bar(js=[])
    chart.add("", [1])
    assert "<script" in chart.render(is_unicode=True), "pygal has changed: without_scripts is no longer needed"
    chart.add_xml_filter(charts.without_scripts)
    assert "<script" not in chart.render(is_unicode=True)


def test_flask_admin_brings_only_the_addresses_that_the_console_names(house):
    """No forms, exports, actions or static files of its own; under a strict CSP its rows would be deleted without a question."""
    found = {rule.endpoint.split(".")[1] for rule in house.url_map.iter_rules() if rule.rule.startswith("/console")}
    assert found == {"index", "index_view", "create_view", "ajax_update", "delete_view"}
    assert not any(rule.endpoint.startswith("admin") for rule in house.url_map.iter_rules())


def test_flask_admin_deletes_nothing_unasked_and_answers_a_double_value_in_words(house, cast):
    admin = cast.client_for("administrator")
    before = cast.read(lambda session: session.query(m.lookups.ProductKindRow).count())
    assert admin.get("/console/lists/product_kind/delete/").status_code in (302, 405)
    assert "sure" in admin.post("/console/lists/product_kind/delete/", {"id": 1}).text
    assert cast.read(lambda session: session.query(m.lookups.ProductKindRow).count()) == before
    assert admin.post("/console/lists/product_kind/new/", {"code": "credit", "name_fr": "Crédit"}).status_code == 422


def test_no_address_is_a_coroutine(house):
    """create_app() tells Flask so, which would ask at each request; a coroutine's page would be empty."""
    assert [name for name, view in house.view_functions.items() if iscoroutinefunction(view)] == []
