"""Small words by language: what tells languages apart, and what says nothing of a topic."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter

_SMALL = {
    "English": """
        a about above after again all also although always am among an and any are around as at be
        because been before being below between both but by can cannot could did do does doing
        done down during each either else ever every few for from further get given had has have
        having he her here hers herself him himself his how however i if in into is it its itself
        just less like made make many may me might more most much must my myself neither no nor
        not now of off often on once one only onto or other our ours out over own per quite rather
        same she should since so some such than that the their theirs them themselves then there
        these they this those though through thus to too two under until up upon us use used using
        very via was we were what when where whether which while who whom whose why will with
        within without would yes yet you your yours first second new well shall three another been
        don isn doesn etc
        """,
    "German": """
        aber alle allem allen aller alles als also am an ander andere anderen auch auf aus bei
        beim bin bis bist bzw da dabei dadurch dafür damit dann das dass dein dem den denn der
        deren des deshalb dessen die dies diese diesem diesen dieser dieses doch dort du durch ein
        eine einem einen einer eines er es etwa etwas euch euer für gegen gibt hab habe haben hat
        hatte hatten hier hin hinter ich ihm ihn ihnen ihr ihre ihrem ihren ihrer im in ins ist ja
        jede jedem jeden jeder jedes jedoch jene kann kein keine keinem keinen keiner können
        könnte man mehr mein meine mich mir mit muss müssen nach nicht nichts noch nun nur ob oder
        ohne sehr sein seine seinem seinen seiner seit selbst sich sie sind so soll sollen sollte
        sondern sonst sowie über um und uns unser unsere unter vom von vor wann war waren warum
        was wegen weil weiter welche welcher wenn wer werde werden wie wieder will wir wird wo
        wurde wurden zu zum zur zwar zwischen
        """,
    "French": """
        ai ainsi alors au aucun aussi autre aux avaient avait avant avec avoir car ce ceci cela
        celle celui ces cet cette ceux chaque chez comme comment dans de depuis des deux dont donc
        du elle elles en encore entre est et étaient était été être eu eux fait font il ils je
        jusqu la le les leur leurs lui ma mais me même mes moi moins mon ne ni nos notre nous on
        ont ou où par parce pas peu peut plus pour pourquoi quand que quel quelle quels qui sa
        sans se sera ses si son sont sous sur ta tandis tel tes toi ton tous tout toute toutes
        très trop tu un une vers voici votre vos vous
        """,
    "Spanish": """
        al algo algunos ante antes aquel aquí así aunque cada como con contra cual cuando cuya de
        del desde donde dos durante el ella ellas ellos en entre era eran es esa ese eso esta está
        están estas este esto estos fue fueron ha había han hasta hay la las le les lo los más me
        mediante mi mientras mismo muy nada ni no nos nosotros nuestra nuestro o os otra otro para
        pero poco por porque pues que qué quien se sea según ser si sido sin sino sobre son su sus
        también tan tanto te tiene tienen todo todos tras tu tus un una uno unos usted y ya yo
        """,
    "Italian": """
        agli ai al alla alle allo anche ancora avere aveva c che chi ci come con contro cui da
        dagli dai dal dalla dalle degli dei del della delle dello di dopo dove due e ed era erano
        essere fra gli ha hanno ho i il in io la le lei li lo loro lui ma mentre mi mio molto ne
        negli nei nel nella nelle nello noi non nostra nostro o ogni per perché più poi prima può
        qua quale quando quanto quella quelli quello questa queste questi questo qui se sei senza
        si sia siamo solo sono stata stato su sua sue sugli sui sul sulla suo suoi te tra tu tutti
        tutto un una uno vi voi
        """,
    "Portuguese": """
        ao aos aquela aquele as às até com como da das de dela dele deles depois do dos e ela elas
        ele eles em entre era essa esse esta está estão este eu foi foram há isso isto já lhe mais
        mas me mesmo meu minha muito na não nas nem no nos nós nossa nosso num numa o os ou para
        pela pelas pelo pelos por porque qual quando que quem são se sem ser seu seus só sua suas
        também te tem têm um uma você
        """,
    "Dutch": """
        aan al alles als altijd andere ben bij daar dan dat de der deze die dit doch doen door dus
        een eens en er ge geen haar had heb hebben heeft hem het hier hij hoe hun ik in is ja je
        kan kon kunnen maar me meer men met mij mijn moet na naar niet niets nog nu of om omdat
        onder ons ook op over reeds te tegen toch toen tot u uit uw van veel voor want waren was
        wat werd wezen wie wij worden wordt zal ze zelf zich zij zijn zo zonder zou
        """,
}  # fmt: skip
LANGUAGES = {name: frozenset(words.split()) for name, words in _SMALL.items()}
STOP_WORDS = frozenset().union(*LANGUAGES.values())

# Scripts that one language, or a few, are written in; the first that most letters belong to.
_SCRIPTS = {
    "HIRAGANA": "Japanese", "KATAKANA": "Japanese", "HANGUL": "Korean", "CJK": "Chinese",
    "CYRILLIC": "Cyrillic", "GREEK": "Greek", "ARABIC": "Arabic", "HEBREW": "Hebrew",
    "DEVANAGARI": "Devanagari", "THAI": "Thai",
}  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
LOOKED_AT = 2000  # characters
_LEAST = 3  # small words without which a language is a guess


def language_of(text: str) -> tuple[str, int]:
    """The language that a text is written in, and how many of its words say so; ("", 0) if unclear.

    By its script, else by its small words: no model, tens of microseconds.
    """
    text = text[:LOOKED_AT]
    letters = [c for c in text if c.isalpha()]
    foreign = Counter(unicodedata.name(c, "").partition(" ")[0] for c in letters if ord(c) > 0x36F)
    for script, language in _SCRIPTS.items():
        # Japanese has more Chinese characters than its own; a few of its own decide.
        needed = 0.1 if language == "Japanese" else 0.4
        if letters and foreign[script] > needed * len(letters):
            return language, foreign[script]
    words = Counter(_WORD.findall(text.casefold()))
    counts = {
        name: sum(count for word, count in words.items() if word in small)
        for name, small in LANGUAGES.items()
    }
    best = max(counts, key=lambda name: counts[name])
    return (best, counts[best]) if counts[best] >= _LEAST else ("", 0)
