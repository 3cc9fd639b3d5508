"""Which embedding model answers, and which is to take its place; every search knows of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from lsfs.errors import UsageError

if TYPE_CHECKING:
    from lsfs.index.find.stores import Vectors
    from lsfs.index.meaning.embed import Embedder
    from lsfs.index.meaning.vectors import VectorStore


class Meaning(Struct, frozen=True):
    """An embedding model and the vectors that it made.

    Attributes:
        setting: how the model is found again, after the settings name another one.
    """

    embedder: Embedder
    vectors: Vectors
    setting: str = ""

    @property
    def store(self) -> VectorStore:
        """The vectors of a drive on this machine, to write them.

        Raises:
            UsageError: they are a shared library's, which others write.
        """
        from lsfs.index.meaning.vectors import VectorStore

        if not isinstance(self.vectors, VectorStore):
            raise UsageError(
                "this is a shared library, which its writers look after",
                hint="see whether it is whole with: lsfs library check URI",
            )
        return self.vectors


class Meanings:
    """The model that answers, and the one that is to take its place.

    Attributes:
        now: None leaves search to keywords. Take it once for a query: it may change at any time.
        coming: its vectors are being made.
    """

    def __init__(self, now: Meaning | None, coming: Meaning | None = None) -> None:
        self.now = now
        self.coming = coming

    @classmethod
    def of(cls, vectors: Vectors | None, embedder: Embedder | None) -> Meanings:
        """One model, or none."""
        return cls(None if vectors is None or embedder is None else Meaning(embedder, vectors))

    @property
    def is_embedding(self) -> bool:
        """Whether passages are to get vectors that answer."""
        return self.now is not None
