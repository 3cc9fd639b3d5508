"""Views that hide, in one connection, all that a catalog says of files that are not in ``file``.

SQLite takes a temporary table or view before one of the same name in the database. So once there is
a ``temp.file``, each table that says something of documents is shown here for its documents only;
what is kept of all files together (queries, groups, topics) is shown as empty.
"""

from __future__ import annotations

import sqlite3

# Made of all files together: of no use to who sees some of them.
_OF_ALL = ("saved_search", "saved_question", "saved_group", "saved_join", "topic", "failure")


def veil(db: sqlite3.Connection) -> None:
    """Hide what is not of the files in ``temp.file``."""
    seen = "(SELECT document_id FROM temp.file WHERE document_id IS NOT NULL)"
    _view(db, "document", f"id IN {seen}")
    for table in _tables_of_documents(db):
        _view(db, table, f"document_id IN {seen}")
    for table in _OF_ALL:
        _view(db, table, "0")


def _tables_of_documents(db: sqlite3.Connection) -> list[str]:
    rows = db.execute(
        "SELECT m.name FROM main.sqlite_master m JOIN pragma_table_info(m.name) c "
        "WHERE m.type IN ('table', 'view') AND c.name = 'document_id' AND m.name <> 'file'"
    ).fetchall()
    return [row[0] for row in rows]


def _view(db: sqlite3.Connection, table: str, where: str) -> None:
    db.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} WHERE {where}")  # noqa: S608 - names of the schema
