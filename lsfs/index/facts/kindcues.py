"""What in a text speaks for a kind of document: how it is built, and what such documents say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsfs.index.facts.literals import Sought, Strings, folded, within_lines

_FRONT, _BACK = 6000, 2500  # characters at either end in which the structure is looked for

# "kind weight name:" and the pattern below it, broken before a "|" where it is long. What leads a
# line is looked for within it: "\W*" would go over all lines below, from each of them.
_CUE_TABLE = r"""
    contract 3 witness clause:
        \bin witness whereof\b
    contract 2 made between:
        \b(?:made|entered into|concluded)\b[^.]{0,80}\bbetween\b
    contract 3 by and between:
        \bby and between\b
    contract 2 gives to:
        \b(?:rents|lets|leases|lends|sells|licenses|hires)(?: out)? to\b
    contract 1.5 agreed on:
        ^[^\w\n]*+(?:\w+ ){0,2}(?:signed|agreed|concluded|executed) (?:on|at|in) \w+|\bagree on \d
        |[.] (?:signed|agreed|concluded) on \b
    contract 2 hereinafter:
        \b(?:hereinafter|hereby agree|herein called|witnesseth|whereas,?)\b
    contract 2 parties agree:
        \b(?:parties|both parties|landlord and tenant)\b[^.]{0,30}\bagree\b
    contract 1.5 this agreement:
        \bthis (?:\w+ ){0,2}(?:agreement|contract|lease|addendum)\b
    contract 1.5 law:
        \bgoverning law\b|\bgoverned by the laws?\b|\bjurisdiction of the courts\b
    contract 1.5 clauses:
        \bterm and termination\b|\bseverability\b|\bentire agreement\b
    contract 1.5 roles:
        \b(?:lessor|lessee|licensor|licensee|disclosing party|receiving party)\b
    contract 4 zwischen:
        \bzwischen\b[^§]{0,250}\bund\b[^§]{0,250}\b(?:nachfolgend|im folgenden|wird folgende)
    contract 1.5 § 1:
        ^[^\S\n]*§\s*1\b
    contract 3 soussignés:
        \bentre les soussignés\b|\bil a été convenu\b|\bci-après\b
    contract 3 partes:
        \breunidos\b|\ben adelante\b.{0,30}\barrend|\blas partes (?:acuerdan|convienen)\b
    contract 3 parti:
        \btra le parti\b|\bsi conviene e si stipula\b|\bdi seguito denominat
    invoice 3 invoice number:
        \binvoice (?:no|number|nr|#|date|id)\b|\brechnungs(?:nummer|-?nr|datum)\b
    invoice 3 invoice line:
        ^[^\w\n]*+(?:invoice|rechnung|facture|factura|fattura|factuur)[^\S\n]*
        (?:(?:no|nr|number|nummer|n)\b[.:º° ]*)?#?[^\S\n]*\d[\w./-]{0,16}[^\S\n]*$
    invoice 3 dated invoice:
        ^[^\w\n]*+\w{0,16}(?:invoice|rechnung|facture|factura|fattura|factuur)[^\S\n]*
        (?:(?:no|nr|number|nummer|n)\b[.:º° ]*)?#?[^\S\n]*(?:[a-z]{1,5}[/-]?)?\d[\w./-]{0,20}
        [^\S\n,]*[,]?[^\S\n]*(?:vom|von|of|dated|issued|du|del?|van|date)\b
    invoice 2 amount due:
        \b(?:amount|balance|total) due\b|\brechnungsbetrag\b|\bzahlbar bis\b|\bnet à payer\b
    invoice 2 bill to:
        \bbill(?:ed)? to\b|\bpayment terms\b|\bnuméro de facture\b|\bn[º°.]? (?:de )?factura\b
    invoice 2 invoice number:
        \bfattura n\b|\bfactura n|\bfacture n|\bfactura no\b|\bimponibile\b|\btotal ttc\b
    invoice 1 tax:
        (?-i:[vmtisVMTIS])(?<!\w.)(?:(?<=v)at|(?<=m)wst|(?<=t)va|(?<=i)va|(?<=i)ban|(?<=s)ubtotal)\b
    receipt 2 thank you:
        \bthank you for (?:your (?:purchase|payment|order)|shopping)\b
    receipt 2 paid:
        \b(?:change due|cash tendered|card ending|payment received|paid in full|visa \*+)
    receipt 1.5 till:
        \b(?:cashier|register|kassierer|bar bezahlt)\b
    receipt 2 receipt:
        ^[^\w\n]*+receipt\b
    letter 3 salutation:
        ^[ \t]*(?:dear\b|to whom it may concern|hi\b|hello\b|sehr geehrte|liebe[rs]?\b|(?:cher
        |chère|madame|monsieur)\b[^\n]{0,40},|estimad[oa]s?\b|muy señor|gentile\b|egregio\b
        |spett)
    letter 3 closing:
        ^[ \t]*(?:(?:yours|kind|best|warm) (?:sincerely|faithfully|truly|regards)|sincerely
        |regards|respectfully|mit freundlichen gr|hochachtungsvoll|cordialement|salutations
        |atentamente|un cordial saludo|cordiali saluti|distinti saluti|je vous prie d)
    email 9 mail header:
        \A\s*(?:[^\n]*\n){0,3}?(?:from|von|de|da)\s*:[^\n]+\n(?:[^\n]+\n){0,4}?(?:subject
        |betreff|objet|asunto|oggetto)\s*:
    minutes 1.5 apologies:
        ^[^\w\n]*+(?:apologies|absent|entschuldigt|excusés|ausentes|assenti)\b
    minutes 2.5 attendees:
        ^[^\w\n]*+(?:attendees|present|in attendance|teilnehmer|anwesend|présents|asistentes
        |presenti)\b\s*:?
    minutes 1.5 agenda:
        ^[^\w\n]*+(?:agenda|tagesordnung|ordre du jour|orden del día|ordine del giorno)\b
    minutes 1 of a meeting:
        ^[^\w\n]*+(?:[^\s:,;]+ ){0,5}(?:meeting|\w*sitzung|\w*versammlung|besprechung|réunion
        |assemblée|reunión|riunione|assemblea|vergadering)\b[^\w\n]*$
    minutes 2 meeting:
        \baction items?\b|\bmeeting (?:was )?(?:adjourned|called to order)\b|\bnext meeting\b
    report 2 findings:
        ^[^\w\n]*+(?:[\d.]+\s*)?(?:executive summary|management summary|key findings|findings
        |recommendations|zusammenfassung)\b
    report 2 this report:
        \bthis report\b|\bdieser bericht\b|\bce rapport\b|\beste informe\b
    resume 2 experience:
        ^[^\w\n]*+(?:work |professional )?(?:experience|employment history|berufserfahrung
        |expérience professionnelle|experiencia laboral|esperienze? (?:lavorativ
        |profession)\w+)[^\w\n]*$
    resume 1.5 education:
        ^[^\w\n]*+(?:education|ausbildung|formation|formación|istruzione)[^\w\n]*$
    resume 1 skills:
        ^[^\w\n]*+(?:skills|kenntnisse|compétences|habilidades|competenze|languages|sprachen)\b
    statement 2 balance:
        \b(?:opening|closing|previous|new) balance\b|\bsaldo\b|\bkontostand\b|\bsolde\b
    statement 1.5 account:
        \bstatement period\b|\baccount (?:number|summary)\b|\bdeposits\b|\bwithdrawals\b
    policy 2 this policy:
        \bthis policy\b|\ball (?:employees|staff) (?:must|are required)\b
    policy 1 scope:
        ^[^\w\n]*+(?:[\d.]+\s*)?(?:purpose|scope|compliance|enforcement)\b[^\w\n]*$
    newsletter 3 unsubscribe:
        \bunsubscribe\b|\bin this issue\b|\bnewsletter abbestellen\b
    newsletter 1.5 issue:
        \bdear (?:readers|subscribers)\b|\bissue\s+(?:no\.?\s*)?\d+\b
    manual 1.5 instructions:
        \btroubleshooting\b|\bsafety instructions\b|\bgetting started\b
    manual 1 steps:
        ^[^\w\n]*+(?:step \d|chapter \d)
    paper 2 abstract:
        ^[^\w\n]*+(?:abstract|résumé|zusammenfassung|keywords)\b
    paper 1 references:
        ^[^\w\n]*+(?:[\d.]+\s*)?(?:references|bibliography|literatur)[^\w\n]*$
    paper 1 citations:
        \bet al\.|\barxiv\b|\bdoi:
    form 2 blanks:
        (?:(?<!_)_{6,}[^_]+){3}|(?:[☐□][^☐□\n]+){2}
    form 2 to fill in:
        \bfor office use only\b|\bplease (?:print|complete|fill)\b
    quote 3 valid until:
        \b(?:this )?(?:quote|quotation|offer|estimate) (?:is )?valid\b|\bquot(?:e|ation) (?:no
        |number)
    quote 2 valid until:
        \bangebots?(?:nummer|-nr)\b|\bgültig bis\b|\bdevis n|\bvalidité\b
    order 2 order number:
        \b(?:po|purchase order|order|bestell)[ -]?(?:no|number|nummer|#)\b
    order 1.5 ship to:
        \bship to\b|\bdelivery date\b|\bquantity ordered\b
    notes 2 to-do:
        ^[^\S\n]*(?:[-*]\s*)?(?:\[ \]|todo\b|to do\b)
"""


# What a match of these must hold, which their patterns are too loose to tell.
_NEEDS = {
    "§ 1": ("\u00a7",),
    "of a meeting": (
        "meeting",
        "sitzung",
        "versammlung",
        "besprechung",
        "union",
        "assembl",
        "riunione",
        "reuni",
        "vergadering",
    ),
    "blanks": ("_" * 6, "\u2610", "\u25a1"),
    # It begins with characters, not with a border of words, and so is found faster.
    "tax": ("vat", "mwst", "tva", "iva", "iban", "subtotal"),
    "order number": tuple(
        f"{what}{mark}{word}"
        for what in ("po", "order", "bestell")
        for mark in ("", " ", "-")
        for word in ("no", "number", "nummer", "#")
    ),
}


_Cue = tuple[str, Sought, float, str]  # kind, pattern, weight, name


def _cues(table: str) -> list[_Cue]:
    cues: list[_Cue] = []
    for head, body in re.findall(r"^ {4}(\w.*):\n((?: {8}\S.*\n)+)", table, re.MULTILINE):
        kind, weight, name = head.split(" ", 2)
        pattern = "".join(line[8:] for line in body.splitlines())
        flags = re.IGNORECASE | re.MULTILINE
        sought = Sought(within_lines(pattern), _NEEDS.get(name, ()), flags)
        cues.append((kind, sought, float(weight), name))
    kinds = list(dict.fromkeys(cue[0] for cue in cues))
    return sorted(cues, key=lambda cue: kinds.index(cue[0]))


_CUES = _cues(_CUE_TABLE)
_NEEDED = Strings(need for _, sought, _, _ in _CUES for need in sought.needs)
_ALWAYS = {n for n, cue in enumerate(_CUES) if not cue[1].needs}  # that nothing leaves out
_OF_NEED: dict[str, set[int]] = {}
for _n, _cue in enumerate(_CUES):
    for _need in _cue[1].needs:
        _OF_NEED.setdefault(_need, set()).add(_n)


def by_structure(text: str) -> Iterator[tuple[str, float, str]]:
    """The kinds that a text speaks for, each with its weight and why."""
    ends = text if len(text) <= _FRONT + _BACK else f"{text[:_FRONT]}\n{text[-_BACK:]}"
    lines = f"\n{ends}"  # as patterns for lines are searched for
    held = _NEEDED.held(folded(lines))
    for n in sorted(_ALWAYS.union(*(_OF_NEED[need] for need in held))):
        kind, sought, weight, why = _CUES[n]
        text = lines if sought.text[0] == "\n" else ends
        if sought.pattern.search(text):
            yield kind, weight, f"{why!r} in the text"
