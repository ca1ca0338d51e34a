"""`fourwalls serve` and `fourwalls users`."""

from __future__ import annotations

import getpass
import sys
from pathlib import Path
from typing import Annotated

import typer

from fourwalls.errors import RegisterError

users_app = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Who may log in to the web app.")
Folder = Annotated[Path, typer.Argument(help="Portfolio folder; of several that are served, the first.")]
Name = Annotated[str, typer.Argument(help="Name to log in with.")]
Role = Annotated[str, typer.Option(help="reader (look), analyst (run, plan, upload) or decider (decide).")]


def serve(
    folders: Annotated[list[Path], typer.Argument(metavar="FOLDER…", help="Portfolio folders.")],
    host: Annotated[
        str, typer.Option(help="Where to listen; beyond this machine, everybody has to log in.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Which port.")] = 8480,
    data: Annotated[Path | None, typer.Option(help="Folder that {data} in the SQL files stands for.")] = None,
    login: Annotated[bool, typer.Option("--login", help="Log in on this machine too.")] = False,
    public_host: Annotated[
        list[str] | None, typer.Option(help="Name by which browsers reach it, e.g. of a proxy in front; repeatable.")
    ] = None,
    https: Annotated[bool, typer.Option("--https", help="A proxy in front ends https.")] = False,
) -> None:
    """Show portfolios in a browser: map, assets, what-if, decisions, plans, pilots and register."""
    from fourwalls.surfaces.web.app import serve as serve_app
    from fourwalls.surfaces.web.settings import Settings, named, oidc_from

    settings = Settings(
        named(folders), host, port, tuple(public_host or ()), is_login_wanted=login, is_https=https, oidc=oidc_from()
    )
    shown = f"[{host}]" if ":" in host else host
    typer.echo(f"fourwalls: http://{shown}:{port}  (Ctrl-C stops it)")
    serve_app(settings, data)


@users_app.command("add")
def users_add(folder: Folder, name: Name, role: Role = "reader") -> None:
    """Add somebody; the password is asked for, or read from a pipe."""
    from fourwalls.register import Register
    from fourwalls.surfaces.register_cli import place_of
    from fourwalls.surfaces.web.access import hashed

    _known(role)
    with Register.open(place_of(folder)) as register:
        register.desk.add_user(name, role, hashed(_password()))
    typer.echo(f"{name} may log in as {role}.")


@users_app.command("change")
def users_change(
    folder: Folder,
    name: Name,
    role: Annotated[str | None, typer.Option(help="reader, analyst or decider.")] = None,
    password: Annotated[bool, typer.Option("--password", help="Ask for a new password.")] = False,
    active: Annotated[bool | None, typer.Option("--active/--inactive", help="Whether they may log in.")] = None,
) -> None:
    """Change somebody's role or password, or take their access away; they have to log in again."""
    from fourwalls.register import Register
    from fourwalls.surfaces.register_cli import place_of
    from fourwalls.surfaces.web.access import hashed

    if role is not None:
        _known(role)
    with Register.open(place_of(folder)) as register:
        user = register.desk.user(name)
        if user is None:
            raise RegisterError(f"There is no user '{name}'.", "See them: fourwalls users list FOLDER.")
        secret = hashed(_password()) if password else None
        register.desk.change_user(name, expected_version=user.version, role=role, secret=secret, is_active=active)
        register.desk.drop_sessions(user=name)
    typer.echo(f"{name} is changed, and has to log in again.")


@users_app.command("list")
def users_list(folder: Folder) -> None:
    """Name everybody who may log in."""
    from fourwalls.register import Register
    from fourwalls.surfaces.register_cli import place_of

    with Register.open(place_of(folder)) as register:
        for user in register.desk.users():
            how = "password" if user.secret is not None else "elsewhere"
            typer.echo(f"{user.name}  {user.role}  {how}{'' if user.is_active else '  (no longer)'}")


def _known(role: str) -> None:
    from fourwalls.errors import did_you_mean, listed
    from fourwalls.surfaces.web.settings import ROLES

    if role not in ROLES:
        raise RegisterError(f"There is no role '{role}'.{did_you_mean(role, ROLES)}", f"Choose from {listed(ROLES)}.")


def _password() -> str:
    """Asked for without showing it; from a pipe, its first line."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise RegisterError("The two are not the same.", "Try again.")
    return first
