"""Files whose keywords and subjects are known: what ``benchmarks.paper_retrieval`` asks about."""

# ruff: noqa: E501

from __future__ import annotations

import random
import re
from email.message import EmailMessage
from pathlib import Path

from msgspec import Struct

FORMATS = ("txt", "md", "pdf", "docx", "html", "eml")
# A keyword, and what is not it: parts of words, other forms, its words apart.
KEYWORDS = {
    "art": ("start", "party", "arts", "artist", "smart"),
    "rent": ("current", "parent", "rents", "rental", "different"),
    "contract": ("contracts", "contractor", "subcontract", "contracted"),
    "lease": ("please", "release", "leases", "leased"),
    "international": ("internationally", "internationals", "nation"),
    "notice period": ("notice of a period", "notices periods", "period notice", "noticed period"),
    "Müller": ("Müllers", "Muellerin", "Mulller"),
    "audit": ("auditor", "audits", "audition"),
}
_FILLER = """the garden lies behind the old house and the river runs along its wall . every morning a
    boat brings bread to the village where people talk about weather and music . in winter snow covers
    the hills while children build towers of ice . travellers write letters home from small hotels near
    the station . nobody knows why the clock stopped on that evening .""".split()  # noqa: SIM905


class KeywordFile(Struct, frozen=True):
    """A file and the keywords that it holds."""

    name: str
    holds: frozenset[str]
    body: str
    cut: str = ""  # the keyword that a line end, or a page end, cuts in two


def keyword_files(count: int, seed: int) -> list[KeywordFile]:
    """So many files; a third of the keywords in each, and as many words that only look like them."""
    rng = random.Random(seed)
    files = []
    for n in range(count):
        format_ = FORMATS[n % len(FORMATS)]
        holds = frozenset(word for word in KEYWORDS if rng.random() < 0.33)
        said = [(_cased(word, rng) if word != "Müller" else word) for word in sorted(holds)]
        traps = [rng.choice(KEYWORDS[word]) for word in KEYWORDS if rng.random() < 0.6]
        sentences = [_sentence(rng, word) for word in (*said, *traps)]
        sentences += [_sentence(rng, "") for _ in range(8)]
        rng.shuffle(sentences)
        cut = "international" if "international" in holds and format_ in ("txt", "pdf") else ""
        sentences = [one.replace(_cased_in(one, cut), "") if cut and cut in one.casefold() else one
                     for one in sentences if not (cut and _is_trap(one, cut))]  # fmt: skip
        files.append(KeywordFile(f"{n:02} {format_}.{format_}", holds, " ".join(sentences), cut))
    return files


def _is_trap(sentence: str, word: str) -> bool:
    return any(trap in sentence.casefold() for trap in KEYWORDS[word])


def _cased_in(sentence: str, word: str) -> str:
    at = sentence.casefold().find(word)
    return sentence[at : at + len(word)]


def _cased(word: str, rng: random.Random) -> str:
    return rng.choice((word, word.capitalize(), word.upper()))


def _sentence(rng: random.Random, word: str) -> str:
    words = [w for w in rng.sample(_FILLER, 9) if w != "."]
    if word:
        words.insert(rng.randrange(1, len(words)), word)
    words[0] = words[0].capitalize()
    return " ".join(words) + "."


def write(file: KeywordFile, folder: Path) -> Path:
    """Write a file in the format that its name says."""
    path = folder / file.name
    head, tail = (file.cut[:5], file.cut[5:]) if file.cut else ("", "")
    broken = f"Trade is {head}-\n{tail} by nature." if file.cut else ""
    kind = path.suffix[1:]
    if kind == "txt":
        path.write_text(_wrapped(file.body) + ("\n" + broken if broken else "") + "\n")
    elif kind == "md":
        path.write_text(f"# Notes\n\n{_wrapped(file.body)}\n")
    elif kind == "html":
        path.write_text(f"<html><body><p>{file.body}</p></body></html>")
    elif kind == "eml":
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = "a@example.org", "b@example.org", "Notes"
        mail.set_content(file.body)
        path.write_bytes(mail.as_bytes())
    elif kind == "docx":
        import docx

        document = docx.Document()
        document.add_paragraph(file.body)
        document.save(str(path))
    else:
        _pdf(path, file.body, head, tail)
    return path


def _wrapped(text: str) -> str:
    import textwrap

    return "\n".join(textwrap.wrap(text, 72, break_long_words=False, break_on_hyphens=False))


def _pdf(path: Path, body: str, head: str, tail: str) -> None:
    """Two pages; where a word is cut, its first part ends the one and its second begins the other."""
    from reportlab.pdfgen.canvas import Canvas

    rng = random.Random(path.name)
    canvas = Canvas(str(path))
    fill = _wrapped(" ".join(_sentence(rng, "") for _ in range(60))).splitlines()
    first = [*_wrapped(body).splitlines(), *fill][:44]
    first[-1] = first[-1].rstrip(".")
    second = fill[-12:]
    if head:
        first.append(f"and so they said that all of their trade with the islands is {head}-")
        second.insert(0, f"{tail} by its nature and that it has been so for a long time and")
    for lines in (first, second):
        y = 760
        for line in lines:
            canvas.drawString(60, y, line)
            y -= 15
        canvas.showPage()
    canvas.save()


# What stands around the point of many a file.
_AROUND = (
    "This page was revised in spring and replaces the one from last year.",
    "Please keep it together with the others and write to the office if anything is unclear.",
    "More about it can be read in the annex, which was sent separately.",
    "Thanks to all who have read a draft and told us what could be said better.",
    "It was written in some haste, so there may be a mistake here and there.",
    "Copies have gone to everybody who asked for one at the meeting on Tuesday.",
)

# --- files about something, and questions that name it in other words

SUBJECTS = (
    ("The chef keeps a sourdough starter for nine days and feeds it with rye flour before each loaf goes into the stone oven.", "find the file that explains how to bake bread"),
    ("Our physiotherapist recommends stretching the hamstring and icing the knee for twenty minutes after the marathon.", "find the file that is about recovering from a running injury"),
    ("Tenants who fall three months behind with what they owe the landlord receive a letter from the bailiff.", "find the file that deals with unpaid rent"),
    ("The telescope in the Atacama desert photographed a ring of dust around a newborn star.", "find the file that talks about astronomy"),
    ("Shareholders voted for a dividend of two euros after profits of the shipping line doubled.", "find the file that reports on company earnings"),
    ("The vaccine is stored at minus seventy degrees and given in two doses three weeks apart.", "find the file that describes immunisation"),
    ("A queen bee lays two thousand eggs a day while workers gather nectar from the lime trees.", "find the file that tells about honey making insects"),
    ("The orchestra rehearsed the slow movement twice because the oboe entered too early.", "find the file that concerns a classical concert"),
    ("Passengers must arrive at the gate forty minutes before take-off and carry no liquids.", "find the file that gives rules for air travel"),
    ("The goalkeeper saved a penalty in the last minute and the visitors kept their lead of one goal.", "find the file that covers a football match"),
    ("Connect the router to the modem with the yellow cable and choose a password for the wireless network.", "find the file that helps to set up the internet at home"),
    ("Glaciers in the valley lost four metres of ice last summer as temperatures rose again.", "find the file that discusses global warming"),
    ("The emperor built a wall across the north of the island to keep out the tribes.", "find the file that is on Roman history"),
    ("Sow the tomatoes indoors in March and move the seedlings out when the frost has passed.", "find the file that advises on growing vegetables"),
    ("The defendant was found guilty of burglary and sentenced to two years in prison.", "find the file that records a criminal trial"),
    ("The patient complained of a tooth that ached at night; the dentist filled the cavity.", "find the file that mentions dental treatment"),
    ("Each solar panel on the roof delivers three hundred watts and charges the battery in the cellar.", "find the file that treats renewable energy"),
    ("The kindergarten closes at four and children need rubber boots for the forest day.", "find the file that informs parents of small children"),
    ("A cross-examination of the rock layers shows that the volcano erupted twelve thousand years ago.", "find the file that presents geology"),
    ("The painter mixed ultramarine with lead white to give the Madonna's cloak its depth.", "find the file that analyses a work of Renaissance art"),
    ("We discount the cash flows at eight per cent and compare the net present value of both machines.", "find the file that evaluates an investment"),
    ("The engine stalls when cold; replace the spark plugs and check the fuel filter.", "find the file that is for repairing a car"),
    ("Turn left at the chapel, follow the ridge for two hours and descend to the hut by the lake.", "find the file that guides a mountain walk"),
    ("The union demands five per cent more pay and a week of thirty-five hours.", "find the file that is about a labour dispute"),
    ("Photons knock electrons out of the metal only above a certain frequency of light.", "find the file that explains a quantum physics effect"),
    ("The ballots are counted in public and the mayor needs more than half of the votes.", "find the file that is about an election"),
    ("Mix equal parts of lime and sand, wet the bricks, and leave the joint to set overnight.", "find the file that teaches masonry"),
    ("The dog was vaccinated against rabies and should be wormed again in spring.", "find the file that comes from the vet"),
    ("Your parcel could not be delivered and waits at the counter with your identity card.", "find the file that is about picking up a package"),
    ("The novel follows three sisters who leave the provinces and never reach the capital.", "find the file that reviews a book"),
    ("Encrypt the laptop, lock the screen and report lost keys to the administrator within a day.", "find the file that sets out computer security rules"),
    ("The bridge carries forty tonnes; its cables are inspected every second year for rust.", "find the file that assesses a structure's safety"),
    ("The guests praised the view but complained about noisy rooms and a cold breakfast.", "find the file that collects hotel feedback"),
    ("Whales of this pod sing at twenty hertz and travel from the Azores to Iceland.", "find the file that studies marine mammals"),
    ("The will leaves the house to the niece and the stamps to the museum.", "find the file that settles an inheritance"),
    ("Sales of electric bicycles fell by a tenth, while spare parts sold better than planned.", "find the file that sums up how products are selling"),
    ("Take one tablet with water after meals and do not drive if you feel dizzy.", "find the file that tells how to use a medicine"),
    ("The verb stands at the end of the subordinate clause, and nouns are written with a capital.", "find the file that teaches German grammar"),
    ("The candidate has led a team of nine programmers and speaks Portuguese.", "find the file that introduces a job applicant"),
    ("Water the lawn before sunrise, cut it no shorter than four centimetres and rake the moss.", "find the file that says how to care for grass"),
)  # fmt: skip


def subject_files(count: int, seed: int, folder: Path) -> list[tuple[str, str, Path]]:
    """Files about different subjects, in all formats.

    For each a question in the three longest words of it, and one in words that it does not have.
    """
    rng = random.Random(seed)
    chosen = rng.sample(SUBJECTS, count)
    asked = []
    for n, (text, question) in enumerate(chosen):
        before, after = rng.sample(_AROUND, 2)
        body = f"{before} {text} {after}"
        file = KeywordFile(f"{n:02}.{FORMATS[n % len(FORMATS)]}", frozenset(), body)
        longest = sorted(set(re.findall(r"[^\W\d_]+", text)), key=lambda w: (-len(w), w))[:3]
        own = f"find the file that mentions {', '.join(longest[:2])} and {longest[2]}"
        asked.append((own, question, write(file, folder)))
    return asked
