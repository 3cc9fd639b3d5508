"""More papers about the same thing in other words: works, complaints with their reports, German ones.

Each line is a pair. Of each form the first list is what weights may be chosen on; the second was
written at the same time, before anything was measured, and serves for reporting alone.
"""

# ruff: noqa: E501

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

from msgspec import Struct

from benchmarks.joins_meaning import pairs_of

WORKS_HELD_OUT = """
sanding and sealing the parquet in the ballroom | wooden floor, 240 square metres: grinding, three coats of lacquer
subtitling of the documentary films | captions in English for five reportages, time-coded
servicing of the company cars | oil change, brake pads and tyre rotation for eight vehicles
proofreading of the user manuals | correcting spelling and grammar in four handbooks, 610 sheets
putting up of Christmas lights in the arcade | festive illumination hung over the shopping passage, garlands and timer
removal of graffiti from the underpass | sprayed paint washed off concrete, pressure jet, protective coat
tuning of the concert grand piano | strings adjusted to 442 hertz before the recital, one hammer felt renewed
airport transfer of the visiting professors | chauffeur, six rides between terminal and hotel
removal of asbestos from the old boiler house | hazardous fibre panels taken down under negative pressure, sealed bags
keeping of the accounts and the payroll | bookkeeping, salary slips for 31 persons, third quarter
repair of the church organ | bellows releathered, 23 pipes revoiced, blower replaced
supply of drinking water dispensers | lease of nine coolers with monthly carboys
catalogue of the museum's coin collection | numismatist: 1,340 pieces described and weighed
relocation of the offices to the new building | movers: packing and haulage of desks, shelves and files, two lorries
chimney sweeping in the residential blocks | flues brushed and soot emptied, 64 fireplaces
a security test of the online shop | penetration attempt on the web store, report with eleven weaknesses
lifeguards for the open-air pool | supervision of swimmers by qualified rescuers, July and August
mowing of the lawns and trimming of the hedges | gardener: grass cut twice a month, privet shaped
sewing of the stage curtains | seamstress: black velvet drapes, flameproof, with eyelets
investigation of the subsoil before construction | geologist: twelve cores drilled, bearing capacity computed
hiring of temporary warehouse staff | agency workers, order pickers, 620 hours
hosting of the podcast series | audio streaming server and feed, 26 episodes
removal of a wasps' nest from the attic | exterminator: insects destroyed under the rafters, foam
framing of the award certificates | 45 diplomas behind glass, oak moulding
"""

COMPLAINTS = """
My washing machine leaves a puddle on the kitchen floor after every spin. It started last week. | The drain hose of the appliance was split near the pump. We replaced it and ran two cycles without a leak.
The train I had reserved a seat on was cancelled and nobody told us which platform the bus went from. | Passengers of the withdrawn service were taken by road. Staff were missing at the stop; we will train them and refund the ticket.
The soup on Tuesday was cold and the waiter rude when we said so. | The kitchen's warming cupboard had failed that day. Our colleague in the dining room has been spoken to; dessert is on us next time.
I cannot log in since the update, the page says my password is wrong although I just reset it. | Credentials created after release 8 were hashed twice. A patch has been deployed and affected accounts can sign in again.
The street lamp outside number 9 flickers all night, right into the bedroom. | A loose contact in the luminaire was found and the lighting pole's ballast exchanged.
The dog next door barks from seven in the morning until its owner returns. | We visited the neighbour, who will have the animal looked after during working hours.
Our new sofa has a broken leg and the cushion cover is the wrong green. | A carpenter glued the furniture's foot; the upholstery in the proper shade leaves the mill on Monday.
The lawnmower will not start even with fresh petrol. | Carburettor cleaned, spark plug renewed, engine of the garden machine runs smoothly.
There is mould in the corner of the bathroom that comes back whenever I wipe it off. | The extractor fan had no draught. We unblocked the vent and treated the damp wall with fungicide.
Half of the pages in the novel you sent me are printed upside down. | The copy was bound wrongly by the press. A faultless book is in the mail.
The children's swing in the park squeaks and one chain is nearly worn through. | Playground: seat suspension exchanged on both sides, bearings greased.
I was charged twice for the same night in your hotel. | The booking of the room was entered by two receptionists. One payment has been returned to your card.
The heating in classroom 12 stays off while the corridor is boiling. | Thermostatic valve stuck in the pupils' room, freed; radiators in the hall throttled.
My prescription glasses give me headaches and the left lens seems blurred. | Our optician measured the eyes again: the axis was off by ten degrees, so a corrected glass was ground.
The parcel was left in the rain and the box had dissolved when I came home. | The courier admits having put the delivery outside. Contents replaced at our expense, sealed in plastic.
The bus driver closed the door on my pram. | We watched the camera recording of line 14. The man at the wheel has been suspended and the entrance sensor recalibrated.
Our internet drops every evening at around eight. | A neighbouring modem disturbed the line; broadband has been stable since we moved you to another port.
The paint on the new front door is peeling after only two months. | Wood was not primed before coating. Our crew stripped the entrance and gave it three layers.
"""
COMPLAINTS_HELD_OUT = """
The lift stopped between floors with my mother in it for forty minutes. | Elevator: the door lock's switch was dirty and tripped the safety circuit. Cleaned, emergency phone tested.
My flight's luggage never arrived in Lisbon and I had to buy clothes. | Two suitcases were traced to Madrid. They have been forwarded, and the receipts for garments will be reimbursed.
The coffee machine in the staff room tastes of soap. | Descaling agent had stayed in the tank of the espresso maker. Rinsed six times, filter exchanged.
There are rats by the bins behind the restaurant. | Rodents found near the waste containers. Poison laid, lids repaired, a second visit in ten days.
The exam result online does not match the mark my tutor told me. | The grade of the candidate had been typed in wrongly. The record now says 71.
The wedding photos you delivered are all too dark. | Our studio brightened the 340 pictures of the ceremony and uploaded them anew.
My knee hurts more since the physiotherapist pressed on it. | The patient was examined by a physician: no tear, a bruise of the joint. Treatment paused for two weeks.
The shower in room 214 only gives lukewarm water. | Mixer cartridge in the guest's bathroom was clogged with lime; now 42 degrees.
Someone keeps parking in my reserved space in the garage. | The car's owner has been told that bay 17 is taken; a barrier post will be put up.
The milk I bought yesterday was already sour when opened. | The dairy shelf's refrigeration had failed overnight. All bottles were taken off sale and you get your money back.
The printer draws black stripes across each sheet. | Drum unit scratched. Exchanged, along with the toner; a test page was clean.
My tenant's upstairs neighbours hold parties till dawn. | A warning for disturbing the peace went to the occupants of the third floor.
The zip of the tent tore on our first camping trip. | We sewed in a stronger fastener at no cost; the outdoor shelter goes back to you on Friday.
The seat heating in my car smells burnt. | Workshop: a short circuit in the driver's cushion had singed the foam. Mat replaced under warranty.
The cemetery path is so icy that elderly visitors fall. | Graveyard walkways are gritted from six o'clock from now on, and a handrail was ordered.
My subscription goes on although I cancelled in March. | The notice to end the membership had been filed unread. Terminated in retrospect, four months paid back.
A tree on your land has fallen on my fence. | Storm-felled beech sawn up and carted off; our carpenter set new posts and slats.
The hearing aid whistles when I chew. | Ear mould was too loose. A fresh impression was taken and feedback suppression set higher.
"""

GERMAN = """
Reinigung der Fensterflächen im Bürohaus | Glasscheiben außen und innen geputzt, vier Stockwerke
Wartung der Heizungsanlage | Brenner gesäubert, Kessel eingestellt, Abgas gemessen
Übersetzung der Bedienungsanleitung ins Polnische | Handbuch aus dem Deutschen übertragen, 120 Normseiten
Winterdienst auf den Gehwegen | Schnee geräumt und Split gestreut, 19 Einsätze
Erneuerung der Elektroinstallation in der Werkstatt | Kabel verlegt, Verteilerkasten ersetzt, Steckdosen gesetzt
Bewachung des Lagerplatzes bei Nacht | Streifengänge eines Wachmanns mit Hund, 30 Schichten
Verpflegung der Gäste beim Sommerfest | Grillbuffet, Salate und Getränke für 150 Personen
Schulung der Mitarbeiter in Erster Hilfe | Kurs über Wiederbelebung und Verbände, 24 Teilnehmer
Pflege der Grünanlagen | Rasen gemäht, Hecken geschnitten, Laub entsorgt
Beratung beim Kauf des Nachbargrundstücks | anwaltliche Stunden zum Erwerb der angrenzenden Parzelle
Neugestaltung der Internetseite | Entwurf und Programmierung des Webauftritts, zwölf Unterseiten
Abdichtung des Kellers gegen Feuchtigkeit | Bitumenbahn an den Grundmauern, Drainage gelegt
Stimmen der Klaviere in der Musikschule | sieben Flügel auf Kammerton gebracht
Vermietung eines Krans für den Hallenbau | Autokran mit Bediener, 50 Tonnen, drei Tage
Prüfung des Jahresabschlusses | Bilanz und Gewinnrechnung durch Wirtschaftsprüfer untersucht
Transport der Maschinen nach Italien | Fracht mit Tieflader über den Brenner, zwei Fahrten
"""
GERMAN_HELD_OUT = """
Austausch der undichten Dachrinnen | neue Regenablaufrohre aus Zink angebracht, alte abmontiert
Bekämpfung der Schaben in der Großküche | Kammerjäger: Köder gegen Ungeziefer ausgelegt, Nachkontrolle
Gestaltung des Messestands | Entwurf und Aufbau des Ausstellungsplatzes, Möbel, Beleuchtung
Fotografieren der neuen Kollektion | Studioaufnahmen von 52 Kleidern, Retusche
Instandsetzung der Orgel | Blasebalg beledert, Pfeifen neu intoniert
Lieferung von frischem Obst an die Kantine | Kisten mit Äpfeln, Birnen und Trauben, wöchentlich
Betreuung der Server und Datensicherung | Rechner überwacht, nächtliche Backups, Aktualisierungen
Fällen der kranken Bäume am Parkplatz | sieben Pappeln abgesägt, Wurzelstöcke gefräst
Druck des Geschäftsberichts | 1.500 Broschüren, Offset, Klebebindung
Betriebsärztliche Untersuchung der Belegschaft | Gesundheitscheck von 63 Arbeitnehmern, Impfungen
Entsorgung alter Farben und Lösemittel | Sondermüll abgeholt, 22 Fässer, verbrannt
Neubezug der Theatersessel | Polster und roter Samt für 180 Sitze
Vermessung des Baugrundstücks | Grenzsteine gesetzt, Höhenplan vom Geometer
Umzug der Verwaltung in das neue Gebäude | Spediteur: Schreibtische, Regale und Akten gepackt und gefahren
Prüfung der Feuerlöscher | jährliche Kontrolle von 74 Handgeräten, Pulver nachgefüllt
Aushub des Schwimmteichs | Erdarbeiten mit Bagger, 300 Kubikmeter, Folie
"""

_OPENINGS = ("Dear Sir or Madam,", "Hello,", "To whom it may concern,", "Good morning,")
_ENDINGS = (
    "I expect to hear from you soon.", "Please put this right.", "What will you do about it?",
    "I have been a customer for years and am disappointed.",
)  # fmt: skip
_CONTRACT = """WERKVERTRAG

zwischen den umseitig genannten Vertragsparteien, geschlossen am {day}. Juni 2023.

§ 1 Gegenstand
Der Auftragnehmer übernimmt für den Auftraggeber: {work}.

§ 2 Vergütung
Die Vergütung ist dreißig Tage nach Eingang der Rechnung zu zahlen.

§ 3 Kündigung
Der Vertrag kann mit einer Frist von drei Monaten schriftlich gekündigt werden. Gerichtsstand ist Hamburg.
"""
_INVOICE = """RECHNUNG

Datum: {day}. September 2023

Für unsere Leistungen berechnen wir:
{work}

Nettobetrag: {net},00 EUR
MwSt. 19 %: {tax},00 EUR
Gesamtbetrag: {total},00 EUR

Bitte überweisen Sie den Betrag innerhalb von dreißig Tagen ohne Abzug. Vielen Dank für Ihren Auftrag.
"""
_REPORT = """Case report

Status: {status}
Handled on {day} September 2023

{work}

This case is closed. Should anything else be amiss, please write to us.
"""


class Form(Struct, frozen=True):
    """Papers of two kinds that belong together.

    Attributes:
        left, right: the folders.
        pairs: what the right says and what the left says of the same thing.
        write_left, write_right: a paper around what is said.
    """

    left: str
    right: str
    pairs: list[tuple[str, str]]
    write_left: Callable[[str, random.Random], str]
    write_right: Callable[[str, random.Random], str]


def works_held_out() -> list[tuple[str, str]]:
    """More works that are ordered, and how they are billed."""
    return pairs_of(WORKS_HELD_OUT)


def forms(held_out: bool) -> dict[str, Form]:
    """The forms with one of their halves."""
    complaints = COMPLAINTS_HELD_OUT if held_out else COMPLAINTS
    german = GERMAN_HELD_OUT if held_out else GERMAN
    return {
        "reports x complaints": Form(
            "reports", "complaints", pairs_of(complaints), _report, _complaint
        ),
        "Rechnungen x Verträge": Form(
            "rechnungen", "vertraege", pairs_of(german), _filled(_INVOICE), _filled(_CONTRACT)
        ),
    }


def put(folder: Path, form: Form, seed: int) -> set[tuple[str, str]]:
    """Write the papers, of each sixth thing only one of the two; gives the pairs."""
    chance = random.Random(seed)
    (folder / form.left).mkdir(parents=True)
    (folder / form.right).mkdir()
    numbers = list(range(len(form.pairs)))
    chance.shuffle(numbers)
    pairs = set()
    for n, (right, left) in enumerate(form.pairs):
        one, other = f"{form.left}/{numbers[n]:03}.txt", f"{form.right}/{n:03}.txt"
        if n % 12 != 11:
            (folder / one).write_text(form.write_left(left, chance), encoding="utf-8")
        if n % 12 != 5:
            (folder / other).write_text(form.write_right(right, chance), encoding="utf-8")
        if n % 12 not in (5, 11):
            pairs.add((one, other))
    return pairs


def _filled(form: str) -> Callable[[str, random.Random], str]:
    def write(work: str, chance: random.Random) -> str:
        net = chance.randrange(10, 900) * 100
        slots = {"day": chance.randrange(1, 28), "net": net, "tax": net * 19 // 100}
        return form.format(work=work, total=net * 119 // 100, **slots)

    return write


def _complaint(said: str, chance: random.Random) -> str:
    return f"{chance.choice(_OPENINGS)}\n\n{said} {chance.choice(_ENDINGS)}\n"


def _report(said: str, chance: random.Random) -> str:
    status = chance.choice(("settled", "settled", "settled with an allowance"))
    return _REPORT.format(status=status, day=chance.randrange(1, 28), work=said)
