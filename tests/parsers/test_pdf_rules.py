"""The ruling lines of PDF pages: strokes, rectangles, pieces, forms, turned pages, drawings."""

from __future__ import annotations

import io
import math
from collections.abc import Callable

import pypdfium2
import pytest
from reportlab.pdfgen.canvas import Canvas

from lsfs_parsers.pdf_lines import Box
from lsfs_parsers.pdf_rules import Rule, page_rules

WIDTH, HEIGHT = 400, 600


def rules_of(draw: Callable[[Canvas], None], limit: int | None = None) -> list[Rule]:
    stream = io.BytesIO()
    canvas = Canvas(stream, pagesize=(WIDTH, HEIGHT))
    draw(canvas)
    canvas.save()
    with pypdfium2.PdfDocument(stream.getvalue()) as pdf:
        page = pdf[0]
        found = page_rules(page) if limit is None else page_rules(page, limit)
        page.close()
    return found


def near(box: Box, wanted: Box, by: float = 1.1) -> bool:
    return all(abs(one - other) <= by for one, other in zip(box, wanted, strict=True))


def test_a_page_without_paths_has_none() -> None:
    assert rules_of(lambda canvas: canvas.drawString(50, 500, "text")) == []


def test_a_stroke() -> None:
    (rule,) = rules_of(lambda canvas: canvas.line(50, 500, 350, 500))
    assert rule.horizontal
    assert not rule.shade
    assert near(rule.box, (50, 100, 350, 100))


def test_an_upright_stroke() -> None:
    (rule,) = rules_of(lambda canvas: canvas.line(50, 500, 50, 300))
    assert not rule.horizontal
    assert near(rule.box, (50, 100, 50, 300))


def test_a_slanted_stroke_is_none() -> None:
    assert rules_of(lambda canvas: canvas.line(50, 500, 350, 400)) == []


def test_a_thin_filled_rectangle() -> None:
    (rule,) = rules_of(lambda canvas: canvas.rect(50, 400, 100, 0.5, stroke=0, fill=1))
    assert rule.horizontal
    assert not rule.shade
    assert near(rule.box, (50, 199.5, 150, 200), 0.1)


def test_an_outlined_rectangle_has_four() -> None:
    rules = rules_of(lambda canvas: canvas.rect(50, 400, 100, 50))
    assert [rule.horizontal for rule in rules] == [True, True, False, False]
    assert near(rules[0].box, (50, 150, 150, 150))
    assert near(rules[3].box, (150, 150, 150, 200))


def test_the_edges_of_a_filled_rectangle_are_those_of_a_shade() -> None:
    rules = rules_of(lambda canvas: canvas.rect(50, 400, 100, 50, stroke=0, fill=1))
    assert len(rules) == 4
    assert all(rule.shade for rule in rules)


def test_a_grid_in_one_path() -> None:
    rules = rules_of(lambda canvas: canvas.grid([50, 100, 200], [300, 320, 340]))
    assert sum(rule.horizontal for rule in rules) == 3
    assert len(rules) == 6


def test_dashes_are_one() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setDash(2, 2)
        canvas.line(50, 500, 350, 500)
        for x in range(50, 350, 3):
            canvas.line(x, 400, x + 1.7, 400)

    rules = rules_of(draw)
    assert len(rules) == 2
    assert all(near(rule.box, (50, rule.box[1], 350, rule.box[3]), 2.5) for rule in rules)


def test_the_pieces_over_each_column_are_one_but_what_is_apart_is_not() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.line(50, 500, 150, 500)
        canvas.line(150, 500, 250, 500)
        canvas.line(270, 500, 350, 500)

    assert [rule.box[2] - rule.box[0] > 150 for rule in rules_of(draw)] == [True, False]


def test_a_double_rule_is_one() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.line(50, 500, 350, 500)
        canvas.line(50, 502, 350, 502)
        canvas.line(50, 480, 350, 480)

    assert len(rules_of(draw)) == 2


def test_two_strokes_in_one_path_are_two() -> None:
    def draw(canvas: Canvas) -> None:
        path = canvas.beginPath()
        path.moveTo(50, 500)
        path.lineTo(150, 500)
        path.moveTo(200, 500)
        path.lineTo(350, 500)
        canvas.drawPath(path)

    assert len(rules_of(draw)) == 2


def test_forms_within_forms() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.beginForm("inner")
        canvas.line(0, 0, 100, 0)
        canvas.endForm()
        canvas.beginForm("outer")
        canvas.translate(10, 10)
        canvas.doForm("inner")
        canvas.endForm()
        canvas.translate(50, 300)
        canvas.scale(2, 2)
        canvas.doForm("outer")

    (rule,) = rules_of(draw)
    assert near(rule.box, (70, 280, 270, 280))


@pytest.mark.parametrize(
    ("degrees", "wanted", "horizontal"),
    [
        (90, (300, 50, 300, 350), False),
        (180, (50, 300, 350, 300), True),
        (270, (100, 250, 100, 550), False),
    ],
)
def test_turned_pages(degrees: int, wanted: Box, horizontal: bool) -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setPageRotation(degrees)  # reportlab turns the paper's sides for 90 and 270
        canvas.line(50, 300, 350, 300)

    (rule,) = rules_of(draw)
    assert rule.horizontal is horizontal
    assert near(rule.box, wanted)


def test_a_crop_box_moves_the_origin() -> None:
    def draw(canvas: Canvas) -> None:
        canvas.setCropBox((20, 30, 380, 560))
        canvas.line(50, 500, 350, 500)
        canvas.line(50, 590, 350, 590)  # outside

    (rule,) = rules_of(draw)
    assert near(rule.box, (30, 60, 330, 60))


def scribble(canvas: Canvas, points: int) -> None:
    path = canvas.beginPath()
    path.moveTo(200, 300)
    for step in range(points):
        path.lineTo(200 + 100 * math.sin(step), 300 + 100 * math.cos(1.1 * step))
    canvas.drawPath(path)


def test_drawings_have_none() -> None:
    def strokes(canvas: Canvas) -> None:
        for step in range(2100):
            canvas.line(200, 300, 200 + 100 * math.sin(step), 300)

    def circles(canvas: Canvas) -> None:
        for step in range(600):
            canvas.circle(200, 300, 1 + step / 10)

    assert rules_of(lambda canvas: scribble(canvas, 12_000)) == []
    assert rules_of(strokes, limit=2000) == []
    assert rules_of(circles) == []


def test_a_drawing_does_not_hide_a_rule() -> None:
    def draw(canvas: Canvas) -> None:
        scribble(canvas, 3000)
        canvas.line(50, 500, 350, 500)

    assert len(rules_of(draw)) == 1
