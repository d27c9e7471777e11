"""Flask commands: prepare a database, load the demo, do the background work, print the table of permissions, walk the history."""

from __future__ import annotations

import os
import resource
import signal
import sys
import threading
from pathlib import Path
from typing import BinaryIO, TextIO

import click
from flask import Flask, current_app

from app.connectors.files import StoreGone, StoreRefuses
from app.extensions import db
from app.models import Lane, ListKind
from app.models.scope import SYSTEM, acting
from app.permissions import PARTNER_ROLES, PORTAL_TABLE, STAFF_ROLES, STAFF_TABLE, Access
from app.services import backups, factors, history, jobs, preparation, schedules, signing, stores, watch_lists, workers
from app.services.crossings import crossing
from app.services.refusals import RuleBroken


def add_commands(app: Flask) -> None:
    for command in (prepare, load_demo, permissions, check_history, verify_agreement, backup_key, backup, restore, remove_second_factor, load_list, copy_files, work):
        app.cli.add_command(command)


@click.command()
def prepare() -> None:
    """Bring the database to the present state: migrations, walls, indexes, roles."""
    preparation.prepare()
    click.echo("The database is ready.")
    check_store()


def check_store() -> None:
    """Ends with a sentence where files could never be kept; a store that is only silent just now is said and waited for."""
    try:
        stores.claim()
    except (stores.NotOurs, StoreRefuses) as fault:
        sys.exit(f"Files cannot be kept: {fault}")
    except StoreGone as silence:
        click.echo(f"The store of files does not answer just now: {silence}", err=True)


@click.command("demo")
def load_demo() -> None:
    """Prepare the database and load the demo house; does nothing the second time."""
    from app.services import demo  # only here: a server that starts has no use for it

    if not current_app.config["DEMO"]:
        sys.exit("The demo house is only loaded under config.DemoConfig (make demo).")
    preparation.prepare()
    check_store()
    with acting(db.session(), SYSTEM, "demo"):
        loaded = demo.load()
        db.session.commit()
    click.echo("The demo house has been loaded." if loaded else "The demo house is there already.")
    for role, email in demo.accounts():
        click.echo(f"  {role:<22} {email:<34} {demo.PASSWORD}")


@click.command()
def permissions() -> None:
    """Print who may do what: kinds of record × roles."""
    for title, table, roles in (("Back office", STAFF_TABLE, STAFF_ROLES), ("Portal (own company's rows only)", PORTAL_TABLE, PARTNER_ROLES)):
        click.echo(f"\n{title}")
        click.echo(f"{'':<28}" + "".join(f"{name:<15}" for name in roles))
        for access in table:
            click.echo(line_of(access, list(roles)))


def line_of(access: Access, roles: list[str]) -> str:
    levels = "".join(f"{access.level_of(role).name.lower() if access.level_of(role) else '-':<15}" for role in roles)
    return f"{access.name:<28}{levels}"


@click.command("check-history")
def check_history() -> None:
    """Walk the chain of history; exit with 1 when a row was changed, removed or inserted behind the application's back."""
    with crossing(piecemeal=True) as session:
        broken = history.broken_places(session)
    if broken:
        sys.exit(f"The chain does not hold at: {', '.join(map(str, broken))}")
    click.echo("The history is whole.")


STATES = {"offered": "as it was offered for signature", "signed": "as the partner signed it", "countersigned": "as both have signed it"}


@click.command("verify-agreement")
@click.argument("file", type=click.File("rb"))
def verify_agreement(file: BinaryIO) -> None:
    """Say whether a PDF is one of this house's agreements, whole and unchanged: exit with 1 when it is not, with 2 when it is and
    binds nobody."""
    found = signing.verify(file.read())
    click.echo(f"SHA-256 {found.digest}")
    if found.agreement is not None:
        click.echo(f"Agreement no. {found.agreement.id}, “{found.agreement.name}”, {STATES.get(found.state, found.state)}; today: {found.agreement.status.value}.")
    if not found.readable:
        click.echo("This is not a PDF that can be read.")
    for each in found.seals:
        made = "with this house’s key" if each.ours else "with a key that is not this house’s"
        click.echo(f"Signature “{each.field}” {made}: {'whole' if each.intact and not each.changed_later else 'BROKEN'}. {each.reason} {each.at or ''}")
    if not found.is_ours:
        sys.exit("Not a file that left this house, or changed since.")
    if not found.binds:
        said = "it bears no signature" if found.state == "offered" else "the agreement no longer stands"
        click.echo(f"Ours and unchanged, but {said}.")
        sys.exit(2)
    click.echo("Ours, whole and unchanged.")


@click.command("remove-second-factor")
@click.argument("email")
def remove_second_factor(email: str) -> None:
    """Remove the second factor of somebody whose phone and recovery codes are lost; the person is told by mail."""
    try:
        factors.remove_of(email)
    except LookupError:
        sys.exit("Nobody signs in with this address.")
    click.echo("Removed. The next sign-in asks for a new one, if the role needs it.")


@click.command("load-list")
@click.argument("kind", type=click.Choice([kind.value for kind in ListKind]))
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--smaller-too", is_flag=True, help="Also when it holds less than half the entries of the one in use.")
def load_list(kind: str, file: Path, smaller_too: bool) -> None:
    """Load a newer watch list (the Treasury's JSON format) and have every partner screened against it."""
    with acting(db.session(), SYSTEM, "command line"):
        try:
            row = watch_lists.load(ListKind(kind), file.name, file.read_bytes(), "command line", smaller_too)
            db.session.commit()
        except RuleBroken as refusal:
            sys.exit(str(refusal.sentence))
    click.echo(f"{row.entries} entries, published on {row.published_on}. Every partner is being screened.")


@click.command("backup-key")
@click.argument("file", type=click.Path(path_type=Path))
def backup_key(file: Path) -> None:
    """Write a fresh secret key to FILE, and print the public key that backups are written for. Keep FILE away from the server."""
    if file.exists():
        sys.exit(f"{file} is there already; it is not overwritten.")
    secret, public = backups.new_key()
    with open(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
        out.write(f"# public key: {public}\n{secret}\n")
    click.echo(public)


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--to", "recipient", envvar="BACKUP_TO", required=True, help="The public key (age1…); or set BACKUP_TO.")
def backup(file: Path, recipient: str) -> None:
    """Write the database and the kept files to FILE, as they are at this moment, encrypted."""
    try:
        done = backups.write(file, recipient)
    except backups.NotDone as fault:
        sys.exit(str(fault))
    click.echo(f"Written: {done.rows} rows, {done.files} files.")
    if done.missing:
        click.echo(f"Removed by others while they were read: {done.missing} files.")


@click.command()
@click.argument("file", type=click.Path(exists=True, path_type=Path))
@click.option("--key", "key", type=click.File(), required=True, help="The file that backup-key wrote.")
def restore(file: Path, key: TextIO) -> None:
    """Bring a backup back into an empty house, and walk the chain of its history."""
    try:
        done = backups.restore(file, key.read())
    except backups.NotDone as fault:
        sys.exit(str(fault))
    click.echo(f"Restored: {done.rows} rows, {done.files} files.")
    if done.other_secret:
        click.echo("SECRET_KEY is not the one of then: second factors have to be set up again, and proofs of signatures cannot be checked.")
    if done.broken:
        sys.exit(f"The chain of history does not hold at: {', '.join(map(str, done.broken))}")
    click.echo("The history is whole.")


@click.command("copy-files")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
def copy_files(folder: Path) -> None:
    """Copy every kept file of FOLDER to where FILE_STORE says; may be run again."""
    check_store()
    try:
        copied, there = stores.copy_from(folder)
    except FileExistsError as fault:
        sys.exit(f"Another file lies under this key already: {fault}")
    except OSError as fault:
        sys.exit(f"The store of files does not take them: {fault}. What has been copied stays; run it again.")
    click.echo(f"Copied: {copied} files; there already: {there}.")


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, and stop.")
@click.option("--lane", "lanes", type=click.Choice([lane.value for lane in Lane]), multiple=True, help="Only this lane; may be given twice.")
def work(once: bool, lanes: tuple[str, ...]) -> None:
    """Do the background work; any number of these may run beside each other and beside the server."""
    limit_memory(current_app.config["WORK_MEMORY"])
    chosen = tuple(Lane(name) for name in lanes) or jobs.LANES
    if once:
        schedules.tick()
        click.echo(f"Tries: {jobs.work_off(lanes=chosen)}.")
        return
    at_work = workers.Workers(current_app._get_current_object(), chosen)  # type: ignore[attr-defined]
    ended = threading.Event()
    for sign in (signal.SIGTERM, signal.SIGINT):
        signal.signal(sign, lambda *_: ended.set())
    at_work.start()
    click.echo(f"At work: {', '.join(lane.value for lane in chosen)}.")
    ended.wait()
    at_work.stop()


def limit_memory(megabytes: int) -> None:
    """A job that eats memory fails with a MemoryError, instead of taking its neighbours along."""
    if megabytes:
        resource.setrlimit(resource.RLIMIT_AS, (megabytes * 1024 * 1024,) * 2)
