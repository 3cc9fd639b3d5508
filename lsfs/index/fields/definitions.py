"""Which fields documents have, of what type they are, and what they are called in documents.

The built-in fields stand in one table, a field with its labels in English, German, French, Spanish
and Italian. A user adds fields, or labels to these, in the settings (``[fields.NAME]``).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache

from msgspec import Struct

from lsfs.config import FieldConfig
from lsfs.index.facts.dates import fold

TYPES = (
    "party", "amount", "date", "duration", "number", "email", "phone", "iban", "text",
)  # fmt: skip
LONGEST_LABEL = 6  # words
_WORD = re.compile(r"[^\W_]+")
NUMBER_WORD = "no"  # what stands for each of these in the key of a label
NUMBER_WORDS = ("no", "nr", "n", "num", "number", "nummer", "numero", "nro")

# "field type:" and below it the labels, a language a line, parted by "|". Case, accents and what
# stands between the words do not matter: "n° facture" is read as "n facture".
_TABLE = """
party party:
    account holder | policy holder | attention | attn
    for the attention of | landlord | lessor | tenant
    lessee | buyer | purchaser | seller | vendor | supplier | client
    customer | customer name | employer | employee | borrower | lender | licensor | licensee
    contractor | service provider | provider | consultant | bill to | billed to | invoice to
    sold to | ship to | sold by | issued by | issued to | from | to | remit to | party a | party b
    first party | second party | between | name of tenant | name of landlord | insured
    policyholder | insurer
    vertragspartner | kontoinhaber | versicherungsnehmer | vermieter | vermieterin
    leistungsempfänger | leistungserbringer | warenempfänger | zahlungsempfänger
    mieter | mieterin | verkäufer | verkäuferin | käufer | käuferin
    auftraggeber | auftraggeberin | auftragnehmer | auftragnehmerin | kunde | kundin | lieferant
    arbeitgeber | arbeitgeberin | arbeitnehmer | arbeitnehmerin | rechnungsempfänger | empfänger
    rechnungssteller | rechnungsersteller | rechnungsaussteller | rechnung an | absender | an
    von | darlehensgeber | darlehensnehmer
    verkauft durch | verkauft von | vendu par | vendido por | venduto da | verkocht door
    titulaire du compte | account name | titular de la cuenta | intestatario | rekeninghouder
    titulaire | bailleur | locataire | preneur
    vendeur | acheteur | acquéreur | client | fournisseur
    employeur | salarié | salariée | facturé à | facture à | émetteur | destinataire | prestataire
    emprunteur | prêteur | expéditeur | adressé à | à l'attention de
    titular | arrendador | arrendadora | arrendatario
    arrendataria | vendedor | vendedora | comprador
    compradora | cliente | proveedor | empleador | empleado | trabajador | trabajadora
    facturar a | facturado a | emisor | destinatario | prestador | prestatario | prestamista
    patient | patiente | patientin | paciente | guest | passenger | licenser
    lizenzgeber | lizenzgeberin | lizenznehmer | lizenznehmerin | licenciante | licenciatario
    payer | payee | paid to | paid by | beneficiary | bénéficiaire | payeur | beneficiario | pagador
    begünstigter | zahlungsempfänger | zahlungspflichtiger | ordenante | ordinante | subcontractor
    subunternehmer | nachunternehmer | sous traitant | subcontratista
    locatore | conduttore | venditore | acquirente | cliente | fornitore | datore di lavoro
    sponsor | sponsored by | donor | donated by | funder | funding body | hirer | hired by
    spender | spenderin | fördergeber | zuwendungsgeber | entleiher | entleiherin | versicherer
    parrain | donateur | donatrice | financeur | souscripteur | assureur | assuré
    patrocinador | patrocinadora | donante | financiador | asegurado | aseguradora | tomador
    donatore | finanziatore | contraente | assicuratore
    contratista | contratante | cedente | cesionario | cesionaria | tomador del seguro
    donneur d'ordre | concédant | concessionnaire | committente | appaltante | appaltatore
    cessionario | verpächter | verpächterin | pächter | pächterin
    verhuurder | huurder | leverancier | klant | verkoper | koper | opdrachtgever | opdrachtnemer
    werkgever | werknemer | verzekeraar | verzekeringnemer
author party:
    author | written by | prepared by | drafted by | report by | compiled by
    verfasser | verfasserin | autor | autorin | erstellt von | bearbeiter | bearbeiterin
    auteur | auteure | rédigé par | établi par | préparé par
    autora | redactado por | elaborado por | preparado por
    autore | autrice | redatto da | preparato da
invoice_number number:
    invoice no | invoice number | invoice nr | invoice id | invoice | inv no
    tax invoice no | tax invoice | bill no | bill number | our invoice
    rechnungsnummer | rechnungs nr | rechnung nr | rechnungsnr | rechnung | rechnung nummer
    rechnungs id | belegnummer | beleg nr | rg nr | rg nummer
    numéro de facture | n facture | facture n
    référence facture | facture no | facture numéro | n de facture
    facture | réf facture | numéro facture
    número de factura | n factura | factura n | factura no | no de factura | no factura
    factura número | factura | núm factura | factura núm | n de factura
    factuurnummer | factuur nr | factuur | credit note no | credit note number
    adjustment note no | credit memo no | note de crédit n | nota de crédito n
    nota di credito n | creditfactuur nr
    gutschriftsnummer | gutschrift nr | rechnungskorrektur nr | korrekturrechnung nr
    avoir n | n d'avoir | numéro d'avoir | creditnota nr
    fattura n | numero fattura | fattura | n fattura | numero di fattura
contract_number number:
    contract no | contract number | contract nr | agreement no | agreement number | contract id
    lease no | policy no | policy number | contract reference | agreement reference
    lease reference | lease number | tenancy reference | tenancy no | contract ref | agreement ref
    vertragsnummer | vertrags nr | vertrag nr | vertragsnr | policennummer
    versicherungsnummer | versicherungsschein nr
    numéro de contrat | contrat n | contrat no | n de contrat | n contrat | police n
    numéro de police
    número de contrato | contrato n | contrato no | contrato núm | n de contrato | no de contrato
    numero contratto | contratto n | contractnummer | contract nr
    agreement | contract | lease | policy | vertrag | contrat | bail | police | convention
    contrato | póliza | contratto | polizza
    convention n | n de convention | réf convention | convention ref | bail n | n de bail
    n de póliza | póliza n | polizza n | numero di polizza | polisnummer | polis nr
order_number number:
    order no | order number | purchase order | po number | po no | po | your order | order id
    order ref | order reference | our order | your order no | po ref | your po
    bestellnummer | bestell nr | auftragsnummer | auftrags nr | bestellung nr | ihre bestellung
    numéro de commande | commande n | bon de commande | n de commande | n commande | votre commande
    número de pedido | pedido n | pedido no | n de pedido | no de pedido | su pedido | pedido
    ref pedido | referencia de pedido | bestellung | auftrag nr | ihr auftrag | commande
    réf commande | référence commande
    ordernummer | order nr | bestelnummer | bestelling nr | uw order
    numero ordine | ordine n | ordine | vostro ordine | rif ordine
quote_number number:
    quotation no | quotation number | quote no | quote number | quotation | estimate no
    estimate number | offer no | our quotation | your quotation | our quote | your quote
    quotation reference | quote reference | quote ref | our estimate | your estimate
    angebotsnummer | angebots nr | angebot nr | unser angebot | ihr angebot | kostenvoranschlag nr
    numéro de devis | n de devis | devis n | devis no | n devis | notre devis | votre devis
    número de presupuesto | presupuesto n | presupuesto no | n de presupuesto | su presupuesto
    numero preventivo | preventivo n | vostro preventivo
customer_number number:
    customer no | customer number | client no | client number | account no | account number
    customer id | client id | account id
    vertragskonto | kundennummer | kunden nr | kundennr | kdnr | kd nr
    numéro client | numéro de client | n client | client n | code client | n de client | réf client
    número de cliente | n cliente | cliente n | código de cliente | n de cliente | no de cliente
    codice cliente | numero cliente
    klantnummer | klant nr | debiteurnummer
reference text:
    our ref | your ref | our reference | your reference | reference | ref | reference no | file no
    unser zeichen | ihr zeichen | aktenzeichen | az | zeichen | geschäftszeichen
    notre référence | nos réf | votre référence | vos réf | référence | réf | n réf | v réf
    nuestra referencia | su referencia | referencia | n ref | s ref | nuestra ref | su ref
    riferimento | rif | vostro riferimento | nostro riferimento
tax_id number:
    vat no | vat number | vat id | vat reg no | vat registration no | tax id | tax number | ein
    vat registration number | tax no
    ust idnr | ust id | ust id nr | umsatzsteuer id | steuernummer | steuer nr | st nr | uid
    umsatzsteuer identifikationsnummer
    n tva | tva n | tva intracommunautaire | n de tva | numéro de tva | siret | siren
    n tva intracommunautaire | tva intracom
    nif | cif | nif cif | cif nif | n iva | número de identificación fiscal
    btw nummer | btw nr | btw id
    partita iva | p iva | codice fiscale
total amount:
    total | total due | amount due | total amount | grand total | balance due | invoice total
    total amount due | amount payable | total payable | total to pay | please pay | to pay
    total including vat | total incl vat | total inc vat | invoice amount | net payable
    net amount payable | net amount due | total net payable | net due
    gesamtbetrag | rechnungsbetrag | gesamtsumme | zu zahlen | zu zahlender betrag | gesamt
    endbetrag | bruttobetrag | zahlbetrag | summe brutto | gesamtbetrag brutto | summe
    total ttc | montant total | net à payer | total à payer | montant ttc | montant dû
    montant total ttc | montant à payer | somme à payer
    total a pagar | importe total | total factura
    importe a pagar | total con iva | total general | importe total
    order total | order value | total order value | bestellsumme | auftragssumme | bestellwert
    total commande | total de la commande | total del pedido | importe del pedido | totale ordine
    amount paid | paid amount | payment amount | amount transferred | überwiesener betrag
    gezahlter betrag | montant payé | montant réglé | importe pagado | importe abonado
    importo pagato | total credit | credit total | credit amount | amount credited
    gutschriftsbetrag | gutschriftbetrag | gutschrift gesamt | summe gutschrift
    total avoir | total de l'avoir | montant de l'avoir | total du crédit | montant du crédit
    total nota de crédito | total abono | importe del abono | totale nota di credito
    refund amount | amount refunded | total refund | refund total | erstattungsbetrag
    erstatteter betrag | montant remboursé | montant du remboursement | importe reembolsado
    importo rimborsato
    totaal | totaalbedrag | te betalen | totale | totale da pagare | totale fattura
    importo totale | totale documento | netto a pagare | totale a pagare
    total a percibir | líquido a percibir | importe líquido | total líquido | a percibir
    total a abonar | importe a abonar | net à régler | total à régler | solde à payer
    auszahlungsbetrag | offener betrag | totaal te betalen | te voldoen | totaal te voldoen
    bruttosumme | rechnungssumme | due payable | payable amount | rechnungsendbetrag
    endsumme | summe gesamt | gesamt brutto | fälliger betrag | offener betrag | überweisungsbetrag
    zu überweisen | zu überweisender betrag | abbuchungsbetrag | forderungsbetrag
    amount to pay | total amount payable | total amount to pay | amount outstanding
    total for this invoice | invoice total amount | total charges | outstanding balance
    net à payer ttc | montant net à payer | total net à payer | reste à payer | solde à payer
    solde dû | montant à régler | total à régler | total général
    totale a pagare | netto a pagare | importo da pagare | totale da versare | totale generale
    total a abonar | líquido a pagar | líquido a percibir | importe a abonar
    te voldoen | totaal te betalen | totaal te voldoen | factuurbedrag | openstaand bedrag
    eindbedrag | eindtotaal | totaal incl | totaal inclusief btw
    amount | betrag | montant | importe | importo | bedrag
net amount:
    net | net amount | subtotal | sub total | net total | total net | total excl vat | net value
    total excluding vat | amount before tax | total before vat
    nettobetrag | netto | zwischensumme | summe netto | gesamtbetrag netto | warenwert
    nettosumme | summe nettobeträge | nettowarenwert | nettorechnungsbetrag
    total ht | montant ht | sous total | total hors taxes | montant hors taxes | sous total ht
    base imponible | importe neto | neto | subtotal | total sin iva
    imponibile | totale imponibile | netto
    subtotaal | exclusief btw | excl btw | totaal exclusief btw
tax amount:
    vat | vat amount | tax | sales tax | tax amount | vat at | plus vat
    mwst | ust | umsatzsteuer | mehrwertsteuer | zzgl mwst | zzgl ust | mwst betrag | steuerbetrag
    zzgl | zuzüglich
    tva | montant tva | taxe | dont tva | montant de la tva
    btw | btw bedrag
    iva | cuota iva | importe iva | cuota de iva
    imposta
rent amount:
    rent | monthly rent | annual rent | base rent | rent per month | net rent
    miete | monatsmiete | kaltmiete | monatliche miete | grundmiete | nettokaltmiete | mietzins
    loyer | loyer mensuel | loyer hors charges | montant du loyer | loyer annuel
    renta | renta mensual | alquiler | alquiler mensual | precio del alquiler | renta anual
    canone | canone mensile | canone di locazione | huurprijs | huur per maand | maandhuur
deposit amount:
    deposit | security deposit | rent deposit | retainer
    kaution | mietkaution | mietsicherheit | anzahlung | sicherheitsleistung
    dépôt de garantie | caution | acompte | dépôt
    fianza | depósito | depósito de garantía | anticipo
    cauzione | deposito cauzionale | acconto | waarborgsom | borg
salary amount:
    salary | annual salary | monthly salary | gross salary | base salary | remuneration | wage
    gehalt | bruttogehalt | monatsgehalt | jahresgehalt | vergütung | grundgehalt
    salaire | salaire brut | salaire mensuel | rémunération | salaire annuel | salaire mensuel brut
    salario | salario bruto | salario mensual | retribución | remuneración | salario anual
    stipendio | retribuzione
price amount:
    price | purchase price | sale price | contract price | fee | fees | contract value | loan amount
    monthly fee | total price | contract sum | service fee | principal | licence fee | license fee
    preis | kaufpreis | honorar | vertragswert | gesamtpreis | auftragswert | pauschale
    darlehensbetrag | festpreis
    prix | prix de vente | prix total | honoraires | montant du contrat | montant du prêt | forfait
    precio | precio de venta | precio total | honorarios | importe del contrato | precio de compra
    prezzo | compenso | onorario | corrispettivo
date date:
    le | date | dated | invoice date | date of invoice | issue date | date of issue | contract date
    letter date | order date | date issued | issued on | issued | billing date
    booking date | posting date | transaction date | created at
    datum | rechnungsdatum | ausstellungsdatum | vertragsdatum | belegdatum | ausgestellt am
    rechnung vom | buchungstag | buchungsdatum | bestelldatum | auftragsdatum
    date de facture | date de facturation | date d'émission | émise le | émis le | fait le
    date de la facture | date facture | date d'opération | date de l'opération | date de commande
    fecha | fecha de factura | fecha de emisión | fecha factura | fecha de expedición
    fecha de operación | fecha operación | fecha de pedido
    factuurdatum
    data | data fattura | data di emissione | data operazione | data contabile | data ordine
due date:
    due | due date | payment due | due by | payable by | payment due date | pay by | due on
    payment date | please pay by
    fällig | fällig am | zahlbar bis | fälligkeit | fälligkeitsdatum | zahlungsziel | zahlbar am
    zu zahlen bis | fälligkeitstag | fällig zum | zahlbar zum | zu überweisen bis
    échéance | date d'échéance | à payer avant le
    à régler avant le | date limite de paiement | payable avant le
    échéance de paiement
    vencimiento | fecha de vencimiento | fecha límite de pago | pagar antes del | vence
    vervaldatum | uiterste betaaldatum | te betalen voor
    scadenza | data di scadenza | da pagare entro
start date:
    start | start date | commencement date | commencement | effective date | valid from | starts
    lease start | from date | begin date | starting date | term start | first day of work
    beginn | vertragsbeginn | mietbeginn | gültig ab | ab | startdatum | arbeitsbeginn | eintritt
    eintrittsdatum | beginn des mietverhältnisses
    début | date de début | date d'effet | prise d'effet | entrée en vigueur | date d'entrée
    début du contrat | début du bail
    inicio | fecha de inicio | comienzo | fecha de entrada en vigor | entrada en vigor
    inizio | data inizio | decorrenza | data di decorrenza | ingangsdatum
    efecto | fecha de efecto
end date:
    end | end date | expiry date | expiration date | expiry | expires | termination date
    expires on | valid until | term end | valid through | lease end | ends
    ende | vertragsende | mietende | gültig bis | ablaufdatum | enddatum | laufzeitende
    befristet bis
    fin | date de fin | date d'expiration | expiration | fin du contrat | valable jusqu'au
    fin du bail
    fin | fecha de fin | finalización | fecha de finalización | fecha de vencimiento del contrato
    fecha de término | válido hasta | fin del contrato
    fine | data fine | scadenza contratto | einddatum
term duration:
    term | duration | contract term | lease term | period | contract period | contract duration
    initial term | term of agreement | term of lease
    laufzeit | dauer | vertragslaufzeit | vertragsdauer | mietdauer | mindestlaufzeit
    mindestvertragslaufzeit
    durée | durée du contrat | durée du bail | période | durée initiale
    duración | plazo | duración del contrato | vigencia | plazo de duración | periodo
    durata | durata del contratto | looptijd
notice duration:
    notice | notice period | termination notice | period of notice
    kündigungsfrist | kündigung
    préavis | délai de préavis | durée du préavis
    preaviso | plazo de preaviso | periodo de preaviso
    preavviso | periodo di preavviso | opzegtermijn
email email:
    email | e mail | mail | e mail address | email address | e mail adresse
    courriel | adresse e mail
    correo | correo electrónico | posta elettronica
phone phone:
    phone | telephone | tel | mobile | cell | phone number | telephone no | tel no | mob
    telefon | mobil | telefonnummer | rufnummer | handy
    téléphone | tél | portable
    teléfono | tfno | tlf | móvil | telefono | cellulare
iban iban:
    iban | account iban | iban no
doi text:
    doi
subject text:
    subject | re | regarding | betreff | betr | betrifft | objet | concerne | asunto | oggetto
born date:
    date of birth | born | dob | geburtsdatum | geboren am | geboren | date de naissance | né le
    née le | fecha de nacimiento | nacido el | nacida el | data di nascita | nato il | nata il
"""

# A sum, and whether the tax is in it: "Summe inkl. 19 % USt", "Total ex VAT".
_SUMS = """
    summe | gesamtsumme | gesamtbetrag | gesamt | betrag | rechnungsbetrag | rechnungssumme
    | endbetrag | total | amount | total amount | invoice total | invoice amount | grand total | sum
    | montant | montant total | somme | importe | importe total | importo | importo totale
    | total credit | credit total | total payable | total due
    | totale | bedrag | totaal | totaalbedrag | factuurbedrag
"""
_WITH_TAX = """
    inkl ust | inkl mwst | inkl umsatzsteuer | inkl mehrwertsteuer | inklusive ust
    | inklusive mwst | inklusive umsatzsteuer | inklusive mehrwertsteuer | incl vat | inc vat
    | including vat | incl tax | inc tax | including tax | incl gst | including gst | ttc
    | tva comprise | tva incluse | toutes taxes comprises | iva incluido | iva incluida | con iva
    | iva inclusa | iva compresa | incl btw | inclusief btw | brutto | gross
"""
_WITHOUT_TAX = """
    ohne ust | ohne mwst | ohne umsatzsteuer | exkl ust | exkl mwst | exklusive mwst | excl vat
    | ex vat | excluding vat | without vat | excl tax | excluding tax | before tax | ht | hors taxes
    | hors tva | hors taxe | sin iva | senza iva | iva esclusa | excl btw | exclusief btw | netto
    | net
"""

# What is asked of a document of each kind when no fields are named, in the order of a form.
SCHEMAS: Mapping[str, tuple[str, ...]] = {
    "contract": (
        "party", "contract_number", "date", "start", "end", "term", "notice", "rent", "price",
        "salary", "deposit",
    ),
    "invoice": (
        "party", "invoice_number", "date", "due", "total", "net", "tax", "iban", "customer_number",
        "order_number", "tax_id",
    ),
    "receipt": ("party", "date", "total", "tax", "invoice_number"),
    "order": ("party", "order_number", "date", "total", "customer_number"),
    "quote": ("party", "quote_number", "reference", "date", "end", "total"),
    "letter": ("party", "date", "reference", "subject", "email", "phone"),
    "email": ("party", "date", "subject"),
    "resume": ("party", "email", "phone", "born"),
    "statement": ("party", "iban", "date", "customer_number", "total"),
    "report": ("party", "author", "date", "reference"),
    "minutes": ("author", "date"),
}  # fmt: skip
ANY = ("party", "date", "reference", "subject", "total", "email", "phone")


class Definition(Struct, frozen=True):
    """A field.

    Attributes:
        name: what it is called in results.
        type: one of :data:`TYPES`.
        pattern: a regular expression whose first group, or all of it, is the value; "" for none.
    """

    name: str
    type: str
    pattern: str = ""


class Definitions:
    """All fields by name, and the labels that announce them.

    Attributes:
        labels: folded, words parted by a space, and the field of each.
        first_words, last_words: of the labels, to tell most other words; the last ones without "s".
    """

    def __init__(self, fields: Mapping[str, Definition], labels: Mapping[str, str]) -> None:
        self.fields = fields
        self.labels = labels
        words = [label.split() for label in labels if label]
        self.first_words = frozenset(("", *(parts[0] for parts in words)))
        self.last_words = frozenset(("", *(parts[-1].removesuffix("s") for parts in words)))

    def schema(self, kind: str) -> tuple[str, ...]:
        """The fields that a document of a kind is asked for; those of the user always."""
        own = (name for name, one in self.fields.items() if name not in _BUILT_IN_TYPES)
        return (*SCHEMAS.get(kind, ANY), *own)


def label_key(words: Iterable[str]) -> str:
    """A label as it is looked up: "N° de facture" and "número de factura" begin alike."""
    folded = (fold(word) for word in words if word not in ("\u00ba", "\u00aa"))
    return " ".join(NUMBER_WORD if word in NUMBER_WORDS else word for word in folded)


@lru_cache(maxsize=1 << 15)  # texts repeat their words
def word_key(word: str) -> str:
    """A word of a label as it is looked up; "" for one that is left out."""
    return label_key((word,))


def words_of(label: str) -> list[str]:
    """The words of a label."""
    return _WORD.findall(label)


def _built_in() -> tuple[dict[str, str], dict[str, str]]:
    types: dict[str, str] = {}
    labels: dict[str, str] = {}
    name = ""
    for line in _TABLE.strip().splitlines():
        if not line.startswith(" "):
            name, type_ = line.rstrip(":").split()
            types[name] = type_
            continue
        for label in line.split("|"):
            # The first field that claims a label has it.
            labels.setdefault(label_key(words_of(label)), name)
    for name, words in (("total", _WITH_TAX), ("net", _WITHOUT_TAX)):
        for amount, tax in itertools.product(_SUMS.split("|"), words.split("|")):
            labels.setdefault(label_key(words_of(f"{amount} {tax}")), name)
    return types, labels


_BUILT_IN_TYPES, _BUILT_IN_LABELS = _built_in()


def definitions(own: Mapping[str, FieldConfig] | None = None) -> Definitions:
    """The built-in fields and the user's.

    Args:
        own: fields by name; one of the name of a built-in field adds to its labels.
    """
    fields = {name: Definition(name, type_) for name, type_ in _BUILT_IN_TYPES.items()}
    labels = dict(_BUILT_IN_LABELS)
    for name, one in (own or {}).items():
        type_ = one.type or _BUILT_IN_TYPES.get(name, "text")
        fields[name] = Definition(name, type_, one.regex)
        labels |= {label_key(words_of(label)): name for label in one.labels}
    return Definitions(fields, labels)
