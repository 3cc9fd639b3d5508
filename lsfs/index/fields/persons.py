"""Whose a certificate or a curriculum vitae is: the person it is about, and who issued it."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from lsfs import bytewise
from lsfs.index.fields.forms import Form, is_firm, is_name, name_at
from lsfs.index.fields.labels import Found
from lsfs.patterns import later

HEAD = 1_500  # characters in which such a paper says what it is
_LINES = 5  # first lines of a curriculum vitae, of which one is the name
_WORDS = range(2, 5)  # of a person's name
_CERTIFICATES = (
    "certificate", "certificat", "attestation", "zertifikat", "bescheinigung", "urkunde",
    "diplom", "certificado", "attestato", "certify", "zeugnis",
)  # fmt: skip
_CERTIFICATE = later(
    r"^[\W_]*(?:certificate|certificat|attestation|(?:teilnahme)?zertifikat|\w*bescheinigung|"
    r"\w*urkunde|diploma|dipl[oô]me|certificado|attestato|\w*zeugnis)\b"
    r"(?:[^\w\n]+(?:of|de|d['\u2019]|du|di|über|no|n|nr)\b[^\n:]{0,40}|[^\w\n]*)$",
    re.IGNORECASE | re.MULTILINE,
)
# What leads to who it is about: "This is to certify that".
_ABOUT = later(
    r"\b(?:certif(?:y|ies) that|certificate is (?:awarded|presented) to|awarded to|presented to|"
    r"(?:nous )?(?:certifions|attestons|certifie|atteste) que|"
    r"(?:bescheinig|bestätig)(?:t|en) (?:wird |wir )?(?:hiermit )?,? ?dass|"
    r"wird (?:hiermit )?(?:bescheinigt|bestätigt),? dass|"
    r"certific(?:a|amos) que|(?:si )?(?:certifica|attesta) che)\s*[:,]?\s*",
    re.IGNORECASE,
)
_NAMED = later(
    r"^[^\S\n]*(?:full |participant['\u2019]?s? )?(?:name(?: des teilnehmers)?|nom|nombre|nome|"
    r"naam|holder|inhaber(?:in)?|titulaire|participant|teilnehmer(?:in)?)\s*[:|]\s*",
    re.IGNORECASE | re.MULTILINE,
)
_CAPITALISED = later(r"[\s#*_]*((?:[^\W\d_a-zß-ÿ][\w.'\u2019-]*(?:[^\S\n]+|(?=\n|\Z|,))){1,6})")
_LIVES = ("curriculum", "lebenslauf", "résumé", "resume", "hoja de vida", "cv")
_LIFE = later(
    r"^[\W_]*(?:(?P<own>[^\n|]{3,60}?)[^\w\n]+)?(?:curriculum vit(?:ae|\u00e6)|lebenslauf|"
    r"r[ée]sum[ée]|hoja de vida|cv)"
    r"(?:[^\w\n]+(?:of |von |de |di )?(?P<whose>[^\n|]{3,60}?))?[^\w\n]*$",
    re.IGNORECASE | re.MULTILINE,
)


def of_certificate(text: str) -> Iterator[Found]:
    """Who has got a certificate, and who is named above its title."""
    head = text[:HEAD]
    low = bytewise.lower(head)
    if not any(word in low for word in _CERTIFICATES):
        return
    title = _CERTIFICATE.search(head)
    about = _ABOUT.search(head)
    if about is not None:
        form = _person(text, about.end(), len(head))
        if form is not None:
            yield Found("party", form, "certified", 0.8)
    if title is None:
        return
    named = _NAMED.search(head, title.end()) if about is None else None
    form = _person(text, named.end(), len(head)) if named else None
    if form is not None:
        yield Found("party", form, "certified", 0.8)
    first = re.search(r"[^\n]*\S[^\n]*", head)
    if first is not None and first.end() <= title.start():
        form = name_at(text, *first.span())
        whole = form is not None and not text[form.end : first.end()].strip(" .,#*")
        if form is not None and whole and " " in form.normal and not is_firm(first[0]):
            yield Found("party", form, "issuer", 0.65)


def of_life(text: str) -> Form | None:
    """Whose curriculum vitae a text is; None where it is none, or does not say."""
    head = text[:HEAD]
    low = bytewise.lower(head)
    if not any(word in low for word in _LIVES):
        return None
    lines = list(itertools.islice(re.finditer(r"[^\n]*\S[^\n]*", head), _LINES))
    title = next((match for line in lines if (match := _LIFE.match(head, *line.span()))), None)
    if title is None:
        return None
    spans = [title.span(group) for group in ("whose", "own") if title[group]]
    spans += [line.span() for line in lines if line.start() != title.start()]
    for start, end in spans:
        form = _person(text, start, end)
        if form is not None and not text[form.end : end].strip(" #*"):
            return form
    return None


def _person(text: str, start: int, end: int) -> Form | None:
    """The name of a person that begins at a place: words with capitals of one line."""
    run = _CAPITALISED.match(text, start, end)
    form = name_at(text, *run.span(1)) if run else None
    if form is None or not is_name(text, form):
        return None
    words = text[form.start : form.end].split()
    return form if len(words) in _WORDS and not any(map(str.isdigit, form.normal)) else None
