"""The audit log: who called what that changes something, in a chain that shows what was done to it.

A line is a JSON object::

    {"n", "time_ns", "call", "effect", "outcome", "code", "door", "uid", "pid",
     "seal", "prev", "hash", "salt", "details"}

``hash`` covers all but ``salt`` and ``details``, with the hash of the line before as ``prev``; so a
line that is altered, taken out, put in or moved breaks the chain. ``seal`` is a hash of salt and
details: what names files can be forgotten later (:meth:`AuditLog.redact`) and the chain still
holds, for the chain knows of it only what nobody can guess without the salt. A redaction is a line
of the log itself, written first, and names the lines; a line without details that no later line
speaks of was tampered with. The last line's number and hash stand in a file of their own as well,
so that a log which was cut at its end is found out.

Whoever may write the state can make all of it anew. To rule that out, keep what ``head`` says
elsewhere, and give it to :meth:`AuditLog.verify`.

Schneier and Kelsey, "Secure audit logs to support computer forensics" (1999), is where the chain
comes from; there is no secret here, for it would lie beside the log.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

from lsfs import codec
from lsfs.errors import StateUnwritable
from lsfs.safety.clients import Client
from lsfs.safety.statefile import exclusive, replace

REDACTION = "redaction"
FIRST = "0" * 64  # what stands before the first line
_CHAINED = ("n", "time_ns", "call", "effect", "outcome", "code", "door", "uid", "pid", "redacts",
            "mended", "seal", "prev")  # fmt: skip
_BLOCK = 1 << 16
QUOTED = 4  # characters of a name that is looked for within other words


class Happening(Struct, frozen=True):
    """What is to be written of a call.

    Attributes:
        effect: ``read``, ``write`` or ``destructive``.
        outcome: ``done``, ``planned`` (only shown), ``refused`` (not allowed), ``failed``.
        code: the error's name, where there was one.
        details: arguments, without the contents of files; the digest of a plan.
    """

    call: str
    effect: str
    outcome: str
    client: Client
    code: str = ""
    details: Mapping[str, Any] | None = None


class Recorded(Struct, frozen=True):
    """A line of the log.

    Attributes:
        n: its number, from 1.
        details: None when they were redacted.
    """

    n: int
    time_ns: int
    call: str
    effect: str
    outcome: str
    code: str
    door: str
    uid: int
    pid: int
    hash: str
    details: dict[str, Any] | None


class Verdict(Struct, frozen=True):
    """What a check of the log has found.

    Attributes:
        lines: how many there are.
        head: ``number:hash`` of the last one.
        problems: what is wrong; empty for a log that is whole.
        notes: what is to be known, and no sign of tampering.
    """

    lines: int
    head: str
    problems: tuple[str, ...]
    notes: tuple[str, ...] = ()


class AuditLog:
    """The audit log of one drive. Any process may append; each append takes a lock.

    Args:
        path: the log; ``.head`` and ``.lock`` stand beside it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._head = path.with_name(path.name + ".head")
        self._lock = path.with_name(path.name + ".lock")

    # --- writing

    def append(self, what: Happening, time_ns: int, *, durable: bool = False) -> None:
        """Write a line.

        Args:
            time_ns: now, in nanoseconds since the epoch.
            durable: it is on the disk when this returns, not only with the system.

        Raises:
            StateUnwritable: the disk is full, or refuses.
        """
        with self._locked():
            self._append(what, time_ns, {}, durable=durable)

    def redact(self, words: Iterable[str], time_ns: int, client: Client) -> int:
        """Forget the details of all lines that name one of these; gives how many.

        Raises:
            StateUnwritable: the disk is full, or refuses.
        """
        gone = {word for word in words if word}
        with self._locked():
            lines = [(line, _parsed(line)) for line in self._lines()]
            hit = [
                known["n"]
                for _, known in lines
                if known is not None
                and known.get("details") is not None
                and any(_names(text, gone) for text in texts(known["details"]))
            ]
            if not hit:
                return 0
            told = Happening(REDACTION, "destructive", "done", client)
            self._append(told, time_ns, {"redacts": hit}, durable=True)
            bare = set(hit)
            replace(
                self._path,
                [
                    _line({**known, "salt": "", "details": None})
                    if known is not None and known["n"] in bare
                    else line
                    for line, known in ((line, _parsed(line)) for line in self._lines())
                ],
            )
        return len(hit)

    def _append(
        self, what: Happening, time_ns: int, extra: dict[str, Any], *, durable: bool
    ) -> None:
        fd = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            last, mended = _last(fd)
            if mended:
                extra = {**extra, "mended": True}
            salt = secrets.token_hex(16)
            details = codec.to_builtins(dict(what.details or {}))
            client = what.client
            if client.name or client.session:
                details |= {"client": client.name, "session": client.session}
                details |= {"claimed": True} if client.name and not client.proven else {}
            line = {
                "n": last["n"] + 1 if last else 1, "time_ns": time_ns, "call": what.call,
                "effect": what.effect, "outcome": what.outcome, "code": what.code,
                "door": client.door, "uid": client.uid, "pid": client.pid, **extra,
                "seal": _seal(salt, details), "prev": last["hash"] if last else FIRST,
            }  # fmt: skip
            line["hash"] = _hash(line)
            _write_all(fd, _line({**line, "salt": salt, "details": details}))
            if durable:
                os.fdatasync(fd)
        finally:
            os.close(fd)
        self._remember(line["n"], line["hash"])

    def _remember(self, number: int, digest: str) -> None:
        """Note the last line; a crash before this leaves it one line behind, which is fine."""
        fd = os.open(self._head, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, f"{number:020d}:{digest}\n".encode("ascii"), 0)
        finally:
            os.close(fd)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        try:
            with exclusive(self._lock):
                yield
        except OSError as error:
            raise StateUnwritable(f"cannot write {self._path}: {error.strerror}") from error

    # --- reading

    def entries(self) -> Iterator[Recorded]:
        """The lines that can be read, oldest first."""
        for line in self._lines():
            known = _parsed(line)
            if known is not None:
                yield _recorded(known)

    def _lines(self) -> Iterator[bytes]:
        try:
            with self._path.open("rb") as file:
                yield from file
        except FileNotFoundError:
            return

    def verify(self, expected: str = "") -> Verdict:
        """Check every line, and that none is missing.

        Args:
            expected: a ``head`` that was noted earlier: that line has to be there still.
        """
        check = _Check()
        for line in self._lines():
            check.take(line)
        check.end(self._noted(), "the note of the last line")
        if expected:
            check.end(_head_of(expected), "the head that you gave")
        return Verdict(
            check.n, f"{check.n}:{check.last}", tuple(check.problems), tuple(check.notes)
        )

    def _noted(self) -> tuple[int, str] | None:
        try:
            return _head_of(self._head.read_text(encoding="ascii"))
        except (FileNotFoundError, UnicodeDecodeError):
            return None


class _Check:
    """Follows the chain from line to line."""

    def __init__(self) -> None:
        self.n, self.last = 0, FIRST
        self.problems: list[str] = []
        self.notes: list[str] = []
        self._hashes: dict[int, str] = {}
        self._bare: set[int] = set()
        self._spoken_of: set[int] = set()
        self._torn = False

    def take(self, line: bytes) -> None:
        known = _parsed(line)
        if known is None or not line.endswith(b"\n"):
            self._torn = not line.endswith(b"\n")
            if not self._torn:
                self.problems.append(f"behind line {self.n}: one that is no record")
            return
        number = known["n"]
        if number != self.n + 1:
            self.problems.append(f"line {number} follows line {self.n}")
        elif known["prev"] != self.last:
            self.problems.append(f"line {number} does not follow from the one before it")
        if _hash(known) != known["hash"]:
            self.problems.append(f"line {number} was altered")
        if known["details"] is None:
            self._bare.add(number)
        elif _seal(known["salt"], known["details"]) != known["seal"]:
            self.problems.append(f"line {number}: its details were altered")
        if known.get("mended"):
            self.notes.append(f"before line {number} one was left half written, by a crash")
        self._spoken_of |= set(known.get("redacts", ()))
        self.n, self.last = number, known["hash"]
        self._hashes[number] = known["hash"]

    def end(self, noted: tuple[int, str] | None, what: str) -> None:
        for number in sorted(self._bare - self._spoken_of):
            self.problems.append(f"line {number} has lost its details, and no purge says so")
        self._bare.clear()
        if self._torn:
            self.notes.append("the last line is half written: a crash; it goes with the next one")
            self._torn = False
        if noted is None:
            if self.n:
                self.problems.append(f"{what} is missing")
            return
        number, digest = noted
        if number > self.n:
            self.problems.append(f"lines {self.n + 1} to {number} are missing: {what} has them")
        elif number and self._hashes.get(number) != digest:
            self.problems.append(f"line {number} is not the one of which {what} speaks")


def _recorded(known: dict[str, Any]) -> Recorded:
    return Recorded(
        n=known["n"], time_ns=known["time_ns"], call=known["call"], effect=known["effect"],
        outcome=known["outcome"], code=known["code"], door=known["door"], uid=known["uid"],
        pid=known["pid"], hash=known["hash"], details=known["details"],
    )  # fmt: skip


def _last(fd: int) -> tuple[dict[str, Any] | None, bool]:
    """The last whole line, and whether a torn one was behind it, which is cut off."""
    end = os.fstat(fd).st_size
    at, tail = end, b""
    while at and tail.count(b"\n") < 2:
        at = max(0, at - _BLOCK)
        tail = os.pread(fd, end - at, at)
    whole = tail.rfind(b"\n") + 1
    torn = whole < len(tail)
    if torn:
        os.ftruncate(fd, end - (len(tail) - whole))
    lines = tail[:whole].splitlines()
    for line in reversed(lines):
        known = _parsed(line)
        if known is not None:
            return known, torn
    return None, torn


def _parsed(line: bytes) -> dict[str, Any] | None:
    """A line; None for what is none of ours."""
    try:
        known = json.loads(line)
    except ValueError:
        return None
    shape: dict[str, type | tuple[type, ...]] = {
        "n": int, "time_ns": int, "uid": int, "pid": int, "details": (dict, type(None)),
    }  # fmt: skip
    texts = ("call", "effect", "outcome", "code", "door", "seal", "prev", "hash", "salt")
    shape |= dict.fromkeys(texts, str)
    if not isinstance(known, dict):
        return None
    return known if all(isinstance(known.get(k), kind) for k, kind in shape.items()) else None


def texts(value: Any) -> Iterator[str]:
    """All strings in details."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from (text for one in value.values() for text in texts(one))
    elif isinstance(value, list):
        yield from (text for one in value for text in texts(one))


def _names(text: str, gone: set[str]) -> bool:
    """Whether a text is one of some paths, lies below one, or quotes one in a sentence."""
    return any(
        text == path or text.startswith(path + "/") or (len(path) >= QUOTED and path in text)
        for path in gone
    )


def _line(known: Mapping[str, Any]) -> bytes:
    return json.dumps(known, separators=(",", ":")).encode("ascii") + b"\n"


def _hash(known: Mapping[str, Any]) -> str:
    chained = {key: known[key] for key in _CHAINED if key in known}
    return hashlib.blake2b(_line(chained), digest_size=32).hexdigest()


def _seal(salt: str, details: Mapping[str, Any]) -> str:
    text = json.dumps(details, sort_keys=True).encode("ascii")
    return hashlib.blake2b(salt.encode("ascii") + b"\0" + text, digest_size=32).hexdigest()


def _head_of(text: str) -> tuple[int, str] | None:
    number, _, digest = text.strip().partition(":")
    return (int(number), digest) if number.isdecimal() else None


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
