"""What known families of embedding models want to stand before a query and before a passage."""

from __future__ import annotations

# From the models' own cards. The first that occurs in the name counts.
FAMILIES = (
    ("nomic-embed", ("search_query: ", "search_document: ")),
    ("e5-mistral", ("Instruct: Given a question, retrieve passages that answer it\nQuery: ", "")),
    ("multilingual-e5-large-instruct",
     ("Instruct: Given a question, retrieve passages that answer it\nQuery: ", "")),
    ("e5-", ("query: ", "passage: ")),
    ("bge-m3", ("", "")),
    ("bge-", ("Represent this sentence for searching relevant passages: ", "")),
    ("mxbai-embed", ("Represent this sentence for searching relevant passages: ", "")),
    ("arctic-embed", ("Represent this sentence for searching relevant passages: ", "")),
    ("qwen3-embedding",
     ("Instruct: Given a question, retrieve passages that answer it\nQuery:", "")),
    ("embeddinggemma", ("task: search result | query: ", "title: none | text: ")),
)  # fmt: skip


def of_family(name: str) -> tuple[str, str]:
    """The prefixes of a query and of a passage for a model of this name; "" for no known family."""
    plain = name.lower().replace("_", "-")
    return next((found for family, found in FAMILIES if family in plain), ("", ""))
