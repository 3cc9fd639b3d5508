"""The share of a sailing club in Galicia, mostly Spanish, and questions with their truth.

Members and their fees, berths, suppliers, insurers, delivery notes, credit notes, reminders, a bank's
list; some in Dutch and English. Written by somebody who had read the pages of docs/ but no rule.
"""

# ruff: noqa: E501

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.values_bakery import html, mail, sheet, table_docx
from benchmarks.values_set import Task, write

OWN = "Club Náutico Ría Serena"
CANS, TOWN, HOTEL = (
    "Conservas Louriña, S.L.",
    "Concello de Serena",
    "Hotel Mirador del Puerto, S.A.",
)
SAILS, YARD, POWER, CLEAN, VESTS = (
    "Velas Otero, S.L.",
    "Scheepswerf De Vries B.V.",
    "Electra del Atlántico, S.A.U.",
    "María José Pazos Rial",
    "Náutica Barreiro, S.C.",
)
XOAN, BEA, BAR = "Xoán Figueroa Leal", "Beatriz Luaces Penas", "Sabores da Ría, S.L."
FINIS, MUTUA = "Aseguradora Finisterre, S.A. de Seguros y Reaseguros", "Mutua de Navegantes"
CRANE = "Grúas y Elevaciones Muxía, S.L."
HEAD = f"{OWN}\nMuelle de Poniente s/n, 15960 Serena (A Coruña)\nCIF G-15004417"


# fmt: off
def put(root: Path) -> None:
    """Write the files."""

    def p(name: str, body: Any, **more: Any) -> None:
        write(root / name, body, **more)

    # what the club bills
    p("Emitidas/F-2025-011 Louriña.pdf", [HEAD, "# Factura", [["N.º de factura", "F-2025-011"], ["Fecha de expedición", "2 de abril de 2025"], ["Cliente", CANS], ["Contrato", "P-2025/1"]], [["Patrocinio regata de primavera", "2.500,00 €"], ["IVA 21 %", "525,00 €"], ["Total factura", "3.025,00 €"]], "Vencimiento: 2 de mayo de 2025"])
    table_docx(root / "Emitidas/F-2025-012 concello.docx", [HEAD, "FACTURA F-2025-012", f"Serena, 15 de abril de 2025\n\n{TOWN}\nPraza do Concello, 1\n15960 Serena\nNIF P-1507300-D", "Expediente: DEP/2025/33"], [["Concepto", "Horas", "Importe"], ["Bautismo de mar, CEIP Serena", "24", "960,00"], ["Monitores", "12", "240,00"], ["TOTAL EUR", "", "1.200,00"]], ["Operación exenta de IVA (art. 20 LIVA). Pago a 30 días."])
    html(root / "Emitidas/F-2025-013 hotel.html", "Factura F-2025-013", [("Fecha", "28/04/2025"), ("Facturar a", f"{HOTEL}<br>Avenida del Puerto, 40<br>15960 Serena")], [("Descripción", "Cant.", "Precio", "Importe"), ("Alquiler de piraguas", "20", "18,00 €", "360,00 €"), ("Base imponible", "", "", "360,00 €"), ("IVA (21%)", "", "", "75,60 €"), ("Total a pagar", "", "", "435,60 €")], f"{OWN} · Muelle de Poniente s/n · Serena · pago a 15 días")
    p("Emitidas/F-2025-019 Louriña.pdf", [HEAD, "# Factura", [["N.º de factura", "F-2025-019"], ["Fecha de expedición", "3 de junio de 2025"], ["Cliente", CANS], ["Contrato", "P-2025/1"]], [["Patrocinio trofeo de verano", "1.500,00 €"], ["IVA 21 %", "315,00 €"], ["Total factura", "1.815,00 €"]], "Vencimiento: 3 de julio de 2025"])
    p("Emitidas/FR-2025-002 abono.txt", f"{HEAD}\n\nFACTURA RECTIFICATIVA FR-2025-002\nFecha: 12 de mayo de 2025\n\nCliente: {HOTEL}\nRectifica la factura F-2025-013 de 28/04/2025\n\nDos piraguas averiadas      -36,00 €\nIVA 21 %                     -7,56 €\nTotal                       -43,56 €\n")
    # what it is billed
    p("Recibidas/Otero 2025-0417.pdf", [f"{SAILS}\nPolígono de Bértoa, parcela 7 - 15105 Carballo", "# FACTURA", [["Factura nº", "2025/0417"], ["Fecha", "17-04-2025"], ["Cliente", OWN], ["Su pedido", "25-14"], ["Albarán", "A-3391"]], [["2 velas mayores Optimist", "780,00 €"], ["IVA 21%", "163,80 €"], ["TOTAL", "943,80 €"]]])
    p("Recibidas/Otero 2025-0502.txt", f"VELAS OTERO S.L.\nPolígono de Bértoa, parcela 7 · 15105 Carballo · NIF B-70118822\n\nFactura nº: 2025/0502                Fecha: 06-05-2025\nCliente: {OWN}\nSu pedido: 25-18\n\n1 reparación de foque              210,00\nBase                               210,00\nIVA 21%                             44,10\nTotal a pagar EUR                  254,10\n")
    p("Recibidas/de vries 20250088.docx", [f"{YARD}\nHavenkade 12, 8754 Makkum", "# Factuur", f"Factuurnummer: 20250088\nFactuurdatum: 21 mei 2025\nUw bestelling: 25-17\nKlant: {OWN}", "1 reddingsboot RIB 4,2 m, romp gereviseerd", "Subtotaal: € 4.350,00\nBtw verlegd: € 0,00\nTotaal te betalen: € 4.350,00", "Gelieve te betalen binnen 30 dagen."])
    html(root / "Recibidas/electra abril.html", "Su factura de electricidad", [("Titular", OWN), ("Nº de contrato", "800412277"), ("Nº factura", "EA25-00918273"), ("Fecha de factura", "5 de mayo de 2025"), ("Periodo de facturación", "01/04/2025 - 30/04/2025")], [("Energía", "212,40 €"), ("Potencia", "61,10 €"), ("Impuestos", "64,41 €"), ("IMPORTE TOTAL", "337,91 €")], f"{POWER} · Inscrita en el Registro Mercantil de A Coruña")
    p("Recibidas/limpieza abril.pdf", [f"{CLEAN}\nRúa do Sol 9, 2.º B, 15960 Serena\nNIF 32811904-K", "# Factura 14/2025", "Fecha: 30 de abril de 2025", f"Cliente: {OWN}", [["Limpieza de vestuarios y cantina, abril", "600,00"], ["IVA 21 %", "126,00"], ["Retención IRPF 15 %", "-90,00"], ["Total a percibir (EUR)", "636,00"]]])
    p("Recibidas/limpieza mayo.pdf", [f"{CLEAN}\nRúa do Sol 9, 2.º B, 15960 Serena\nNIF 32811904-K", "# Factura 18/2025", "Fecha: 31 de mayo de 2025", f"Cliente: {OWN}", [["Limpieza de vestuarios y cantina, mayo", "600,00"], ["IVA 21 %", "126,00"], ["Retención IRPF 15 %", "-90,00"], ["Total a percibir (EUR)", "636,00"]]])
    (root / "Recibidas").mkdir(exist_ok=True)
    (root / "Recibidas/hosting.json").write_text(json.dumps({"type": "invoice", "invoice_number": "HB-55120", "issue_date": "2025-05-15", "seller": {"name": "Hostbay Ltd", "country": "IE"}, "buyer": {"name": OWN}, "currency": "EUR", "lines": [{"text": "Web hosting, 12 months", "amount": 118.80}], "total": 118.80}, indent=2, ensure_ascii=False), encoding="utf-8")
    # orders and delivery notes
    p("Pedidos/25-14 Otero.txt", f"{OWN}\n\nPEDIDO Nº 25-14\nFecha: 31 de marzo de 2025\n\nProveedor: {SAILS}\n\n2 velas mayores Optimist a 390,00 €\nEntrega: antes del 15 de abril\n")
    mail(root / "Pedidos/25-17 de vries.eml", "Antía Rey <secretaria@cnriaserena.example>", "verkoop@devries.example", "Purchase order 25-17", "2025-04-22", f"Dear Mr de Vries,\n\nwe hereby order the overhaul of our rescue boat as in your offer of 3 April, EUR 4,350.00. Please quote our order number 25-17 on your invoice.\n\nKind regards\nAntía Rey\n{OWN}\n")
    table_docx(root / "Pedidos/25-21 chalecos.docx", [OWN, "Pedido n.º 25-21, de 19 de mayo de 2025", f"A la atención de {VESTS}"], [["Artículo", "Uds.", "Precio"], ["Chaleco 50N talla M", "15", "32,00"], ["Total", "", "480,00 €"]], ["Antía Rey, secretaria"])
    p("Pedidos/albarán A-3391.pdf", [SAILS, "# Albarán de entrega", [["Albarán n.º", "A-3391"], ["Fecha", "14-04-2025"], ["Destinatario", OWN], ["Pedido", "25-14"]], [["Vela mayor Optimist", "2 uds."]], "Recibido conforme: Brais Dopazo"])
    p("Pedidos/pakbon.txt", f"PAKBON\n\n{YARD}\n\nPakbonnummer: 5512\nDatum: 19-05-2025\nUw order: 25-17\nAfleveradres: {OWN}, Muelle de Poniente, Serena\n\n1 RIB 4,2 m\n")
    # contracts
    p("Contratos/amarre B-12.docx", ["# Contrato de cesión de amarre", "Contrato n.º AM-B12", f"En Serena, a 2 de enero de 2025\n\nDE UNA PARTE, el {OWN} (en adelante, «el Club»), y DE OTRA, don {XOAN}, socio n.º 214 (en adelante, «el Cesionario»).", "El Club cede al Cesionario el amarre B-12. La cuota anual es de 1.150,00 euros, pagadera por trimestres.", "El contrato estará vigente hasta el 31 de diciembre de 2025."])
    p("Contratos/amarre C-03.txt", f"CONTRATO DE CESIÓN DE AMARRE\n\nContrato: AM-C03\nFecha: 1 de julio de 2024\nCedente: {OWN}\nCesionaria: {BEA}\nAmarre: C-03\nCuota anual: 980,00 €\nDuración: hasta el 30 de junio de 2026\n")
    p("Contratos/patrocinio.pdf", ["# CONTRATO DE PATROCINIO DEPORTIVO", "Nº P-2025/1", f"REUNIDOS\n\nDe una parte, {CANS}, con domicilio en Serena (en lo sucesivo, EL PATROCINADOR).\nDe otra parte, {OWN} (en lo sucesivo, EL PATROCINADO).", "El presente contrato, firmado el 20 de enero de 2025, finaliza el 31 de diciembre de 2025.", "El Patrocinador abonará 4.000,00 euros más IVA en dos pagos."])
    p("Contratos/limpieza.pdf", ["# Contrato de servicios de limpieza", f"Cliente: {OWN}\nContratista: {CLEAN}", "Fecha de inicio: 1 de enero de 2025\nPrecio: 600,00 € mensuales más IVA\nPlazo de preaviso: un mes"])
    p("Contratos/cantina.docx", ["# CONTRATO DE ARRENDAMIENTO DE LOCAL", f"ARRENDADOR: {OWN}\nARRENDATARIA: {BAR}", "Fecha del contrato: 1 de abril de 2024", "Objeto: cantina del edificio social. Renta mensual: 450,00 euros. Fianza: 900,00 euros.", "Fecha de vencimiento: 31 de marzo de 2027."])
    # insurance
    p("Seguros/póliza RC.pdf", [FINIS, "# Condiciones particulares", [["Póliza n.º", "RC-7719020"], ["Tomador", OWN], ["Riesgo", "Responsabilidad civil de clubes"], ["Prima total anual", "1.940,60 €"], ["Efecto", "14/05/2025"], ["Vencimiento", "14/05/2026"]]])
    p("Seguros/embarcaciones.txt", f"{MUTUA}, mutua de seguros a prima fija\n\nPÓLIZA DE EMBARCACIONES DE RECREO\n\nNúmero de póliza: 44-120887-E\nTomador del seguro: {OWN}\nPrima anual: 2.310,00 EUR\nFecha de efecto: 1 de marzo de 2025\n")
    mail(root / "Seguros/parte rib.eml", "Antía Rey <secretaria@cnriaserena.example>", "siniestros@mutuanavegantes.example", "Parte de siniestro, póliza 44-120887-E", "2025-06-10", f"Estimados señores:\n\nles comunicamos que el día 8 de junio la RIB del club chocó con la escollera. Daños estimados: 640 euros.\n\nAntía Rey\n{OWN}\n")
    # letters
    p("Cartas/recordatorio Figueroa.docx", [HEAD, f"D. {XOAN}\nRúa da Fonte 3\n15960 Serena", "Serena, 20 de mayo de 2025", "Asunto: recibo R-25-0112 impagado", "Estimado socio:", "El recibo de la cuota de amarre del segundo trimestre, por importe de 287,50 €, ha sido devuelto por su banco. Le rogamos lo abone antes del 5 de junio.", "Atentamente,\nUxía Carballal, tesorera"])
    p("Cartas/segundo aviso hotel.txt", f"{OWN}\n\n{HOTEL}\nA/A Dirección financiera\n\n2 de junio de 2025\n\nSEGUNDO AVISO\n\nSeguimos sin recibir el pago de nuestra factura F-2025-013, vencida el 13 de mayo.\nDescontado el abono FR-2025-002, quedan pendientes 392,04 €.\n\nUxía Carballal\nTesorera\n")
    mail(root / "Cartas/cambio de amarre.eml", f"{BEA} <bea.luaces@correo.example>", "secretaria@cnriaserena.example", "Amarre C-03", "2025-05-08", "Hola, Antía:\n\n¿hay algún amarre más grande libre para el año que viene? El C-03 se me queda pequeño.\n\nUn saludo,\nBea\n")
    p("Cartas/agradecimiento Louriña.pdf", [HEAD, f"{CANS}\nRúa Industria 2\n15960 Serena", "16 de junio de 2025", "Estimados amigos:\ngracias por su apoyo a la regata de primavera. Les esperamos el 12 de julio en la entrega de trofeos.", "Brais Dopazo\nPresidente"])
    p("Cartas/oferta grúa.pdf", [f"{CRANE}\nLugar de Trasmonte, 15124 Muxía", "# Presupuesto", [["Presupuesto n.º", "PR-25-077"], ["Fecha", "23/05/2025"], ["Para", OWN], ["Proyecto", "Rampa nueva"]], [["Pluma giratoria 2 t, montada", "6.500,00 €"], ["IVA 21 %", "1.365,00 €"], ["Importe total", "7.865,00 €"]], "Validez de la oferta: 60 días"])
    # members, fees, bank
    p("Socios/socios.xlsx", {"Socios": [["N.º socio", "Apellidos", "Nombre", "Correo electrónico", "Fecha de alta", "Categoría", "Cuota trimestral"], [207, "Luaces Penas", "Beatriz", "bea.luaces@correo.example", date(2019, 5, 3), "Titular", 95], [214, "Figueroa Leal", "Xoán", "xfigueroa@correo.example", date(2020, 1, 15), "Titular", 95], [231, "Barros Mella", "Iria", "iria.bm@correo.example", date(2022, 9, 1), "Juvenil", 40], [240, "Smith", "Graham", "g.smith@post.example", date(2023, 3, 20), "Transeúnte", 60], [244, "Otero Castro", "Noa", "noa.oc@correo.example", date(2024, 2, 11), "Juvenil", 40]]})
    sheet(root / "Socios/cuotas 2025 T2.csv", [["Recibo", "N.º socio", "Fecha", "Concepto", "Importe", "Estado"], ["R-25-0101", "207", "01/04/2025", "Cuota social 2T", "95,00", "cobrado"], ["R-25-0102", "214", "01/04/2025", "Cuota social 2T", "95,00", "cobrado"], ["R-25-0103", "231", "01/04/2025", "Cuota social 2T", "40,00", "cobrado"], ["R-25-0104", "240", "01/04/2025", "Cuota social 2T", "60,00", "devuelto"], ["R-25-0111", "207", "15/04/2025", "Amarre C-03 2T", "245,00", "cobrado"], ["R-25-0112", "214", "15/04/2025", "Amarre B-12 2T", "287,50", "devuelto"]], ";")
    sheet(root / "Banco/extracto 2T.csv", [["F. operación", "F. valor", "Concepto", "Importe", "Saldo"],
        ["04/04/2025", "04/04/2025", "REMESA RECIBOS SOCIOS ABRIL", "290,00", "12.290,00"], ["22/04/2025", "22/04/2025", "TRANSF. VELAS OTERO SL FRA 2025/0417", "-943,80", "11.346,20"], ["30/04/2025", "02/05/2025", "TRANSFERENCIA DE CONSERVAS LOURIÑA SL F-2025-011", "3.025,00", "14.371,20"],
        ["05/05/2025", "05/05/2025", "TRANSF. Mª JOSE PAZOS RIAL FRA 14/2025", "-636,00", "13.735,20"], ["08/05/2025", "08/05/2025", "ADEUDO ELECTRA DEL ATLANTICO SAU", "-337,91", "13.397,29"], ["14/05/2025", "14/05/2025", "RECIBO ASEGURADORA FINISTERRE RC-7719020", "-1.940,60", "11.456,69"],
        ["16/05/2025", "16/05/2025", "CONCELLO DE SERENA F-2025-012", "1.200,00", "12.656,69"], ["16/05/2025", "15/05/2025", "TARJ. HOSTBAY LTD DUBLIN", "-118,80", "12.537,89"], ["03/06/2025", "03/06/2025", "SABORES DA RIA SL ALQUILER JUNIO", "450,00", "12.987,89"],
        ["05/06/2025", "05/06/2025", "TRANSF. Mª JOSE PAZOS RIAL FRA 18/2025", "-636,00", "12.351,89"], ["18/06/2025", "18/06/2025", "TRANSF. SCHEEPSWERF DE VRIES BV 20250088", "-4.350,00", "8.001,89"]], ";", "cp1252")
    # minutes and notes
    p("Actas/2025-04-07 junta.md", f"# Acta de la junta directiva del {OWN}\n\nFecha: 7 de abril de 2025\nAsistentes: Brais Dopazo, Antía Rey, Uxía Carballal\nExcusa su asistencia: Iago Lema\n\n1. Se aprueba el pedido 25-14 a Velas Otero.\n2. La tesorera informa del cobro de los recibos.\n3. La RIB se manda a reparar a De Vries.\n")
    p("Actas/2025-06-02 junta.docx", ["# Acta de la junta directiva", "Fecha: 2 de junio de 2025\nAsistentes: Brais Dopazo, Uxía Carballal, Iago Lema", "1. El hotel no ha pagado la F-2025-013: se manda un segundo aviso.", "2. Se estudia el presupuesto PR-25-077 para la rampa nueva.", "3. Devuelto el recibo R-25-0112."])
    p("Notas/rampa.md", "---\nproyecto: Rampa nueva\nresponsable: Iago Lema\nestado: pendiente\npresupuesto: PR-25-077\netiquetas: [obra, puerto]\n---\n\nFalta el permiso de Portos de Galicia.\n")
    p("Notas/escuela.md", "---\nproyecto: Escuela de vela\nresponsable: Antía Rey\nestado: en curso\netiquetas: [cursos, concello]\n---\n\nCalendario de julio y agosto con el concello.\n")
    p("Notas/rib.md", "---\nproyecto: Rampa nueva\nresponsable: Antía Rey\nestado: en curso\npedido: 25-17\netiquetas: [puerto]\n---\n\nLa RIB vuelve de Makkum el 19 de mayo.\n")


E, R, P, C, S, L, A, N = "Emitidas/", "Recibidas/", "Pedidos/", "Contratos/", "Seguros/", "Cartas/", "Actas/", "Notas/"
BANK, FEES, LIST = "Banco/extracto 2T.csv", "Socios/cuotas 2025 T2.csv", "Socios/socios.xlsx"
f11, f12, f13, f19, fr = (E + x for x in ("F-2025-011 Louriña.pdf", "F-2025-012 concello.docx", "F-2025-013 hotel.html", "F-2025-019 Louriña.pdf", "FR-2025-002 abono.txt"))
ot1, ot2, yard, ele, cl1, cl2, web = (R + x for x in ("Otero 2025-0417.pdf", "Otero 2025-0502.txt", "de vries 20250088.docx", "electra abril.html", "limpieza abril.pdf", "limpieza mayo.pdf", "hosting.json"))
p14, p17, p21, alb, pak = (P + x for x in ("25-14 Otero.txt", "25-17 de vries.eml", "25-21 chalecos.docx", "albarán A-3391.pdf", "pakbon.txt"))
b12, c03, spon, lim, can = (C + x for x in ("amarre B-12.docx", "amarre C-03.txt", "patrocinio.pdf", "limpieza.pdf", "cantina.docx"))
rc, emb, parte = (S + x for x in ("póliza RC.pdf", "embarcaciones.txt", "parte rib.eml"))
rec, avi, cam, gra, gru = (L + x for x in ("recordatorio Figueroa.docx", "segundo aviso hotel.txt", "cambio de amarre.eml", "agradecimiento Louriña.pdf", "oferta grúa.pdf"))
a4, a6, ramp, esc, rib = A + "2025-04-07 junta.md", A + "2025-06-02 junta.docx", N + "rampa.md", N + "escuela.md", N + "rib.md"
NAMES = {CANS: {"conservas louriña", "conservas louriña s.l"}, HOTEL: {"hotel mirador del puerto", "hotel mirador del puerto s.a"}, SAILS: {"velas otero", "velas otero s.l"}, YARD: {"scheepswerf de vries", "scheepswerf de vries b.v"}, POWER: {"electra del atlántico", "electra del atlántico s.a.u"}, XOAN: {"don xoán figueroa leal", "d. xoán figueroa leal"}, BAR: {"sabores da ría", "sabores da ría s.l"}, FINIS: {"aseguradora finisterre", "aseguradora finisterre s.a"}, VESTS: {"náutica barreiro"}, CRANE: {"grúas y elevaciones muxía"}}
B, F, M = BANK + ":", FEES + ":", LIST + "!Socios:"
TASKS = [
    Task("group cliente Emitidas", "group", dict(key="cliente", dir="Emitidas"), truth={CANS: {f11, f19}, TOWN: {f12}, HOTEL: {f13, fr}}, alias=NAMES),
    Task("group proveedor Recibidas", "group", dict(key="proveedor", dir="Recibidas"), truth={SAILS: {ot1, ot2}, YARD: {yard}, POWER: {ele}, CLEAN: {cl1, cl2}, "Hostbay Ltd": {web}}, alias=NAMES),
    Task("group counterparty Contratos", "group", dict(key="counterparty", dir="Contratos"), truth={XOAN: {b12}, BEA: {c03}, CANS: {spon}, CLEAN: {lim}, BAR: {can}}, alias=NAMES),
    Task("group aseguradora Seguros", "group", dict(key="aseguradora", dir="Seguros"), truth={FINIS: {rc}, MUTUA: {emb}}, alias=NAMES, maybe=frozenset({parte})),
    Task("group proyecto", "group", dict(key="proyecto"), truth={"Rampa nueva": {ramp, rib, gru}, "Escuela de vela": {esc}}, maybe=frozenset({a6})),
    Task("group estado Notas", "group", dict(key="estado", dir="Notas"), truth={"pendiente": {ramp}, "en curso": {esc, rib}}),
    Task("group asistentes Actas", "group", dict(key="asistentes", dir="Actas"), truth={"Brais Dopazo": {a4, a6}, "Antía Rey": {a4}, "Uxía Carballal": {a4, a6}, "Iago Lema": {a6}}),
    Task("group kind Pedidos, Cartas", "group", dict(key="kind", query="facturas"), truth={"invoice": {f11, f12, f13, f19, fr, ot1, ot2, yard, ele, cl1, cl2, web}}),
    Task("group date:month Recibidas", "group", dict(key="date:month", dir="Recibidas"), truth={"2025-04": {ot1, cl1}, "2025-05": {ot2, yard, ele, cl2, web}}),
    Task("group number of order", "group", dict(key="pedido", dir="Pedidos"), truth={"25-14": {p14, alb}, "25-17": {p17, pak}, "25-21": {p21}}),
    Task("facturas x pedidos, pedido", "join", dict(left="Recibidas", right="Pedidos/25-*", on=("pedido",)), truth={(ot1, p14), (yard, p17)}),
    Task("invoices x delivery notes, order number", "join", dict(left="Recibidas", right="Pedidos/[ap]*", on=("order_number",)), truth={(ot1, alb), (yard, pak)}),
    Task("pedidos sin factura", "join", dict(how="anti", left="Pedidos/25-*", right="Recibidas", on=("order_number",)), truth={(p21, "")}),
    Task("banco x emitidas, número de factura", "join", dict(left=BANK, right="Emitidas", on=("invoice_number",)), truth={(B + "4", f11), (B + "8", f12)}),
    Task("banco x recibidas, invoice number", "join", dict(left=BANK, right="Recibidas", on=("invoice_number",)), truth={(B + "3", ot1), (B + "5", cl1), (B + "11", cl2), (B + "12", yard)}),
    Task("recibidas x banco, counterparty and amount", "join", dict(left="Recibidas", right=BANK, on=("counterparty", "amount")), truth={(ot1, B + "3"), (cl1, B + "5"), (cl1, B + "11"), (cl2, B + "5"), (cl2, B + "11"), (ele, B + "6"), (yard, B + "12"), (web, B + "9")}),
    Task("emitidas sin cobro", "join", dict(how="anti", left="Emitidas/F-*", right=BANK, on=("invoice_number",)), truth={(f13, ""), (f19, "")}),
    Task("facturas x contratos, counterparty", "join", dict(left="facturas", right="Contratos", on=("counterparty",)), truth={(f11, spon), (f19, spon), (cl1, lim), (cl2, lim)}),
    Task("emitidas x contratos, contrato", "join", dict(left="Emitidas", right="Contratos", on=("contrato",)), truth={(f11, spon), (f19, spon)}),
    Task("cartas x facturas, invoice number", "join", dict(left="Cartas", right="Emitidas", on=("invoice_number",)), truth={(avi, f13)}, maybe=frozenset({(avi, fr)})),
    Task("cartas x cuotas, recibo", "join", dict(left="Cartas", right=FEES, on=("recibo",)), truth={(rec, F + "7")}),
    Task("cuotas x socios, n.º socio", "join", dict(left=FEES, right=LIST, on=("N.º socio",)), truth={(F + "2", M + "2"), (F + "3", M + "3"), (F + "4", M + "4"), (F + "5", M + "5"), (F + "6", M + "2"), (F + "7", M + "3")}),
    Task("socios sin recibo", "join", dict(how="anti", left=LIST, right=FEES, on=("N.º socio",)), truth={(M + "6", "")}),
    Task("correos x socios, email", "join", dict(left="Cartas/*.eml", right=LIST, on=("email",)), truth={(cam, M + "2")}),
    Task("parte x pólizas, policy number", "join", dict(left="Seguros/*.eml", right="Seguros", on=("policy_number",)), truth={(parte, emb)}),
    Task("actas x presupuestos, quote number", "join", dict(left="Actas", right="Cartas", on=("quote_number",)), truth={(a6, gru)}),
    Task("sum by cliente", "aggregate", dict(function="sum", field="amount", by=("cliente",), query="Emitidas"), truth={(CANS, "EUR"): "4840.00", (TOWN, "EUR"): "1200.00", (HOTEL, "EUR"): "392.04"}, alias=NAMES),
    Task("sum by proveedor", "aggregate", dict(function="sum", field="total", by=("supplier",), query="Recibidas"), truth={(SAILS, "EUR"): "1197.90", (YARD, "EUR"): "4350.00", (POWER, "EUR"): "337.91", (CLEAN, "EUR"): "1272.00", ("Hostbay Ltd", "EUR"): "118.80"}, alias=NAMES),
    Task("sum of fees by estado", "aggregate", dict(function="sum", field="importe", by=("estado",), query=FEES), truth={("cobrado", ""): "475.00", ("devuelto", ""): "347.50"}),
    Task("avg cuota by categoría", "aggregate", dict(function="avg", field="cuota trimestral", by=("categoría",), query=LIST), truth={("Titular", ""): "95", ("Juvenil", ""): "40", ("Transeúnte", ""): "60"}),
    Task("max premium by insurer", "aggregate", dict(function="max", field="prima", by=("aseguradora",), query="Seguros"), truth={(FINIS, "EUR"): "1940.60", (MUTUA, "EUR"): "2310.00"}, alias=NAMES),
    Task("count Recibidas by month", "aggregate", dict(function="count", by=("date:month",), query="Recibidas"), truth={("2025-04", ""): "2", ("2025-05", ""): "5"}),
    Task("ask: ¿Cuánto nos ha facturado Velas Otero?", "ask", dict(question="¿Cuánto nos ha facturado Velas Otero en 2025?"), truth=("1.197,90", "1197.90", "1,197.90")),
    Task("files: contratos que terminan en 2025", "files", dict(question="contratos que vencen en 2025"), truth={b12, spon}),
    Task("files: contracts ending in 2027", "files", dict(question="contracts expiring in 2027"), truth={can}),
    Task("files: facturas de mayo de 2025", "files", dict(question="facturas de mayo de 2025"), truth={fr, ot2, yard, ele, cl2, web}),
    Task("files: facturas de más de 1.000 euros", "files", dict(question="facturas de más de 1.000 euros"), truth={f11, f12, f19, yard}),
    Task("files: invoices due in July 2025", "files", dict(question="invoices due in July 2025"), truth={f19}),
    Task("extract policy number", "extract", dict(path="Seguros", field=("policy_number",), first=True), truth={(rc, "RC-7719020"), (emb, "44-120887-E"), (parte, "44-120887-E")}),
    Task("extract invoice number", "extract", dict(path="Recibidas", field=("invoice_number",), first=True), truth={(ot1, "2025/0417"), (ot2, "2025/0502"), (yard, "20250088"), (ele, "EA25-00918273"), (cl1, "14/2025"), (cl2, "18/2025"), (web, "HB-55120")}),
]
