"""Words for sorts of documents that are no kind of ours: poems, payslips, balance sheets.

A question may ask for files by them where something else says that files are meant: an order ("the
latest three payslips"), a language ("poems in French"), whose they are ("how many recipes do I
have?"). Alone they say less than a kind: "which songs did they write?" asks for no files.
"""

from __future__ import annotations

from lsfs.index.find.folding import fold

# A family a line, its words in the languages that kinds have; "one/several", or one word for both.
# "_" joins the words of a term.
_SORTS = """
    poem/poems gedicht/gedichte poeme/poemes poesia/poesie poesia/poesias poema/poemas
    song/songs lyrics lied/lieder chanson/chansons cancion/canciones canzone/canzoni
    story/stories short_story/short_stories tale/tales fairy_tale/fairy_tales geschichte/geschichten
    . kurzgeschichte/kurzgeschichten marchen conte/contes cuento/cuentos racconto/racconti
    . verhaal/verhalen
    recipe/recipes rezept/rezepte recette/recettes receta/recetas ricetta/ricette recept/recepten
    speech/speeches rede/reden discours discurso/discursos discorso/discorsi toespraak/toespraken
    book/books novel/novels buch/bucher roman/romane livre/livres libro/libros libro/libri
    . novela/novelas boek/boeken
    diary/diaries journal_entry/journal_entries tagebuch/tagebucher dagboek/dagboeken diario/diari
    text/texts texte/textes texto/textos testo/testi tekst/teksten
    translation/translations ubersetzung/ubersetzungen traduction/traductions
    . traduccion/traducciones traduzione/traduzioni vertaling/vertalingen
    balance_sheet/balance_sheets bilanz/bilanzen bilan/bilans bilancio/bilanci balans/balansen
    . balance_general/balances_generales
    financial_statement/financial_statements annual_accounts jahresabschluss/jahresabschlusse
    . comptes_annuels cuentas_anuales jaarrekening/jaarrekeningen
    payslip/payslips pay_slip/pay_slips paystub/paystubs pay_stub/pay_stubs wage_slip/wage_slips
    . salary_slip/salary_slips gehaltsabrechnung/gehaltsabrechnungen lohnabrechnung/lohnabrechnungen
    . gehaltszettel lohnzettel fiche_de_paie/fiches_de_paie bulletin_de_paie/bulletins_de_paie
    . nomina/nominas busta_paga/buste_paga cedolino/cedolini loonstrook/loonstroken
    tax_return/tax_returns steuererklarung/steuererklarungen declaration_d'impots
    . belastingaangifte/belastingaangiften
    tax_assessment/tax_assessments tax_notice/tax_notices steuerbescheid/steuerbescheide
    . avis_d'imposition
    certificate/certificates zertifikat/zertifikate urkunde/urkunden bescheinigung/bescheinigungen
    . certificat/certificats attestation/attestations certificado/certificados
    . certificato/certificati certificaat/certificaten
    diploma/diplomas zeugnis/zeugnisse diplome/diplomes
    permit/permits genehmigung/genehmigungen
    prescription/prescriptions ordonnance/ordonnances
    lab_result/lab_results test_result/test_results befund/befunde laborbefund/laborbefunde
    ticket/tickets fahrkarte/fahrkarten billet/billets billete/billetes biglietto/biglietti
    boarding_pass/boarding_passes bordkarte/bordkarten
    itinerary/itineraries timetable/timetables timesheet/timesheets stundenzettel
    delivery_note/delivery_notes lieferschein/lieferscheine bon_de_livraison/bons_de_livraison
    . albaran/albaranes pakbon/pakbonnen
    packing_list/packing_lists expense_claim/expense_claims job_application/job_applications
    . bewerbung/bewerbungen
    agenda/agendas tagesordnung/tagesordnungen
    brochure/brochures broschure/broschuren leaflet/leaflets flyer/flyers poster/posters
    catalogue/catalogues catalog/catalogs katalog/kataloge
    floor_plan/floor_plans grundriss/grundrisse blueprint/blueprints bauplan/bauplane
    drawing/drawings zeichnung/zeichnungen sketch/sketches skizze/skizzen
    specification/specifications spec/specs pflichtenheft/pflichtenhefte lastenheft/lastenhefte
    exam/exams klausur/klausuren worksheet/worksheets arbeitsblatt/arbeitsblatter
    screenshot/screenshots bildschirmfoto/bildschirmfotos
"""


def _families() -> list[list[list[str]]]:
    """Each family as terms of one form or of two, singular and plural."""
    lines = _SORTS.replace("\n    . ", " ").strip().splitlines()
    return [[term.replace("_", " ").split("/") for term in line.split()] for line in lines]


_FAMILY = {form: n for n, terms in enumerate(_families()) for term in terms for form in term}
_PLURALS = frozenset(term[-1] for terms in _families() for term in terms)
_LONGEST = 3  # words of a term
# Ends of German compounds, and their plurals: "Nebenkostenabrechnung".
_COMPOUNDS = (
    ("abrechnung", "en"), ("bescheid", "e"), ("bescheinigung", "en"), ("befund", "e"),
    ("bilanz", "en"), ("gedicht", "e"), ("katalog", "e"), ("lieferschein", "e"), ("rezept", "e"),
    ("urkunde", "n"), ("zeugnis", "se"), ("bewerbung", "en"), ("genehmigung", "en"),
)  # fmt: skip


def sort_at_end(words: list[str]) -> str:
    """The sort that the last words of a noun phrase name; "" when they name none.

    Args:
        words: folded, such as ``["electricity", "payslips"]``.
    """
    for count in range(min(_LONGEST, len(words)), 0, -1):
        term = " ".join(words[-count:])
        if term in _FAMILY:
            return term
    last = words[-1] if words else ""
    ends = any(last.endswith((one, one + many)) for one, many in _COMPOUNDS)
    return last if ends else ""


def is_plural(sort: str) -> bool:
    """Whether a word of :func:`sort_at_end` means several."""
    return sort in _PLURALS or sort.endswith(tuple(one + many for one, many in _COMPOUNDS))


def sort_kin(word: str) -> frozenset[str]:
    """Other words of the family, folded: "gedicht" for "poems"; none for another word."""
    number = _FAMILY.get(fold(word))
    return frozenset(term for term, n in _FAMILY.items() if n == number) - {fold(word)}
