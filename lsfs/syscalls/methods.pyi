"""Written by ``python -m lsfs.syscalls.methods``."""

from typing import Any

from lsfs.model import SavedQuestion
from lsfs.syscalls.ask import Answer
from lsfs.syscalls.files import StatusReport, Text, Waited
from lsfs.syscalls.retrieve import Done, Hits, Matches

class Methods:
    def call(self, name: str, *args: Any, **kwargs: Any) -> Any: ...
    def retrieve(
        self,
        query: str,
        k: int = ...,
        mode: str = ...,
        dir: str = ...,
        after: str = ...,
        before: str = ...,
        date_field: str = ...,
        type: tuple[str, ...] = ...,
        kind: tuple[str, ...] = ...,
        author: str = ...,
        min_score: float = ...,
        explain: bool = ...,
        save: str = ...,
        wait: bool = ...,
        at: str = ...,
    ) -> Hits: ...
    def save_search(
        self,
        name: str,
    ) -> Done: ...
    def drop_search(
        self,
        name: str,
    ) -> Done: ...
    def grep(
        self,
        pattern: str,
        dir: str = ...,
        ignore_case: bool = ...,
        fixed: bool = ...,
    ) -> Matches: ...
    def ask(
        self,
        question: str,
        dir: str = ...,
        no_model: bool = ...,
        plan: bool = ...,
        wait: bool = ...,
        at: str = ...,
    ) -> Answer: ...
    def text(
        self,
        path: str,
        page: int = ...,
    ) -> Text: ...
    def status(
        self,
        wait: bool = ...,
        problems: bool = ...,
    ) -> StatusReport: ...
    def wait_indexed(
        self,
        timeout: float = ...,
    ) -> Waited: ...
    def reindex(
        self,
    ) -> Done: ...
    def save_question(
        self,
        name: str,
        question: str,
    ) -> Done: ...
    def drop_question(
        self,
        name: str,
    ) -> Done: ...
    def answer_question(
        self,
        name: str,
    ) -> SavedQuestion: ...
