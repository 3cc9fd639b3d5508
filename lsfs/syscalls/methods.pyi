"""Written by ``python -m lsfs.syscalls.methods``."""

from collections.abc import Sequence
from typing import Any

from lsfs.differences import ChangeSummary, Diff
from lsfs.joins import Aggregated, Joined
from lsfs.model import SavedQuestion
from lsfs.safety.audit import Verdict
from lsfs.summaries import Summaries, Summary
from lsfs.syscalls.ask import Answer
from lsfs.syscalls.audit import AuditEntries
from lsfs.syscalls.changes import FileEvents
from lsfs.syscalls.delete import DeletePlan
from lsfs.syscalls.describe import Described
from lsfs.syscalls.done import Done
from lsfs.syscalls.duplicates import Duplicates
from lsfs.syscalls.editing import Edit, Edited
from lsfs.syscalls.extract import ExtractedRows
from lsfs.syscalls.file_join import Concatenation, FileJoined
from lsfs.syscalls.files import StatusReport, Text, Waited
from lsfs.syscalls.fsck import Checked
from lsfs.syscalls.group import Groups
from lsfs.syscalls.kv import KvCleared, KvReport
from lsfs.syscalls.listing import Listing, Names, Stat, Tree
from lsfs.syscalls.locking import Locked
from lsfs.syscalls.log import ChangeLog
from lsfs.syscalls.map import DriveMap
from lsfs.syscalls.page_image import PageImage
from lsfs.syscalls.parse import Parsed
from lsfs.syscalls.past import Bytes, History, Snapshot, Snapshots
from lsfs.syscalls.purge import PurgePlan
from lsfs.syscalls.reading import FileText, Texts
from lsfs.syscalls.retention import Plan
from lsfs.syscalls.retrieve import Hits, Matches
from lsfs.syscalls.rollback import Restored, Trash
from lsfs.syscalls.sharing import SharedLink, SharedLinks
from lsfs.syscalls.writing import Written

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
        type: Sequence[str] = ...,
        kind: Sequence[str] = ...,
        author: str = ...,
        to: str = ...,
        not_type: Sequence[str] = ...,
        not_kind: Sequence[str] = ...,
        not_dir: Sequence[str] = ...,
        without: Sequence[str] = ...,
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
        question: str = ...,
        dir: str = ...,
        no_model: bool = ...,
        plan: bool = ...,
        wait: bool = ...,
        at: str = ...,
        continue_: bool = ...,
        conversation: str = ...,
        forget: bool = ...,
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
        named_then: bool = ...,
    ) -> Bytes: ...
    def snapshot(
        self,
        name: str = ...,
        dry_run: bool = ...,
    ) -> Snapshot: ...
    def snapshots(
        self,
    ) -> Snapshots: ...
    def drop_snapshot(
        self,
        name: str,
        dry_run: bool = ...,
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
        dry_run: bool = ...,
    ) -> Done: ...
    def fsck(
        self,
        repair: bool = ...,
        deep: bool = ...,
    ) -> Checked: ...
    def purge(
        self,
        path: Sequence[str],
        apply: str = ...,
    ) -> PurgePlan: ...
    def log(
        self,
        path: str = ...,
        since: str = ...,
        limit: int = ...,
        after: int = ...,
        follow: bool = ...,
    ) -> ChangeLog: ...
    def changes_since(
        self,
        cursor: str = ...,
        path: str = ...,
        limit: int = ...,
    ) -> FileEvents: ...
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
        apply: str = ...,
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
        field: Sequence[str] = ...,
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
    def group_by(
        self,
        key: str,
        dir: str = ...,
        k: int = ...,
        query: str = ...,
        after: str = ...,
        before: str = ...,
        type: Sequence[str] = ...,
        kind: Sequence[str] = ...,
        author: str = ...,
        keyword: Sequence[str] = ...,
        condition: str = ...,
        model: bool = ...,
        name_with_model: bool = ...,
        anew: bool = ...,
        save: str = ...,
        wait: bool = ...,
    ) -> Groups: ...
    def group_keywords(
        self,
        keywords: Sequence[str],
        condition: str = ...,
        name: str = ...,
        dir: str = ...,
    ) -> Groups: ...
    def group_semantic(
        self,
        query: str,
        name: str = ...,
        dir: str = ...,
        k: int = ...,
        min_score: float = ...,
    ) -> Groups: ...
    def save_group(
        self,
        name: str,
    ) -> Done: ...
    def drop_group(
        self,
        name: str,
    ) -> Done: ...
    def keywords_retrieve(
        self,
        keywords: Sequence[str],
        condition: str = ...,
        dir: str = ...,
    ) -> Hits: ...
    def semantic_retrieve(
        self,
        query: str,
        dir: str = ...,
        k: int = ...,
    ) -> Hits: ...
    def integrated_retrieve(
        self,
        keywords: Sequence[str],
        query: str,
        condition: str = ...,
        dir: str = ...,
        k: int = ...,
        name: str = ...,
    ) -> Hits: ...
    def map_files(
        self,
        dir: str = ...,
        query: str = ...,
        k: int = ...,
        wait: bool = ...,
    ) -> DriveMap: ...
    def join(
        self,
        left: str,
        right: str,
        on: Sequence[str] = ...,
        how: str = ...,
        within: str = ...,
        tolerance: str = ...,
        threshold: float = ...,
        own: Sequence[str] = ...,
        candidates: int = ...,
        limit: int = ...,
        near_misses: bool = ...,
        explain: bool = ...,
        csv: bool = ...,
        save: str = ...,
        wait: bool = ...,
    ) -> Joined: ...
    def aggregate(
        self,
        function: str,
        field: str = ...,
        by: Sequence[str] = ...,
        query: str = ...,
        party: str = ...,
        dir: str = ...,
        own: Sequence[str] = ...,
        copies: bool = ...,
        files: bool = ...,
        wait: bool = ...,
    ) -> Aggregated: ...
    def concat(
        self,
        file1: str,
        file2: str,
        also: Sequence[str] = ...,
    ) -> Concatenation: ...
    def file_join(
        self,
        file1: str,
        file2: str,
        condition: str = ...,
        also: Sequence[str] = ...,
        name: str = ...,
        dry_run: bool = ...,
    ) -> FileJoined: ...
    def save_join(
        self,
        name: str,
    ) -> Done: ...
    def drop_join(
        self,
        name: str,
    ) -> Done: ...
    def list_dir(
        self,
        path: str = ...,
        sort_by: str = ...,
        at: str = ...,
    ) -> Listing: ...
    def tree(
        self,
        path: str = ...,
        exclude_patterns: Sequence[str] = ...,
        limit: int = ...,
    ) -> Tree: ...
    def find_files(
        self,
        path: str,
        pattern: str = ...,
        exclude_patterns: Sequence[str] = ...,
        limit: int = ...,
        after: str = ...,
    ) -> Names: ...
    def stat(
        self,
        path: str,
        at: str = ...,
    ) -> Stat: ...
    def read_text(
        self,
        path: str,
        head: int = ...,
        tail: int = ...,
        version: int = ...,
        cursor: str = ...,
        limit: int = ...,
    ) -> FileText: ...
    def read_texts(
        self,
        paths: Sequence[str],
        limit: int = ...,
    ) -> Texts: ...
    def write_file(
        self,
        path: str,
        content: str,
        mode: str = ...,
        parents: bool = ...,
        expected_version: int = ...,
        dry_run: bool = ...,
    ) -> Written: ...
    def put(
        self,
        source: str,
        path: str,
        mode: str = ...,
        parents: bool = ...,
        expected_version: int = ...,
        dry_run: bool = ...,
    ) -> Written: ...
    def copy(
        self,
        source: str,
        destination: str,
        replace: bool = ...,
        parents: bool = ...,
        dry_run: bool = ...,
    ) -> Written: ...
    def move(
        self,
        source: str,
        destination: str,
        parents: bool = ...,
        dry_run: bool = ...,
    ) -> Done: ...
    def make_dir(
        self,
        path: str,
        dry_run: bool = ...,
    ) -> Done: ...
    def edit_file(
        self,
        path: str,
        edits: tuple[Edit, ...],
        dry_run: bool = ...,
    ) -> Edited: ...
    def delete(
        self,
        path: Sequence[str],
        recursive: bool = ...,
        apply: str = ...,
    ) -> DeletePlan: ...
    def kv_status(
        self,
    ) -> KvReport: ...
    def kv_clear(
        self,
        unused: bool = ...,
        dry_run: bool = ...,
    ) -> KvCleared: ...
    def parse(
        self,
        prompt: str,
    ) -> Parsed: ...
    def summarize(
        self,
        what: str = ...,
        length: str = ...,
        method: str = ...,
        dir: str = ...,
        wait: bool = ...,
    ) -> Summary: ...
    def retrieve_summary(
        self,
        query: str,
        k: int = ...,
        exclude: Sequence[str] = ...,
        length: str = ...,
    ) -> Summaries: ...
    def lock(
        self,
        path: str,
        for_: str = ...,
        dry_run: bool = ...,
    ) -> Locked: ...
    def unlock(
        self,
        path: str,
        force: bool = ...,
        dry_run: bool = ...,
    ) -> Done: ...
    def share(
        self,
        path: str,
        expires: str = ...,
        dry_run: bool = ...,
    ) -> SharedLink: ...
    def shares(
        self,
    ) -> SharedLinks: ...
    def unshare(
        self,
        path: str,
        dry_run: bool = ...,
    ) -> SharedLinks: ...
    def audit(
        self,
        path: str = ...,
        since: str = ...,
        client: str = ...,
        outcome: str = ...,
        limit: int = ...,
    ) -> AuditEntries: ...
    def audit_verify(
        self,
        head: str = ...,
    ) -> Verdict: ...
    def describe(
        self,
        paths: Sequence[str],
    ) -> Described: ...
    def page_image(
        self,
        path: str,
        page: int = ...,
        width: int = ...,
    ) -> PageImage: ...

class AsyncMethods:
    async def call(self, name: str, /, *args: Any, **kwargs: Any) -> Any: ...
    async def retrieve(
        self,
        query: str,
        k: int = ...,
        mode: str = ...,
        dir: str = ...,
        after: str = ...,
        before: str = ...,
        date_field: str = ...,
        type: Sequence[str] = ...,
        kind: Sequence[str] = ...,
        author: str = ...,
        to: str = ...,
        not_type: Sequence[str] = ...,
        not_kind: Sequence[str] = ...,
        not_dir: Sequence[str] = ...,
        without: Sequence[str] = ...,
        min_score: float = ...,
        rerank: str = ...,
        hyde: bool = ...,
        fold: bool = ...,
        explain: bool = ...,
        save: str = ...,
        wait: bool = ...,
        at: str = ...,
    ) -> Hits: ...
    async def save_search(
        self,
        name: str,
    ) -> Done: ...
    async def drop_search(
        self,
        name: str,
    ) -> Done: ...
    async def grep(
        self,
        pattern: str,
        dir: str = ...,
        ignore_case: bool = ...,
        fixed: bool = ...,
    ) -> Matches: ...
    async def ask(
        self,
        question: str = ...,
        dir: str = ...,
        no_model: bool = ...,
        plan: bool = ...,
        wait: bool = ...,
        at: str = ...,
        continue_: bool = ...,
        conversation: str = ...,
        forget: bool = ...,
    ) -> Answer: ...
    async def versions(
        self,
        path: str,
    ) -> History: ...
    async def read(
        self,
        path: str,
        version: int = ...,
        at: str = ...,
        offset: int = ...,
        size: int = ...,
        named_then: bool = ...,
    ) -> Bytes: ...
    async def snapshot(
        self,
        name: str = ...,
        dry_run: bool = ...,
    ) -> Snapshot: ...
    async def snapshots(
        self,
    ) -> Snapshots: ...
    async def drop_snapshot(
        self,
        name: str,
        dry_run: bool = ...,
    ) -> Done: ...
    async def diff(
        self,
        path: str,
        before: str = ...,
        after: str = ...,
    ) -> Diff: ...
    async def change_summary(
        self,
        path: str,
        before: str = ...,
        after: str = ...,
        no_model: bool = ...,
    ) -> ChangeSummary: ...
    async def text(
        self,
        path: str,
        page: int = ...,
    ) -> Text: ...
    async def status(
        self,
        wait: bool = ...,
        problems: bool = ...,
    ) -> StatusReport: ...
    async def wait_indexed(
        self,
        timeout: float = ...,
    ) -> Waited: ...
    async def reindex(
        self,
        dry_run: bool = ...,
    ) -> Done: ...
    async def fsck(
        self,
        repair: bool = ...,
        deep: bool = ...,
    ) -> Checked: ...
    async def purge(
        self,
        path: Sequence[str],
        apply: str = ...,
    ) -> PurgePlan: ...
    async def log(
        self,
        path: str = ...,
        since: str = ...,
        limit: int = ...,
        after: int = ...,
        follow: bool = ...,
    ) -> ChangeLog: ...
    async def changes_since(
        self,
        cursor: str = ...,
        path: str = ...,
        limit: int = ...,
    ) -> FileEvents: ...
    async def save_question(
        self,
        name: str,
        question: str,
    ) -> Done: ...
    async def drop_question(
        self,
        name: str,
    ) -> Done: ...
    async def answer_question(
        self,
        name: str,
    ) -> SavedQuestion: ...
    async def prune(
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
    async def trash_empty(
        self,
        path: str = ...,
        older_than: str = ...,
        apply: str = ...,
    ) -> Plan: ...
    async def rollback(
        self,
        path: str,
        version: int = ...,
        back: int = ...,
        to: str = ...,
        dry_run: bool = ...,
        apply: str = ...,
    ) -> Restored: ...
    async def restore(
        self,
        name: str,
        path: str = ...,
        dry_run: bool = ...,
    ) -> Restored: ...
    async def trash(
        self,
        path: str = ...,
    ) -> Trash: ...
    async def trash_restore(
        self,
        path: str,
        dry_run: bool = ...,
    ) -> Restored: ...
    async def extract(
        self,
        path: str = ...,
        query: str = ...,
        field: Sequence[str] = ...,
        schema: str = ...,
        model: bool = ...,
        first: bool = ...,
        wait: bool = ...,
    ) -> ExtractedRows: ...
    async def duplicates(
        self,
        path: str = ...,
        mode: str = ...,
        threshold: float = ...,
        wait: bool = ...,
    ) -> Duplicates: ...
    async def group_by(
        self,
        key: str,
        dir: str = ...,
        k: int = ...,
        query: str = ...,
        after: str = ...,
        before: str = ...,
        type: Sequence[str] = ...,
        kind: Sequence[str] = ...,
        author: str = ...,
        keyword: Sequence[str] = ...,
        condition: str = ...,
        model: bool = ...,
        name_with_model: bool = ...,
        anew: bool = ...,
        save: str = ...,
        wait: bool = ...,
    ) -> Groups: ...
    async def group_keywords(
        self,
        keywords: Sequence[str],
        condition: str = ...,
        name: str = ...,
        dir: str = ...,
    ) -> Groups: ...
    async def group_semantic(
        self,
        query: str,
        name: str = ...,
        dir: str = ...,
        k: int = ...,
        min_score: float = ...,
    ) -> Groups: ...
    async def save_group(
        self,
        name: str,
    ) -> Done: ...
    async def drop_group(
        self,
        name: str,
    ) -> Done: ...
    async def keywords_retrieve(
        self,
        keywords: Sequence[str],
        condition: str = ...,
        dir: str = ...,
    ) -> Hits: ...
    async def semantic_retrieve(
        self,
        query: str,
        dir: str = ...,
        k: int = ...,
    ) -> Hits: ...
    async def integrated_retrieve(
        self,
        keywords: Sequence[str],
        query: str,
        condition: str = ...,
        dir: str = ...,
        k: int = ...,
        name: str = ...,
    ) -> Hits: ...
    async def map_files(
        self,
        dir: str = ...,
        query: str = ...,
        k: int = ...,
        wait: bool = ...,
    ) -> DriveMap: ...
    async def join(
        self,
        left: str,
        right: str,
        on: Sequence[str] = ...,
        how: str = ...,
        within: str = ...,
        tolerance: str = ...,
        threshold: float = ...,
        own: Sequence[str] = ...,
        candidates: int = ...,
        limit: int = ...,
        near_misses: bool = ...,
        explain: bool = ...,
        csv: bool = ...,
        save: str = ...,
        wait: bool = ...,
    ) -> Joined: ...
    async def aggregate(
        self,
        function: str,
        field: str = ...,
        by: Sequence[str] = ...,
        query: str = ...,
        party: str = ...,
        dir: str = ...,
        own: Sequence[str] = ...,
        copies: bool = ...,
        files: bool = ...,
        wait: bool = ...,
    ) -> Aggregated: ...
    async def concat(
        self,
        file1: str,
        file2: str,
        also: Sequence[str] = ...,
    ) -> Concatenation: ...
    async def file_join(
        self,
        file1: str,
        file2: str,
        condition: str = ...,
        also: Sequence[str] = ...,
        name: str = ...,
        dry_run: bool = ...,
    ) -> FileJoined: ...
    async def save_join(
        self,
        name: str,
    ) -> Done: ...
    async def drop_join(
        self,
        name: str,
    ) -> Done: ...
    async def list_dir(
        self,
        path: str = ...,
        sort_by: str = ...,
        at: str = ...,
    ) -> Listing: ...
    async def tree(
        self,
        path: str = ...,
        exclude_patterns: Sequence[str] = ...,
        limit: int = ...,
    ) -> Tree: ...
    async def find_files(
        self,
        path: str,
        pattern: str = ...,
        exclude_patterns: Sequence[str] = ...,
        limit: int = ...,
        after: str = ...,
    ) -> Names: ...
    async def stat(
        self,
        path: str,
        at: str = ...,
    ) -> Stat: ...
    async def read_text(
        self,
        path: str,
        head: int = ...,
        tail: int = ...,
        version: int = ...,
        cursor: str = ...,
        limit: int = ...,
    ) -> FileText: ...
    async def read_texts(
        self,
        paths: Sequence[str],
        limit: int = ...,
    ) -> Texts: ...
    async def write_file(
        self,
        path: str,
        content: str,
        mode: str = ...,
        parents: bool = ...,
        expected_version: int = ...,
        dry_run: bool = ...,
    ) -> Written: ...
    async def put(
        self,
        source: str,
        path: str,
        mode: str = ...,
        parents: bool = ...,
        expected_version: int = ...,
        dry_run: bool = ...,
    ) -> Written: ...
    async def copy(
        self,
        source: str,
        destination: str,
        replace: bool = ...,
        parents: bool = ...,
        dry_run: bool = ...,
    ) -> Written: ...
    async def move(
        self,
        source: str,
        destination: str,
        parents: bool = ...,
        dry_run: bool = ...,
    ) -> Done: ...
    async def make_dir(
        self,
        path: str,
        dry_run: bool = ...,
    ) -> Done: ...
    async def edit_file(
        self,
        path: str,
        edits: tuple[Edit, ...],
        dry_run: bool = ...,
    ) -> Edited: ...
    async def delete(
        self,
        path: Sequence[str],
        recursive: bool = ...,
        apply: str = ...,
    ) -> DeletePlan: ...
    async def kv_status(
        self,
    ) -> KvReport: ...
    async def kv_clear(
        self,
        unused: bool = ...,
        dry_run: bool = ...,
    ) -> KvCleared: ...
    async def parse(
        self,
        prompt: str,
    ) -> Parsed: ...
    async def summarize(
        self,
        what: str = ...,
        length: str = ...,
        method: str = ...,
        dir: str = ...,
        wait: bool = ...,
    ) -> Summary: ...
    async def retrieve_summary(
        self,
        query: str,
        k: int = ...,
        exclude: Sequence[str] = ...,
        length: str = ...,
    ) -> Summaries: ...
    async def lock(
        self,
        path: str,
        for_: str = ...,
        dry_run: bool = ...,
    ) -> Locked: ...
    async def unlock(
        self,
        path: str,
        force: bool = ...,
        dry_run: bool = ...,
    ) -> Done: ...
    async def share(
        self,
        path: str,
        expires: str = ...,
        dry_run: bool = ...,
    ) -> SharedLink: ...
    async def shares(
        self,
    ) -> SharedLinks: ...
    async def unshare(
        self,
        path: str,
        dry_run: bool = ...,
    ) -> SharedLinks: ...
    async def audit(
        self,
        path: str = ...,
        since: str = ...,
        client: str = ...,
        outcome: str = ...,
        limit: int = ...,
    ) -> AuditEntries: ...
    async def audit_verify(
        self,
        head: str = ...,
    ) -> Verdict: ...
    async def describe(
        self,
        paths: Sequence[str],
    ) -> Described: ...
    async def page_image(
        self,
        path: str,
        page: int = ...,
        width: int = ...,
    ) -> PageImage: ...
