"""Lines of two versions beside each other, and the words that differ."""

from __future__ import annotations

from lsfs.web.sides import Pair, of_text


def told(pair: Pair) -> tuple[str, str]:
    """Both sides, with what differs in brackets."""
    left, right = (
        "".join(f"[{word.text}]" if word.changed else word.text for word in side or ())
        for side in (pair.left, pair.right)
    )
    return left, right


def test_a_line_stands_beside_what_it_became() -> None:
    diff = """--- a
+++ b
@@ -3,4 +5,4 @@
 same
-The rent is EUR 700 a month.
-Nobody smokes.
+The rent is EUR 750 a month.
+Dogs are welcome everywhere.
+Cats too.
 end
\\ No newline at end of file
"""
    pairs = of_text(diff)
    assert pairs[0].head == "from line 5"
    assert pairs[1].same and told(pairs[1]) == ("same", "same")
    assert told(pairs[2]) == (
        "The rent is EUR [700] a month.", "The rent is EUR [750] a month.",
    )  # fmt: skip
    assert told(pairs[3]) == ("[Nobody smokes.]", "[Dogs are welcome everywhere.]")
    assert pairs[4].left is None and told(pairs[4]) == ("", "[Cats too.]")
    assert told(pairs[5]) == ("end", "end") and len(pairs) == 6


def test_hunks_that_follow_each_other_do_not_mix() -> None:
    pairs = of_text("--- a\n+++ b\n@@ -1 +0,0 @@\n-gone\n@@ -9,0 +8 @@\n+came\n")
    assert [told(pair) for pair in pairs if not pair.head] == [("[gone]", ""), ("", "[came]")]


def test_lines_of_a_document_have_no_head() -> None:
    assert of_text("") == []
    long = "x" * 5000
    (pair,) = of_text(f"--- a\n+++ b\n-{long}\n+{long}y\n")
    assert told(pair) == (f"[{long}]", f"[{long}y]")
