"""Words of a question for kinds of documents: the broad ones, and those for one sort of them.

Unlike the terms of :mod:`lsfs.index.facts.kinds` these read no document; they tell a listing's
topic from the name of what is listed.
"""

from __future__ import annotations

from lsfs.index.facts.dates import fold


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(text: str) -> dict[str, list[str]]:
    """``name: word word`` line by line; "_" joins the words of a term."""
    table: dict[str, list[str]] = {}
    for line in text.strip().splitlines():
        name, _, words = line.partition(":")
        table.setdefault(name.strip(), []).extend(w.replace("_", " ") for w in words.split())
    return table


# Folded. Singular and plural stand side by side: the languages form it in too many ways.
_BROAD = _table(
    """
    contract: contract contracts agreement agreements vertrag vertrage vertrages vertrags vertragen
    contract: vereinbarung vereinbarungen contrat contrats accord accords convention conventions
    contract: contrato contratos acuerdo acuerdos convenio convenios contratto contratti accordo
    contract: accordi contracten overeenkomst overeenkomsten acordo acordos
    invoice: invoice invoices bill bills rechnung rechnungen facture factures factura facturas
    invoice: fattura fatture factuur facturen fatura faturas
    receipt: receipt receipts quittung quittungen beleg belege recu recus recibo recibos ricevuta
    receipt: ricevute scontrino scontrini kassenbon kassenbons kassenzettel quittance quittances
    receipt: ticket_de_caisse tickets_de_caisse
    letter: letter letters brief briefe briefen briefes schreiben anschreiben lettre lettres
    letter: courrier courriers carta cartas lettera lettere brieven
    report: report reports bericht berichte berichten berichts rapport rapports informe informes
    report: rapporto rapporti relazione relazioni rapporten relatorio relatorios
    minutes: minutes protokoll protokolle protokollen sitzungsprotokoll sitzungsprotokolle
    minutes: compte_rendu comptes_rendus proces-verbal proces-verbaux acta actas verbale verbali
    minutes: notulen ata atas meeting_minutes
    email: email emails e-mail e-mails mail mails message messages nachricht nachrichten courriel
    email: courriels correo correos mensaje mensajes messaggio messaggi
    resume: resume resumes cv cvs curriculum curricula curriculum_vitae lebenslauf lebenslaufe
    resume: hoja_de_vida hojas_de_vida
    statement: statement statements bank_statement bank_statements account_statement
    statement: account_statements auszug auszuge kontoauszug kontoauszuge releve releves extracto
    statement: extractos estratto estratti estratto_conto estratti_conto
    policy: policy policies guideline guidelines richtlinie richtlinien politique politiques
    policy: politica politicas politiche regolamento regolamenti
    presentation: presentation presentations slides slideshow slideshows deck decks slide_deck
    presentation: slide_decks prasentation prasentationen folien diapositives presentacion
    presentation: presentaciones presentazione presentazioni
    spreadsheet: spreadsheet spreadsheets tabelle tabellen tableur tableurs hoja_de_calculo
    spreadsheet: hojas_de_calculo foglio_di_calcolo fogli_di_calcolo sheet sheets
    notes: note notes notiz notizen nota notas memo memos appunto appunti
    newsletter: newsletter newsletters bulletin bulletins rundbrief rundbriefe boletin boletines
    newsletter: bollettino bollettini
    manual: manual manuals handbook handbooks handbuch handbucher anleitung anleitungen manuel
    manual: manuels manuale manuali manuales guide guides guia guias guida
    paper: paper papers article articles aufsatz aufsatze articulo articulos articolo articoli
    code: code source_code script scripts quelltext quelltexte skript skripte codigo codice
    form: form forms formular formulare formularen formulaire formulaires formulario formularios
    form: formulari modulo moduli
    quote: quote quotes quotation quotations offer offers estimate estimates angebot angebote
    quote: angeboten kostenvoranschlag kostenvoranschlage devis presupuesto presupuestos preventivo
    quote: preventivi oferta ofertas offerta offerte
    order: order orders purchase_order purchase_orders bestellung bestellungen commande commandes
    order: bon_de_commande bons_de_commande pedido pedidos ordine ordini
    """
)
_KIN = _table(
    """
    lease: lease leases tenancy tenancies tenancy_agreement tenancy_agreements rental_agreement
    lease: rental_agreements rental_contract rental_contracts lease_agreement lease_agreements
    lease: sublease subleases mietvertrag mietvertrage untermietvertrag untermietvertrage
    lease: pachtvertrag pachtvertrage bail baux contrat_de_bail contrats_de_bail contrat_de_location
    lease: contrats_de_location contrato_de_arrendamiento contratos_de_arrendamiento
    lease: contrato_de_alquiler contratos_de_alquiler contratto_di_locazione contratti_di_locazione
    lease: contratto_di_affitto contratti_di_affitto
    employment: employment_contract employment_contracts employment_agreement
    employment: employment_agreements contract_of_employment contracts_of_employment arbeitsvertrag
    employment: arbeitsvertrage dienstvertrag dienstvertrage anstellungsvertrag anstellungsvertrage
    employment: contrat_de_travail contrats_de_travail contrato_de_trabajo contratos_de_trabajo
    employment: contratto_di_lavoro contratti_di_lavoro
    nda: nda ndas non-disclosure non-disclosure_agreement non-disclosure_agreements
    nda: non_disclosure_agreement non_disclosure_agreements nondisclosure_agreement
    nda: confidentiality_agreement confidentiality_agreements geheimhaltungsvereinbarung
    nda: geheimhaltungsvereinbarungen vertraulichkeitsvereinbarung vertraulichkeitsvereinbarungen
    nda: accord_de_confidentialite accords_de_confidentialite acuerdo_de_confidencialidad
    nda: acuerdos_de_confidencialidad accordo_di_riservatezza accordi_di_riservatezza
    licence: licence_agreement licence_agreements license_agreement license_agreements
    licence: licensing_agreement licensing_agreements lizenzvertrag lizenzvertrage
    licence: contrat_de_licence contrats_de_licence contrato_de_licencia contratos_de_licencia
    licence: contratto_di_licenza contratti_di_licenza lizenzvereinbarung lizenzvereinbarungen
    loan: loan_agreement loan_agreements loan_contract loan_contracts credit_agreement
    loan: credit_agreements darlehensvertrag darlehensvertrage kreditvertrag kreditvertrage
    loan: contrat_de_pret contrats_de_pret pret prets contrato_de_prestamo contratos_de_prestamo
    loan: contratto_di_prestito contratti_di_prestito contratto_di_mutuo contratti_di_mutuo
    sale: purchase_contract purchase_contracts purchase_agreement purchase_agreements sale_contract
    sale: sale_contracts sales_contract sales_contracts sale_agreement sale_agreements
    sale: sales_agreement sales_agreements contract_of_sale contracts_of_sale bill_of_sale
    sale: bills_of_sale kaufvertrag kaufvertrage contrat_de_vente contrats_de_vente
    sale: contrato_de_compraventa contratos_de_compraventa contratto_di_vendita
    sale: contratti_di_vendita contratto_di_compravendita contratti_di_compravendita
    draft: draft drafts entwurf entwurfe entwurfes brouillon brouillons borrador borradores bozza
    draft: bozze rascunho rascunhos utkast
    copy: copy copies kopie kopien copie copies copia copias copie
    template: template templates vorlage vorlagen modele modeles plantilla plantillas
    """
)
_FAMILY = {word: name for name, words in _KIN.items() for word in words}
# Plurals that a language does not form with "s"; the endings are those of German compounds.
_PLURAL_ENDINGS = (
    "vertrage", "vertragen", "vereinbarungen", "rechnungen", "berichte", "protokolle", "angebote",
    "bestellungen", "auszuge", "handbucher", "formulare", "richtlinien",
)  # fmt: skip
_PLURALS = _words(
    """briefe briefen berichten quittungen belege notizen anleitungen prasentationen rundbriefe
    lebenslaufe kostenvoranschlage schreiben nachrichten baux contratti accordi fatture ricevute
    scontrini lettere rapporti relazioni verbali preventivi appunti presentazioni bollettini manuali
    formulari proces-verbaux contracten overeenkomsten facturen brieven rapporten notulen"""
)
# Plurals of something else as well, and kinds that are asked for by their type.
_NO_KIND = _words("conventions decks articles sheets guides")
_TYPED = frozenset(("email", "spreadsheet", "code"))


def plural_in_form(word: str) -> bool:
    """Whether a folded word that names a kind has the form of a plural."""
    return word.endswith("s") or word.endswith(_PLURAL_ENDINGS) or word in _PLURALS


ASKED_PLURALS = {
    word: kind
    for kind, words in _BROAD.items()
    for word in words
    if kind not in _TYPED and plural_in_form(word) and word not in _NO_KIND
}


def broad_names(kind: str) -> frozenset[str]:
    """The words that say no more than a kind itself, in the languages we know.

    Args:
        kind: as :func:`lsfs.index.facts.kinds.kind_of` names it.

    Returns:
        Folded words and terms, singular and plural, with the kind's own name; of an unknown kind
        that name alone, and none for "".
    """
    return frozenset((*_BROAD.get(kind, ()), *filter(None, (kind,))))


def kin(word: str) -> frozenset[str]:
    """Other words for the same sort of document: "mietvertrag" and "tenancy" for "leases".

    Args:
        word: a word or a term of several words, in singular or plural.

    Returns:
        Folded words and terms of its family without itself; empty when it has none.
    """
    folded = " ".join(fold(word).replace("_", " ").strip(" .,;:!?").split())
    # "außer Mietverträgen": the dative of a German plural.
    family = _FAMILY.get(folded) or _FAMILY.get(folded.removesuffix("n"), "")
    return frozenset(_KIN.get(family, ())) - {folded}
