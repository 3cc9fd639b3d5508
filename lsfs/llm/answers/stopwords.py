"""Function words by language: what a question is built with, and does not ask for."""

from __future__ import annotations

import re


def _set(text: str) -> frozenset[str]:
    return frozenset(text.split())


ENGLISH = _set(
    """a an the of in on at by for from to with and or nor but if as is are was were be been
    being am do does did done have has had having will would shall should can could may might
    must i me my we us our you your he him his she her it its they them their this that these
    those there here what which who whom whose when where why how much many not no any some
    all each about into over than then so such also only own same very just tell show find
    give please name type kind according file files document documents say says said stated"""
)
_OTHERS = (
    _set(
        """der die das den dem des ein eine einen einem einer eines und oder aber wenn ist sind war
        waren wird werden wurde wurden hat haben hatte ich du er sie es wir ihr mein dein sein unser
        im in am an auf aus bei mit nach von vom zu zum zur für über um bis als wie was wer wen wem
        wann wo warum welche welcher welches welchen wessen viel viele hoch lautet heißt gilt nicht
        kein keine sich auch steht"""
    ),
    _set(
        """le la les un une des du de et ou mais si est sont était été sera ont avait il elle nous
        vous ils mon ma mes votre notre leur en au aux dans sur pour par avec sans ce cette ces qui
        que quoi dont où quand comment pourquoi combien quel quelle quels quelles ne pas plus aussi
        se son sa ses l d qu"""
    ),
    _set(
        """el la los las un una unos de del y o pero es son era fue será ha han yo tú él ella en mi
        nosotros su sus al con para por sin sobre este esta estos que qué quién quien cuál cuánto
        cuánta cuándo cuando cómo dónde donde no se"""
    ),
    _set(
        """il lo la gli i le un una uno di del dello della dei degli delle e ma è sono sarà ha hanno
        io noi voi loro suo sua nel nella al alla dal dalla con per tra fra che chi cosa quale quali
        quanto quanta quando come dove non si"""
    ),
)
_WORD = re.compile(r"[^\W\d_]+")


def stop_words(question: str) -> frozenset[str]:
    """The function words of the language that the question is most likely in."""
    asked = set(_WORD.findall(question.casefold()))
    best = max(_OTHERS, key=lambda words: len(words & asked))
    # Short words are shared between languages ("in", "an", "die", "war"): English wins ties.
    return best if len(best & asked) > len(ENGLISH & asked) else ENGLISH
