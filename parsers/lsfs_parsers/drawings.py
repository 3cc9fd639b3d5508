"""The data behind charts and the words in diagrams of Office Open XML documents."""

from __future__ import annotations

from typing import Any

from lsfs_parsers.builder import one_line
from lsfs_parsers.xmltree import attribute, child, children, number, tag, within

MAX_POINTS = 2_000  # of one series; a longer one is a picture of its values
MAX_SERIES = 200


def chart_title(chart: Any) -> str:
    """The title of a chart; "" without one."""
    title = next(within(chart, "title"), None)
    # A title stands in the chart itself; those deeper down are of axes.
    if title is None or tag(title.getparent()) != "chart":
        return ""
    return one_line(" ".join(node.text or "" for node in within(title, "t")))


def chart_rows(chart: Any) -> list[list[str]]:
    """A row for each category, a column for each series, and their names above.

    What stands here is what the chart's program saw when it saved the document, its cache.
    """
    series = [node for node in within(chart, "ser")][:MAX_SERIES]
    columns = [(_name(node), _values(node, "val", "yVal")) for node in series]
    categories: dict[int, str] = {}
    for node in series:
        categories = _values(node, "cat", "xVal") | categories
    places = sorted({at for _, values in columns for at in values} | categories.keys())
    if not places:
        return []
    head = ["", *(name for name, _ in columns)]
    rows = [
        [categories.get(at, ""), *(values.get(at, "") for _, values in columns)] for at in places
    ]
    return [head, *rows]


def _name(series: Any) -> str:
    texts = [node.text or "" for node in within(child(series, "tx"), "v")]
    return one_line(" ".join(texts))


def _values(series: Any, *names: str) -> dict[int, str]:
    """The cached points of a series by their number; the innermost level of categories."""
    source = next(children(series, *names), None)
    found: dict[int, str] = {}
    for point in within(source, "pt"):
        at = number(point, "idx", -1)
        value = child(point, "v")
        if at >= 0 and at not in found and len(found) < MAX_POINTS and value is not None:
            found[at] = one_line(value.text or "")
    return found


def diagram_texts(data: Any) -> list[str]:
    """The words of a diagram's nodes, each behind the node that it hangs from."""
    points = {attribute(node, "modelId"): node for node in within(data, "pt")}
    below: dict[str, list[tuple[int, str]]] = {}
    for link in within(data, "cxn"):
        if attribute(link, "type") in ("", "parOf"):
            place = number(link, "srcOrd"), attribute(link, "destId")
            below.setdefault(attribute(link, "srcId"), []).append(place)
    order: list[str] = []
    seen: set[str] = set()
    waiting = [id_ for id_, node in points.items() if attribute(node, "type") == "doc"]
    while waiting:
        at = waiting.pop()
        if at not in seen:
            seen.add(at)
            order.append(at)
            waiting += [id_ for _, id_ in sorted(below.get(at, ()), reverse=True)]
    # What hangs from nothing comes last, in its own order.
    rest = [id_ for id_ in points if id_ not in seen]
    return list(filter(None, (_node_text(points[id_]) for id_ in order + rest if id_ in points)))


def _node_text(point: Any) -> str:
    if attribute(point, "type") not in ("", "node", "asst"):
        return ""
    lines = [
        "".join(node.text or "" for node in within(paragraph, "t"))
        for paragraph in children(child(point, "t"), "p")
    ]
    return one_line(" ".join(lines))
