"""Keeping the index in step: in the calling thread, or behind it as the files change."""

from __future__ import annotations

import logging
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from typing import Any

from lsfs.errors import LsfsError
from lsfs.index.ingest import Pipeline, Progress
from lsfs.index.pause import ASK_SECONDS, Pause
from lsfs.index.progress import Pace, Published
from lsfs.index.progress import Progress as Paused
from lsfs.index.store.catalog import Catalog
from lsfs.index.tree import SourceTree
from lsfs.index.watch import Watch

log = logging.getLogger("lsfs.index.follow")

Emit = Callable[[dict[str, Any]], None]

# A question does not wait longer than this for files that are not indexed yet.
FRESH_SECONDS = 15.0
# What no event told us of (a dropped inotify queue, a clock that jumped) is found by a full look.
FULL_LOOK_SECONDS = 300.0
LOOK_SECONDS = 1.0  # by who asks the kernel for events, sooner: see SETTLED_LOOKS
# Events that were lost while much changed are made up for by a full look when it has been quiet for
# so long, and for so many times as a full look takes.
SETTLED_SECONDS, SETTLED_LOOKS = 10.0, 20.0
# Looking up all folders again may take this part of the time: one in so many.
WATCH_SHARE = 10.0
# The same for what is kept (groups, joins, searches) and computed anew, when nobody waits for it.
KEPT_SHARE = 4.0
OVERFLOWS = "watchdog.observers.inotify_c"  # the logger that tells of dropped events


def _reporter(emit: Emit, published: Published) -> Progress:
    """Progress as events, at most ten a second; others read of it in the catalog."""
    last = 0.0
    pace = Pace()

    def report(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= 0.1 or done == total:
            last = now
            progress = pace.at(stage, done, total)
            published.tell(progress)
            emit(progress.told())

    return report


class CatchUp:
    """Indexes in the calling thread whenever a result is asked for.

    The first time the whole tree is looked at; from then on the kernel tells what has changed, and
    all is looked at now and then only.

    Args:
        pipeline: None for a reader, who takes the index as it is.
        tree: the source.
    """

    def __init__(self, catalog: Catalog, pipeline: Pipeline | None, tree: SourceTree) -> None:
        self._catalog = catalog
        self._pipeline = pipeline
        self._tree = tree
        self._watch: Watch | None = None
        self._full_look = 0.0  # when all is looked at again, whatever was told
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        return os.getpid()

    def hint(self, paths: Iterable[str]) -> None:
        """Nothing: what has changed is looked for when a result is asked for."""

    def fresh(self, emit: Emit) -> None:
        """Do what has changed or is pending, within :data:`FRESH_SECONDS`."""
        pipeline = self._pipeline
        if pipeline is None:
            return
        with self._lock:
            paths = self._changed()
            if paths is None or paths or pipeline.has_changed or self._catalog.waiting().files:
                self._run(pipeline, emit, FRESH_SECONDS, paths)

    def wait(self, emit: Emit, timeout: float | None) -> bool:
        """Look at the whole tree and do what is pending; a time limit is kept between files."""
        if self._pipeline is not None:
            with self._lock:
                self._changed()
                self._pipeline.check_parsers()
                self._run(self._pipeline, emit, timeout, None)
        return not self._catalog.waiting().files

    def _changed(self) -> set[str] | None:
        """What is to be looked at; None: everything."""
        if self._watch is None:
            self._watch = Watch()
            self._tree.entered = self._watch.entered
        changed = self._watch.changed()
        if changed is None or time.monotonic() >= self._full_look:
            return None
        return _to_look_at(self._tree, changed)

    def _run(
        self, pipeline: Pipeline, emit: Emit, timeout: float | None, paths: set[str] | None
    ) -> None:
        deadline = None if timeout is None else time.monotonic() + timeout
        published = Published(self._catalog)
        report = _reporter(emit, published)
        next_look, self._full_look = self._full_look, 0.0  # should this not come to its end
        try:
            pipeline.run(
                paths,
                progress=report,
                stop=lambda: deadline is not None and time.monotonic() > deadline,
            )
            if paths is None:
                period = max(LOOK_SECONDS, SETTLED_LOOKS * pipeline.look_seconds)
                next_look = time.monotonic() + min(period, FULL_LOOK_SECONDS)
            self._full_look = next_look
            if deadline is None:  # who asks a question does not wait for another model
                pipeline.advance(report)
        finally:
            published.end()

    def reindex(self, emit: Emit) -> None:
        """Read every file again."""
        void(self._catalog)
        self.wait(emit, None)

    def close(self) -> None:
        """Watch no more; nothing runs behind the caller."""
        if self._watch is not None:
            self._watch.close()


def _to_look_at(tree: SourceTree, paths: Iterable[str]) -> set[str]:
    """Where to look when something happened at these paths."""
    found = {tree.to_look_at(path) if path else "" for path in paths}
    return {path for path in found if path is not None}


class _Overflow(logging.Handler):
    """Hears of events that the kernel dropped: watchdog says so in its log, and nowhere else.

    Args:
        lost: called for each time.
    """

    def __init__(self, lost: Callable[[], None]) -> None:
        super().__init__(logging.WARNING)
        self._lost = lost

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line of the log."""
        if "overflow" in record.getMessage():
            self._lost()


class Follower:
    """Indexes in a thread of its own, led by events.

    Args:
        catalog, pipeline, tree: the parts of the index.
        debounce_ms: quiet time after a change before the file is read.
        after_change: called in the thread when results may have changed and the index has come to
            rest; see :data:`KEPT_SHARE`.
        interrupt: makes a file that is being read end at once, for good; called by :meth:`close`.
        pause: says when work that nobody waits for is to wait.
    """

    def __init__(
        self,
        catalog: Catalog,
        pipeline: Pipeline,
        tree: SourceTree,
        *,
        debounce_ms: int,
        after_change: Callable[[], None] = lambda: None,
        interrupt: Callable[[], None] = lambda: None,
        pause: Pause | None = None,
    ) -> None:
        self._interrupt = interrupt
        self._pause = pause or Pause("never")
        self._published = Published(catalog)
        self._pace = Pace()
        self._catalog = catalog
        self._pipeline = pipeline
        self._tree = tree
        self._debounce = debounce_ms / 1000
        self._after_change = after_change
        self._condition = threading.Condition()
        self._hints: set[str] = {""}
        self._last_hint = 0.0
        self._asked = 0  # looks at the whole tree that were asked for
        self._answered = 0  # of these, the ones after which nothing was left to do
        self._unfinished = False  # the last run was cut short by a newer change
        self._void = False
        self._started = 0.0
        self._looked = False  # a look at the whole tree was finished
        self._failure: LsfsError | None = None  # why the last run failed
        self._stopping = False
        self._progress: dict[str, Any] = {}
        self._has_moved = False  # folders were renamed since they were last looked up
        self._watch_next = 0.0  # they are looked up again no sooner
        self._has_changed = False  # since the last full look
        self._settled = SETTLED_SECONDS
        self._computed = catalog.generation()  # what is kept is of this state of the index
        self._compute_next = 0.0  # it is computed again no sooner, unless somebody waits
        self._is_behind = False  # it waits for that
        self._full_look = 0.0  # when all is looked at again, whatever happens
        self._observer: Any = None
        self._overflow = _Overflow(lambda: self.hint([""]))
        self._thread = threading.Thread(target=self._run, name="lsfs-follow")

    @property
    def pid(self) -> int:
        return os.getpid()

    def start(self) -> None:
        """Watch the source and begin with a look at all of it."""
        self._started = time.monotonic()
        told = logging.getLogger(OVERFLOWS)
        told.addHandler(self._overflow)
        if not told.isEnabledFor(logging.WARNING):  # a program that wants to see errors alone
            told.setLevel(logging.WARNING)
        self._watch()
        self._thread.start()

    def close(self) -> None:
        """Stop; files that are being read are read another time."""
        with self._condition:
            self._stopping = True
            self._condition.notify_all()
        self._interrupt()
        if self._thread.is_alive():
            self._thread.join()
        if self._observer is not None:
            _stop(self._observer)
        logging.getLogger(OVERFLOWS).removeHandler(self._overflow)

    def hint(self, paths: Iterable[str]) -> None:
        """Say that something may have changed at these paths."""
        wanted = _to_look_at(self._tree, paths)
        if not wanted:
            return
        with self._condition:
            self._hints |= wanted
            self._last_hint = time.monotonic()
            self._condition.notify_all()

    # --- the Indexer protocol

    def fresh(self, emit: Emit) -> None:
        """Nothing to do, for the thread is at it all the time; but its first look is awaited.

        Not for ever: a folder that takes an hour holds up the questions of the first seconds only.
        """
        with self._condition:
            while not (self._looked or self._stopping or self._paused()):
                if time.monotonic() >= self._started + FRESH_SECONDS:
                    return
                self._condition.wait(0.2)
                if self._progress:
                    emit(dict(self._progress))

    def wait(self, emit: Emit, timeout: float | None) -> bool:
        """Wait for a look at the whole tree that starts now, and for all it finds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        with self._condition:
            self._asked += 1
            ticket = self._asked
            self._condition.notify_all()
            while self._answered < ticket and not self._stopping:
                left = 0.2 if deadline is None else min(0.2, deadline - time.monotonic())
                if left <= 0:
                    return False
                self._condition.wait(left)
                if self._progress:
                    emit(dict(self._progress))
            if self._failure is not None:
                raise self._failure
            return self._answered >= ticket

    def reindex(self, emit: Emit) -> None:
        """Read every file again, behind the caller."""
        with self._condition:
            self._void = True
        self.hint([""])

    # --- the thread

    def _run(self) -> None:
        ticket = 0
        while (work := self._next()) is not None:
            paths, asked = work
            if paths == {""} and self._has_moved:
                self._watch_anew()
            ticket = max(ticket, asked)
            begun = time.monotonic()
            finished = self._index(paths)
            if paths == {""}:
                self._settled = max(SETTLED_SECONDS, SETTLED_LOOKS * (time.monotonic() - begun))
            with self._condition:
                self._unfinished = not finished
                self._progress = {}
                self._tell_pause()
                if finished:
                    self._looked = True
                    self._answered = max(self._answered, ticket)
                self._condition.notify_all()
            if finished and self._failure is None:
                self._advance()

    def _index(self, paths: set[str]) -> bool:
        """One run; says whether nothing is left to do."""
        try:
            if self._void:
                self._void = False
                void(self._catalog)
            self._pipeline.check_parsers()
            self._pipeline.run(paths, progress=self._report, stop=self._interrupted)
            # Files that change while they are read have events of their own.
            finished = self._catalog.waiting().files <= self._pipeline.restless
            if finished or self._paused():
                self._compute()
            self._failure = None
            return finished
        except LsfsError as error:
            if self._stopping:
                return False
            log.error("indexing failed: %s", error.message)
            self._failure = error
            return True
        except Exception as error:
            # The edge of the thread: the index goes on with the next change.
            log.exception("indexing failed; it is tried again with the next change")
            self._failure = LsfsError(f"indexing failed: {error!r}", hint="see the drive's log")
            return True

    def _advance(self) -> None:
        """Go on with what nobody waits for, until somebody waits for something."""
        try:
            self._pipeline.advance(
                self._report, lambda: self._interrupted() or self._asked > self._answered
            )
            self._compute()
        except LsfsError as error:
            log.error("the other embedding model is not ready: %s", error.message)
        except Exception:
            # The edge of the thread, as above.
            log.exception("embedding anew failed; it is tried again with the next change")
        self._progress = {}

    def _compute(self) -> None:
        """Tell of a new state of the index, but not all the time while files change."""
        if self._catalog.generation() == self._computed or self._stopping:
            return
        begun = time.monotonic()
        self._is_behind = begun < self._compute_next and self._asked <= self._answered
        if self._is_behind:
            return
        self._after_change()
        self._computed = self._catalog.generation()
        now = time.monotonic()
        self._compute_next = now + KEPT_SHARE * (now - begun)

    def _interrupted(self) -> bool:
        """Whether a newer change is to be looked at before the work goes on, or it is to wait."""
        ripe = time.monotonic() >= self._last_hint + self._debounce
        return self._stopping or bool(self._hints and ripe) or bool(self._paused())

    def _paused(self) -> str:
        """Why the work waits; never while somebody waits for it."""
        return "" if self._asked > self._answered else self._pause.reason()

    def _tell_pause(self) -> None:
        """Publish that the work waits, or that there is none."""
        why = self._paused() if self._unfinished else ""
        if why:
            waiting = Paused("paused", 0, self._catalog.waiting().files, paused=why)
            self._progress = waiting.told()
            self._published.tell(waiting, at_once=True)
        elif not self._unfinished:
            self._published.end()

    def _next(self) -> tuple[set[str], int] | None:
        """What to look at next, and the request it answers; None when it is time to stop."""
        with self._condition:
            while not self._stopping:
                now = time.monotonic()
                moved = max(self._last_hint + self._debounce, self._watch_next)
                look = min(self._full_look, moved) if self._has_moved else self._full_look
                if self._has_changed:
                    look = min(look, self._last_hint + self._settled)
                if self._is_asked() or now >= look:
                    self._hints = set()
                    self._has_changed = False
                    self._full_look = now + FULL_LOOK_SECONDS
                    return {""}, self._asked
                quiet = self._last_hint + self._debounce
                if self._hints and now >= quiet:
                    hints, self._hints = self._hints, set()
                    self._has_changed = True
                    return hints, 0
                until = min(quiet, look) if self._hints else look
                if self._is_behind:
                    if now >= self._compute_next:
                        return set(), 0
                    until = min(until, self._compute_next)
                if self._unfinished:
                    if not self._paused():
                        return set(), 0
                    self._tell_pause()
                    until = min(until, now + ASK_SECONDS)
                self._condition.wait(max(0.0, until - now))
        return None

    def _is_asked(self) -> bool:
        """Whether somebody waits for a look at everything that has not begun."""
        return self._asked > self._answered and not self._unfinished

    def _report(self, stage: str, done: int, total: int) -> None:
        progress = self._pace.at(stage, done, total)
        self._progress = progress.told()
        self._published.tell(progress)

    def _watch_anew(self) -> None:
        """Watch all folders under the names that they have now.

        Watchdog gives each folder's events the name that it thinks the folder has. When folders are
        renamed in quick succession it may think wrong from then on, so after a rename they are all
        looked up again; what happened meanwhile is found by the look that follows.
        """
        begun = time.monotonic()
        self._has_moved = False
        if self._observer is not None:
            _stop(self._observer)
            self._observer = None
            self._watch()
        self._watch_next = time.monotonic() + WATCH_SHARE * (time.monotonic() - begun)

    def _watch(self) -> None:
        from watchdog.events import FileSystemEvent, FileSystemEventHandler
        from watchdog.observers import Observer

        # It tells of folders that were renamed while it looked at them; see _watch_anew.
        warnings.filterwarnings("ignore", "Callback with id", RuntimeWarning)
        root = os.fspath(self._tree.root)
        hint = self.hint

        def moved() -> None:
            self._has_moved = True

        # Reading is what we do ourselves; it would lead us in circles.
        quiet = {"opened", "closed_no_write"}

        class Handler(FileSystemEventHandler):
            def on_any_event(self, event: FileSystemEvent) -> None:
                if event.event_type in quiet:
                    return
                if event.is_directory and event.event_type == "modified":
                    return  # an entry came or went, and has an event of its own
                if event.is_directory and event.event_type == "moved":
                    moved()
                changed = [os.fsdecode(p) for p in (event.src_path, event.dest_path) if p]
                hint([os.path.relpath(path, root) for path in changed if path != root])

        observer = Observer()
        observer.schedule(Handler(), root, recursive=True)
        try:
            observer.start()
        except OSError as error:
            log.warning(
                "cannot watch %s (%s): changes behind the mount are found every %d s; "
                "raise fs.inotify.max_user_watches to see them at once",
                root,
                error.strerror,
                FULL_LOOK_SECONDS,
            )
            return
        self._observer = observer


def _stop(observer: Any) -> None:
    """End an observer; that its threads still ask for events meanwhile is no error to be told."""
    told = logging.getLogger("watchdog.observers.inotify")
    level = told.level
    told.setLevel(logging.CRITICAL)
    try:
        observer.stop()
        observer.join()
    finally:
        told.setLevel(level)


def void(catalog: Catalog) -> None:
    """Make every file pending and forget all documents, so that all is read again."""
    with catalog.transaction() as db:
        db.execute("UPDATE file SET status = 'pending', document_id = NULL")
        db.execute("DELETE FROM failure")
    catalog.collect()
    catalog.bump()
