"""Text for generated documents: paragraphs of XQuAD files, or sentences made of built-in words."""

from __future__ import annotations

import json
import random
import re
import unicodedata
from pathlib import Path
from typing import Any

from msgspec import Struct

LABELS = {  # the words for table, figure and page
    "en": ("Table", "Figure", "Page"),
    "de": ("Tabelle", "Abbildung", "Seite"),
    "es": ("Tabla", "Figura", "Página"),
    "tr": ("Tablo", "Şekil", "Sayfa"),
    "ro": ("Tabelul", "Figura", "Pagina"),
    "vi": ("Bảng", "Hình", "Trang"),
    "el": ("Πίνακας", "Σχήμα", "Σελίδα"),
    "ru": ("Таблица", "Рисунок", "Страница"),
}
BUILT_IN = ("en", "de", "es", "tr", "ro", "vi")
PUNCTUATION = " !\"'(),-./:;?[]§«»–—‘’“”„%&+="

# Noun phrases, verbs with what follows them, and words between two clauses.
_PHRASES = {
    "en": (
        "the annual report|a well-known engineer|the committee|our northern laboratory"
        "|this agreement|the responsible authority|every participant"
        "|the temperature of the river|an independent reviewer|the municipal library"
        "|a considerable proportion|the manufacturing department|Professor Whitmore"
        "|the twenty-first amendment|a long-term investment|the infrastructure",
        "describes|was considered by|depends entirely on|has been compared with|replaced"
        "|contributed substantially to|did not mention|was published together with"
        "|strengthens",
        "although|because|while|, and later|, whereas|; nevertheless",
    ),
    "de": (
        "der jährliche Bericht|die Bundesverwaltung|das Forschungslabor in München"
        "|diese Vereinbarung|der größte Teil der Bevölkerung|eine unabhängige Überprüfung"
        "|die Geschwindigkeit des Flusses|jede Teilnehmerin|das Wirtschaftswachstum"
        "|ein langjähriges Straßenbauprojekt|Frau Dr. Schäfer|die Öffentlichkeitsarbeit"
        "|der Süd-Nord-Vergleich|das Bürgerliche Gesetzbuch",
        "beschreibt|wurde ergänzt durch|hängt vollständig ab von|übertraf|wird verglichen mit"
        "|beeinflusste wesentlich|erwähnte nicht|veröffentlichte gemeinsam mit|ermöglicht",
        ", obwohl|, weil|, während|, und später|; dennoch|, sodass",
    ),
    "es": (
        "el informe anual|la administración pública|un ingeniero español|este acuerdo"
        "|la mayoría de la población|la evaluación independiente|el año siguiente"
        "|cada participante|la velocidad del río|el crecimiento económico"
        "|una investigación a largo plazo|la Universidad de Málaga|el artículo vigésimo"
        "|la corrupción",
        "describió|fue comparado con|depende completamente de|sustituyó|contribuyó a"
        "|no mencionó|se publicó junto con|fortalecía|permitirá",
        "aunque|porque|mientras que|, y más tarde|; sin embargo|, según se decía,",
    ),
    "tr": (
        "yıllık rapor|İstanbul Büyükşehir Belediyesi|bağımsız bir değerlendirme|bu anlaşma"
        "|nüfusun büyük çoğunluğu|araştırma laboratuvarı|ırmağın sıcaklığı|her katılımcı"
        "|ekonomik büyüme|uzun vadeli bir yatırım|üçüncü madde|Iğdır'daki kütüphane"
        "|çağdaş şehircilik",
        "açıkladı ve|ile karşılaştırıldı,|tamamen bağlıdır|değiştirdi|önemli ölçüde etkiledi"
        "|söz etmedi|birlikte yayımlandı|güçlendiriyor",
        "çünkü|ancak|; buna rağmen|ve daha sonra|, öte yandan",
    ),
    "ro": (
        "raportul anual|administrația publică|un inginer cunoscut|această înțelegere"
        "|majoritatea populației|evaluarea independentă|fiecare participant|viteza râului"
        "|creșterea economică|o investiție pe termen lung|Universitatea din București"
        "|articolul douăzeci și unu|biblioteca județeană|știința și învățământul",
        "descrie|a fost comparat cu|depinde în întregime de|a înlocuit|a contribuit la"
        "|nu a menționat|a fost publicată împreună cu|întărește",
        "deși|pentru că|în timp ce|, iar mai târziu|; totuși",
    ),
    "vi": (
        "báo cáo hằng năm|chính quyền địa phương|một kỹ sư nổi tiếng|thỏa thuận này"
        "|phần lớn dân số|sự đánh giá độc lập|mỗi người tham gia|nhiệt độ của dòng sông"
        "|tăng trưởng kinh tế|khoản đầu tư dài hạn|Đại học Hà Nội|điều hai mươi mốt"
        "|thư viện thành phố|những nghiên cứu gần đây",
        "mô tả|được so sánh với|phụ thuộc hoàn toàn vào|đã thay thế|góp phần vào"
        "|không nhắc đến|được xuất bản cùng với|củng cố",
        "mặc dù|bởi vì|trong khi|, và sau đó|; tuy nhiên",
    ),
}  # fmt: skip


class Chapter(Struct, frozen=True):
    """A title and its paragraphs."""

    title: str
    paragraphs: tuple[str, ...]


class Texts:
    """Chapters and words of one language.

    Args:
        chapters: where the words come from, too.
    """

    def __init__(self, language: str, chapters: list[Chapter]) -> None:
        self.language = language
        self.chapters = chapters
        found: set[str] = {
            word
            for chapter in chapters
            for paragraph in chapter.paragraphs
            for word in re.findall(r"\b[^\W\d_]{3,11}\b", paragraph)
            if word[1:].islower()
        }
        self.words = sorted(found)

    def word(self, chance: random.Random) -> str:
        """One word, lower case unless the language's own capital."""
        return chance.choice(self.words)

    def phrase(self, chance: random.Random, least: int, most: int) -> str:
        """Words that begin with a capital and have no full stop."""
        words = chance.sample(self.words, chance.randint(least, most))
        return capital(" ".join(words))

    def sentence(self, chance: random.Random, least: int, most: int) -> str:
        """Words that begin with a capital and end in a full stop."""
        return self.phrase(chance, least, most) + "."


def capital(text: str) -> str:
    """The text with its first letter as a capital, and the others as they are."""
    return text[:1].upper() + text[1:]


def texts(language: str, folder: Path | None) -> Texts:
    """The file xquad.LANGUAGE.json in ``folder``, else text made of built-in words.

    Raises:
        ValueError: there is neither.
    """
    path = folder / f"xquad.{language}.json" if folder else None
    if path is not None and path.exists():
        return Texts(language, _xquad(path))
    if language in _PHRASES:
        return Texts(language, _made(language))
    raise ValueError(f"no text in the language {language!r}: xquad.{language}.json is needed")


def _xquad(path: Path) -> list[Chapter]:
    articles: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["data"]
    return [
        Chapter(
            plain(re.sub(r"[^\w ,]", "", article["title"].replace("_", " "))) or "Notes",
            tuple(plain(paragraph["context"]) for paragraph in article["paragraphs"]),
        )
        for article in articles
    ]


def plain(text: str) -> str:
    """Text of letters, digits and the usual punctuation, that any font of its script can show."""
    text = unicodedata.normalize("NFC", text)
    kept = "".join(c for c in text if c.isspace() or c in PUNCTUATION or _is_usual(c))
    return " ".join(kept.split())


def _is_usual(char: str) -> bool:
    """Latin with its accents, Greek or Cyrillic; superscripts and ordinals are no letters here."""
    name = unicodedata.name(char, "")
    usual = name.startswith(("LATIN", "GREEK", "CYRILLIC", "DIGIT"))
    return usual and char.isalnum() and unicodedata.normalize("NFKC", char) == char


def _made(language: str) -> list[Chapter]:
    chance = random.Random(f"words of {language}")
    return [
        Chapter(
            capital(chance.choice(_PHRASES[language][0].split("|"))),
            tuple(_paragraph(language, chance) for _ in range(5)),
        )
        for _ in range(40)
    ]


def _paragraph(language: str, chance: random.Random) -> str:
    sentences = (_sentence(language, chance) for _ in range(chance.randint(3, 9)))
    return " ".join(sentences)


def _sentence(language: str, chance: random.Random) -> str:
    nouns, verbs, links = (words.split("|") for words in _PHRASES[language])

    def noun() -> str:
        named = chance.random() < 0.6
        return f"{chance.choice(nouns)} {_name(nouns, chance)}" if named else chance.choice(nouns)

    parts = [noun(), chance.choice(verbs), noun()]
    if chance.random() < 0.7:
        parts += [chance.choice(links), noun(), chance.choice(verbs), noun()]
    if chance.random() < 0.2:
        parts.append(f"({chance.randint(1950, 2020)}-{chance.randint(21, 99)})")
    return capital(" ".join(parts)).replace(" ,", ",").replace(" ;", ";") + "."


def _name(phrases: list[str], chance: random.Random) -> str:
    """A name made of the halves of two words, so that no two sentences are the same."""
    words = re.findall(r"[^\W\d_]{3,}", " ".join(phrases))
    first, last = chance.choice(words), chance.choice(words)
    return capital((first[: (len(first) + 1) // 2] + last[len(last) // 2 :]).lower())
