"""What a client with a limited grant can do, and what it can find out."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import anyio
import pytest
from mcp import Client
from msgspec.structs import replace

import lsfs
from lsfs import codec
from lsfs.errors import AccessDenied, LsfsError, UsageError
from lsfs.safety.audit import AuditLog
from lsfs.safety.grants import FULL, Grant, literal
from lsfs.syscalls import gate
from lsfs.syscalls.registry import Effect, registry
from tests.safety.conftest import SECRET, SECRET_TEXT, SECRET_WORDS, Open
from tests.serve.mcp_clients import Agent, server

ALLOWED = ("Contracts/**", "Notes", "Finance/*")


@pytest.mark.parametrize(
    ("patterns", "path", "shown"),
    [
        (("Notes/**",), "Notes/a/b.txt", True),
        (("Notes/**",), "Notes", True),
        (("Notes",), "Notes/a.txt", True),
        (("Notes",), "Notes2/a.txt", False),
        (("Notes/*.md",), "Notes/a.txt", False),
        (("Notes/*.md",), "Notes", False),
        (("**/*.md",), "a/b/c.md", True),
        (("No*",), "Notes/a.txt", True),
        ((literal("a{b,c}[1]"),), "a{b,c}[1]", True),
        ((literal("a{b,c}[1]"),), "ab[1]", False),
        ((), "anything", True),
        (("Notes",), "", False),
        (("notes",), "Notes/a", False),
    ],
)
def test_patterns(patterns: tuple[str, ...], path: str, shown: bool) -> None:
    assert Grant(patterns).shows(path) is shown


@pytest.mark.parametrize("pattern", ["", "/etc", "../x", "a/../../b", "~/x", "a\0b", "=", "=/etc"])
def test_patterns_that_are_none(pattern: str) -> None:
    with pytest.raises(UsageError):
        Grant((pattern,))


def test_narrowing_never_widens() -> None:
    few = Grant(("a/**",), ("read",))
    both = few.narrowed(Grant(("a/b/**", "c"), ("read", "write")))
    assert both.shows("a/b/x") and not both.shows("a/x") and not both.shows("c")
    assert both.allows("read", "x") and not both.allows("write", "x")
    assert few.narrowed(FULL) == few == FULL.narrowed(few)
    assert codec.from_builtins(codec.to_builtins(both), Grant) == both


def test_the_tables_of_the_gate_name_syscalls() -> None:
    names = {one.name for one in registry}
    assert names >= gate.SEARCH | gate.SOME_FILES | gate._NO_FILES | gate._NOT_NOTED | set(
        gate._ONLY_READ
    )


@pytest.fixture
def agent(opened: Open) -> Iterator[lsfs.Drive]:
    """A drive of which a part is granted; its secrets have a past, are in kept queries, locked."""
    owner = opened()
    owner.write_file(SECRET, SECRET_TEXT + "quokka\n")
    owner.move(SECRET, "Secret/zebu.txt")
    owner.move("Secret/zebu.txt", SECRET)
    owner.write_file("Secret/gone.txt", "zebrastripe that is gone")
    plan = owner.delete(("Secret/gone.txt",))
    owner.delete(("Secret/gone.txt",), apply=plan.digest)
    owner.snapshot("zebrasnap")
    owner.save_search("zebrastripe")
    owner.group_by("topic", save="Secret")
    owner.lock(SECRET)
    owner.ask("Who is Xenia Quagga?", conversation="talk")
    yield opened(Grant(ALLOWED), session="agent")


def questions(drive: lsfs.Drive) -> Iterator[object]:
    """What every syscall that answers such a client says."""
    for mode in ("hybrid", "keyword", "semantic"):
        for query in ("rent lease", "qwertyuiop", "invoice of march", ""):
            yield drive.retrieve(query, mode=mode)
    yield drive.retrieve("rent", at="now")
    yield drive.retrieve("rents monthyl")
    yield drive.grep("rent|due", ignore_case=True)
    for question in (
        "What is the rent?", "invoices from 2023", "how many invoices are there?",
        "what is the sum of our invoices in 2023?", "who are our customers?",
    ):  # fmt: skip
        yield drive.ask(question)
    yield drive.ask("and how much was it?", continue_=True, conversation="talk")
    for key in ("type", "date", "folder", "kind", "counterparty", "topic", "language", "changed"):
        yield drive.group_by(key)
    yield drive.group_keywords(("rent", "due"), condition="or")
    yield drive.group_semantic("rent")
    yield drive.keywords_retrieve(("rent",))
    yield drive.semantic_retrieve("stripes of animals")
    yield drive.integrated_retrieve(("rent",), "lease")
    yield drive.join("invoices", "contracts", on=("counterparty",))
    yield drive.aggregate("count", by=("kind",))
    yield drive.aggregate("sum", "amount")
    yield drive.extract(query="invoices")
    yield drive.duplicates()
    yield drive.summarize("rent and invoices")
    yield drive.summarize("Contracts")
    yield drive.retrieve_summary("rent")
    yield drive.status(problems=True)
    yield drive.wait_indexed()
    yield drive.log()
    yield drive.changes_since()
    yield drive.changes_since("0.0.0")
    yield drive.trash()
    yield drive.list_dir()
    yield drive.list_dir(at="now")
    yield drive.tree()
    yield drive.find_files("", "**/*")
    yield drive.versions("Notes/newsletter.html")
    yield drive.stat("Notes/newsletter.html")


def test_nothing_is_said_of_what_is_not_granted(agent: lsfs.Drive) -> None:
    for said in questions(agent):
        text = codec.dumps(said)
        # Not within the digits of a time.
        leaked = [one for one in SECRET_WORDS if re.search(rf"(?<!\d){one}(?!\d)", text)]
        assert not leaked, f"{leaked} in {text[:2000]}"
    assert agent.status().index["files"] == 4
    (count,) = [row for row in agent.aggregate("count").rows]
    assert str(count.value) == "4"


def test_what_would_name_it_is_refused(agent: lsfs.Drive, source: Path) -> None:
    before = (source / SECRET).read_bytes()
    refused = [
        ("versions", (SECRET,)), ("read", (SECRET,)), ("read_text", (SECRET,)), ("text", (SECRET,)),
        ("stat", (SECRET,)), ("stat", ("Secret/none",)), ("list_dir", ("Secret",)),
        ("tree", ("Secret",)), ("log", ("Secret",)), ("diff", (SECRET,)), ("extract", ("Secret",)),
        ("concat", ("Notes/newsletter.html", SECRET)), ("read_text", ("Notes/link.txt",)),
        ("stat", ("Notes/link.txt",)), ("copy", ("Notes/link.txt", "Notes/c.txt")),
        ("copy", (SECRET, "Notes/c.txt")), ("move", (SECRET, "Notes/c.txt")),
        ("move", ("Notes/newsletter.html", "Secret/n.html")), ("write_file", (SECRET, "x")),
        ("write_file", ("Notes/link.txt", "x")), ("delete", (("Secret",),)), ("lock", (SECRET,)),
        ("unlock", (SECRET, True)), ("rollback", (SECRET,)), ("rollback", ("",)),
        ("trash_restore", ("Secret/gone.txt",)), ("summarize", (SECRET,)),
        ("put", ("/etc/hostname", "Notes/h")), ("restore", ("zebrasnap",)), ("fsck", ()),
        ("parse", ("remove zebra.txt",)), ("audit", ()), ("shares", ()), ("save_search", ("x",)),
        ("purge", (("Secret/gone.txt",),)), ("snapshots", ()), ("map_files", ()),
    ]  # fmt: skip
    for name, arguments in refused:
        with pytest.raises(LsfsError) as error:
            agent.call(name, *arguments)
        assert error.value.exit_code in (12, 13), (name, error.value)
    assert (source / SECRET).read_bytes() == before
    links = [one for one in agent.list_dir("Notes").entries if one.name == "link.txt"]
    assert [one.target for one in links] == [""]


def test_what_is_granted_can_be_changed(agent: lsfs.Drive, source: Path) -> None:
    agent.write_file("Notes/new.txt", "a heron")
    agent.move("Notes/new.txt", "Finance/old.txt")
    plan = agent.delete(("Finance/old.txt",))
    agent.delete(("Finance/old.txt",), apply=plan.digest)
    agent.trash_restore("Finance/old.txt")
    assert (source / "Finance" / "old.txt").read_text() == "a heron"
    assert agent.retrieve("heron", mode="keyword").hits


def test_verbs_are_held_for_every_syscall(opened: Open) -> None:
    drive = opened(Grant(verbs=("search", "stat")))
    for declared in registry:
        verb = gate.verb_of(declared, declared.effect)
        if verb == "search" or declared.name == "stat":
            continue
        needed = {entry.name: _any(kind) for entry, kind, _ in declared.fields() if entry.required}
        with pytest.raises(AccessDenied):
            drive.call(declared.name, **needed)
    assert drive.stat("Notes").entry.kind == "directory"
    with pytest.raises(AccessDenied):
        drive.group_by("type", save="kept")  # a call of one that reads, that writes


def test_agents_get_what_they_are_granted(source: Path, tmp_path: Path) -> None:
    async def story() -> None:
        options = ("--allow-write", "--paths", "Notes/**", "--verbs", "read,search,write")
        async with Client(server(source, tmp_path / "agents", *options)) as client:
            agent = Agent(client)
            told = await agent.text("list_allowed_directories")
            assert "Only: Notes/**" in told
            assert "Secret" not in await agent.text("directory_tree", path=".")
            assert "Contracts" not in await agent.text("search", query="rent lease")
            await agent.text("write_file", path="Notes/new.txt", content="x")
            for tool, arguments in (
                ("write_file", {"path": "Contracts/new.txt", "content": "x"}),
                ("read_text_file", {"path": SECRET}),
                ("read_text_file", {"path": "Notes/link.txt"}),
                ("get_file_info", {"path": "Secret"}), ("ask", {"question": "?", "dir": "Secret"}),
            ):  # fmt: skip
                answer = await agent.raw(tool, **arguments)
                assert answer.is_error or "Quagga" not in answer.content[0].text, tool
            uris = [str(one.uri) for one in (await client.list_resources()).resources]
            assert uris and not [uri for uri in uris if "Secret" in uri or "Contracts" in uri]

    anyio.run(story)
    (log,) = (tmp_path / "agents").rglob("audit.log")
    doors = [(one.door, one.call, one.outcome) for one in AuditLog(log).entries()]
    assert ("mcp", "write_file", "done") in doors and ("mcp", "write_file", "refused") in doors


def _any(kind: object) -> object:
    if "Edit" in str(kind):
        return ({"old_text": "a", "new_text": "b"},)
    return ("x",) if "tuple" in str(kind) else "x" if kind is str else 1


def test_a_call_that_reads_cannot_change_files(
    opened: Open, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Even one whose code is made to try."""
    from lsfs.syscalls import retrieve, writing
    from lsfs.syscalls.engines import Call

    def evil(call: Call, request: object) -> object:
        return writing.write_file(call, writing.WriteRequest("Notes/evil.txt", "x"))

    declared = registry["grep"]
    assert declared.effect is Effect.READ and declared.run is retrieve.grep
    monkeypatch.setitem(registry._syscalls, "grep", replace(declared, run=evil))
    with pytest.raises(AccessDenied, match="reads tried to change"):
        opened().grep("x")
    assert not (source / "Notes" / "evil.txt").exists()
