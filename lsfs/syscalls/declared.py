"""Which syscalls there are: written by ``python -m lsfs.syscalls.methods``."""
# ruff: noqa: E501
# fmt: off

from __future__ import annotations

from typing import NamedTuple


class Outline(NamedTuple):
    """What is known of a syscall whose module is not loaded: its command, its first sentence."""

    module: str
    command: str
    summary: str


DECLARED = {
    "retrieve": Outline("retrieve", "search", "Find the passages that answer a query, by words and by meaning."),
    "save_search": Outline("retrieve", "", "Keep a query as a directory below ``.lsfs/search``; its name is the query."),
    "drop_search": Outline("retrieve", "", "Forget a kept query and what is nested in it; no file is touched."),
    "grep": Outline("retrieve", "grep", "Find lines by exact text or regular expression, also inside PDF and office documents."),
    "ask": Outline("ask", "ask", "Answer a question from the files, with the place of every statement."),
    "versions": Outline("past", "history", "Show the versions of a file: when each came, how, and who wrote it."),
    "read": Outline("past", "", "Give the bytes of a file, as it is or as it was."),
    "snapshot": Outline("past", "snapshot", "Give the present moment a name. What the drive holds now is then never pruned."),
    "snapshots": Outline("past", "snapshots", "List the moments with a name."),
    "drop_snapshot": Outline("past", "drop-snapshot", "Forget the name of a moment. Nothing is lost by it before the next prune."),
    "diff": Outline("compare", "diff", "Show how two versions of a file differ."),
    "change_summary": Outline("compare", "changes", "Say in words what changed between two versions of a file."),
    "text": Outline("files", "text", "Show a file as lsfs reads it: its text in order, with pages, headings and tables."),
    "status": Outline("files", "status", "Say what runs and how far the index is."),
    "wait_indexed": Outline("files", "", "Wait until all that is on the disk now is indexed."),
    "reindex": Outline("files", "reindex", "Read and embed every file again, as if the index were new. No file of yours is touched."),
    "fsck": Outline("fsck", "fsck", "Check that every version and the whole index can be read; mend what is damaged."),
    "purge": Outline("purge", "purge", "Forget files for good: text, names, versions, vectors, answers, summaries, KV, journal, log."),
    "log": Outline("log", "log", "Show who changed what, and when."),
    "changes_since": Outline("changes", "", "Give what has happened to files since a cursor; without one, the cursor of now."),
    "save_question": Outline("questions", "", "Keep a question as a file below ``.lsfs/ask``, in place of one of the same name."),
    "drop_question": Outline("questions", "", "Forget a kept question and its answer; no file of yours is touched."),
    "answer_question": Outline("questions", "", "Answer a kept question, unless its answer is from the present state of the index."),
    "prune": Outline("retention", "prune", "Give up old versions. What files hold now, and what snapshots name, always stays."),
    "trash_empty": Outline("retention", "trash empty", "Give up removed files with all their versions. What snapshots name stays."),
    "rollback": Outline("rollback", "rollback", "Bring back a file, a folder or the whole drive as it was."),
    "restore": Outline("rollback", "restore", "Bring the drive, or a part of it, back to a snapshot. It can be rolled back."),
    "trash": Outline("rollback", "trash list", "List the files that were removed and can be brought back."),
    "trash_restore": Outline("rollback", "trash restore", "Bring back a removed file, or all files that were removed from a folder."),
    "extract": Outline("extract", "extract", "List what files state: parties, amounts, dates, terms, numbers, each with its place."),
    "duplicates": Outline("duplicates", "duplicates", "Group the files that say the same, whatever their format."),
    "group_by": Outline("group", "group", "Group files by date, type, author, folder, keywords, topic, or by what they state."),
    "group_keywords": Outline("group", "", "Group the files that hold keywords: whole words in any case, phrases word for word."),
    "group_semantic": Outline("group", "", "Group the files that are about a query, by meaning."),
    "save_group": Outline("group", "", "Keep a grouping as a directory below ``.lsfs/group``; its name is what to group by."),
    "drop_group": Outline("group", "", "Forget a kept grouping; no file is touched."),
    "keywords_retrieve": Outline("combined", "", "Find the files that hold keywords exactly, each with the first place where it does."),
    "semantic_retrieve": Outline("combined", "", "Find passages by meaning alone."),
    "integrated_retrieve": Outline("combined", "", "Find passages about a query in those files only that hold keywords exactly."),
    "map_files": Outline("map", "", "Lay files out on a plane, those of a topic together; ``lsfs map -o`` draws it."),
    "join": Outline("join", "join", "Join two sets of files on what they state, as rows with the places of both sides."),
    "aggregate": Outline("aggregate", "aggregate", "Count files, or add up what they state, exactly, with the places."),
    "concat": Outline("file_join", "concat", "Show documents one after the other as text, with what page of which file each page is."),
    "file_join": Outline("file_join", "file-join", "Join documents into a new file, or append them to the first one."),
    "save_join": Outline("joins_kept", "", "Keep a join as a directory; its name is the join: ``invoices+contracts on counterparty``."),
    "drop_join": Outline("joins_kept", "", "Forget a kept join; no file is touched."),
    "list_dir": Outline("listing", "ls", "List a folder: what it holds, with sizes and times."),
    "tree": Outline("listing", "tree", "Show a folder and all below it. Links are shown, and not followed."),
    "find_files": Outline("listing", "find", "Find files and folders by their names. For what files say: ``search`` and ``grep``."),
    "stat": Outline("listing", "stat", "Say what a file or folder is: size, times, permissions, version, and how it was read."),
    "read_text": Outline("reading", "read", "Read a file as text; a PDF, office file or mail as Markdown, with a mark at each page."),
    "read_texts": Outline("reading", "", "Read several files as text. One that cannot be read does not stop the others."),
    "write_file": Outline("writing", "write", "Write a text to a file, as UTF-8. What was there stays as a version."),
    "put": Outline("writing", "put", "Copy a file of this machine into the drive. What was there stays as a version."),
    "copy": Outline("writing", "cp", "Copy a file within the drive."),
    "move": Outline("writing", "mv", "Move or rename a file or folder. Its versions go with it; nothing is ever replaced."),
    "make_dir": Outline("writing", "mkdir", "Make a folder, and those above it. It may be there already."),
    "edit_file": Outline("editing", "", "Exchange passages of a text file, all or none of them, and show the difference."),
    "delete": Outline("delete", "rm", "Remove files and folders. Files go to the trash: ``lsfs trash restore`` brings them back."),
    "kv_status": Outline("kv", "kv status", "Show what is kept of the language model's work on passages."),
    "kv_clear": Outline("kv", "kv clear", "Forget what is kept of the language model's work; no answer changes by that."),
    "parse": Outline("parse", "parse", "Say which calls a prompt asks for; ``lsfs do`` runs them."),
    "summarize": Outline("summarize", "summarize", "Sum up a file, a folder, or what the files say about something."),
    "retrieve_summary": Outline("summarize", "", "Find the files that are most about a query, and sum up each of them, best first."),
    "lock": Outline("locking", "lock", "Keep other clients of lsfs from changing a path for a while."),
    "unlock": Outline("locking", "unlock", "Give up a lock on a path."),
    "share": Outline("sharing", "share", "Make a link to a file or folder that ends by itself; it is for this machine only."),
    "shares": Outline("sharing", "", "List what is shared, with whom made it and when it ends."),
    "unshare": Outline("sharing", "unshare", "End the links to a path, or one link."),
    "audit": Outline("audit", "audit list", "Show which calls changed something or were refused: who, when, what, and how it ended."),
    "audit_verify": Outline("audit", "audit verify", "Prove that no line of the audit log was altered, removed, moved or put in."),
    "describe": Outline("describe", "", "Say of files what they are at a glance, all of them at once."),
    "page_image": Outline("page_image", "", "Draw a page of a PDF, or a picture; in a process that the file cannot break out of."),
}
