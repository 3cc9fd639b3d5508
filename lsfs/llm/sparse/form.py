"""How texts and a question are laid out for a model that reads each text once and keeps it.

The prefix is the same for all texts: the system's text, the head of the user's turn and an opening
mark. Then come blocks, each a text; then the closing mark, the question and the head of the
assistant's turn. With marks around each text a small model begins its answer with one, and recites.
Texts are tokenised on their own and never hold control tokens, so none can end its turn, and none
can close the marks.
"""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from lsfs.llm.answers import prompts
from lsfs.llm.runtime.model import Message, Model

BLOCK_TOKENS = 512  # of a block at most; a longer text is cut into several


class Form(Struct, frozen=True):
    """The tokens around texts and question.

    Attributes:
        head: up to the first text; the prefix of every block.
        foot: behind the question.
    """

    head: tuple[int, ...]
    foot: tuple[int, ...]


def form_of(model: Model, system: str = prompts.SYSTEM) -> Form:
    """The form of a model's chat template: what is around the content of a user's turn.

    Raises:
        ModelError: the template cannot be applied.
    """
    one, other = (
        model.chat_tokens([Message("system", system), Message("user", text)]) for text in "AB"
    )
    head = one[: _alike(one, other)]
    foot = one[len(one) - _alike(one[::-1], other[::-1]) :]
    return Form((*head, *model.tokenise(f"{prompts.BEGIN}\n")), tuple(foot))


def _alike(one: Sequence[int], other: Sequence[int]) -> int:
    """How many of the first tokens are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((at for at, (a, b) in pairs if a != b), min(len(one), len(other)))


def block_tokens(model: Model, text: str) -> list[tuple[int, ...]]:
    """The blocks of a text, each a line: mostly one, more of a long text."""
    tokens = tuple(model.tokenise(prompts.as_data(text) + "\n"))
    if len(tokens) <= BLOCK_TOKENS or len(text) < 2:
        return [tokens]
    middle = len(text) // 2
    cut = text.find(" ", middle) + 1 or middle
    return block_tokens(model, text[:cut]) + block_tokens(model, text[cut:])


def question_tokens(model: Model, form: Form, question: str) -> list[int]:
    """What stands behind the texts, up to where the answer begins."""
    asked = model.tokenise(f"{prompts.END}\n\nQuestion: {' '.join(question.split())}")
    return [*asked, *form.foot]
