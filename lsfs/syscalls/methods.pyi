"""Written by ``python -m lsfs.syscalls.methods``."""

from typing import Any

from lsfs.model import ChangeSummary, Diff, SavedQuestion
from lsfs.syscalls.ask import Answer
from lsfs.syscalls.done import Done
from lsfs.syscalls.duplicates import Duplicates
from lsfs.syscalls.extract import ExtractedRows
from lsfs.syscalls.files import StatusReport, Text, Waited
from lsfs.syscalls.fsck import Checked
from lsfs.syscalls.log import ChangeLog
from lsfs.syscalls.past import Bytes, History, Snapshot, Snapshots
from lsfs.syscalls.retention import Plan
from lsfs.syscalls.retrieve import Hits, Matches
from lsfs.syscalls.rollback import Restored, Trash

class Methods:
    def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any: ...
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
        rerank: str = ...,
        hyde: bool = ...,
        fold: bool = ...,
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
    def versions(
        self,
        path: str,
    ) -> History: ...
    def read(
        self,
        path: str,
        version: int = ...,
        at: str = ...,
        offset: int = ...,
        size: int = ...,
    ) -> Bytes: ...
    def snapshot(
        self,
        name: str = ...,
    ) -> Snapshot: ...
    def snapshots(
        self,
    ) -> Snapshots: ...
    def drop_snapshot(
        self,
        name: str,
    ) -> Done: ...
    def diff(
        self,
        path: str,
        before: str = ...,
        after: str = ...,
    ) -> Diff: ...
    def change_summary(
        self,
        path: str,
        before: str = ...,
        after: str = ...,
        no_model: bool = ...,
    ) -> ChangeSummary: ...
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
    def fsck(
        self,
        repair: bool = ...,
        deep: bool = ...,
    ) -> Checked: ...
    def log(
        self,
        path: str = ...,
        since: str = ...,
        limit: int = ...,
        after: int = ...,
        follow: bool = ...,
    ) -> ChangeLog: ...
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
    def prune(
        self,
        keep_last: int = ...,
        keep_within: str = ...,
        keep_hourly: int = ...,
        keep_daily: int = ...,
        keep_weekly: int = ...,
        keep_monthly: int = ...,
        keep_yearly: int = ...,
        max_size: str = ...,
        apply: str = ...,
    ) -> Plan: ...
    def trash_empty(
        self,
        path: str = ...,
        older_than: str = ...,
        apply: str = ...,
    ) -> Plan: ...
    def rollback(
        self,
        path: str,
        version: int = ...,
        back: int = ...,
        to: str = ...,
        dry_run: bool = ...,
    ) -> Restored: ...
    def restore(
        self,
        name: str,
        path: str = ...,
        dry_run: bool = ...,
    ) -> Restored: ...
    def trash(
        self,
        path: str = ...,
    ) -> Trash: ...
    def trash_restore(
        self,
        path: str,
        dry_run: bool = ...,
    ) -> Restored: ...
    def extract(
        self,
        path: str = ...,
        query: str = ...,
        field: tuple[str, ...] = ...,
        schema: str = ...,
        model: bool = ...,
        first: bool = ...,
        wait: bool = ...,
    ) -> ExtractedRows: ...
    def duplicates(
        self,
        path: str = ...,
        mode: str = ...,
        threshold: float = ...,
        wait: bool = ...,
    ) -> Duplicates: ...
