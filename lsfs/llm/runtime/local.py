"""The chat model of this machine: a GGUF file, run by llama.cpp in this process."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from string import ascii_uppercase
from threading import Event, Lock
from typing import TYPE_CHECKING, Any

from lsfs.config import ModelConfig
from lsfs.errors import ContextTooLong, ModelError, ModelMissing
from lsfs.llm.answers import prompts
from lsfs.llm.files import models
from lsfs.llm.files.models import ModelFile
from lsfs.llm.runtime.batch import Deadline, Stop, check
from lsfs.llm.runtime.engine import Context, Message, Sampling, Shape
from lsfs.llm.runtime.residents import Residents

if TYPE_CHECKING:
    from lsfs.llm.runtime.loading import Loaded
    from lsfs.llm.sparse.drafter import Drafter
    from lsfs.llm.sparse.reader import Reader

log = logging.getLogger("lsfs.llm")

PENALTY = 1.1  # small models repeat themselves without one
IMAGINED = 96  # tokens of an imagined passage at most
_PATIENCE = 0.05  # seconds between two looks at whether a waiting caller has gone
MAX_QUESTION = 128  # tokens of a question whose likelihood is measured; the head of a longer one


class _Speaker:
    """A loaded model, and what reads with it once something is to be read."""

    def __init__(self, loaded: Loaded) -> None:
        self.context = loaded.context
        self._loaded = loaded
        self._reader: Reader | None = None

    def reader(self, make: Callable[[Context], Reader]) -> Reader:
        """The reader of this model, made when it is first asked for."""
        if self._reader is None:
            self._reader = make(self.context)
        return self._reader

    def close(self) -> None:
        """Free all of it; the reader's contexts go before the model."""
        if self._reader is not None:
            self._reader.close()
        self._loaded.close()


class LocalChat:
    """A GGUF model in this process, loaded when it is first used; safe for several threads.

    So are the modules that it needs: most commands open a drive with a model and do not use it.

    Args:
        file: the model's file.
        config: its threads, context and longest answer.
        residents: where it is kept while it is loaded; one of its own by default.
        kept: the folder of the attention states that it keeps; None keeps none.
    """

    def __init__(
        self,
        file: ModelFile,
        config: ModelConfig,
        residents: Residents | None = None,
        kept: Path | None = None,
    ) -> None:
        self._file = file
        self._config = config
        self._kept = None if config.kv == "off" else kept
        self._residents = residents or Residents()
        self._draft = models.chat_model_file(config.draft)
        self._key = f"chat {file.path}"
        self._size = -1  # bytes; not known yet
        self._lock = Lock()
        self._closed = False

    @property
    def name(self) -> str:
        """The name of the model's file, or of the known model that it is."""
        return self._file.name

    def question_gain(
        self, question: str, sentences: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """Pointwise mutual information of question and sentence, per token of the question.

        The mean log probability of the question after the sentence, less the same without it;
        measured for all sentences side by side.
        """
        if not sentences:
            return []
        texts = [prompts.LIKELIHOOD_WITHOUT_TEXT, *map(prompts.likelihood_prompt, sentences)]
        with self.context(cancel) as (context, stop):
            model = context.model
            target = model.tokenise(" " + " ".join(question.split()))[:MAX_QUESTION]
            tokens = [model.tokenise(text, begin=True) for text in texts]
            without, *with_text = context.likelihoods(tokens, target, stop)
        return [value - without for value in with_text]

    def write(
        self,
        question: str,
        evidence: Sequence[str],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        """The likeliest answer, token by token."""
        messages = [
            Message("system", prompts.SYSTEM),
            Message("user", prompts.question_prompt(question, evidence)),
        ]
        text = ""
        with self.context(cancel) as (context, stop):
            pieces = context.generate(
                context.model.chat_tokens(messages),
                max_tokens=self._config.max_tokens,
                sampling=Sampling(penalty=PENALTY),
                stop=("\n\n", prompts.BEGIN, prompts.END),
                cancel=stop,
            )
            for piece in pieces:
                text += piece
                if on_text is not None:
                    on_text(piece)
        return text.strip()

    @property
    def keeps(self) -> bool:
        """Whether what is made of passages is kept."""
        return self._kept is not None

    def read(
        self,
        question: str,
        passages: Sequence[str],
        scores: Sequence[float],
        on_text: Callable[[str], None] | None = None,
        cancel: Event | None = None,
    ) -> str:
        """The likeliest answer behind the passages' attention states."""
        with self._reading(cancel) as (reader, stop):
            found = reader.read(question, passages, scores, on_text=on_text, cancel=stop)
        log.info(
            "read %d passages in %.2f s to the first word: %d kept, %d new",
            len(found.used), found.first_text_s, found.hits, found.misses,
        )  # fmt: skip
        return found.text

    def prepare(
        self, passages: Sequence[str], cancel: Stop | None = None, *, used_ns: int | None = None
    ) -> bool:
        """Compute what :meth:`read` needs of passages."""
        if not self.keeps:
            return False
        with self._reading(cancel) as (reader, stop):
            return reader.prepare(passages, stop, used_ns=used_ns)

    def fill(
        self,
        question: str,
        evidence: Sequence[str],
        schema: Mapping[str, Any],
        cancel: Event | None = None,
    ) -> str:
        """The likeliest JSON of the schema."""
        from lsfs.llm.runtime.schema import form_of

        form = form_of(schema)
        messages = [
            Message("system", prompts.FILL),
            Message("user", prompts.question_prompt(question, evidence)),
        ]
        with self.context(cancel) as (context, stop):
            prompt = context.model.chat_tokens(messages)
            pieces = context.generate(
                prompt,
                max_tokens=form.longest,
                sampling=Sampling(grammar=form.grammar),
                cancel=stop,
            )
            text = "".join(pieces)
            if len(prompt) + form.longest > context.n_ctx and not _is_json(text):
                raise ContextTooLong(
                    f"the answer does not fit the context of {context.n_ctx} tokens",
                    hint="ask for less, or raise model.context",
                )
        return text

    def weigh(
        self, query: str, passages: Sequence[str], cancel: Event | None = None
    ) -> list[float]:
        """The scores of the letters behind an opened bracket, where the model's answer begins."""
        labels = ascii_uppercase[: len(passages)]
        messages = [
            Message("system", prompts.RANK),
            Message("user", prompts.rank_prompt(query, passages, labels)),
        ]
        with self.context(cancel) as (context, stop):
            model = context.model
            tokens = [*model.chat_tokens(messages), *model.tokenise("[")]
            context.clear()
            scores = context.feed(tokens, cancel=stop)
            return [float(scores[model.tokenise(label)[0]]) for label in labels]

    def imagine(self, query: str, cancel: Event | None = None) -> str:
        """The likeliest passage."""
        messages = [Message("system", prompts.IMAGINE), Message("user", " ".join(query.split()))]
        with self.context(cancel) as (context, stop):
            pieces = context.generate(
                context.model.chat_tokens(messages),
                max_tokens=IMAGINED,
                sampling=Sampling(penalty=PENALTY),
                cancel=stop,
            )
            return "".join(pieces).strip()

    @contextlib.contextmanager
    def context(self, cancel: Stop | None = None) -> Iterator[tuple[Context, Stop]]:
        """The model's context, for one caller at a time, and what stops its computations.

        Args:
            cancel: ends the wait for other callers, too.

        Raises:
            Cancelled: ``cancel`` was set.
            ModelError: the model is closed or cannot be loaded, took longer than it may, or its
                file was changed meanwhile.
            ModelMissing: its file is gone.
            OutOfMemory: it does not fit.
        """
        with self._speaking(cancel) as (speaker, stop):
            yield speaker.context, stop

    @contextlib.contextmanager
    def _reading(self, cancel: Stop | None) -> Iterator[tuple[Reader, Stop]]:
        """The same with what reads passages."""
        with self._speaking(cancel) as (speaker, stop):
            yield speaker.reader(self._made_reader), stop

    @contextlib.contextmanager
    def _speaking(self, cancel: Stop | None) -> Iterator[tuple[_Speaker, Stop]]:
        while not self._lock.acquire(timeout=_PATIENCE):
            check(cancel)
        try:
            if self._closed:
                raise ModelError(f"the model {self.name} is closed")
            self._follow_files()
            deadline = Deadline(self._config.timeout, cancel)
            with (
                self._residents.use(self._key, self._bytes(), self._load) as speaker,
                deadline.told(),
            ):
                yield speaker, deadline
            if not self._is_same():
                raise ModelError(
                    f"{self._file.path} was changed while it was read", hint="ask again"
                )
        finally:
            self._lock.release()

    def _is_same(self) -> bool:
        return self._file.is_same() and (self._draft is None or self._draft.is_same())

    def _follow_files(self) -> None:
        """Where a file holds another model now, that is the one that answers.

        The weights are mapped, not copied: what is written into the file changes a model that is
        loaded, and what was made of it so far would no longer be of it.
        """
        if self._is_same():
            return
        log.warning("%s was changed: it is loaded anew", self._file.path)
        self._residents.drop(self._key)
        self._size = -1
        file = models.chat_model_file(self._config.chat)
        if file is None:
            raise ModelMissing(f"{self._file.path} is not installed any more")
        self._file = file
        self._draft = models.chat_model_file(self._config.draft)

    def _load(self) -> _Speaker:
        from lsfs.llm.runtime.loading import load

        return _Speaker(load(self._file.path, self._shape(), self._config.gpu_layers))

    def _made_reader(self, context: Context) -> Reader:
        from lsfs.llm.kv.kvstore import open_store
        from lsfs.llm.sparse.reader import Reader

        kept, drafter = self._kept, self._made_drafter(context)
        if kept is None:
            return Reader(context, self._file.sha256, self._config, drafter=drafter)
        opened = lambda key: open_store(kept, self._file, self._config, key)  # noqa: E731
        return Reader(context, self._file.sha256, self._config, opened, drafter)

    def _made_drafter(self, context: Context) -> Drafter | None:
        """The model that guesses, where there is one."""
        if self._draft is None:
            return None
        from lsfs.llm.runtime.loading import load
        from lsfs.llm.sparse.drafter import Drafter

        loaded = load(self._draft.path, self._draft_shape(), self._config.gpu_layers)
        try:
            return Drafter(loaded, context)
        except BaseException:
            loaded.close()
            raise

    def _draft_shape(self) -> Shape:
        from lsfs.llm.sparse.drafter import WINDOW

        tokens = min(WINDOW, self._config.context)
        return Shape(tokens=tokens, sequences=1, threads=self._config.threads)

    def _shape(self) -> Shape:
        return Shape(tokens=self._config.context, threads=self._config.threads)

    def _bytes(self) -> int:
        if self._size < 0:
            from lsfs.llm.runtime.loading import memory_of

            self._size = memory_of(self._file.path, self._shape())
            if self._draft is not None:
                self._size += memory_of(self._draft.path, self._draft_shape())
        return self._size

    def close(self) -> None:
        """Free the model; waits for a call that is running."""
        with self._lock:
            self._closed = True
            self._residents.drop(self._key)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True
