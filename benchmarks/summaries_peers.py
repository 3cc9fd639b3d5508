"""Summaries of other libraries (sumy), for comparison; runs in a Python that has them.

Reads a JSON list of ``{"n", "length", "words", "text": [sentences]}`` from standard input and
writes one of ``{"n", "length", "method", "summary"}``. A summary has as many sentences, best first
and in the order of the text, as fit the words.
"""

# ruff: noqa: SIM905 - a list of words

from __future__ import annotations

import json
import re
import sys

from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
from sumy.summarizers.lex_rank import LexRankSummarizer
from sumy.summarizers.lsa import LsaSummarizer
from sumy.summarizers.luhn import LuhnSummarizer
from sumy.summarizers.text_rank import TextRankSummarizer

METHODS = {
    "LexRank (sumy)": LexRankSummarizer,
    "TextRank (sumy)": TextRankSummarizer,
    "Luhn (sumy)": LuhnSummarizer,
    "LSA (sumy)": LsaSummarizer,
}
STOP = frozenset(
    """a an the of in on at by for from to with and or nor but if as is are was were be been being
    am do does did has have had will would shall should can could may might must i we our you your
    he his she her it its they them their this that these those there here what which who when
    where why how not no any some all each about into over than then so such also only""".split()
)


class Words:
    def to_words(self, text):
        return re.findall(r"\w+", text.lower())


class Ranked(Exception):
    def __init__(self, ratings):
        self.ratings = ratings


def ratings_of(summarizer, document):
    """How a summarizer rates each sentence: its own choice is by number, ours by words."""

    def caught(sentences, _count, rating, *args, **kwargs):
        rate = rating if callable(rating) else rating.__getitem__
        raise Ranked([rate(sentence, *args, **kwargs) for sentence in sentences])

    summarizer._get_best_sentences = caught
    try:
        summarizer(document, 1)
    except Ranked as found:
        return found.ratings
    return []


def summary(summarizer, sentences, words):
    document = ObjectDocumentModel([Paragraph([Sentence(text, Words()) for text in sentences])])
    ratings = ratings_of(summarizer, document)
    chosen, left = [], words
    for n in sorted(range(len(ratings)), key=lambda n: -ratings[n]):
        cost = len(sentences[n].split())
        if cost <= left:
            chosen.append(n)
            left -= cost
    return " ".join(sentences[n] for n in sorted(chosen))


def main():
    made = []
    for task in json.load(sys.stdin):
        for name, method in METHODS.items():
            summarizer = method()
            summarizer.stop_words = STOP
            text = summary(summarizer, task["text"], task["words"])
            made.append({"n": task["n"], "length": task["length"], "method": name, "summary": text})
    json.dump(made, sys.stdout)


main()
