"""The tables of the catalog: what each column means, and what holds between them."""

from __future__ import annotations

SCHEMA_VERSION = 5

# meta: single values by name.
#   generation   raised by every change that can alter a result
#   position     last journal event that was taken in
#   embedder     name of the model that made the vectors that answer; another name makes them void
#   embedder_setting   how that model is found again, as JSON, once the settings name another one
#   embedder_next      name of the model that is to follow; '' when none is
#   parsers      versions of the parsers that the files were read with, as JSON
#   limits       limits within which they were read, as JSON
#   signatures   how the signatures of wordings are made; see lsfs.index.store.stated
#   words        how the words beside texts and names are made; see lsfs.index.find.terms
#   moved        ids of moved files whose kind and dates are to be judged anew, as JSON; '' for none
#   progress     how far the run is that goes on, as JSON; see lsfs.index.progress
#
# file: one row per regular file below the source that is not ignored.
#   path         bytes relative to the source, as the file system has them; unique
#   suffix       what follows the last dot of the name, lower case; '' without one
#   size, mtime_ns, ctime_ns, inode   identity of the content that was read; when they are
#                unchanged, the file is not read again
#   status       lsfs.model.Status; 'pending' until the file was read
#   reason       why the status is not 'ok', for a person
#   digest       BLAKE3 of the content that was read last; NULL when it was not read
#   read_ns      when it was read
#   document_id  what it says; NULL while pending, and for files without a document
#   kind, kind_reason   contract, invoice, …: depends on text and path; '' when unclear
#   day, day_end the document's own date as ISO days, half open; '' when it states none
#
# document: what a file's bytes say, once per content. Rows without a file are of contents that some
#                file had earlier, kept for a while so that they need not be read again when they
#                come back; no query of the present may see them. The others are collected.
#   digest       BLAKE3 of the bytes (32 bytes)
#   named        what of a file's name the reading rested on; see lsfs.index.readers.naming. A file
#                with the same bytes under a name of another kind has a document of its own.
#   parser, parser_version   who read it; a newer version reads it again
#   media_type, title, author, line_unit   from the parser
#   text_bytes, page_bytes   lengths as lsfs.markdown writes it: whole; a JSON list, page by page
#   body         the whole Document as zlib-compressed JSON; last, for it is read over otherwise
#
# failure: how reading a content ended that gave no document, so that it is not tried again: not
#                after a touch, a copy, a restart; only by another version of the parser (or, where
#                none was found, when there are other parsers), or within wider limits.
#   digest, named   BLAKE3 of the bytes, and what of the name it rested on, as in document
#   status, reason, media_type, parser, parser_version   from the reading
#
# passage: the unit of retrieval.
#   ordinal      position in the document from 0
#   char_start, char_end, page, page_end, line_start, line_end   see lsfs.model.Passage
#   heading      the headings above, joined with ' > '
#   place        lsfs.model.Passage.where
#   parts        words that the tokenizer does not see (lsfs.index.find.terms); mostly ''
#   text_hash    BLAKE3 (16 bytes) of what is embedded; equal hashes share a vector
#   embedded     0 = the vector is intended, 1 = it is in LanceDB (or no model makes vectors)
#   coming       1 = the vector of the model that is to follow is in LanceDB, too
#
# vector_removal: passages whose vector is to be deleted from LanceDB; the row goes when it is done.
# content_date: dates that a file states (lsfs.model.ContentDate), strongest first by ordinal.
# field: what a document states (lsfs.model.FieldValue); see lsfs.index.store.stated. Those of the
#                rules are made when it is read, those of the model when they are asked for.
#   normal       the value as it is compared
#   place        as people write it
#   rule         how it was found; 'model' for the model's
# sought: documents that were read for a field that nobody defined, so that it is not done again;
#                what was found stands in `field`.
#   name         the field
#   rule         how it was looked for: by which rules, or 'model'
# topic: what the files are about (lsfs.index.groups.topics), as a tree; see `meta.topics`.
#   parent       the wider topic; NULL for one of the widest
#   label        the terms that set it apart, as people read them; unique among its siblings
#   name         what a language model calls it; '' without one
#   terms        the terms, the most distinctive first, as JSON
#   centroid     the mean direction of its documents, float32 as stored by this machine
# document_topic: the narrowest topic of a document.
#   likeness     cosine of the document and the topic
# saved_group: groupings kept as directories (lsfs.index.groups.grouped.SavedGroup).
# signature: MinHash of a document's wording (lsfs.index.facts.near), 128 numbers of 32 bits as
#                stored by this machine; none for one that is too short to be compared.
# saved_search: queries kept as directories; hits as JSON, computed at `generation`.
# saved_question: questions kept as files, with their answers; see lsfs.index.store.kept.
# saved_join: joins kept as directories (lsfs.joins.SavedJoin).
#   request      what is joined, as JSON of a join's request
#   joined       rows as JSON, computed at `generation`; none where there is a `problem`
# passage_fts, file_fts: full text over passages, and over names and titles; *_parts as in passage.
# All but the passages; of a shared library they are elsewhere (lsfs.index.library.mirror).
OF_FILES = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE document (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    digest BLOB NOT NULL,
    named TEXT NOT NULL,
    parser TEXT NOT NULL,
    parser_version INTEGER NOT NULL,
    media_type TEXT NOT NULL,
    title TEXT NOT NULL,
    author TEXT NOT NULL,
    line_unit TEXT NOT NULL,
    text_bytes INTEGER NOT NULL,
    page_bytes TEXT NOT NULL,
    body BLOB NOT NULL
);
CREATE INDEX document_digest ON document(digest);
CREATE INDEX document_author ON document(author) WHERE author <> '';
CREATE TABLE file (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    path BLOB NOT NULL UNIQUE,
    suffix TEXT NOT NULL,
    size INTEGER NOT NULL,
    mtime_ns INTEGER NOT NULL,
    ctime_ns INTEGER NOT NULL,
    inode INTEGER NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL DEFAULT '',
    digest BLOB,
    read_ns INTEGER NOT NULL DEFAULT 0,
    document_id INTEGER REFERENCES document(id),
    kind TEXT NOT NULL DEFAULT '',
    kind_reason TEXT NOT NULL DEFAULT '',
    day TEXT NOT NULL DEFAULT '',
    day_end TEXT NOT NULL DEFAULT ''
);
CREATE TABLE failure (
    digest BLOB NOT NULL,
    named TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT NOT NULL,
    media_type TEXT NOT NULL,
    parser TEXT NOT NULL,
    parser_version INTEGER NOT NULL,
    PRIMARY KEY (digest, named)
) WITHOUT ROWID;
CREATE INDEX file_digest ON file(digest) WHERE document_id IS NULL AND digest IS NOT NULL;
CREATE INDEX file_document ON file(document_id);
CREATE INDEX file_status ON file(status, size, id);
CREATE INDEX file_inode ON file(inode);
CREATE INDEX file_read ON file(path) WHERE document_id IS NOT NULL;
CREATE INDEX file_day ON file(day) WHERE day <> '';
CREATE TABLE vector_removal (passage_id INTEGER PRIMARY KEY);
CREATE TABLE content_date (
    file_id INTEGER NOT NULL REFERENCES file(id),
    ordinal INTEGER NOT NULL,
    day TEXT NOT NULL,
    day_end TEXT NOT NULL,
    kind TEXT NOT NULL,
    char_start INTEGER NOT NULL,
    char_end INTEGER NOT NULL,
    words TEXT NOT NULL,
    PRIMARY KEY (file_id, ordinal)
) WITHOUT ROWID;
CREATE TABLE field (
    document_id INTEGER NOT NULL REFERENCES document(id),
    name TEXT NOT NULL,
    char_start INTEGER NOT NULL,
    char_end INTEGER NOT NULL,
    value TEXT NOT NULL,
    normal TEXT NOT NULL,
    page INTEGER,
    line INTEGER,
    place TEXT NOT NULL,
    rule TEXT NOT NULL,
    confidence REAL NOT NULL,
    PRIMARY KEY (document_id, name, char_start, char_end)
) WITHOUT ROWID;
CREATE INDEX field_name ON field(name, normal);
CREATE TABLE sought (
    document_id INTEGER NOT NULL REFERENCES document(id),
    name TEXT NOT NULL,
    rule TEXT NOT NULL,
    PRIMARY KEY (document_id, name, rule)
) WITHOUT ROWID;
CREATE TABLE topic (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    parent INTEGER REFERENCES topic(id),
    label TEXT NOT NULL,
    name TEXT NOT NULL DEFAULT '',
    terms TEXT NOT NULL,
    centroid BLOB NOT NULL
);
CREATE TABLE document_topic (
    document_id INTEGER PRIMARY KEY REFERENCES document(id),
    topic_id INTEGER NOT NULL REFERENCES topic(id),
    likeness REAL NOT NULL
);
CREATE INDEX document_topic_topic ON document_topic(topic_id);
CREATE TABLE saved_group (
    name TEXT PRIMARY KEY,
    request TEXT NOT NULL,
    generation INTEGER NOT NULL,
    title TEXT NOT NULL,
    groups TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE signature (
    document_id INTEGER PRIMARY KEY REFERENCES document(id), minima BLOB NOT NULL
);
CREATE TABLE saved_search (
    name TEXT PRIMARY KEY, generation INTEGER NOT NULL, hits TEXT NOT NULL, query TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE saved_question (
    name TEXT PRIMARY KEY,
    question TEXT NOT NULL,
    generation INTEGER NOT NULL,
    time_ns INTEGER NOT NULL,
    answer TEXT NOT NULL,
    citations TEXT NOT NULL,
    files TEXT NOT NULL,
    model TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE saved_join (
    name TEXT PRIMARY KEY, request TEXT NOT NULL, generation INTEGER NOT NULL,
    joined TEXT NOT NULL, problem TEXT NOT NULL
) WITHOUT ROWID;
CREATE VIRTUAL TABLE file_fts USING fts5(
    name, title, name_parts, title_parts, tokenize="porter unicode61 remove_diacritics 2"
);
"""
PASSAGES = """
CREATE TABLE passage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    document_id INTEGER NOT NULL REFERENCES document(id),
    ordinal INTEGER NOT NULL,
    char_start INTEGER NOT NULL,
    char_end INTEGER NOT NULL,
    page INTEGER, page_end INTEGER,
    line_start INTEGER, line_end INTEGER,
    heading TEXT NOT NULL,
    place TEXT NOT NULL,
    parts TEXT NOT NULL,
    text TEXT NOT NULL,
    text_hash BLOB NOT NULL,
    embedded INTEGER NOT NULL DEFAULT 0,
    coming INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX passage_document ON passage(document_id, ordinal);
CREATE INDEX passage_hash ON passage(text_hash) WHERE embedded = 1;
CREATE INDEX passage_intent ON passage(ordinal, id) WHERE embedded = 0;
CREATE VIRTUAL TABLE passage_fts USING fts5(
    text, heading, parts, content='passage', content_rowid='id',
    tokenize="porter unicode61 remove_diacritics 2"
);
"""
SCHEMA = OF_FILES + PASSAGES
