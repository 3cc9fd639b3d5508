"""Commands about settings: config, completion."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from lsfs.errors import UsageError
from lsfs_cli.session import Session

pass_session = click.make_pass_decorator(Session, ensure=True)


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    for command in (list_, get, set_):
        command.params += common
    completion.params += common
    return {"config": config, "completion": completion}


@click.group()
def config() -> None:
    """Show and change settings.

    \b
    Examples:
      lsfs config list
      lsfs config set model.chat none
    """


def _values() -> dict[str, Any]:
    from lsfs import config as configuration

    loaded = configuration.load()
    found = {}
    for key in configuration.known_keys():
        section, name = key.split(".")
        found[key] = getattr(getattr(loaded, section), name)
    return found


@config.command("list")
@pass_session
def list_(session: Session) -> None:
    """Show every setting in force."""
    values = _values()
    if session.json:
        session.print_json({"settings": values})
        return
    for key, value in values.items():
        shown = ":".join(value) if isinstance(value, tuple) else value
        click.echo(f"{key} = {shown}")


@config.command()
@click.argument("key")
@pass_session
def get(session: Session, key: str) -> None:
    """Show one setting."""
    values = _values()
    if key not in values:
        raise UsageError(f"unknown setting {key!r}", hint="see: lsfs config list")
    if session.json:
        session.print_json({"settings": {key: values[key]}})
    else:
        click.echo(values[key])


@config.command("set")
@click.argument("key")
@click.argument("value")
@pass_session
def set_(session: Session, key: str, value: str) -> None:
    """Change a setting in the user's file; comments in it are kept."""
    from lsfs import config as configuration

    configuration.load(options={key: value})  # refuses what is unknown or of the wrong type
    path = store({key: value})
    if session.json:
        session.print_json({"settings": {key: value}, "file": str(path)})
    else:
        click.echo(f"{key} = {value} ({path})")


def store(changed: dict[str, str]) -> Path:
    """Write settings to the user's file, and leave all else in it as it is."""
    import tomlkit

    from lsfs.paths import user_config

    path = user_config()
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    document = tomlkit.parse(text)
    known = _values()
    for key, value in changed.items():
        section, name = key.split(".")
        table = document.setdefault(section, tomlkit.table())
        table[name] = _typed(known[key], value)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_text(tomlkit.dumps(document), encoding="utf-8")
    draft.replace(path)
    return path


def _typed(like: Any, value: str) -> Any:
    """The text of a value as the type the setting has."""
    if isinstance(like, tuple):
        return value.split(":")
    if isinstance(like, bool):
        return value.lower() in ("1", "true", "yes", "on")
    return type(like)(value) if isinstance(like, (int, float)) else value


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print what makes a shell complete lsfs's commands.

    \b
    Examples:
      lsfs completion bash >> ~/.bashrc
    """
    from click.shell_completion import get_completion_class

    from lsfs_cli.main import cli

    kind = get_completion_class(shell)
    if kind is None:  # the choice above leaves no other
        raise UsageError(f"unknown shell {shell!r}")
    click.echo(kind(cli, {}, "lsfs", "_LSFS_COMPLETE").source())
