"""Asking pdfium about many characters at once gives what asking about each of them does."""

from __future__ import annotations

import io
import math

import pypdfium2
from reportlab.pdfgen.canvas import Canvas

from lsfs_parsers.pdf_calls import Characters


def _page_of_many_letters() -> bytes:
    target = io.BytesIO()
    canvas = Canvas(target, pagesize=(595, 842))
    for number in range(40):
        canvas.setFont("Helvetica-Bold" if number % 2 else "Times-Roman", 6 + number % 3)
        canvas.drawString(40.25, 800 - 18 * number, f"line {number} of many small letters " * 3)
    canvas.save()
    return target.getvalue()


def test_each_character_stands_where_pdfium_says() -> None:
    with pypdfium2.PdfDocument(_page_of_many_letters()) as pdf:
        text_page = pdf[0].get_textpage()
        count = text_page.count_chars()
        assert count > 3000  # more than are asked about at a time
        characters = Characters(text_page)
        lefts, rights, bottoms, tops = characters.boxes(range(count))
        found = list(zip(lefts, bottoms, rights, tops, strict=True))
        assert found == [text_page.get_charbox(index) for index in range(count)]
        assert characters.sides(range(count)) == [lefts, rights]
        assert characters.units(count) == text_page.get_text_range()


def test_what_is_no_character_is_nowhere() -> None:
    with pypdfium2.PdfDocument(_page_of_many_letters()) as pdf:
        text_page = pdf[0].get_textpage()
        characters = Characters(text_page)
        for column in (*characters.boxes([3, -1, 5]), *characters.origins([3, -1, 5])):
            assert [math.isnan(value) for value in column] == [False, True, False]


def test_letter_sizes_of_many_lines() -> None:
    with pypdfium2.PdfDocument(_page_of_many_letters()) as pdf:
        text_page = pdf[0].get_textpage()
        characters = Characters(text_page)
        text = text_page.get_text_range()
        firsts = [text.index(f"line {number} ") for number in range(40)]
        assert characters.sizes(firsts) == [6 + number % 3 for number in range(40)]
        assert characters.angles(firsts) == [0] * 40
