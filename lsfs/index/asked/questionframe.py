"""The frame of a question: who asks and how, what is asked for, and where its topic begins."""

from __future__ import annotations

import re

from lsfs.index.asked import questionwords as w
from lsfs.index.asked.sortwords import is_plural, sort_at_end
from lsfs.index.asked.statements import acts, states
from lsfs.index.facts.kinds import kinds_in, kinds_of_many
from lsfs.index.find.folding import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Words for a file's format, and the type that each stands for.
TYPE_WORDS = {
    word: name
    for name, words in {
        "pdf": "pdf pdfs pdf-datei pdf-dateien pdf-dokument pdf-dokumente",
        "spreadsheet": "spreadsheet spreadsheets tabellen hoja_de_calculo tableur tableurs",
        "excel": "excel excel-datei excel-dateien excel-tabelle excel-tabellen",
        "word": "docx word_document word_documents word_file word_files word_docs word-dokumente "
        "word-dokument word-datei word-dateien",
        "email": "email emails e-mail e-mails mails courriels correos",
        "presentation": "powerpoint powerpoints",
        "html": "html webpages web_pages",
        "markdown": "markdown",
        "image": "image images photo photos photograph photographs picture pictures fotos "
        "foto foto's bilder bild imagenes immagini",
        "csv": "csv csvs csv-datei csv-dateien",
        "text": "text_file text_files",
        "video": "video videos video_files videodateien vidéo vidéos vídeo vídeos",
        "audio": "audio audio_file audio_files audio_recording audio_recordings audiodateien",
        "archive": "archive_file archive_files tarball tarballs archivdateien",
        "code": "source_file source_files code_file code_files quelldateien",
        "py": "python_file python_files python_script python_scripts python-dateien",
        "ipynb": "jupyter_notebook jupyter_notebooks ipython_notebooks",
        "zip": "zips zip_file zip_files zip_archive zip_archives zip-datei zip-dateien",
        "json": "json jsons json-dateien",
        "yaml": "yaml yamls yaml-dateien",
        "xml": "xml xmls xml-dateien",
        "svg": "svg svgs svg-dateien",
        "png": "png pngs png-dateien",
        "jpg": "jpg jpgs jpeg jpegs",
        "xlsx": "xlsx",
        "pptx": "pptx",
        "epub": "epub epubs ebooks",
    }.items()
    for word in words.split()
}
FILE_WORDS = _words(
    """file files document documents doc docs everything anything dateien datei dokument dokumente
    unterlagen bestand bestanden documenten fichier fichiers archivo archivos documento
    documentos documenti stuff items correspondence korrespondenz correspondance correspondencia"""
)
TOPIC = re.compile(
    r"\b(?:about|regarding|concerning|mention\w*|discuss\w*|containing|that|which|where|related|"
    r"über|betreffend|sur|concernant|sobre|su|riguardo)\b",
    re.IGNORECASE,
)
# The frame of a question: who asks and how, not what for.
POLITE = re.compile(
    r"\A\W*(?:(?:please|bitte|kindly|hey|ok|can|could|would|will|you|i|we|need|want|like|to|see|"
    r"i'd|i'm|looking|help|me|hi|hello|s'il vous plaît|por favor)\b[\s,]*)+",
    re.IGNORECASE,
)
COMMAND = re.compile(
    r"\A\W*(?:(?:show|list|find|give|get|search|display|open|fetch|bring up|look|pull up|zeig|"
    r"zeige|liste|finde|suche|gib|montre|montrez|trouve|liste[rz]?|affiche|donne|cherche|muestra|"
    r"muéstrame|busca|encuentra|lista|mostra|mostrami|trova|cerca|elenca)(?:-moi)?\b[\s,]*)"
    r"(?:(?:me|us|for|up|mir|uns|all|alle|toutes?|tous|todos|todas|tutti|tutte|of|the|my|our|any|"
    r"every|die|les|los|las|le|i|gli)\b\s*)*",
    re.IGNORECASE,
)
WHICH = re.compile(
    r"\A\W*(?:combien\s+d['\u2019]|(?:which|what|welche[rsmn]?|quels?|quelles?|qué|que|cuáles|quali|"
    r"welke|how many|wie\s?viele|combien de|cu[áa]nt[oa]s|quanti|quante|hoeveel)\s+)"
    r"(?:of\s+)?"
    rf"(?:(?:are|were|sind|sont|son|sono|(?:is|ist|est|es|"
    rf"è)(?=\s+(?:\w+\s+)?(?:{'|'.join(w.ORDER_WORDS.values())})))\s+)?"
    r"(?:(?:the|my|our|all|die|les|los|las|le|i|gli)\s+)*",
    re.IGNORECASE,
)
EXISTS = re.compile(
    r"\A\W*(?:(?:do|does|did)\s+(?:we|i|you)\s+(?:have|own|keep)|(?:are|is|were)\s+there|"
    r"have\s+(?:we|i)\s+"
    r"got|gibt es|(?:habe|hab)\s+ich|haben wir|y a-t-il|il y a|ai-je|avons-nous|hay|tengo|tenemos|"
    r"est-ce que (?:j['\u2019]ai|nous avons|on a)|ci sono|ho|abbiamo|heb ik|hebben we|"
    r"zijn er|where\s+(?:is|are))\s+"
    r"(?:(?:any|a|an|the|some|my|our)\s+)*",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"\A\W*(?:summari[sz]e|compare|explain|tell|describe|translate|calculate|count|extract|"
    r"what|who|whom|whose|when|where|why|how|is|are|was|were|does|do|did|has|have|had|can|"
    r"should|which|welche[rsmn]?|quels|quelles|cuáles|cuántos|cuántas|cuantos|cuantas|quali|quanti|quante|qué|que|"
    r"hoeveel|welke|wieviele|"
    r"gibt es|haben wir|y a-t-il|il y a|hay|ci sono|wer|was|wann|wo|warum|wie|wieviel|ist|hat|"
    r"qui|quand|où|pourquoi|comment|combien|"
    r"quel|quelle|quién|cuándo|dónde|cuánto|cuál|cómo|chi|quando|dove|perché|quanto|qual|come)\b",
    re.IGNORECASE,
)
# "Can you send …" is polite; "can an X-ray show …" asks for a fact.
_ABILITY = re.compile(
    r"\A\W*(?:can|could|would|should|will(?=\s+(?-i:[a-z]).*\?\s*\Z))\s+"
    r"(?!(?:you|u|i|we|someone|somebody|anyone|anybody|please|of|from|by|for|and)\b)",
    re.IGNORECASE | re.DOTALL,
)
HEAD_END = _words(
    """in on of from for with about by at to that which who where between since until before after
    regarding concerning containing mentioning signed sent dated made written is are was were do
    does did have has expire expires mention mentions contain contains discuss im von vom mit aus
    für fur uber zu zum bei de du des d dans avec pour sur del con para por sobre di della su per
    we i you they show talk deal and created received modified issued concluded printed due taken
    prepared drafted authored addressed not without except excluding but nicht ohne ausser aber
    sans sauf mais sin excepto salvo pero senza tranne eccetto ma shot scanned
    would could should must might shall
    downloaded eingescannt heruntergeladen telecharge telecharges descargados scaricati
    unterschrieben unterzeichnet geschrieben gesendet geschickt erhalten datiert aufgenommen
    signe signes signee signees envoye envoyes envoyee envoyees ecrit ecrits ecrite ecrites
    modifie modifies modifiee modifiees prise prises firmado firmados firmada firmadas enviado
    enviados enviada enviadas recibido recibidos recibida recibidas escrita escritas tomada
    tomadas fechado fechados fechada fechadas firmato firmati firmata firmate inviato inviati
    inviata inviate ricevuto ricevuti scritta scritte scattata scattate datata datate"""
)
# The same in other languages, which may also begin a name or a question: "Al Smith contracts".
HEAD_LINKS = _words(
    """zur an ans am auf gegen ohne um wegen zwischen nach vor seit der die das den dem ein eine
    einen einem einer a al au aux le la les l un une chez entre sans vers el los las alla allo ai
    agli il lo gli i dei degli delle dal dalla nel nella gilt gelten"""
)
DETERMINERS = _words(
    """the a an all any my our every some die der das den dem alle meine unsere les la le l mes nos
    los las el mis tous toutes todos todas i gli il lo tutti tutte mein meinen unser unseren mon ma
    notre mi nuestro nuestra nuestros nuestras mio mia miei mie nostro nostri nostre mijn onze"""
)
LEFT_OVER = _words(
    """about regarding concerning over from in of on at by for the a an all and or during with my
    our to dated im aus von vom de du des en del di il le la los las der die das any is are was were
    but aber mais pero ma there do we have les los las el un une una ein eine den dem
    gli i lo degli dei delle dello mit with avec con und oder et ou
    alle tous toutes todos todas tutti tutte sind ist sont son sono mein meine meinen mon mes mi mis
    mio mia miei mie mijn onze het uit voor zijn"""
)
_CONJUNCTIONS = _words("and or und oder sowie et ou y o e ed")
TOKEN = re.compile(r"[^\W_]+(?:[-'\u2019][^\W_]+)*")


def ends_phrase(text: str, end: int) -> bool:
    """Whether a noun phrase ends at a place: nothing follows it, or what begins another one."""
    following = TOKEN.match(text, end + 1) if text[end : end + 1] == " " else None
    if following is None:
        return text[end : end + 1] not in ("-", "'", "/")
    word = fold(following[0])
    return word in HEAD_END | LEFT_OVER or word in ("and", "or", "but", "oder", "und", "please")


def asks_fact(text: str) -> bool:
    """Whether a question has the form of one for a fact, not for files."""
    asked = POLITE.sub("", text)
    if COMMAND.match(asked):
        return False
    for form in (WHICH, EXISTS):
        frame = form.match(asked)
        if frame is not None and names_files(asked[frame.end() :]):
            return acts(asked)
    if _FACT.match(asked) or _ABILITY.match(text):
        return True
    return names_files(asked) and states(asked, of_many(asked))


def noun_phrase(text: str) -> list[str]:
    """The words of the first noun phrase, folded, up to what goes with it."""
    head: list[str] = []
    end = 0
    for match in TOKEN.finditer(text):
        # A gap is where a filter was taken out: the phrase ends there.
        gap = text[end : match.start()] if head else ""
        if not head and fold(match[0]) in DETERMINERS:
            continue
        if head and fold(match[0]) in HEAD_LINKS:
            break
        if fold(match[0]) in HEAD_END or len(gap) > 2 or "," in gap:
            break
        head.append(fold(match[0]))
        end = match.end()
    while head and any(char.isdigit() for char in head[-1]):
        head.pop()  # invoice 4711
    return head


def names_files(text: str) -> bool:
    """Whether the first noun phrase names files: a kind, a type or "documents"."""
    head = noun_phrase(text)
    if not head:
        return False
    last = " ".join(head[-2:])
    named = FILE_WORDS | TYPE_WORDS.keys() | (w.MAIL_WORDS if len(head) == 1 else frozenset())
    if head[-1] in named or last.replace(" ", "_") in TYPE_WORDS:
        return True
    plural = any(kinds_of_many(word) for word in head)
    # A singular counts at the end only: "the contract terms" are no contract, a "bank statement" is
    # a statement.
    ends = kinds_in(head[-1:]) or kinds_in(head[-2:]) - kinds_in(head[-2:-1])
    return plural or bool(ends)


def names_documents(text: str) -> bool:
    """Whether the first noun phrase names files, or a sort of documents that is no kind: poems.

    Sorts count where something else says that files are asked for; see
    :mod:`lsfs.index.asked.sortwords`.
    """
    return names_files(text) or bool(sort_of(text))


def sort_of(text: str) -> str:
    """The sort of documents that the first noun phrase names; "" for none."""
    words = [fold(match[0]) for match in TOKEN.finditer(text)]
    while words and words[0] in DETERMINERS:
        words.pop(0)
    # "Fiches de paie": a noun phrase would end before "de".
    return sort_at_end(noun_phrase(text)) or next(
        (sort for n in (3, 2) if (sort := sort_at_end(words[:n])) and " " in sort), ""
    )


def bare(text: str) -> str:
    """A question without its polite words and its command."""
    return COMMAND.sub("", POLITE.sub("", text), count=1)


def unframed(text: str) -> str:
    """A question with its polite words, its command or its "which" blanked; places stay."""
    for form in (POLITE, COMMAND, WHICH, EXISTS):
        found = form.match(text)
        if found is not None:
            text = " " * found.end() + text[found.end() :]
            if form is not POLITE:
                break
    return text


def topic(text: str) -> int:
    """Where a question turns from what is asked for to what it is about."""
    frame = WHICH.match(POLITE.sub("", text))
    topic = TOPIC.search(text, frame.end() if frame else 0)
    return topic.start() if topic and TOKEN.search(text, 0, topic.start()) else len(text)


def compound(text: str, end: int) -> bool:
    """Whether a type word only qualifies the next one ("email policy", "image processing")."""
    following = TOKEN.match(text, end + 1) if text[end : end + 1] == " " else None
    if following is None:
        return False
    word = fold(following[0])
    known = HEAD_END | LEFT_OVER | FILE_WORDS | _CONJUNCTIONS
    return word not in known and not kinds_in([word]) - {"policy"}


def asks_files(text: str) -> bool:
    """Whether files are named, behind whatever frame a question has."""
    asked = POLITE.sub("", text)
    for form in (COMMAND, WHICH, EXISTS):
        frame = form.match(asked)
        if frame is not None:
            asked = asked[frame.end() :]
            break
    return names_files(asked)


def of_many(text: str) -> bool:
    """Whether the first noun phrase names several files: "contracts", not "contract"."""
    if is_plural(sort_of(text)):
        return True
    determined = ""
    for match in TOKEN.finditer(text):
        word = fold(match[0])
        if word in DETERMINERS and not determined:
            determined = word
            continue
        if word in HEAD_END | HEAD_LINKS:
            return False
        if word == "foto" and determined == "le":  # Italian; its plural is the same word
            return True
        known = word in FILE_WORDS or word in TYPE_WORDS or word in w.MAIL_WORDS
        if kinds_of_many(word) or (known and word.endswith(("s", "en", "te"))):
            return True
    return False
