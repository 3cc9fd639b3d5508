"""What the page shows: searches, answers, files, their past, the drive; and hostile files."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, unquote

import pytest
from lxml import html
from starlette.testclient import TestClient

from lsfs.web import filing, overview
from lsfs.web.links import link
from tests.web.conftest import BASE, EVIL, LEASE, NAMED, NOTES, QUOTE, RAW, Shown


def page(web: TestClient, address: str, status: int = 200) -> html.HtmlElement:
    """A page as a tree, without a script, a link to elsewhere, or an attribute that acts."""
    answer = web.get(address)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"].startswith("text/html")
    tree = html.document_fromstring(answer.text)
    assert tree.get("lang") == "en"
    assert not tree.xpath("//script | //style | //iframe | //object | //embed | //base")
    for attribute in tree.xpath("//@*"):
        assert not attribute.attrname.startswith("on") and attribute.attrname != "style"
    for address_ in tree.xpath("//@href | //@src | //@action | //@formaction"):
        assert re.match(r"/(?!/)|#", address_), address_
    return tree


def words(tree: html.HtmlElement) -> str:
    """The text of a page, white space aside."""
    return " ".join(tree.text_content().split())


def address(tree: html.HtmlElement, beginning: str) -> str:
    """The first link that begins so."""
    return str(tree.xpath(f"//a[starts-with(@href, '{beginning}')]/@href")[0])


def test_home(web: TestClient) -> None:
    tree = page(web, "/")
    assert "files are read" in words(tree)
    assert address(tree, "/file/Contracts")


def test_a_search_has_facets_that_narrow_it(web: TestClient) -> None:
    tree = page(web, "/?q=lease")
    titles = [" ".join(h.text_content().split()) for h in tree.xpath("//article/h2")]
    assert len(titles) >= 3
    assert {h.text for h in tree.xpath("//nav[@aria-label='Narrow the results']//h2")} >= {
        "Type", "Year"
    }  # fmt: skip
    count = tree.xpath("//a[contains(@href, 'type=pdf')]/span[@class='count']/text()")
    narrowed = page(web, address(tree, "/?q=lease&type=pdf"))
    found = narrowed.xpath("//article//p[@class='place']/bdi/text()")
    assert found == [LEASE] and count == ["1"]
    assert narrowed.xpath("//a[@class='chosen']/@href") == ["/?q=lease"]
    in_2019 = page(web, "/?q=lease&year=2019").xpath("//article//p[@class='place']/bdi/text()")
    assert in_2019 == ["Contracts/mill-lease.txt"]
    assert page(web, "/?q=lease").xpath("//article//mark")
    assert "Nothing was found" in words(page(web, "/?q=lease&author=Nobody+Atall"))
    page(web, "/?q=lease&year=rubbish&page=99999999999")


def test_an_answer_leads_to_the_quote_on_its_page(web: TestClient) -> None:
    tree = page(web, "/ask?" + "q=" + quote("How much is the deposit for the quay?"))
    assert "4,350" in words(tree.xpath("//div[@class='done']")[0])
    there = next(
        one for one in tree.xpath("//ol[@class='sources']//a/@href") if quote(LEASE) in one
    )
    assert there.endswith("#quote")
    beside = tree.xpath("//figure[@class='evident']/a")[0]
    assert beside.get("href") == there and beside.xpath(".//*[name()='rect']")
    tree = page(web, there.partition("#")[0])
    assert tree.xpath("//nav[@class='pager']/span")[0].text_content().startswith("Page 2 of 2")
    svg = tree.xpath("//*[name()='svg' and @id='quote']")[0]
    boxes = svg.xpath(".//*[name()='rect']")
    assert len(boxes) == 1
    left, top = float(boxes[0].get("x")), float(boxes[0].get("y"))
    assert 65 < left < 75 and 842 - 750 < top < 842 - 700  # where it was drawn
    assert tree.xpath("//mark/text()") == [QUOTE]
    picture = web.get(svg.xpath(".//*[name()='image']/@href")[0])
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")


def test_a_question_goes_on_from_the_one_before(web: TestClient) -> None:
    tree = page(web, "/ask?q=" + quote("What is the monthly rent in the harbour lease?"))
    assert "1,450" in words(tree.xpath("//div[@class='done']")[0])
    talk = tree.xpath("//input[@name='talk']/@value")[0]
    tree = page(web, f"/ask?talk={talk}&q=" + quote("and the notice?"))
    assert "three months" in words(tree.xpath("//div[@class='done']")[0])
    assert "Read as" in words(tree)
    other = page(web, "/ask?talk=rubbish&q=" + quote("What is the monthly rent of the mill?"))
    assert other.xpath("//input[@name='talk']/@value") != ["rubbish"]


def test_what_is_not_there_is_said(web: TestClient) -> None:
    tree = page(web, "/ask?q=" + quote("What is the name of the director's dog?"))
    assert "not found in your files" in words(tree)
    page(web, "/ask?q=")
    assert "nothing is known of 'nothing.txt'" in words(page(web, "/file/nothing.txt", 404))


def test_a_text_shows_its_lines_and_the_quote(web: TestClient, shown: Shown) -> None:
    tree = page(web, f"/file/{NOTES}?quote=" + quote("No ladder  alone."))
    assert tree.xpath("//mark[@id='quote']/text()") == ["No ladder alone."]
    tree = page(web, f"/file/{NOTES}?quote=" + quote("It never said this, not at all."))
    assert "does not stand in the file" in words(tree)
    (shown.source / "Notes" / "long.txt").write_text("x " * 90_000 + "walnut " + "y " * 90_000)
    shown.pages.call("wait_indexed")
    tree = page(web, "/file/Notes/long.txt?quote=walnut")
    assert tree.xpath("//mark/text()") == ["walnut"] and len(words(tree)) < 30_000
    tree = page(web, "/file/table.csv?quote=" + quote("Ben"))
    assert words(tree.xpath("//tr[@class='marked']")[0]) == "Ben30"


def test_what_a_file_states_and_what_is_like_it(
    web: TestClient, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    call = shown.pages.call

    def by_words(name: str, **arguments: Any) -> Any:
        """Where no model tells what is meant, the words of leases stand in for it."""
        if name == "semantic_retrieve":
            return call("keywords_retrieve", keywords=("lease",))
        return call(name, **arguments)

    monkeypatch.setattr(shown.pages, "call", by_words)
    tree = page(web, link("file", "Contracts/harbour-lease.md"))
    assert "EUR 1,450" in words(tree.xpath("//dl[@class='fields']")[0])
    alike = words(tree.xpath("//h2[.='Nearest in meaning']/..")[0])
    assert "mill-lease" in alike and "harbour-lease" not in alike


def test_what_is_many_is_shown_in_parts(web: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(filing, "ENTRIES", 3)
    monkeypatch.setattr(overview, "DOTS", 4)
    seen: list[str] = []
    tree = page(web, "/file/")
    while True:
        seen += tree.xpath("//tbody//td[1]/a/@href")
        following = tree.xpath("//nav[@class='pager']/a[@rel='next']/@href")
        if not following:
            break
        tree = page(web, following[0])
    assert len(seen) == len(set(seen)) >= 8 and seen[0] == "/file/Contracts"
    tree = page(web, "/map")
    assert len(tree.xpath("//*[name()='a']/*[name()='circle']")) <= 4
    assert "is drawn" in words(tree)


def test_folders_and_crumbs(web: TestClient) -> None:
    tree = page(web, "/file/")
    assert address(tree, "/file/Contracts")
    tree = page(web, "/file/Contracts")
    assert address(tree, "/file/Contracts/mill-lease.txt")
    page(web, "/file/..", 200)  # a client makes it "/file/../", which is the page itself
    page(web, "/file/%2e%2e/%2e%2e/etc/passwd", 400)


def test_history_has_words_side_by_side(web: TestClient) -> None:
    tree = page(web, f"/history/{NOTES}")
    assert len(tree.xpath("//form[@class='timeline']//li")) >= 2
    assert tree.xpath("//td/ins/text()") == ["old ", "Lights out at six."]
    assert tree.xpath("//td[@class='sign ins']/text()") == ["+", "+"]
    assert [td.get("aria-label") for td in tree.xpath("//td[@class='sign del']")] == ["removed"]
    assert "History of" in words(tree)
    page(web, "/history/nothing.txt", 404)
    page(web, f"/history/{NOTES}?before=77&after=78")


def test_a_file_goes_back_by_a_plan(web: TestClient, shown: Shown) -> None:
    tree = page(web, f"/history/{NOTES}?before=1&after=2")
    form = tree.xpath("//form[@method='post']")[0]
    ours = {"Origin": BASE}
    plan = web.post(form.get("action"), data=dict(form.form_values()), headers=ours)
    assert "gets version 1" in plan.text
    approve = html.document_fromstring(plan.text).xpath("//form[@method='post']")[0]
    before = (shown.source / NOTES).read_bytes()
    stale = {**dict(approve.form_values()), "apply": "0" * 16}
    assert web.post(approve.get("action"), data=stale, headers=ours).status_code == 409
    assert (shown.source / NOTES).read_bytes() == before
    done = web.post(approve.get("action"), data=dict(approve.form_values()), headers=ours)
    assert "Done" in done.text
    assert b"old saw" not in (shown.source / NOTES).read_bytes()
    (shown.source / NOTES).write_bytes(before)


def test_downloads_are_saved_and_never_shown(web: TestClient, shown: Shown) -> None:
    for path in (NAMED, RAW, LEASE):
        answer = web.get(link("download", path))
        assert answer.content == (shown.source / path).read_bytes()
        assert answer.headers["content-disposition"].startswith("attachment;")
        assert answer.headers["content-type"] == "application/octet-stream"
    named = web.get(link("download", NAMED)).headers["content-disposition"]
    assert unquote(named.partition("''")[2]) == NAMED
    first = web.get(link("download", NOTES, version=1)).text
    assert "old saw" not in first


def test_map_and_health(web: TestClient) -> None:
    tree = page(web, "/map")
    assert tree.xpath("//*[name()='circle']") and "topic" in words(tree)
    tree = page(web, "/health")
    assert "broken.pdf" in words(tree) and "none: answers are quotes" in words(tree)


@pytest.mark.parametrize("address_", [
    "/?q=" + quote(EVIL), "/ask?q=" + quote(EVIL), "/?q=heron", "/?q=pelican", "/ask?q=pelican",
    "/?q=walrus", "/file/", "/map", "/health", "/file/Mail/pelican.eml",
    "/history/Mail/pelican.eml",
    link("file", NAMED), link("history", NAMED), link("file", RAW), link("history", RAW),
    link("file", LEASE), link("file", NAMED, quote=EVIL), f"/?q=lease&type={quote(EVIL)}",
    f"/?q=lease&author={quote(EVIL)}", "/?q=%00%ff%ed%a0%80", "/file/broken.pdf",
    "/ask?q=" + quote("\u202e" + "x" * 5000),
])  # fmt: skip
def test_hostile_names_and_contents_are_text(web: TestClient, address_: str) -> None:
    answer = web.get(address_)
    assert answer.status_code == 200
    assert EVIL not in answer.text and "<img" not in answer.text and "\u202e" not in answer.text
    assert "49 text" not in answer.text
    page(web, address_)


@pytest.mark.parametrize(("address_", "status"), [
    ("/page/" + quote(LEASE) + "?page=99", 404), ("/page/broken.pdf", 404),
    ("/page/nothing.pdf", 404), ("/page/" + NOTES, 422), ("/download/nothing", 404),
    ("/download/%2e%2e%2fsecret", 400), ("/file/a%00b", 400), ("/static/..%2fapp.py", 404),
    ("/static/none.css", 404),
])  # fmt: skip
def test_what_cannot_be_shown_is_said(web: TestClient, address_: str, status: int) -> None:
    page(web, address_, status)


def test_nothing_is_written_without_permission(shown: Shown) -> None:
    from lsfs.web.app import application
    from lsfs.web.pages import Pages

    app = application(Pages(shown.pages.access))
    with TestClient(app, base_url=BASE) as client:
        assert client.post(f"/rollback/{NOTES}", data={"version": "1"}).status_code == 404
        assert "Go back" not in client.get(f"/history/{NOTES}").text
