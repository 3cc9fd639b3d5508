"""Words of a question that ask for an order, an amount of money or mails."""

from __future__ import annotations

import re

from lsfs import currencies


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


LATEST_WORDS = (
    r"(?:latest|newest|last|most\s+recent|(?:aller)?(?:letzte|neueste|jüngste)[nrsm]?|derni(?:er|ère)s?|"
    r"laatste|nieuwste|(?:meest\s+)?recente?ste|meest\s+recente|"
    r"últim[oa]s?|ultim[oaie]|más\s+recientes?|più\s+recent[ei])\b"
)
ORDER_WORDS = {
    "newest": LATEST_WORDS,
    "oldest": r"(?:oldest|earliest|(?:aller)?(?:älteste|früheste)[nrsm]?|oudste|"
    r"plus\s+ancien(?:ne)?s?|más\s+antigu[oa]s?|più\s+vecchi[oae]?|first(?=\s+(?:\d|"
    r"two|three|four|five|ten)))\b",
    "largest": r"(?:largest|biggest|(?:aller)?größte[nrsm]?|grootste|"
    r"plus\s+(?:gros(?:se)?s?|grande?s?)|más\s+grandes?|più\s+grand[ei])\b",
    "smallest": r"(?:smallest|(?:aller)?kleinste[nrsm]?|plus\s+petite?s?|"
    r"más\s+pequeñ[oa]s?|"
    r"più\s+piccol[oaie])\b",
    "dearest": r"(?:most\s+expensive|highest|costliest|priciest|"
    r"(?:aller)?(?:teuerste|höchste)[nrsm]?|duurste|hoogste|plus\s+(?:chère?s?|chers?|élevée?s?)|más\s+(?:car|alt)[oa]s?|"
    r"più\s+(?:car|alt)[oaie])\b",
    "cheapest": r"(?:cheapest|least\s+expensive|lowest|"
    r"(?:aller)?(?:billigste|günstigste|niedrigste)[nrsm]?|goedkoopste|laagste|moins\s+(?:chère?s?|chers?|élevée?s?)|más\s+(?:barat|baj)[oa]s?|"
    r"(?:meno\s+car|più\s+bass)[oaie])\b",
}
_MONEY = (
    rf"(?:{currencies.SIGN}|(?:{currencies.WORD}|(?-i:{currencies.CODE}|{currencies.SHORT})|"
    r"francos?|franchi|yen|pesos?|rupees?|grand)(?![^\W\d]))"
)
MONEY_KINDS = _words("invoice receipt quote order statement")
AMOUNT = re.compile(
    rf"(?<!\w)(?:(?:that|which|die|qui|que|che)\s+)?(?:(?:are|is|were|was|amount(?:s|ing)?\s+to|"
    rf"total(?:s|l?ing)?|worth|costing|sind|sont|son|sono)\s+)?(?:of\s+|for\s+)?"
    rf"(?P<said>(?P<bound>over|above|no\s+more\s+than|more\s+than|larger\s+than|bigger\s+than|"
    rf"greater\s+than|higher\s+than|exceeding|less\s+than|lower\s+than|"
    rf"under|below|at\s+least|at\s+most|up\s+to|über|mehr\s+als|unter|weniger\s+als|mindestens|"
    rf"höchstens|plus\s+de|moins\s+de|supérieure?s?\s+à|más\s+de|menos\s+de|più\s+di|meno\s+di|oltre|"
    rf"(?:größer|höher|kleiner|niedriger)\s+als|au\s+moins|au\s+plus|inférieure?s?\s+à|al\s+menos|"
    rf"como\s+máximo|almeno|al\s+massimo|(?:mayor|menor|superior|inferior)(?:es)?\s+(?:de|que|a)|"
    rf"(?:superiori|inferiori)\s+a|(?:meer|minder|hoger|lager|groter|kleiner)\s+dan|minstens|"
    rf"hoogstens|"
    rf"between|zwischen|entre|from|[<>]=?)\s*(?P<sign>{_MONEY})?\s?"
    rf"(?P<number>\d[\d.,'\u2019 ]{{0,14}}(?<=\d)(?P<k>k(?!\w))?)"
    rf"(?:(?:\s?{_MONEY})?\s+(?:and|to|und|bis|et|y|e|a)\s+(?:{_MONEY})?\s?"
    rf"(?P<high>\d[\d.,'\u2019]{{0,14}}(?<=\d)k?(?!\w)))?"
    rf"(?:\s?(?P<unit>{_MONEY}))?)(?![\w%])",
    re.IGNORECASE,
)
# Mails too where a sender, a receiver or a topic follows; else "mail" is a verb, "message" a word.
MAIL_WORDS = _words(
    "mail message messages nachricht nachrichten mensaje mensajes messaggi messaggio"
)
MAIL_LINKS = _words(
    "from to about von vom an uber de du a sur para sobre da su regarding concerning"
)
