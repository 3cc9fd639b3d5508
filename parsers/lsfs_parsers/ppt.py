"""Presentations of PowerPoint 97 to 2003: a page for each slide, as those of later ones are read.

No library that may be used here and is kept reads them; the format is published ([MS-PPT]).
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct, field

from lsfs.errors import Encrypted, ParseError, UnsupportedFormat
from lsfs.model import BlockKind, Document, Furniture, FurnitureRole, Status
from lsfs_parsers import detect
from lsfs_parsers.base import Source
from lsfs_parsers.builder import Builder, Facts, Grid, Piece, one_line
from lsfs_parsers.ole import compound_facts, streams
from lsfs_parsers.ppt_records import Kind, Record, Records, Spent, Text
from lsfs_parsers.ppt_shapes import UNIT, Drawing, Shape
from lsfs_parsers.slides import Box, by_a_person, without_usual_title
from lsfs_parsers.versions import VERSIONS

_STREAM, _USER, _SECRET = "PowerPoint Document", "Current User", "EncryptedSummary"
_BESIDE_97 = f"PP97_DUALSTORAGE/{_STREAM}"  # where PowerPoint 95 can read the file too
_OLDER = "PP40"
_ENCRYPTED = 0xF3D1C4DF  # [MS-PPT] 2.3.2
_SLIDES, _MASTERS, _NOTES = 0, 1, 2  # instances of the lists of slides
_SLIDE_FOOTERS, _OWN_FOOTERS = 3, 0  # instances of what the document, and a slide, says of them
_COMMENT_TEXT = 1  # the instance of its string
_BESIDE = {
    7: FurnitureRole.FOOTER, 8: FurnitureRole.PAGE_NUMBER, 9: FurnitureRole.FOOTER,
    10: FurnitureRole.HEADER,
}  # fmt: skip
_DATE, _NUMBER, _FOOTER = 7, 8, 9  # placeholders
_HIDDEN = 0x4
_STORED = frozenset({Kind.DOCUMENT, Kind.SLIDE, Kind.USER_EDIT})


class PptParser:
    """Reads binary presentations and slide shows."""

    name = "ppt"
    version = VERSIONS["ppt"]
    media_types = (detect.PPT,)

    def parse(self, source: Source) -> Document:
        """The slides in ``source``, each with its notes and comments behind it.

        A slide that is missing makes the status partial.

        Raises:
            Encrypted: it needs a password.
            UnsupportedFormat: it is older than PowerPoint 97.
            ParseError: it is damaged.
        """
        found = streams(source, _STREAM, _BESIDE_97, _USER, _SECRET, _OLDER)
        data = found[_STREAM] or found[_BESIDE_97]
        user = Records(found[_USER])
        _, mark, newest = user.numbers(user.at(0), "<III") or (0, 0, None)
        if (not data and found[_OLDER]) or _is_older(found[_USER]):
            raise UnsupportedFormat(
                "presentations of PowerPoint 95 and older are not read; saved as .pptx, it would be"
            )
        if not data:
            raise ParseError("the presentation is damaged: its main part is missing")
        if found[_SECRET] or mark == _ENCRYPTED:
            raise Encrypted("the presentation needs a password")
        builder = Builder(source, self.name, self.version, page_unit="slide")
        facts = without_usual_title(compound_facts(source))
        return _Deck(Records(data), newest, builder).document(facts)


def _is_older(user: bytes) -> bool:
    """Whether this is how PowerPoint 95 wrote who had the file: a length, and a name."""
    return len(user) > 4 and int.from_bytes(user[:4], "little") == len(user) - 4


class _Entry(Struct):
    """What the document's list says of a slide.

    Attributes:
        number: of the slide as an object; its place is looked up by it.
        identity: by which other slides refer to it.
        outline: its texts that are not in its boxes.
        slide: its record; None when it is lost.
    """

    number: int = 0
    identity: int = 0
    outline: list[Text] = field(default_factory=list)
    slide: Record | None = None


class _Deck:
    """The reading of one presentation."""

    def __init__(self, records: Records, newest: int | None, builder: Builder) -> None:
        self._records = records
        self._newest = newest
        self._builder = builder
        self._bullets: dict[int, dict[tuple[int, int], bool]] = {}
        self._footers: dict[int, str] = {}
        self._lists: dict[int, list[_Entry]] = {_SLIDES: []}
        self._masters: dict[int, Record | None] = {}
        self._notes: dict[int, _Entry] = {}
        self._size = (0.0, 0.0)

    def document(self, facts: Facts) -> Document:
        read = 0
        entries: list[_Entry] = []
        reason = ""
        try:
            entries = self._entries()
            for entry in entries:
                if self._builder.full:
                    break
                self._read(entry)
                read += entry.slide is not None
        except Spent as error:
            reason = error.message
        if reason and not entries:
            raise ParseError(reason)
        if read < len(entries) and not self._builder.full:
            reason = f"slides {read}/{len(entries)} were read{reason and ': '}{reason}"
        return self._builder.build(
            facts, status=Status.PARTIAL if reason else Status.OK, reason=reason
        )

    # --- what belongs together

    def _entries(self) -> list[_Entry]:
        """The slides in their order."""
        records = self._records
        edits = list(records.edits(self._newest))
        places = records.places(edits)
        (number,) = (records.numbers(edits[0], "<16xI") if edits else None) or (0,)
        document = records.at(places[number]) if number in places else None
        is_whole = document is not None and document.kind == Kind.DOCUMENT
        if is_whole:
            self._read_document(document, places)
        if is_whole and not any(entry.slide is None for entry in self._lists[_SLIDES]):
            return self._lists[_SLIDES]
        # Who saves a file adds to it what is new, so that what stands last counts.
        stored = [one for one in records.within(records.whole()) if one.kind in _STORED][::-1]
        places = records.places(one for one in stored if one.kind == Kind.USER_EDIT) | places
        if not is_whole:
            document = next((one for one in stored if one.kind == Kind.DOCUMENT), None)
        self._read_document(document, places)
        slides = [_Entry(slide=one) for one in stored[::-1] if one.kind == Kind.SLIDE]
        if document is None and not slides:
            raise ParseError("the presentation is damaged: its slides are not found")
        return self._lists[_SLIDES] if document is not None else slides

    def _read_document(self, document: Record | None, places: dict[int, int]) -> None:
        records = self._records
        atom = records.first(document, Kind.DOCUMENT_ATOM)
        width, height = records.numbers(atom, "<ii") or (0, 0)
        self._size = (max(width, 0) / UNIT, max(height, 0) / UNIT)
        self._footers = self._footers_of(document, _SLIDE_FOOTERS) or {}
        self._lists = {_SLIDES: [], _MASTERS: [], _NOTES: []}
        for record in records.within(document):
            if record.kind == Kind.LIST and record.instance in self._lists:
                self._lists[record.instance] += self._listed(record, places)
        self._masters = {entry.identity: entry.slide for entry in self._lists[_MASTERS]}
        self._notes = {entry.identity: entry for entry in self._lists[_NOTES]}

    def _listed(self, record: Record, places: dict[int, int]) -> list[_Entry]:
        """The entries of a list of slides, masters or notes, with their texts."""
        entries: list[tuple[_Entry, list[Record]]] = []
        for inner in self._records.within(record):
            if inner.kind == Kind.SLIDE_PERSIST:
                number, identity = self._records.numbers(inner, "<I8xI") or (0, 0)
                entries.append((_Entry(number, identity), []))
            elif entries:
                entries[-1][1].append(inner)
        for entry, texts in entries:
            entry.outline = list(self._records.texts(iter(texts)))
            slide = self._records.at(places[entry.number]) if entry.number in places else None
            if slide is not None and slide.kind in (Kind.SLIDE, Kind.NOTES, Kind.MAIN_MASTER):
                entry.slide = slide
        return [entry for entry, _ in entries]

    def _bullets_of(self, identity: int) -> dict[tuple[int, int], bool]:
        """Which paragraphs have a bullet by the master with this number or the one behind it."""
        if identity not in self._bullets:
            master = self._masters.get(identity)
            if master is not None and master.kind == Kind.SLIDE:  # of titles; it has no styles
                atom = self._records.first(master, Kind.SLIDE_ATOM)
                (other,) = self._records.numbers(atom, "<12xI") or (0,)
                master = self._masters.get(other)
            self._bullets[identity] = self._records.bullets(master)
        return self._bullets[identity]

    def _footers_of(self, outer: Record | None, instance: int) -> dict[int, str] | None:
        """What stands at a slide's edge, by its placeholder; None when nothing is said of it."""
        for record in self._records.within(outer):
            if record.kind == Kind.HEADERS_FOOTERS and record.instance == instance:
                atom = self._records.first(record, Kind.HEADERS_FOOTERS_ATOM)
                (flags,) = self._records.numbers(atom, "<2xH") or (0,)
                texts = {
                    inner.instance: self._records.string(inner)
                    for inner in self._records.within(record)
                    if inner.kind == Kind.STRING
                }
                shown = {_DATE: 0x4, _NUMBER: 0x8, _FOOTER: 0x20}
                said = {_DATE: texts.get(0, ""), _NUMBER: "", _FOOTER: texts.get(2, "")}
                return {holder: said[holder] for holder, bit in shown.items() if flags & bit}
        return None

    # --- a slide

    def _read(self, entry: _Entry) -> None:
        builder, records = self._builder, self._records
        builder.leave_headings()
        (flags,) = records.numbers(records.first(entry.slide, Kind.SHOW_INFO), "<10xH") or (0,)
        hidden = f"{builder.pages + 1} (hidden)" if flags & _HIDDEN else ""
        number = builder.page(hidden, size=self._size)
        atom = records.first(entry.slide, Kind.SLIDE_ATOM)
        master, notes = records.numbers(atom, "<12xII") or (0, 0)
        own = self._footers_of(entry.slide, _OWN_FOOTERS)
        beside = self._footers if own is None else own
        values: dict[int, str] = {
            Kind.NUMBER_FIELD: str(number),
            Kind.USER_DATE_FIELD: beside.get(_DATE, ""),
            Kind.FOOTER_FIELD: beside.get(_FOOTER, ""),
        }
        beside = beside | ({_NUMBER: str(number)} if _NUMBER in beside else {})
        bullets = self._bullets_of(master)
        for shape in Drawing(records, entry.outline).shapes(entry.slide):
            if shape.holder in _BESIDE:
                beside.pop(shape.holder, None)
                self._add_beside(shape.holder, shape.lines(values), shape.box)
            else:
                self._add(shape, values, bullets)
        for holder, text in beside.items():
            self._add_beside(holder, [text])
        spoken = self._notes.get(notes) or _Entry()
        for shape in Drawing(records, spoken.outline).shapes(spoken.slide):
            if shape.is_note:
                self._add_marked("Notes", shape.lines(values))
        for text in self._comments(entry.slide):
            self._add_marked("Comment", [line for line in text.splitlines() if line.strip()])

    def _add(
        self, shape: Shape, values: dict[int, str], bullets: dict[tuple[int, int], bool]
    ) -> None:
        builder = self._builder
        if shape.table is not None:
            rows = [
                ["\n".join(cell.lines(values)) if cell is not None else "" for cell in row]
                for row in shape.table.rows
            ]
            builder.add_table(rows, grid=Grid(merged=shape.table.merged))
        elif shape.text is None:
            text = by_a_person(shape.about)
            if (
                " " not in text or "\\" in text
            ):  # the name of the picture's file, as programs put it
                return
            builder.add(BlockKind.FIGURE, [Piece(text, bbox=shape.box)])
        elif shape.is_title:
            lines = [Piece(one_line(t), glue=" ", bbox=shape.box) for t in shape.lines(values)]
            builder.add(BlockKind.HEADING, lines, level=1)
        else:
            for text, has_bullet in shape.text.paragraphs(values, bullets):
                kind = BlockKind.LIST_ITEM if has_bullet else BlockKind.PARAGRAPH
                builder.add(kind, [Piece(line, bbox=shape.box) for line in text.split("\n")])

    def _add_beside(self, holder: int, lines: list[str], box: Box | None = None) -> None:
        furniture = Furniture(self._builder.pages, " ".join(lines), _BESIDE[holder], box)
        self._builder.beside(furniture)

    def _add_marked(self, mark: str, lines: list[str]) -> None:
        if lines:
            pieces = [Piece(f"{mark}: {lines[0].lstrip()}"), *map(Piece, lines[1:])]
            self._builder.add(BlockKind.FOOTNOTE, pieces)

    def _comments(self, slide: Record | None) -> Iterator[str]:
        """What others wrote on the slide ([MS-PPT] 2.5.19)."""
        records = self._records
        for tag in records.within(records.first(slide, Kind.TAGS)):
            for comment in records.within(records.first(tag, Kind.TAG_DATA)):
                if comment.kind == Kind.COMMENT:
                    for string in records.within(comment):
                        if string.kind == Kind.STRING and string.instance == _COMMENT_TEXT:
                            yield records.string(string)
