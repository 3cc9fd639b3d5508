"""Words for counts and for units of time, in five languages, folded; and what they stand for."""

from __future__ import annotations

from lsfs.index.facts.dates import fold

_COUNTS = (
    (1, "one ein eine einen eines einem un une uno una"),
    (2, "two zwei deux dos due"),
    (3, "three drei trois tres tre"),
    (4, "four vier quatre cuatro quattro"),
    (5, "five fünf funf cinq cinco cinque"),
    (6, "six sechs seis sei"),
    (7, "seven sieben sept siete sette"),
    (8, "eight acht huit ocho otto"),
    (9, "nine neun neuf nueve nove"),
    (10, "ten zehn dix diez dieci"),
    (11, "eleven elf onze once undici"),
    (12, "twelve zwölf zwolf douze doce dodici"),
    (14, "fourteen vierzehn quatorze catorce"),
    (15, "fifteen fünfzehn funfzehn quinze quince quindici"),
    (18, "eighteen achtzehn dieciocho diciotto"),
    (20, "twenty zwanzig vingt veinte venti"),
    (24, "twenty-four vierundzwanzig vingt-quatre veinticuatro"),
    (30, "thirty dreißig dreissig trente treinta trenta"),
    (36, "thirty-six sechsunddreißig trente-six"),
    (48, "forty-eight achtundvierzig quarante-huit"),
    (60, "sixty sechzig soixante sesenta sessanta"),
    (90, "ninety neunzig quatre-vingt-dix noventa novanta"),
)
COUNTS = {form: n for n, line in _COUNTS for word in line.split() for form in (word, fold(word))}

_UNITS = {
    "D": "day days tag tage tagen jour jours día dia días dias giorno giorni",
    "W": "week weeks woche wochen semaine semaines semana semanas settimana settimane",
    "M": "month months monat monate monaten mois mes meses mese mesi",
    "Y": "year years jahr jahre jahren an ans année annee années annees año ano años anos "
    "anno anni",
}
UNITS = {
    form: unit
    for unit, line in _UNITS.items()
    for word in line.split()
    for form in (word, fold(word))
}
