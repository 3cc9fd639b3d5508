"""How people put it: courtesies, short forms, questions, what is taken back, and verbs."""

from __future__ import annotations

import re

from lsfs.syscalls.prompt.phrases import leads


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


CONTRACTIONS = {
    "what's": "what is", "whats": "what is", "where's": "where is", "who's": "who is",
    "how's": "how is", "that's": "that is", "it's": "it is", "i'm": "i am", "i've": "i have",
    "i'd": "i would", "let's": "let us", "there's": "there is", "when's": "when is",
    "don't": "do not", "doesn't": "does not", "didn't": "did not", "isn't": "is not",
    "aren't": "are not", "can't": "cannot", "couldn't": "could not", "what've": "what have",
    "haven't": "have not", "hasn't": "has not", "i'll": "i will", "we've": "we have",
    "we're": "we are", "you're": "you are", "which's": "which is", "what're": "what are",
    "pls": "please", "plz": "please", "u": "you",
}  # fmt: skip
CONTRACTED = re.compile(r"\b(" + "|".join(map(re.escape, CONTRACTIONS)) + r")(?![\w'])", re.I)
POLITE_FIRST = re.compile(
    r"""(?:please(?:\s+to)?|kindly|yo|hey(?:\s+(?:there|lsfs))?|hi(?:\s+there)?|hello|lsfs|ok(?:ay)?|well|so|right|now|
        um+|uh+|hmm+|oh|also|next|first|then|finally|and\s+then|and|quick(?:ly)?|just|actually|maybe|
        could\s+you|can\s+you|would\s+you|will\s+you|can\s+i|could\s+i|may\s+i|can\s+we|
        (?:be\s+so\s+kind\s+(?:as\s+to|and))|if\s+(?:you\s+can|possible)|
        would\s+you\s+mind|do\s+me\s+a\s+favou?r\s+and|if\s+you\s+could|i\s+was\s+wondering\s+if\s+you\s+could|
        i\s+(?:would\s+(?:really\s+)?(?:like|love)|want|need|wish|have|am\s+trying)\s+(?:you\s+)?to|
        (?:we|i)\s+(?:should|must|need\s+to)|i\s+think\s+(?:we|you|i)\s+should|
        help\s+me(?:\s+to)?|i\s+search\s+(?=please)|let\s+us|go\s+ahead\s+and|make\s+sure\s+(?:to|you)|
        it\s+is\s+time\s+to|time\s+to|try\s+to|i\s+am\s+going\s+to|you\s+should|
        the\s+thing\s+is|be\s+so\s+(?:good|kind)\s+(?:as\s+to|and)|for\s+me|in\s+case|do\s+you\s+think\s+you\s+could|thanks?)\b[\s,:!.…-]*""",
    re.IGNORECASE | re.VERBOSE,
)
POLITE_LAST = re.compile(
    r"""[\s,.!?…;:-]+(?:please|thanks?(?:\s+(?:you|a\s+lot|in\s+advance|so\s+much))?|thx|for\s+me|to\s+me|that\s+would\s+be\s+\w+|(?:it\s+is\s+)?much\s+appreciated|i\s+would\s+appreciate\s+(?:it|that)|ok(?:ay)?|right\s+now|
        right\s+away|immediately|asap|now|at\s+once|if\s+(?:you\s+can|possible|you\s+would|you\s+do\s+not\s+mind)|
        would\s+you|will\s+you|could\s+you|can\s+you|cheers|quickly|real\s+quick|as\s+soon\s+as\s+possible|
        when\s+you\s+(?:have\s+(?:a\s+)?(?:moment|time)|can)|my\s+friend|dear|and\s+thanks?)\s*$""",
    re.IGNORECASE | re.VERBOSE,
)
ENDS = " \t.!?…,;:"
QUESTION = re.compile(
    r"""(?:who|whom|whose|what|when|where|which|why|how|is|are|was|were|does|do(?!\s+(?:not|a|an|the)\b)|did|has|have|had|should|may|
        might|must|will|shall|am|can|could|would|in\s+(?:which|what)|on\s+(?:which|what)|at\s+(?:which|what)|
        by\s+(?:when|whom|what|which)|until\s+when|since\s+when|to\s+whom|for\s+(?:whom|how|which|what)|
        with\s+whom|from\s+whom|explain|name\s+(?:all|every|each|two|three|four|five|the\s+(?:two|three|four|five|\w+s))(?=\s)|under\s+(?:which|what))\b""",
    re.IGNORECASE | re.VERBOSE,
)
NEGATED = re.compile(r"(?:do\s+not|never|no\s+need\s+to)\b", re.IGNORECASE)
TAKES_BACK = re.compile(
    r"\b(?:not|no|never|nothing|don't|wait|instead|except|unless|rather|cancel|without|if|or|but|only|also)\b",
    re.I,
)
WITHDRAWN = re.compile(
    r"\b(?:wait|never\s+mind|forget\s+(?:it|that)|rather\s+not|no,?\s+(?:not|leave|keep|stop)\b|not\s+yet|do\s+not(?!\s+(?:let|need|want\s+\S+\s+any))|must\s+not|"
    r"should\s+not(?!\s+work)|on\s+second\s+thought|leave\s+(?:it|them|the\s+\w+)\s+(?:as|alone)|changed\s+my\s+mind)",
    re.IGNORECASE,
)
# What is told of a removal, or put off, asks for none now: "I almost deleted a.txt".
NOT_NOW = re.compile(
    r"""\b(?:says?|said|told|asked|wrote|writes)\b|
        ^(?:i|we|he|she|they|it|you|somebody|someone|anybody|nobody)\s+(?:\w+\s+){0,2}
          (?:deleted|removed|erased|threw|discarded|purged|trashed|emptied|dropped|wiped|pruned)\b|
        \b(?:tomorrow|tonight|later|soon|next\s+(?:week|month|year|\w+day)|
          in\s+(?:an?|\d+|two|three|some|a\s+few)\s+(?:minute|hour|day|week|month|year)s?)\b""",
    re.IGNORECASE | re.VERBOSE,
)
# Base forms of verbs that ask for something to be done. Where none of the phrases fits such a
# prompt, it asks for what lsfs does not do.
VERBS = _words(
    """alert archive attach backup block book burn buy calculate call cancel change check clean
    close compile compress convert create crop decrypt delete deploy download draw draft edit
    email encrypt erase execute export fax fill fix format forward import insert install
    invite kill launch mail make message modify monitor mount move notify open order paste pay
    play post print publish push record redact refactor register remind remove rename reply
    reset resize restart restore revert rewrite rotate run scan schedule send set share shut
    sign start stop submit subscribe sync tag tell text transcribe translate turn uninstall
    unmount unzip update upgrade upload write zip"""
)
NOUNS_TOO = _words(
    """archive attach backup block book call change check copy crop draft draw edit email export
    fax file fill form format forward group import insert install invite join kill label
    launch link list lock log mail make map match merge message mount move name note order
    paste pay play post print publish purchase push query read record register release remark
    reply report reset return review run scan schedule search sequence set share show sign
    sort split stamp start state status stop store submit summary sync tag test text total
    trace track transfer trash tree turn update upgrade upload version view visit watch work
    zip"""
)
ARTICLES = _words("the a an all every any my our what which that those these it its")
OBJECTS = _words(
    """the a an my our your his her their this that these those all every each me us it them him
    everything something anything both one two three off on up down out"""
)
NO_OBJECT = _words("""from of about in to by on with for at and or between since before""")


def plain(text: str) -> str:
    """A prompt without courtesies and the marks at its end."""
    text = CONTRACTED.sub(lambda word: CONTRACTIONS[word[0].lower()], text).strip()
    while True:
        shorter = POLITE_LAST.sub("", text).rstrip(ENDS)
        match = POLITE_FIRST.match(shorter)
        if match and match.end() < len(shorter):
            shorter = shorter[match.end() :].lstrip(ENDS)
        if shorter == text:
            return text
        text = shorter


def is_question(text: str) -> bool:
    """Whether a prompt asks, by its first word."""
    return bool(QUESTION.match(text))


def is_command(text: str) -> bool:
    """Whether a prompt begins with a verb that has an object."""
    words = text.lower().split()
    if len(words) > 1 and words[1] in NO_OBJECT:
        return False
    if words[0] in NOUNS_TOO:
        return len(words) > 1 and (words[1] in OBJECTS or not words[1].isalpha())
    return words[0] in VERBS or (len(words) > 1 and words[0] in leads())
