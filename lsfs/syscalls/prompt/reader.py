"""A prompt as system calls, by rules: the same words always mean the same.

A prompt is one command, or several ("make a folder notes and move a.txt into it"). What is no
command is a question, and goes to ``ask`` as it is. What is a command without its object, or one
that lsfs does not have, is no call: it is said why.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator

from msgspec import Struct
from msgspec.structs import replace

from lsfs.syscalls.declared import DECLARED
from lsfs.syscalls.prompt import frames, intents, moments, queries, spelling, wording
from lsfs.syscalls.prompt.entities import Entity, between
from lsfs.syscalls.prompt.entities import found as entities_of
from lsfs.syscalls.prompt.phrases import Phrase, leads, phrases
from lsfs.syscalls.prompt.second import Asked
from lsfs.syscalls.prompt.slots import READERS as SLOT_READERS
from lsfs.syscalls.prompt.slots import Arguments, Surroundings, masked
from lsfs.syscalls.registry import Effect, registry

READERS = {
    **SLOT_READERS,
    "version": moments.version,
    "moment": moments.moment,
    "state": moments.state,
    "counted": moments.counted,
    "query": queries.query,
}
_SPLIT = re.compile(
    r"\s*(?:;|[.!?](?=\s)|,?\s(?:(?:and\s+)?after\s+(?:that|this)|(?:and\s+)?afterwards|(?:and\s+)?finally|"
    r"(?:and\s+)?second(?:ly)?|thirdly|as\s+well\s+as|and\s+then|and\s+also|and|then|also|plus|followed\s+by)(?=[\s,])|,)"
    r"[\s,]*(?:then\s+|also\s+|and\s+|after\s+that\s+|afterwards\s+|finally\s+)*",
    re.IGNORECASE,
)
_STARTS = re.compile(
    r"^|[,.!?;:…-]\s+(?:so\s+|and\s+|but\s+)?|\s(?:please|and|to|you|so|then|is\s+to)\s+",
    re.IGNORECASE,
)
_SENTENCES = re.compile(r"[.!?;]\s+|,\s+")
_AGAIN = frozenset(
    ("move", "copy", "read_text", "stat", "rollback", "share", "file_join", "write_file")
)
_ONE_EACH = frozenset(  # calls of one file that lists are spread over
    ("move", "copy", "stat", "share", "unshare", "lock", "unlock", "trash_restore", "versions",
     "summarize", "rollback", "text", "read_text"),
)  # fmt: skip
_WHOLE = frozenset(("prune", "fsck", "status", "trash_empty", "kv_clear"))  # of the drive
_THERE = re.compile(r"\s+there\b", re.IGNORECASE)
_ALL_IN_IT = re.compile(
    r"\b(?:everything|all|whatever|what\s+is|contents?|files)\s+(?:\w+\s+){0,2}(?:in|inside|of)\s+it\b",
    re.IGNORECASE,
)
_FOLDER = re.compile(r"\b(?:folder|directory)\b", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.?!;]\s")
_IT = re.compile(
    r"\b(?:it|that\s+(?:file|folder)|this\s+(?:file|folder)|the\s+(?:new\s+)?(?:file|folder|copy|result)(?=\s*$|\s+(?:and|to|into|in|from|with)\b)|its|there|them)\b",
    re.I,
)
_RESULT = {"copy": "destination", "move": "destination", "file_join": "name", "summarize": "what"}
LONGEST = 500  # characters of a prompt, without what is in quotes; longer ones are questions
CANDIDATES = 6  # nearest intents that are looked at
NEAR_ENOUGH = 0.15
SURE = 0.25
MARGIN = 1.3  # how much nearer than the next
SECOND_LOOK = 5
SURELY_MISSPELT = 5  # letters of a word that may be put right to one that removes something
DANGEROUS = frozenset(("delete", "purge", "trash_empty", "prune", "drop_snapshot"))
_OPEN_ENDED = frozenset(("retrieve", "ask"))


Second = Callable[[Asked], tuple[str, Arguments] | None]


class Planned(Struct, frozen=True):
    """A system call that a prompt means.

    Attributes:
        literal: how many characters of the prompt the phrase itself accounts for.
        near: how near the wording is to one that is known: 1 for that of a phrase.
        is_one: no slot has a part that might be a command of its own.
    """

    syscall: str
    arguments: Arguments
    literal: int = 0
    near: float = 1.0
    is_one: bool = False


class Reading(Struct, frozen=True):
    """What a prompt means.

    Attributes:
        calls: in their order; none where it is not clear.
        unclear: why there are none.
        is_unknown: it asks for something in words that no phrase has; a model may know them.
        by: what read it: "rules" or "model".
    """

    calls: tuple[Planned, ...] = ()
    unclear: str = ""
    is_unknown: bool = False
    by: str = "rules"


class PromptReader:
    """Reads prompts about one drive.

    Args:
        around: what it may look at.
        second: gives the call of a prompt that the rules do not know, or None.
    """

    def __init__(self, around: Surroundings, second: Second | None = None) -> None:
        self._around = around
        self._second = second
        self._about = ""  # the only file that was named before a command

    def read(self, prompt: str) -> Reading:
        """What a prompt means."""
        reading = self._by_rules(prompt)
        if not all(map(_is_harmless, reading.calls)):
            reading = self._asked_for(prompt, reading)
        if not reading.is_unknown or self._second is None:
            return reading
        text, quoted = masked(_straight(prompt))
        text, around = wording.plain(text), replace(self._around, quoted=quoted)
        if len(text) > LONGEST or wording.TAKES_BACK.search(text):
            return reading
        found = self._second(Asked(text, entities_of(text, around), around))
        if found is None:
            return reading
        syscall, arguments = found
        return Reading((Planned(_called(syscall, arguments), arguments),), by="model")

    def _asked_for(self, prompt: str, reading: Reading) -> Reading:
        """A reading that removes something, if that is what the prompt asks for, and now."""
        text = wording.plain(masked(_straight(prompt))[0])
        if wording.is_question(text) and not _is_harmless(reading.calls[0]):
            return Reading((Planned("ask", {"question": prompt.strip()}),))
        for one in reversed(entities_of(text, self._around)):
            text = f"{text[: one.start]}{text[one.end :]}" if one.kind != "moment" else text
        if wording.NOT_NOW.search(text):
            return Reading(unclear="it does not ask for this to be removed now")
        return reading

    def _by_rules(self, prompt: str) -> Reading:
        text, quoted = masked(_straight(prompt))
        self._around = replace(self._around, quoted=quoted)
        self._about = ""
        text = wording.plain(text)
        if not text:
            return Reading(unclear="it asks for nothing")
        asking = Reading((Planned("ask", {"question": prompt.strip()}),))
        if len(text) > LONGEST:
            return asking
        if wording.is_question(text):
            several = self._several(text) if _SENTENCE_END.search(text) else ()
            if len(several) > 1:
                return Reading(several)
            one = self._one(text)
            return Reading((one,)) if one and _is_borne(one) else asking
        calls = self._calls(text)
        if calls and calls[0].syscall:
            if wording.WITHDRAWN.search(text) and not all(map(_reads, calls)):
                return Reading(unclear="it takes back what it says")
            return Reading(calls)
        if calls:
            return Reading(unclear=calls[0].arguments["why"])
        if self._says_nothing(text):
            return Reading(unclear="it asks for nothing that lsfs does", is_unknown=True)
        if wording.NEGATED.match(text):
            return Reading(unclear="it says what is not to be done")
        if not wording.is_command(text):
            return replace(asking, is_unknown=any(map(self._named, text.split())))
        return Reading(unclear="lsfs has nothing that does this", is_unknown=True)

    def _calls(self, text: str) -> tuple[Planned, ...]:
        whole = self._phrase(text)
        if whole is not None and whole.is_one and whole.syscall not in _OPEN_ENDED:
            return (whole,)
        several = self._several(text)
        if len(several) > 1:
            return several
        calls = self._each(text, several[0] if several else self._command(text))
        if not calls and _SPLIT.search(text):
            for other in self._spellings(text):
                calls = self._several(other)
                if calls and (_is_misspelt(text, other) or all(map(_is_harmless, calls))):
                    return calls
            return ()
        return calls

    def _each(self, text: str, one: Planned | None) -> tuple[Planned, ...]:
        """The call for each file of a list, where it takes one at a time and would drop some."""
        alone = () if one is None else (one,)
        listed = _listed(text, entities_of(text, self._around))
        said = set(_texts(one.arguments)) if one else set()
        if len(listed) < 2 or {file.value for file in listed} <= said:
            return alone
        start, end = listed[0].start, listed[-1].end
        each = [
            self._one(f"{text[:start]}{text[file.start : file.end].rstrip(',')}{text[end:]}")
            for file in listed
        ]
        calls = tuple(call for call in each if call is not None and call.syscall in _ONE_EACH)
        goals = [call.arguments.get("destination") for call in calls]
        if len(calls) < len(listed) or len({call.syscall for call in calls}) > 1:
            return alone
        return calls if len(set(goals)) == len(goals) or not any(goals) else alone

    def _command(self, text: str) -> Planned | None:
        """The call of a command; one without a name where it is not clear; None for no command."""
        if text.split()[0].lower() not in _vocabulary() | wording.VERBS:
            put_right = self._respelt(text)
            if put_right is not None and put_right.syscall not in _OPEN_ENDED:
                return put_right
        found = self._one(text)
        if found is not None and found.syscall not in _OPEN_ENDED:
            return found
        for other in (self._within(text), self._respelt(text)):
            if other is not None:
                return other
        return found

    def _one(self, text: str) -> Planned | None:
        """The call of one command: of its phrase, else of the wording that is nearest."""
        said = self._phrase(text)
        entities = entities_of(text, self._around)
        ranked = intents.known().rank(intents.wording(text, entities))
        meant = self._meant(text, entities, ranked)
        if said is None:
            return meant
        if not said.syscall:
            sure = meant is not None and meant.near >= SURE and said.literal < len(text) / 2
            return meant if sure else said
        place = (
            [label for label, _ in ranked].index(said.syscall)
            if said.syscall in dict(ranked)
            else 99
        )
        if said.syscall in _OPEN_ENDED:
            return meant or said
        if meant is not None and meant.syscall != said.syscall and place > SECOND_LOOK:
            return meant
        return said

    def _says_nothing(self, text: str) -> bool:
        """Whether the nearest wordings are of prompts that nothing can be done for."""
        entities = entities_of(text, self._around)
        ranked = intents.known().rank(intents.wording(text, entities))
        label, near = ranked[0] if ranked else ("", 0.0)
        return label == "none" and near >= SURE

    def _meant(
        self, text: str, entities: list[Entity], ranked: list[tuple[str, float]]
    ) -> Planned | None:
        """The call whose examples are nearest, of those that what is named fits."""
        known, words = intents.known(), intents.wording(text, entities)
        fitting: list[tuple[str, float, Arguments | None]] = []
        for label, near in ranked[:CANDIDATES]:
            filled = (
                frames.fill(label, text, entities, self._around) if label in frames.FRAMES else None
            )
            if filled is not None or label not in frames.FRAMES:
                fitting.append((label, near, filled))
        if not fitting:
            return None
        label, near, filled = fitting[0]
        second = fitting[1][1] if len(fitting) > 1 else 0.0
        if filled is None or near < NEAR_ENOUGH:
            return None
        planned = Planned(_called(label, filled), filled, near=near)
        if not _reads(planned) and (near < SURE or not known.bears(words, label)):
            return None
        if label in DANGEROUS and (label != ranked[0][0] or near < MARGIN * second):
            return None
        return planned

    def _phrase(self, text: str) -> Planned | None:
        """The call of the phrase that fits best, with its commas or without them."""
        best: Planned | None = None
        for form in dict.fromkeys((text, text.replace(",", ""))):
            for found in self._fitting(form):
                if best is None or found.literal > best.literal:
                    best = found
            if best is not None and best.syscall not in _OPEN_ENDED:
                break
        return best

    def _fitting(self, text: str) -> Iterator[Planned]:
        for phrase in phrases():
            filled = phrase.pattern.match(text)
            if filled is None:
                continue
            literal = len(text) - sum(map(len, filled.values()))
            arguments = self._arguments(phrase, filled)
            if arguments is not None:
                is_one = not any(map(_SPLIT.search, filled.values()))
                yield Planned(_called(phrase.syscall, arguments), arguments, literal, is_one=is_one)

    def _arguments(self, phrase: Phrase, filled: dict[str, str]) -> Arguments | None:
        if phrase.unclear:
            return {"why": phrase.unclear}
        if phrase.syscall == "file_join" and _FOLDER.search(filled.get("name", "")):
            return None  # they are to go into it
        arguments = dict(phrase.fixed)
        for name, words in filled.items():
            read = READERS[phrase.pattern.kinds[name]](name, words, self._around)
            if read is None:
                return None
            arguments |= read
        if phrase.syscall == "rollback" and "path" not in arguments:
            if not self._about:
                return None
            arguments["path"] = self._about
        return finished(phrase.syscall, arguments)

    def _several(self, text: str) -> tuple[Planned, ...]:
        """The commands that a prompt has one after another; none where a part is no command."""
        listed = _listed(text, entities_of(text, self._around))
        for cut in _SPLIT.finditer(text):
            if listed and listed[0].start < cut.start() < listed[-1].start:
                continue  # "a and b" are two files of one command
            head = wording.plain(text[: cut.start()])
            before = self._each(head, self._one(head))
            if not before or any(not one.syscall or one.near < SURE for one in before):
                continue
            *earlier, first = before
            rest = wording.plain(text[cut.end() :])
            if not rest:
                continue
            if rest.split()[0].lower() not in leads() - wording.ARTICLES:
                again = self._again(text.split()[0], rest, first)
                if again is not None:
                    return (*before, again)
                continue
            referred = self._referred(rest, self._name(first), first.syscall == "make_dir")
            if referred is None:
                continue
            then = self._several(referred)
            if not then:
                one = self._each(referred, self._one(referred))
                then = one if all(call.syscall for call in one) else ()
            merged = _merged(first, then[0]) if then else None
            if merged is not None:
                return (*earlier, merged, *then[1:])
            if then and not (first.syscall in _OPEN_ENDED and then[0].syscall in _OPEN_ENDED):
                return (*before, *then)
        return ()

    def _again(self, verb: str, rest: str, first: Planned) -> Planned | None:
        """The same command once more, whose verb is not said again."""
        if first.syscall not in _AGAIN:
            return None
        one = self._one(f"{verb} {rest}")
        return one if one is not None and one.syscall == first.syscall and one.is_one else None

    def _within(self, text: str) -> Planned | None:
        """The command in a prompt that says other things before or after it.

        What goes round it must take nothing back, and a file that the command calls "it" must be
        the only one that was named before.
        """
        for start in _STARTS.finditer(text):
            before, rest = text[: start.start()], wording.plain(text[start.end() :])
            if wording.TAKES_BACK.search(before) or not rest:
                continue
            named = [one for one in map(self._named, before.split()) if one]
            self._about = named[0] if len(set(named)) == 1 else ""
            referred = self._referred(rest, self._about)
            for end in (None, *reversed([one.start() for one in _SENTENCES.finditer(rest)])):
                if referred is None or (end is not None and wording.TAKES_BACK.search(rest[end:])):
                    continue
                part = wording.plain(referred[:end] if end is not None else referred)
                found = self._phrase(part) if part else None
                if found is not None and found.syscall:
                    return found
        return None

    def _named(self, word: str) -> str:
        found = READERS["file"]("path", word.strip(wording.ENDS), self._around)
        return str(found["path"]) if found else ""

    def _name(self, first: Planned) -> str:
        """The file that a command is about, or makes."""
        name = first.arguments.get(_RESULT.get(first.syscall, "path"), "")
        if isinstance(name, list):
            return name[0] if len(name) == 1 else ""
        return str(name)

    def _referred(self, text: str, name: str, is_folder: bool = False) -> str | None:
        """A command with a name in place of "it"; None where there is no name to put."""
        pronoun = _IT.search(text)
        if pronoun is None:
            return text
        if _ALL_IN_IT.search(text):
            return text
        if not name:
            return None
        mark = chr(0xE800 + len(self._around.quoted))
        self._around.quoted[mark] = name
        text = _IT.sub(f"the folder {mark}" if is_folder else mark, text, count=1)
        return _THERE.sub("", text)

    def _spellings(self, text: str) -> Iterator[str]:
        return map(wording.plain, spelling.respelt(text, _vocabulary()))

    def _respelt(self, text: str) -> Planned | None:
        """The call that is meant when words that no phrase has are misspelt ones of a phrase."""
        known = text.split()[0].lower() in leads()
        for other in self._spellings(text):
            found = self._phrase(other)
            if found is None or not found.syscall or (known and found.syscall in _OPEN_ENDED):
                continue
            if found.syscall not in DANGEROUS or _is_misspelt(text, other):
                return found
        return None


def _listed(text: str, entities: list[Entity]) -> list[Entity]:
    """The first files of a prompt that are listed: "a, b and c"."""
    found: list[Entity] = []
    for one in entities:
        if found and not frames.LISTED.fullmatch(between(text, found[-1], one)):
            if len(found) > 1:
                break
            found = []
        found = [*found, one] if one.kind == "file" else []
    return found


def _texts(arguments: Arguments) -> Iterator[str]:
    for value in arguments.values():
        yield from map(str, value if isinstance(value, list) else [value])


def _is_harmless(one: Planned) -> bool:
    return one.syscall not in DANGEROUS


def _is_misspelt(text: str, other: str) -> bool:
    """Whether no short word was put right: "pin" and "pipe" need not be "bin" and "wipe"."""
    known = set(other.split())
    return all(len(word) >= SURELY_MISSPELT for word in text.split() if word not in known)


def _straight(prompt: str) -> str:
    """A prompt on one line, with straight apostrophes."""
    return " ".join(prompt.replace("\u2019", "'").replace("\u2018", "'").split())


def _is_borne(one: Planned) -> bool:
    """Whether the wording of a question bears a call: it is near, or has the call's own words."""
    return bool(one.syscall) and (one.near >= SURE or one.syscall in frames.CUES)


def _reads(one: Planned) -> bool:
    """Whether a call changes nothing."""
    return one.syscall in DECLARED and registry[one.syscall].effect is Effect.READ


def _called(syscall: str, arguments: Arguments) -> str:
    """What is read of a version is its text; what is read of a moment are its bytes."""
    return "read_text" if syscall == "read" and "version" in arguments else syscall


def _merged(first: Planned, second: Planned) -> Planned | None:
    """One call for two that say the same, or say the rest of it; None where they do not."""
    if first.syscall != second.syscall:
        return None
    if first.arguments == second.arguments:
        return second
    both = set(first.arguments) & set(second.arguments)
    same = all(first.arguments[name] == second.arguments[name] for name in both)
    if not same or (not both and first.syscall not in _WHOLE):
        return None
    return replace(second, arguments={**first.arguments, **second.arguments})


def finished(syscall: str, arguments: Arguments) -> Arguments | None:
    """Arguments as the syscall takes them, where a phrase has them in parts."""
    parent = arguments.pop("parent", None)
    if parent is not None:
        arguments["path"] = _below(parent, arguments["path"])
    if arguments.pop("into", False):
        arguments["destination"] = _below(arguments["destination"], _base(arguments["source"]))
    folder, base = arguments.pop("folder", None), arguments.pop("base", None)
    if folder is not None:
        arguments["destination"] = _below(folder, base)
    gone = arguments.pop("also_gone", None)
    if gone not in (None, arguments.get("file2")):
        return None
    if syscall == "read" and "back" in arguments:
        return None
    if syscall == "find_files":
        arguments.setdefault("path", ".")
    return arguments


def _below(folder: str, name: str) -> str:
    return name if folder == "." else f"{folder.rstrip('/')}/{name}"


def _base(path: str) -> str:
    return path.rstrip("/").rpartition("/")[2]


@functools.cache
def _vocabulary() -> frozenset[str]:
    """Words of all phrases."""
    words = {
        word
        for phrase in phrases()
        for word in re.findall(r"(?<= )[a-z]{3,}", phrase.pattern.source.replace("\\", ""))
    }
    return frozenset(words | {"could", "would", "please", "what", "which", "since", "yesterday"})
