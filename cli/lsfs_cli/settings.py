"""Commands about settings: config, completion."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from lsfs.errors import UsageError
from lsfs.paths import user_config
from lsfs_cli.noted import note_settings
from lsfs_cli.session import Session
from lsfs_cli.told import Settings

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
    lines = (f"{key} = {_shown(value)}" for key, value in values.items())
    session.show(Settings(values), "\n".join(lines))


def _shown(value: Any) -> str:
    return ":".join(value) if isinstance(value, tuple) else str(value)


@config.command()
@click.argument("key")
@pass_session
def get(session: Session, key: str) -> None:
    """Show one setting."""
    values = _values()
    if key not in values:
        raise UsageError(f"unknown setting {key!r}", hint="see: lsfs config list")
    session.show(Settings({key: values[key]}), _shown(values[key]))


@config.command("set")
@click.argument("key")
@click.argument("value")
@click.option("--dry-run", is_flag=True, help="only see whether it could be set")
@pass_session
def set_(session: Session, key: str, value: str, dry_run: bool) -> None:
    """Change a setting in the user's file; comments in it are kept."""
    from lsfs import config as configuration

    configuration.load(options={key: value})  # refuses what is unknown or of the wrong type
    path = user_config() if dry_run else store(session, {key: value})
    said = "would be set in " if dry_run else ""
    session.show(Settings({key: value}, str(path), dry_run), f"{key} = {value} ({said}{path})")


def store(session: Session, changed: dict[str, str]) -> Path:
    """Write settings to the user's file, and leave all else in it as it is."""
    import tomlkit

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
    note_settings(session, changed)
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
