"""Files in groups that are known beforehand, through a drive and the command line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import docx
import pytest
from msgspec.structs import replace
from reportlab.pdfgen.canvas import Canvas

import lsfs as library
from lsfs.config import Config, FieldConfig, ModelConfig
from lsfs.drives import initialise
from lsfs.errors import ModelMissing, NotFound, UsageError
from lsfs.index.groups.grouped import Links
from lsfs.index.store.kept import Groupings, saved_group
from lsfs.index.store.published import Published
from lsfs.serve.brain import serving
from lsfs.syscalls.drive import run
from lsfs.syscalls.engines import Call
from lsfs.syscalls.group import GroupRequest, Groups
from lsfs.syscalls.relations import grouping
from tests.command import lsfs
from tests.index.test_topics import fill as topic_files
from tests.index.test_topics import text as about
from tests.syscalls.test_extract import Filler

Wait = Callable[[Callable[[], object]], object]

FILES = {
    "a/2023-lease.md": "# Lease\n\nThis lease is made on 14 February 2023 between Ada Byron "
    "(tenant) and Harbour Homes Ltd (landlord).\n\nThe rent is EUR 900.\n",
    "a/lease.txt": "LEASE AGREEMENT\n\nThis agreement is made on 3 May 2019 between Ada Byron and "
    "Old Mill Estates.\n",
    "a/b/lease.txt": "LEASE AGREEMENT\n\nThis agreement is made on 7 August 2023 between Ada Byron "
    "and Harbour Homes Limited, landlord.\n",
    "bills/one.txt": "INVOICE\n\nInvoice date: 20 March 2023\nSupplier: ACME Corp.\nBill to: Ada "
    "Byron\nProject: Harbour wall\nAmount due: EUR 380\nDue date: 2 April 2023\n",
    "bills/two.txt": "INVOICE\n\nInvoice date: 21 March 2024\nSupplier: Acme Corporation\nBill to: "
    "Ada Byron\nProject: harbour wall.\nDue date: 9 April 2024\n",
    "bills/three.txt": "INVOICE\n\nSupplier: Acme Corporation\nCost centre: 4711\nsee PRJ-0042\n",
    "costs.csv": "Projekt,Kostenstelle,Betrag\nPier,12,3\nDyke,4711,4\n",
    "brief.txt": "Sehr geehrte Frau Byron, die Miete ist zum ersten des Monats fällig und wird von "
    "uns nicht mehr eingezogen.\n",
    "picture.bin": "\0\1",
}
PIERS = {
    "let.txt": "LEASE\n\nThe Landlord lets the property known as Flat 2, 8 Mill Lane, Leeds "
    "LS2 7EW to the Tenant.\n",
    "bill.txt": "Hart Roofing\n\nINVOICE\n\nPremises: 8 Mill Lane, Flat 2\nTo: Ada Byron\n",
    "quote.txt": "Hart Roofing Ltd\n\nQUOTATION\n\nQuotation Nr.: Q-7\nTo: Carl Oster\n",
    "flat.txt": "LEASE\n\nTenant: Ada Byron\n\nDated 3 May 2023\n",
    "note.eml": "From: Gareth Brennan <g@x.example>\nSubject: Hi\n\nDear Ms Byron,\n\nthanks.\n",
}


@pytest.fixture(scope="module")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[library.Drive]:
    root = tmp_path_factory.mktemp("groups")
    for name, text in FILES.items():
        path = root / "docs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    config = replace(
        Config(),
        model=ModelConfig(chat="none", embed="none"),
        fields={"wharf": FieldConfig(regex=r"(?i)harbour (w\w+)")},
    )
    with library.open(root / "docs", config=config, state=str(root / "state")) as opened:
        opened.wait_indexed()
        yield opened


def shape(found: Groups) -> dict[str, list[str]]:
    """Labels and paths; with what is in no group under ''."""
    for one in found.groups:
        assert one.count == len(one.files)
    groups = {one.label: [file.path for file in one.files] for one in found.groups}
    return groups | ({"": list(found.ungrouped)} if found.ungrouped else {})


LEASES = ["a/2023-lease.md", "a/b/lease.txt", "a/lease.txt"]
BILLS = ["bills/one.txt", "bills/three.txt", "bills/two.txt"]


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("type", {
            "text": ["a/b/lease.txt", "a/lease.txt", *BILLS, "brief.txt"], "bin": ["picture.bin"],
            "markdown": ["a/2023-lease.md"], "spreadsheet": ["costs.csv"],
        }),
        ("folder", {".": ["brief.txt", "costs.csv", "picture.bin"], "a": LEASES, "bills": BILLS}),
        ("folder:2", {
            ".": ["brief.txt", "costs.csv", "picture.bin"], "a": ["a/2023-lease.md", "a/lease.txt"],
            "a/b": ["a/b/lease.txt"], "bills": BILLS,
        }),
    ],
)  # fmt: skip
def test_by_what_files_are(drive: library.Drive, key: str, expected: dict[str, list[str]]) -> None:
    assert shape(drive.group_by(key)) == expected


def test_by_date(drive: library.Drive) -> None:
    years = shape(drive.group_by("date"))
    assert years["2023"] == ["a/2023-lease.md", "a/b/lease.txt", "bills/one.txt"]
    assert list(years)[:3] == ["2019", "2023", "2024"]
    assert "picture.bin" not in years[""]  # no document: nobody expects a date of it
    assert set(shape(drive.group_by("date:month"))) >= {"2019-05", "2023-02", "2023-03", "2023-08"}
    assert shape(drive.group_by("date:quarter"))["2023-Q1"] == ["a/2023-lease.md", "bills/one.txt"]
    day = next(g for g in drive.group_by("date:day").groups if g.label == "2023-02-14")
    assert (day.files[0].value, day.files[0].reason) == ("14 February 2023", "signed date")
    changed = datetime.fromtimestamp((drive.source / "costs.csv").stat().st_mtime, UTC)
    assert str(changed.year) in shape(drive.group_by("changed:year"))


def test_by_kind_language_size(drive: library.Drive) -> None:
    kinds = shape(drive.group_by("kind"))
    assert kinds["contract"] == LEASES and kinds["invoice"] == BILLS
    languages = shape(drive.group_by("language"))
    assert languages["German"] == ["brief.txt"]
    assert set(LEASES) <= {*languages["English"], *languages.get("", [])}
    assert shape(drive.group_by("size")) == {"up to 10 KiB": sorted(FILES)}


def test_by_counterparty(drive: library.Drive) -> None:
    found = drive.group_by("counterparty")
    groups = shape(found)
    # Ada Byron, who is in nearly all, is the drive's own side.
    assert "Ada Byron" not in groups and any("Ada Byron" in note for note in found.notes)
    assert groups["Acme Corporation"] == BILLS
    assert groups["Harbour Homes Limited"] == ["a/2023-lease.md", "a/b/lease.txt"]
    (acme,) = [group for group in found.groups if group.label == "Acme Corporation"]
    assert acme.spellings == ("ACME Corp.",)
    assert (acme.files[0].value, acme.files[0].line, acme.files[0].where) == ("ACME Corp.", 4, ":4")
    assert FILES["bills/one.txt"][acme.files[0].char_start :].startswith("ACME Corp")
    assert "Ada Byron" in shape(drive.group_by("party"))


def test_by_role(drive: library.Drive) -> None:
    assert shape(drive.group_by("supplier"))["Acme Corporation"] == BILLS
    assert shape(drive.group_by("suppliers"))["Acme Corporation"] == BILLS
    assert shape(drive.group_by("landlord"))["Harbour Homes Limited"] == [
        "a/2023-lease.md", "a/b/lease.txt",
    ]  # fmt: skip
    assert shape(drive.group_by("Mieter"))["Ada Byron"] == ["a/2023-lease.md"]
    assert shape(drive.group_by("customer"))["Ada Byron"] == ["bills/one.txt", "bills/two.txt"]


def test_by_fields(drive: library.Drive) -> None:
    assert shape(drive.group_by("deadline"))["2023-04"] == ["bills/one.txt"]
    assert shape(drive.group_by("due:day"))["2024-04-09"] == ["bills/two.txt"]
    assert shape(drive.group_by("rent"))["900 EUR"] == ["a/2023-lease.md"]
    assert shape(drive.group_by("wharf"))["wall"] == ["bills/one.txt", "bills/two.txt"]


def test_by_fields_that_nobody_defined(drive: library.Drive) -> None:
    projects = shape(drive.group_by("project"))
    assert {name: paths for name, paths in projects.items() if name} == {
        "Harbour wall": ["bills/one.txt", "bills/two.txt"], "PRJ-0042": ["bills/three.txt"],
        "Pier": ["costs.csv"], "Dyke": ["costs.csv"],
    }  # fmt: skip
    assert shape(drive.group_by("cost center"))["4711"] == ["bills/three.txt", "costs.csv"]
    assert shape(drive.group_by("project")) == projects  # from what was kept
    nothing = drive.group_by("colour")
    assert not nothing.groups and any("no colour" in note for note in nothing.notes)
    with pytest.raises(ModelMissing):
        drive.group_by("colour", model=True)


def test_one_thing_in_other_words(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    for name, text in PIERS.items():
        (tmp_path / "docs" / name).write_text(text, encoding="utf-8")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path / "docs", config=config, state=str(tmp_path / "state")) as drive:
        drive.wait_indexed()
        (place,) = drive.group_by("property").groups
        assert [file.path for file in place.files] == ["bill.txt", "let.txt"]
        assert shape(drive.group_by("supplier"))["Hart Roofing Ltd"] == ["bill.txt", "quote.txt"]
        assert "quote.txt" in shape(drive.group_by("quotation number"))["Q-7"]
        # Who is a tenant by her lease is it in papers that do not say.
        tenants = shape(drive.group_by("tenant"))
        assert tenants["Ada Byron"] == ["bill.txt", "flat.txt", "note.eml"]
        assert shape(drive.group_by("invoices by tenant"))["Ada Byron"] == ["bill.txt"]
        assert shape(drive.group_by("year"))["2023"] == ["flat.txt"]
        # The mail only greets her by the last name: it is no name of its own.
        assert "Byron" not in shape(drive.group_by("counterparty"))


def test_only_some_files(drive: library.Drive) -> None:
    assert shape(drive.group_by("type", dir="bills")) == {"text": BILLS}
    found = drive.group_by("counterparty", query="contracts from 2023")
    assert shape(found) == {"Harbour Homes Limited": ["a/2023-lease.md", "a/b/lease.txt"]}
    assert found.files == 2 and any("2023" in note for note in found.notes)
    assert drive.group_by("type", query="type:csv").files == 1
    assert drive.group_by("kind", kind=("invoice",)).files == 3
    assert drive.group_by("date", after="2024-01-01").files >= 1
    largest = drive.group_by("folder", k=1)
    assert [group.label for group in largest.groups][-1] == "(other)"
    assert sum(group.count for group in largest.groups) == len(FILES)


def test_by_keywords(drive: library.Drive) -> None:
    each = drive.group_by("keyword", keyword=("lease", "PROJECT", "fällig", "none such"))
    assert shape(each) == {
        "lease": LEASES,
        "PROJECT": ["bills/one.txt", "bills/two.txt"],
        "fällig": ["brief.txt"],
        "": ["bills/three.txt", "costs.csv"],
    }
    both = drive.group_keywords(("lease", "harbour homes"), "and")
    assert shape(both)["lease and harbour homes"] == ["a/2023-lease.md", "a/b/lease.txt"]
    found = drive.keywords_retrieve(('"amount due"', "pier"), "or").hits
    assert [(hit.path, hit.line_start) for hit in found] == [("bills/one.txt", 7), ("costs.csv", 2)]
    for bad in ((), ("",), ('""',)):
        with pytest.raises(UsageError):
            drive.group_keywords(bad)


def test_by_meaning_of_the_paper(drive: library.Drive) -> None:
    # Without an embedding model by words, and it says so.
    found = drive.group_semantic("lease of Harbour Homes", k=2)
    assert {file.path for file in found.groups[0].files} == {"a/2023-lease.md", "a/b/lease.txt"}
    assert any("no embedding model" in note for note in found.notes)
    hits = drive.integrated_retrieve(("lease",), "Old Mill", k=1).hits
    assert [hit.path for hit in hits] == ["a/lease.txt"]
    assert not drive.integrated_retrieve(("Mole",), "Old Mill").hits
    for k in (-1, -(2**63)):
        with pytest.raises(UsageError, match="k must be at least"):
            drive.group_semantic("lease of Harbour Homes", k=k)
        with pytest.raises(UsageError, match="k must be at least"):
            drive.integrated_retrieve(("lease",), "Old Mill", k=k)
    assert not drive.semantic_retrieve("lease").hits


@pytest.mark.parametrize(
    "arguments",
    [
        {"key": ""}, {"key": "date:decade"}, {"key": "type:x"}, {"key": "folder:0"},
        {"key": "keyword"}, {"key": "deadline:decade"}, {"key": "type", "k": -1},
        {"key": "type", "save": "a/b"}, {"key": "type", "save": ".git"},
    ],
)  # fmt: skip
def test_what_is_refused(drive: library.Drive, arguments: dict[str, object]) -> None:
    with pytest.raises(UsageError):
        drive.group_by(**arguments)  # type: ignore[arg-type]


def test_in_pdf_and_office_files(tmp_path: Path, no_chat: Config) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    canvas = Canvas(str(folder / "a.pdf"))
    canvas.drawString(72, 700, "The first page is about nothing at all.")
    canvas.showPage()
    canvas.drawString(72, 700, "The termination notice must be sent to the landlord.")
    canvas.save()
    written = docx.Document()
    written.add_paragraph("The terminations and notices of others.")
    written.add_paragraph("A termination notice.")
    written.save(str(folder / "b.docx"))
    config = replace(no_chat, model=ModelConfig(chat="none", embed="none"))
    with library.open(folder, config=config, state=str(tmp_path / "state")) as drive:
        (group,) = drive.group_keywords(("Termination Notice",)).groups
        assert [(file.path, file.page) for file in group.files] == [("a.pdf", 2), ("b.docx", None)]
        assert "terminations" not in group.files[1].value


def test_kept_groupings(drive: library.Drive) -> None:
    drive.group_by("supplier", save="suppliers")
    assert drive.save_group("keyword lease").message == "keyword lease: 1 groups"
    drive.save_group("type type:csv")
    assert drive.save_group("by supplier").message.startswith("by supplier: ")
    drive.drop_group("by supplier")
    for name in ("suppliers", "keyword lease", "type type:csv"):
        drive.drop_group(name)
        with pytest.raises(NotFound):
            drive.drop_group(name)
    for name in ("", "a/b", ".x", "type:csv", "a\nb", "ü" * 200):
        with pytest.raises(UsageError):
            drive.save_group(name)


def test_the_key_may_say_which_files(drive: library.Drive) -> None:
    asked = drive.group_by("contracts by supplier")
    assert asked.groups == drive.group_by("supplier", query="contracts").groups
    assert asked.files < drive.group_by("by supplier").files
    assert drive.group_by("by supplier").key == "supplier"


def test_command(tmp_path: Path) -> None:
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert lsfs("init", str(tmp_path)).returncode == 0
    done = lsfs("group", "supplier", "--dir", "bills", cwd=tmp_path, LSFS_MODEL_EMBED="none")
    assert done.returncode == 0, done.stderr
    assert "Acme Corporation  3 files  also: ACME Corp" in done.stdout
    done = lsfs("group", "cost", "centre", "--json", cwd=tmp_path, LSFS_MODEL_EMBED="none")
    (group, *_) = json.loads(done.stdout)["groups"]
    assert (group["label"], [file["path"] for file in group["files"]]) == (
        "4711", ["bills/three.txt", "costs.csv"],
    )  # fmt: skip


class Namer(Filler):
    """Fills in one thing for every schema."""

    name = "namer"


def test_the_model_where_rules_find_nothing(tmp_path: Path) -> None:
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs/a.txt").write_text("The vessel of this voyage was the Bounty, they say.")
    (tmp_path / "docs/b.txt").write_text("Vessel: Beagle\n")
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path / "docs", config=config, state=str(tmp_path / "s")) as drive:
        drive.wait_indexed()
        assert shape(drive.group_by("vessel")) == {"Beagle": ["b.txt"], "": ["a.txt"]}
        model = Namer('{"value": "Bounty"}')
        engines = replace(drive._caller.engines, chat=model)  # type: ignore[attr-defined]
        for _ in range(2):
            found = grouping.groups(Call(engines), GroupRequest("vessel", model=True))
            assert shape(found) == {"Beagle": ["b.txt"], "Bounty": ["a.txt"]}
        assert len(model.shown) == 1  # what was found is kept
        file = next(group for group in found.groups if group.label == "Bounty").files[0]
        assert (file.reason, file.char_start) == ("model", 34)
        assert "Bounty" not in shape(drive.group_by("vessel"))  # only who asks for it


def test_names_of_topics_by_the_model(tmp_path: Path) -> None:
    topic_files(tmp_path / "docs", 8)
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with library.open(tmp_path / "docs", config=config, state=str(tmp_path / "s")) as drive:
        drive.wait_indexed()
        engines = drive._caller.engines  # type: ignore[attr-defined]
        for answer in ('{"title": "Harbour Ships"}', '{"title": "Aliens"}', '{"title": '):
            call = Call(replace(engines, chat=Namer(answer)))
            named = grouping.groups(call, GroupRequest("topic", name_with_model=True))
        labels = {group.label for group in named.groups}
        assert "Harbour Ships" not in labels and "Aliens" not in labels  # "ships" stands nowhere
        call = Call(replace(engines, chat=Namer('{"title": "The Harbour"}')))
        named = grouping.groups(call, GroupRequest("topic", name_with_model=True))
        (sea,) = [group for group in named.groups if group.label == "The Harbour"]
        assert {file.path.split()[0] for file in sea.files} == {"sea"}
        assert drive.group_by("topic").groups == named.groups
        with pytest.raises(ModelMissing):
            drive.group_by("topic", name_with_model=True)


def test_the_brain_keeps_topics_and_groups_up_to_date(tmp_path: Path, eventually: Wait) -> None:
    source = tmp_path / "docs"
    topic_files(source, 4)
    (source / "one.txt").write_text("Supplier: Acme Ltd\n")
    record = initialise(source, str(tmp_path / "s"))
    config = replace(Config(), model=ModelConfig(chat="none", embed="none"))
    with serving(record, config) as engines:
        engines.indexer.wait(lambda _: None, 60)
        published = Published(record.state.catalog)
        eventually(lambda: len({labels for _, labels in published.topics()}) >= 4)
        run(Call(engines), "save_group", {"name": "supplier"})
        (acme,) = grouped(published)
        assert acme == Links(("Acme Ltd",), ("one.txt",))
        (source / "two.txt").write_text("Supplier: Umbra Ltd\n\n" + about("sea", 9))
        engines.indexer.wait(lambda _: None, 60)
        eventually(lambda: len(grouped(published)) == 2)
        eventually(lambda: "two.txt" in {path for path, _ in published.topics()})
        published.close()


def test_kept_groupings_outlive_the_index(drive: library.Drive) -> None:
    drive.save_group("supplier")
    catalog = drive._caller.engines.catalog  # type: ignore[attr-defined]
    catalog.start_anew()
    drive.wait_indexed()
    assert [name for name, _, _ in Groupings(catalog).all()] == ["supplier"]
    grouping.refresh(Call(drive._caller.engines))  # type: ignore[attr-defined]
    saved = saved_group(catalog.db, "supplier")
    assert saved is not None and saved.generation == catalog.generation()
    assert Links(("Acme Corporation",), tuple(BILLS)) in saved.groups
    drive.drop_group("supplier")


def grouped(published: Published) -> tuple[Links, ...]:
    saved = published.grouping("supplier")
    assert saved is not None
    return saved.groups
