"""Results as notebooks show them."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig

HOSTILE = '<img src=x onerror="alert(1)">&amp;\u202etxt.exe'
KNOWN = {
    "div", "ol", "ul", "li", "b", "bdi", "br", "small", "mark", "p", "table", "thead", "tbody",
    "tr", "th", "td", "details", "summary",
}  # fmt: skip


@pytest.fixture
def no_chat() -> Config:
    """No model at all: what is tested here needs none."""
    return replace(Config(), model=ModelConfig(chat="none", embed="none"))


class Page(HTMLParser):
    """What a browser makes of a piece of HTML."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.open, self.marked = "", [""], ""
        self.feed(text)
        self.close()
        assert self.open == [""]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        assert tag in KNOWN
        assert all(name in ("class", "style") for name, _ in attributes)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
        if "mark" in self.open:
            self.marked += data


def shown(result: Any) -> Page:
    return Page(result._repr_html_())


def test_results_are_shown_and_what_files_say_is_no_markup(drive: lsfs.Drive, source: Path) -> None:
    name = HOSTILE.replace("/", "")
    (source / name).write_text(f"The heron {HOSTILE} is <b>grey</b>.\n\x1b[31m")
    found = shown(drive.retrieve("grey heron", mode="keyword"))
    assert '<img src=x onerror="alert(1)">&amp;\N{REPLACEMENT CHARACTER}txt.exe' in found.text
    assert "heron" in found.marked and "\x1b" not in found.text
    answer = shown(drive.ask("What is the monthly rent of the lease with Harbour Homes?"))
    assert "1,450" in answer.text and "Contracts/harbour-lease.md:7" in answer.text
    assert "harbour-lease.md" in shown(drive.ask("contracts from 2023")).text
    assert "nothing found" in shown(drive.retrieve("zzzz", mode="keyword")).text
    results = [
        drive.group_by("type"), drive.versions(name), drive.log(), drive.status(),
        drive.extract(field="total", query="invoice"), drive.list_dir(""), drive.trash(),
        drive.text(name), drive.join("Finance", "Contracts", on="party"), drive.grep("heron"),
    ]  # fmt: skip
    for result in results:
        assert shown(result).text
    assert name.replace("\u202e", "\N{REPLACEMENT CHARACTER}") in shown(drive.list_dir("")).text


def test_long_results_are_cut(drive: lsfs.Drive, source: Path) -> None:
    for number in range(60):
        (source / f"n{number}.txt").write_text("x" * 3000)
    page = shown(drive.list_dir(""))
    assert page.text.count("n1") < 60 and "more" in page.text
    assert len(drive.text("n1.txt")._repr_html_()) < 2000  # type: ignore[attr-defined]
