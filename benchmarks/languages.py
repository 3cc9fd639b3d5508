"""Questions in one language for files in another: what of them the default search finds.

    python -m benchmarks.languages

Sixteen notes, each in English, German, French and Spanish, with a question in each language that a
reader of the note would ask. A drive holds the notes of one language; the questions of all four are
asked. Shown are the shares of questions whose note is found first, and among the first three. The
texts are the author's own, and few: it is about whether this works at all. Prints a table and a
JSON line.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace

import lsfs
from lsfs.config import Config, ModelConfig

LANGUAGES = ("en", "de", "fr", "es")
# A note, and below it its question; the four languages apart by bars.
_NOTES = """
The boiler in the cellar loses pressure every week; a plumber comes on Monday. | Der Heizkessel im Keller verliert jede Woche Druck; am Montag kommt ein Klempner. | La chaudière de la cave perd de la pression chaque semaine ; un plombier vient lundi. | La caldera del sótano pierde presión cada semana; el lunes viene un fontanero.
what is wrong with the heating | was ist mit der Heizung los | quel est le problème du chauffage | qué le pasa a la calefacción
Our cat was vaccinated against rabies and must come again in a year. | Unsere Katze wurde gegen Tollwut geimpft und muss in einem Jahr wiederkommen. | Notre chat a été vacciné contre la rage et doit revenir dans un an. | Nuestro gato fue vacunado contra la rabia y debe volver en un año.
visit to the vet | Besuch beim Tierarzt | visite chez le vétérinaire | visita al veterinario
The bread needs flour, water, salt and twelve hours of rest. | Das Brot braucht Mehl, Wasser, Salz und zwölf Stunden Ruhe. | Le pain demande de la farine, de l'eau, du sel et douze heures de repos. | El pan necesita harina, agua, sal y doce horas de reposo.
recipe for baking | Rezept zum Backen | recette de boulangerie | receta para hornear
The train to Lisbon leaves at nine in the evening and has sleeping cars. | Der Zug nach Lissabon fährt um neun Uhr abends ab und hat Schlafwagen. | Le train pour Lisbonne part à neuf heures du soir et a des voitures-lits. | El tren a Lisboa sale a las nueve de la noche y tiene coches cama.
night journey by rail | Nachtreise mit der Bahn | voyage de nuit en chemin de fer | viaje nocturno en ferrocarril
My salary rises by four per cent from January on. | Mein Gehalt steigt ab Januar um vier Prozent. | Mon salaire augmente de quatre pour cent à partir de janvier. | Mi salario sube un cuatro por ciento a partir de enero.
pay increase | Lohnerhöhung | hausse de la paie | aumento de sueldo
The roof was hit by hail, and the insurance pays for new tiles. | Das Dach wurde vom Hagel getroffen, und die Versicherung zahlt neue Ziegel. | Le toit a été touché par la grêle, et l'assurance paie de nouvelles tuiles. | El tejado fue dañado por el granizo y el seguro paga tejas nuevas.
storm damage to the house | Sturmschaden am Haus | dégâts de tempête à la maison | daños de la tormenta en la casa
The orchestra plays Beethoven's seventh symphony on Saturday. | Das Orchester spielt am Samstag Beethovens siebte Sinfonie. | L'orchestre joue la septième symphonie de Beethoven samedi. | La orquesta toca el sábado la séptima sinfonía de Beethoven.
concert tickets | Konzertkarten | billets de concert | entradas de concierto
The apple trees are pruned in February, before the buds open. | Die Apfelbäume werden im Februar geschnitten, bevor die Knospen aufgehen. | Les pommiers sont taillés en février, avant que les bourgeons ne s'ouvrent. | Los manzanos se podan en febrero, antes de que se abran las yemas.
work in the garden | Arbeit im Garten | travaux au jardin | trabajo en el jardín
The server was down for three hours because its disk was full. | Der Server war drei Stunden außer Betrieb, weil seine Platte voll war. | Le serveur est resté en panne trois heures parce que son disque était plein. | El servidor estuvo caído tres horas porque su disco estaba lleno.
computer failure | Ausfall des Rechners | panne informatique | fallo del ordenador
Anna was born on a Sunday and weighs three and a half kilos. | Anna wurde an einem Sonntag geboren und wiegt dreieinhalb Kilo. | Anna est née un dimanche et pèse trois kilos et demi. | Anna nació un domingo y pesa tres kilos y medio.
the new baby | das neue Baby | le nouveau bébé | el nuevo bebé
The car failed its inspection because of worn brakes. | Das Auto fiel wegen abgenutzter Bremsen durch die Prüfung. | La voiture a échoué au contrôle à cause de freins usés. | El coche no pasó la inspección por los frenos gastados.
repair of the vehicle | Reparatur des Fahrzeugs | réparation du véhicule | reparación del vehículo
The tenant gives notice and moves out at the end of June. | Der Mieter kündigt und zieht Ende Juni aus. | Le locataire donne congé et déménage fin juin. | El inquilino se da de baja y se muda a finales de junio.
flat becomes vacant | Wohnung wird frei | appartement libre | piso libre
The patient has a fever and takes antibiotics for a week. | Der Patient hat Fieber und nimmt eine Woche lang Antibiotika. | Le patient a de la fièvre et prend des antibiotiques pendant une semaine. | El paciente tiene fiebre y toma antibióticos durante una semana.
treatment of the illness | Behandlung der Krankheit | traitement de la maladie | tratamiento de la enfermedad
The school closes for the summer on the first of July. | Die Schule schließt für den Sommer am ersten Juli. | L'école ferme pour l'été le premier juillet. | La escuela cierra por el verano el primero de julio.
when do the holidays begin | wann beginnen die Ferien | quand commencent les vacances | cuándo empiezan las vacaciones
The bank raised the interest on our loan to five per cent. | Die Bank hat die Zinsen unseres Darlehens auf fünf Prozent erhöht. | La banque a porté les intérêts de notre prêt à cinq pour cent. | El banco subió los intereses de nuestro préstamo al cinco por ciento.
cost of the credit | Kosten des Kredits | coût du crédit | coste del crédito
The parcel was delivered to the neighbour, who was at home. | Das Paket wurde beim Nachbarn abgegeben, der zu Hause war. | Le colis a été remis au voisin, qui était chez lui. | El paquete se entregó al vecino, que estaba en casa.
where is the shipment | wo ist die Sendung | où est l'envoi | dónde está el envío
"""


def main() -> None:
    """Ask all questions of the notes of each language."""
    lines = [[part.strip() for part in line.split("|")] for line in _NOTES.strip().splitlines()]
    notes, questions = lines[::2], lines[1::2]
    found = {}
    sys.stdout.write(f"{'files':<6}" + "".join(f"{asked:>14}" for asked in LANGUAGES) + "\n")
    for n, language in enumerate(LANGUAGES):
        shares = _asked([note[n] for note in notes], questions)
        found[language] = dict(zip(LANGUAGES, shares, strict=True))
        row = "".join(f"{first:>8.2f} {three:>5.2f}" for first, three in shares)
        sys.stdout.write(f"{language:<6}{row}\n")
    sys.stdout.write(json.dumps({"notes": len(notes), "found": found}) + "\n")


def _asked(notes: list[str], questions: list[list[str]]) -> list[tuple[float, float]]:
    """For each language of the questions: the share found first, and among the first three."""
    config = replace(Config(), model=replace(ModelConfig(), chat="none"))
    with tempfile.TemporaryDirectory() as place:
        source = Path(place) / "source"
        source.mkdir()
        for n, note in enumerate(notes):
            (source / f"{n:02}.txt").write_text(note + "\n", encoding="utf-8")
        with lsfs.open(source, config=config, state=str(Path(place) / "state")) as drive:
            drive.wait_indexed()
            shares = []
            for asked in range(len(LANGUAGES)):
                ranks = [_rank(drive, row[asked], f"{n:02}.txt") for n, row in enumerate(questions)]
                first, three = ranks.count(0), sum(rank < 3 for rank in ranks)
                shares.append((round(first / len(ranks), 3), round(three / len(ranks), 3)))
            return shares


def _rank(drive: lsfs.Drive, question: str, path: str) -> int:
    """At which place from 0 a file is found; 3 for not among the first three."""
    found = [hit.path for hit in drive.retrieve(question, k=3).hits]
    return found.index(path) if path in found else 3


if __name__ == "__main__":
    main()
