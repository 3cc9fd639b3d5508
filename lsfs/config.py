"""Settings: option > ``LSFS_*`` variable > the drive's ``.lsfs.toml`` > the user's > default."""

from __future__ import annotations

import difflib
import logging
import os
import re
import stat
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import msgspec
from msgspec import Struct, field

from lsfs.errors import UsageError
from lsfs.paths import user_config
from lsfs.safety.trust import Trust

DRIVE_FILE = ".lsfs.toml"
_FIELD = re.compile(r"fields\.[a-z][a-z0-9_]{0,40}")

# A tree that was downloaded may not decide which programs, models or places outside it are used,
# who gets its files, or how much of the machine is taken; until the user has approved its settings.
UNTRUSTED = frozenset({
    "model.chat", "model.chat_name", "model.chat_remote", "model.draft",
    "model.rerank", "model.rerank_name", "model.rerank_remote",
    "model.embed", "model.embed_name", "model.embed_remote",
    "model.embed_query_prefix", "model.embed_passage_prefix", "model.prompts",
    "model.threads", "model.context",
    "model.gpu_layers", "model.memory", "index.neural", "index.neural_memory_mb",
    "index.parse_memory_mb", "index.parse_workers", "mount.transport", "mount.virtual_name",
    "share.enabled", "share.port", "team.asks", "team.running", "team.waiting", "team.queue",
    "team.seconds", "team.drain",
})  # fmt: skip
MOST_BYTES = 1 << 20  # of a file of settings

log = logging.getLogger("lsfs.config")


class IndexConfig(Struct, frozen=True):
    """What is indexed, and within which limits.

    Attributes:
        max_file_bytes: larger files are known by name only.
        parse_seconds: wall seconds a file may take before its parser is stopped.
        scan_seconds: wall seconds more for the pages of a file that are pictures of text; they are
            read by tesseract, which takes seconds for each.
        parse_memory_mb: address space of the parsing child, in MiB.
        parse_workers: files that are read at once, each in a process of its own; 0: one less than
            there are cores.
        ignore: names and patterns, in the syntax of .gitignore, that are not indexed wherever they
            stand. A ``.lsfsignore`` in a folder can take them in again (``!.env``).
        gitignore: where ``.gitignore`` counts as well: within git's working trees, everywhere,
            or never.
        pause: what holds up indexing that nobody waits for: nothing, a battery, a machine that is
            busy with other things, or either.
        debounce_ms: quiet time after a change before the file is read.
        neural: a folder with a page model, which then reads PDF; "" for none. What was read before
            is read again by reindexing.
        neural_dtype: the numbers it calculates with; "auto" is float32.
        neural_memory_mb: address space of the parsing child that has a page model, in MiB.
    """

    max_file_bytes: int = 256 * 1024 * 1024
    parse_seconds: float = 60.0
    scan_seconds: float = 900.0
    parse_memory_mb: int = 2048
    parse_workers: int = 0
    ignore: tuple[str, ...] = (
        # what versions are kept in
        ".git", ".hg", ".svn", ".bzr", ".jj", "_darcs",
        # what programs can make again
        "__pycache__", "node_modules", "bower_components", ".venv", ".tox", ".nox", ".eggs",
        "*.egg-info", ".cache", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".hypothesis",
        ".ipynb_checkpoints", ".gradle", ".terraform", ".next", ".nuxt", ".parcel-cache",
        ".sass-cache", "*.pyc", "*.pyo", "*.o", "*.so", "*.class",
        # what systems and programs leave about
        ".Trash", ".Trash-*", "$RECYCLE.BIN", "System Volume Information", "lost+found",
        ".Spotlight-V100", ".fseventsd", ".DS_Store", "Thumbs.db", "desktop.ini", ".fuse_hidden*",
        ".nfs*", "*.swp", "*.swo", "*~", ".#*", "~$*", ".~lock.*#", "*.tmp", "*.part",
        "*.crdownload",
        # secrets: an answer should not quote them
        ".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.keystore", "*.kdbx",
        "*.ppk", "id_rsa", "id_dsa", "id_ecdsa", "id_ed25519", ".ssh", ".gnupg", ".aws", ".azure",
        ".kube", ".docker", ".password-store", ".netrc", "_netrc", ".pgpass", ".my.cnf", ".pypirc",
        ".npmrc", ".git-credentials", ".htpasswd", "credentials.json", "client_secret*.json",
        "service-account*.json", ".vault-token", "*.env", "id_*_sk", "*.kdb", "*.psafe3", "*.1pux",
        "*.opvault", "*.agilekeychain", "*.keychain", "*.keychain-db", "secring.gpg", "*.ovpn",
        "*.tfstate", "*.tfstate.*", "*.tfvars", ".vault-pass*", ".vault_pass*", ".authinfo*",
        ".s3cfg", ".boto", ".msmtprc", ".fetchmailrc", ".smbcredentials", ".databrickscfg",
        ".terraformrc", "**/.config/gcloud", "secrets.json", "secrets.yaml", "secrets.yml",
        "secrets.toml",
    )  # fmt: skip
    gitignore: Literal["repositories", "everywhere", "never"] = "repositories"
    pause: Literal["never", "battery", "busy", "either"] = "never"
    debounce_ms: int = 300
    neural: str = ""
    neural_dtype: Literal["auto", "float32", "bfloat16", "float16"] = "auto"
    neural_memory_mb: int = 8192


class ModelConfig(Struct, frozen=True):
    """Which models answer.

    Attributes:
        chat: what answers: "default", "none", the path of a GGUF file, or the address of a server
            as ``http://127.0.0.1:8080/v1``.
        chat_name, embed_name, rerank_name: what the server calls the model.
        chat_remote, embed_remote, rerank_remote: that server may be on another machine: text of
            the files leaves this one.
        draft: a smaller model with the same tokens, which guesses what the one that answers says,
            so that it says it sooner: "none", or the path of a GGUF file.
        embed: "default", "none", the path of a GGUF file or of a folder with a model of
            transformers, or the address of a server as ``http://127.0.0.1:8080/v1``.
        embed_query_prefix, embed_passage_prefix: what the embedding model wants to stand before a
            query and a passage; "auto": what is known of its family.
        rerank: what puts the best hits of a search in order: "none", the path of a GGUF file of a
            reranker, or the address of a server.
        prompts: whether what answers also proposes a call for prompts that the rules of ``parse``
            do not know: "on", "off", or "auto": where another model than the default was chosen.
        threads: threads of the language model; 0 means one less than there are cores.
        context: context window in tokens.
        max_tokens: longest answer in tokens.
        read_tokens: tokens that a model reads for an answer, about, where what it makes of
            passages is not kept; 0: the quotes alone.
        gpu_layers: layers of the language model on the GPU; -1: as many as fit its memory.
        memory: MiB of all models in memory together; the least recently used makes room. 0: half
            of the machine's memory.
        memory_free: MiB that are left to other programs: below that, models that nobody uses are
            closed, and come back with the next question. 0: never.
        timeout: wall seconds of one task of the language model; 0: no limit.
        kv: "on": what the language model makes of a passage (its attention state) is kept, so that
            the next question about it need not wait for that again.
        kv_bytes: how much of that is kept, what was used last first.
        kv_numbers: "f16": as the model made them; "q8": in 8 bits, so that nearly twice as much
            is kept, of which answers are not quite the same.
    """

    chat: str = "default"
    chat_name: str = ""
    chat_remote: bool = False
    draft: str = "none"
    embed: str = "default"
    embed_name: str = ""
    embed_remote: bool = False
    embed_query_prefix: str = "auto"
    embed_passage_prefix: str = "auto"
    rerank: str = "none"
    rerank_name: str = ""
    rerank_remote: bool = False
    prompts: Literal["auto", "on", "off"] = "auto"
    threads: int = 0
    context: int = 4096
    max_tokens: int = 160
    read_tokens: int = 0
    gpu_layers: int = -1
    memory: int = 0
    memory_free: int = 512
    timeout: float = 600.0
    kv: Literal["on", "off"] = "on"
    kv_bytes: int = 2 << 30
    kv_numbers: Literal["f16", "q8"] = "f16"


class MountConfig(Struct, frozen=True):
    """How a drive is mounted.

    Attributes:
        transport: auto, kernel, mfusepy or fusepy.
        virtual_name: the directory in the mount that holds everything virtual.
        timeout_s: how long the kernel may keep names and attributes, in seconds.
        passthrough: let the kernel read and write files itself where it can (transport kernel).
    """

    transport: str = "auto"
    virtual_name: str = ".lsfs"
    timeout_s: float = 1.0
    passthrough: bool = True


class VersionsConfig(Struct, frozen=True):
    """What is kept of the past.

    Attributes:
        durability: "full": what is about to be lost is on the disk before it is let go; "fast": it
            is left to the system to write it, so that a power cut may lose the last half minute of
            versions; "off": the mount keeps nothing.
        read_bytes: files up to this size are kept when they are indexed, so that an edit behind the
            mount can be undone too; 0 keeps none.
        indexed: how many earlier contents of each path stay indexed, the latest first, so that
            one that comes back is neither read nor embedded again, and the past is searched at
            once; 0: none.
    """

    durability: Literal["full", "fast", "off"] = "full"
    read_bytes: int = 32 * 1024 * 1024
    indexed: int = 5


class ShareConfig(Struct, frozen=True):
    """Links to files, for this machine.

    Attributes:
        enabled: links may be given out.
        port: where ``lsfs share --serve`` listens; 0 takes a free one.
    """

    enabled: bool = False
    port: int = 8378


class TeamConfig(Struct, frozen=True):
    """How much ``lsfs serve --team`` does at a time, and for whom.

    Attributes:
        asks: questions that are answered at the same time; 0: 8 where a server answers, else 1.
        running: questions of one member that are answered at the same time.
        waiting: questions of one member that wait for that; who sends more is told to come later.
        queue: questions that wait, of all members together.
        seconds: that a request may take once it runs; 0: any number.
        drain: seconds that what runs and waits has when the service is to end.
    """

    asks: int = 0
    running: int = 2
    waiting: int = 4
    queue: int = 64
    seconds: float = 300.0
    drain: float = 30.0


class FieldConfig(Struct, frozen=True):
    """A field that documents are read for: ``[fields.NAME]``.

    Attributes:
        type: party, amount, date, duration, number, email, phone, iban or text; "" is that of the
            built-in field of this name, else text.
        labels: what it is called in documents ("Cost centre").
        regex: a pattern of the value; its first group when it has one.
    """

    type: Literal[
        "", "party", "amount", "date", "duration", "number", "email", "phone", "iban", "text"
    ] = ""
    labels: tuple[str, ...] = ()
    regex: str = ""


class Config(Struct, frozen=True):
    """All settings of a drive."""

    index: IndexConfig = field(default_factory=IndexConfig)
    model: ModelConfig = field(default_factory=ModelConfig)
    mount: MountConfig = field(default_factory=MountConfig)
    versions: VersionsConfig = field(default_factory=VersionsConfig)
    share: ShareConfig = field(default_factory=ShareConfig)
    team: TeamConfig = field(default_factory=TeamConfig)
    fields: dict[str, FieldConfig] = field(default_factory=dict)


def known_keys() -> list[str]:
    """Every setting as ``section.key``, but for the fields, whose names are the user's."""
    return [
        f"{section}.{key}"
        for section in Config.__struct_fields__
        if section != "fields"
        for key in getattr(Config(), section).__struct_fields__
    ]


def load(
    source: Path | None = None,
    *,
    options: Mapping[str, Any] | None = None,
    environment: Mapping[str, str] | None = None,
    user_file: Path | None = None,
) -> Config:
    """The settings of a drive.

    Args:
        source: the drive's folder, whose ``.lsfs.toml`` is read; None reads none.
        options: ``section.key`` to value, from the command line; these win.
        environment: where ``LSFS_SECTION_KEY`` variables are looked up; the process's by default.
        user_file: the user's settings; ``$XDG_CONFIG_HOME/lsfs/config.toml`` by default.

    Raises:
        UsageError: an unknown key (with the nearest known one), or a value of the wrong type.
    """
    settings: dict[str, Any] = {}
    settings |= _from_file(user_file or user_config())
    if source is not None:
        settings |= _from_drive(source)
    settings |= _from_environment(os.environ if environment is None else environment)
    settings |= options or {}
    return _build(settings)


def trusted() -> Trust:
    """Which settings of drives the user has approved."""
    return Trust(user_config().with_name("trusted.json"))


def content(path: Path) -> bytes:
    """A file of settings; empty where there is none that can be read.

    Raises:
        UsageError: it is no file, or too large: it may have come with a tree.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return b""
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise UsageError(f"{path} is no file", hint="move it away")
        data = file.read(MOST_BYTES + 1)
    if len(data) > MOST_BYTES:
        raise UsageError(f"{path} is too large for settings", hint="move it away")
    return data


def untrusted(source: Path) -> list[str]:
    """Settings of a drive's own file that are not obeyed before the user approves them."""
    data = content(source / DRIVE_FILE)
    found = sorted(UNTRUSTED & _flat(data, source / DRIVE_FILE).keys())
    return [] if not found or trusted().approves(source, data) else found


def _from_drive(source: Path) -> dict[str, Any]:
    path = source / DRIVE_FILE
    data = content(path)
    settings = _flat(data, path)
    refused = sorted(UNTRUSTED & settings.keys())
    if refused and not trusted().approves(source, data):
        log.warning(
            "%s: not obeyed before you approve it with 'lsfs trust': %s", path, ", ".join(refused)
        )
        return {key: value for key, value in settings.items() if key not in UNTRUSTED}
    return settings


def _from_file(path: Path) -> dict[str, Any]:
    return _flat(content(path), path)


def _flat(content: bytes, path: Path) -> dict[str, Any]:
    """Settings as ``section.key`` to value."""
    try:
        data = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: {error}", hint="mend the file or move it away") from error
    flat: dict[str, Any] = {}
    for section, values in data.items():
        if not isinstance(values, dict):
            raise UsageError(f"{path}: {section} is no section", hint=_nearest(section))
        flat |= {f"{section}.{key}": value for key, value in values.items()}
    _check(flat, str(path))
    return flat


def _from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    found = {}
    for key in known_keys():
        name = "LSFS_" + key.replace(".", "_").upper()
        if name in environment:
            found[key] = environment[name]
    return found


def _check(keys: Iterable[str], origin: str) -> None:
    for key in keys:
        if key not in known_keys() and not _FIELD.fullmatch(key):
            raise UsageError(f"{origin}: unknown setting {key!r}", hint=_nearest(key))


def _check_field(key: str, value: Any) -> None:
    known = FieldConfig.__struct_fields__
    unknown = sorted(set(value) - set(known)) if isinstance(value, dict) else [""]
    if unknown:
        raise UsageError(
            f"settings: {key} has no {unknown[0]!r}", hint=f"a field has: {', '.join(known)}"
        )
    if value.get("regex"):
        try:
            re.compile(value["regex"])
        except (re.error, TypeError) as error:
            raise UsageError(f"settings: {key}.regex: {error}") from error


def _nearest(key: str) -> str:
    near = difflib.get_close_matches(key, known_keys(), n=1, cutoff=0.3)
    return f"did you mean {near[0]!r}?" if near else "see: lsfs config list"


def _build(settings: Mapping[str, Any]) -> Config:
    _check(settings, "settings")
    nested: dict[str, dict[str, Any]] = {}
    for key, value in settings.items():
        section, name = key.split(".", 1)
        if section == "fields":
            _check_field(key, value)
        is_list = name == "ignore" and isinstance(value, str)
        nested.setdefault(section, {})[name] = value.split(":") if is_list else value
    try:
        # Not strict: variables arrive as text, and "8" is a number there.
        return msgspec.convert(nested, Config, strict=False)
    except msgspec.ValidationError as error:
        said = str(error).replace("Expected `bool`, got `str`", "Expected true or false")
        raise UsageError(f"settings: {said}", hint="see: lsfs config list") from error
