"""`breakwater desk`: the pages where people decide what waits, on loopback unless a way to sign in is declared."""

import argparse
import getpass
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of the subcommand."""
    parser.add_argument("--port", type=int, default=8501, help="default: 8501")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: 127.0.0.1)")
    parser.add_argument(
        "--show-personal", action="store_true", help="show personal fields, where the desk is open"
    )
    parser.add_argument(
        "--add-user",
        metavar="NAME",
        help="give NAME a password, asked for or read from standard input, and end",
    )


def run(options: argparse.Namespace) -> int:
    """0 when it was stopped, or the password is set."""
    from orchestration_assets.settings import settings

    found = settings()
    if options.add_user is not None:
        return _add_user(found.desk, options.add_user)
    from orchestration_assets.desk.server import desk_of, serve

    person, shows = getpass.getuser(), options.show_personal
    desk = desk_of(found, person, options.host, options.port, shows_personal=shows)
    serve(desk, options.host, options.port)
    return 0


def _add_user(declared: Path, name: str) -> int:
    from orchestration_assets.desk.access import Local, load_access
    from orchestration_assets.desk.passwords import set_password
    from orchestration_assets.errors import DeclarationError

    access = load_access(declared)
    if not isinstance(access.sign_in, Local):
        raise DeclarationError(
            f"{declared} lets nobody sign in with a password\nHint: sign_in: {{kind: local}}"
        )
    set_password(access.sign_in.passwords, name, _password())
    print(f"{access.sign_in.passwords}: the password of {name} is set")
    if access.right_of(name) is None:
        print(f"{declared} says nothing of {name} yet: without a role they may do nothing", file=sys.stderr)
    return 0


def _password() -> str:
    from orchestration_assets.errors import DeclarationError

    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    first = getpass.getpass("Password: ")
    if getpass.getpass("Again: ") != first:
        raise DeclarationError("the two passwords differ\nHint: try again")
    return first
