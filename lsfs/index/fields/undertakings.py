"""Who does what for whom, where a short contract says it in a sentence and names no parties.

"Vaultline stores back-ups of Ellingsen & Roth. Accepted on 11 February 2025." Sentences of that
form stand in every report and article, too; what makes one a contract is that it says, right
behind, that it was agreed to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from lsfs.index.facts.literals import Sought, at_lines
from lsfs.index.fields.forms import is_name, name_at
from lsfs.index.fields.labels import Found
from lsfs.patterns import later

REACH = 400  # characters behind the verb, in which it says that it was agreed to

_AGREED = later(
    r"(?:Agreed|Accepted|Signed|Concluded|Approved|Executed|Ordered|Confirmed) "
    r"(?:on|by|in|at|this)\b|"
    r"(?:Vereinbart|Geschlossen|Unterzeichnet|Angenommen|Beauftragt) (?:am|von|in)\b|"
    r"(?:Convenu|Conclu|Signé|Accepté) (?:le|par|à)\b|"
    r"(?:Acordado|Firmado|Aceptado|Celebrado) (?:el|por|en)\b"
)
AGREED = Sought(_AGREED)
# What each verb makes of who stands before it, and of whom it names.
_ROLES = {
    ("supplier", "customer"): (
        "provides supplies delivers sells stores hosts keeps maintains cleans services transports "
        "carries prints builds repairs installs produces makes designs translates audits "
        "liefert verkauft speichert wartet reinigt druckt baut repariert transportiert betreut "
        "fournit livre vend stocke entretient nettoie imprime répare héberge "
        "suministra entrega vende almacena mantiene limpia imprime repara aloja"
    ),
    ("customer", "supplier"): "buys orders kauft bestellt achète commande compra encarga",
    ("landlord", "tenant"): "lets leases rents vermietet verpachtet loue alquila arrienda",
    ("lender", "borrower"): "lends leiht prête presta",
    ("employer", "employee"): "employs hires beschäftigt emploie embauche emplea contrata",
    ("insurer", "insured"): "insures versichert assure asegura",
}
_OF_VERB = {verb: roles for roles, verbs in _ROLES.items() for verb in verbs.split()}
_CAPITAL = r"[^\W\d_a-zß-öø-ÿ]"
_NAME = (
    rf"(?:(?:Mrs?|Ms|Dr)\.? )?{_CAPITAL}[\w'\u2019-]*"
    rf"(?: (?:(?:&|de|del|van|von|der|du) )?{_CAPITAL}[\w'\u2019-]*){{0,5}}"
)
_SENTENCE = later(
    rf"^[ \t]*(?!(?:The|A|An|This|Each|Die|Der|Das|Le|La|El) )(?P<first>{_NAME}) "
    rf"(?P<verb>{'|'.join(sorted(_OF_VERB, key=len, reverse=True))}) "
    # "back-ups of", where no other name can be meant; "Gemüse an", whatever it is; nothing.
    r"(?P<what>(?:[^\s.;:A-ZÀ-ÖØ-Þ][^\s.;:]* ){0,10}?(?:of|de|von|bei|chez|from) |"
    r"(?:[^\s.;:]+ ){0,10}?(?:to|for|an|für|à|pour|a|para) |)"
    rf"(?P<second>{_NAME})",
    re.MULTILINE,
)
_DIRECT = frozenset(("employer", "insurer"))  # these act on whom they name, without a "to"


def undertaken(front: str) -> Iterator[Found]:
    """The parties of a contract of one sentence, with their roles.

    Args:
        front: in which it may stand, and which has a match of :data:`AGREED`.
    """
    for match in at_lines(_SENTENCE, front):
        roles = _OF_VERB[match["verb"]]
        if not match["what"] and roles[0] not in _DIRECT:
            continue
        if not _AGREED.search(front, match.end(), match.end() + REACH):
            continue
        names = [name_at(front, *match.span(group)) for group in ("first", "second")]
        if all(name is not None and is_name(front, name) for name in names):
            for name, role in zip(names, roles, strict=True):
                if name is not None:
                    yield Found("party", name, f"undertakes: {role}", 0.76)
            return
