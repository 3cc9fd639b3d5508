"""Words and arithmetic of time: what :mod:`lsfs.index.time.timespan` builds its phrases from."""

from __future__ import annotations

from datetime import date, timedelta

from lsfs import currencies
from lsfs.index.facts.dates import MONTHS, Days, month_days, year_days
from lsfs.index.find.folding import fold

# --- words. All are folded when the tables are made: lower case, no accents.


def _table(text: str) -> dict[str, str]:
    """``meaning: word word`` line by line, as a mapping from word to meaning."""
    table = {}
    for line in text.strip().splitlines():
        meaning, _, words = line.partition(":")
        table.update(dict.fromkeys(fold(words).split(), meaning.strip()))
    return table


def _words(text: str) -> frozenset[str]:
    return frozenset(fold(text).split())


def _numbers(text: str) -> dict[str, int]:
    return {word: int(number) for word, number in _table(text).items()}


# Months as a question may name them: those that documents are read for, and more languages.
MONTH_NAMES = MONTHS | _numbers(
    """
    1: januari styczeń stycznia styczniu styczniem январь января январе
    2: februari luty lutego lutym февраль февраля феврале
    3: maart marzec marca marcu marcem март марта марте
    4: kwiecień kwietnia kwietniu kwietniem апрель апреля апреле
    5: mei maj maja maju majem май мая мае
    6: juni czerwiec czerwca czerwcu czerwcem июнь июня июне
    7: juli lipiec lipca lipcu lipcem июль июля июле
    8: augustus augusti sierpień sierpnia sierpniu sierpniem август августа августе
    9: wrzesień września wrześniu wrześniem сентябрь сентября сентябре
    10: październik października październiku październikiem октябрь октября октябре
    11: listopad listopada listopadzie listopadem ноябрь ноября ноябре
    12: grudzień grudnia grudniu grudniem декабрь декабря декабре
    """
)
# Several words are joined by "_"; the longest fit wins.
ROLES = _table(
    """
    in: in during within of for over throughout im ins aus fur wahrend en dans pendant pour durant
    in: nel nello nella nell negli nei nelle durante del dell della delle degli dei dello di per
    in: du d para over_the
    on: on am at le el il zu zum op på
    from: from de von vom
    since: since seit ab ab_dem depuis des a_partir_de a_partir_du desde desde_el da dal dallo dalla
    since: starting starting_in starting_from beginning_in seit_dem sinds
    after: after nach nach_dem apres despues_de despues_del dopo dopo_il later_than newer_than
    before: before prior_to vor vor_dem avant antes_de antes_del prima_di prima_del earlier_than
    before: older_than pre
    until: until till up_to up_until through bis bis_zum jusqu jusqu_a jusqu_en jusqu_au hasta
    until: fino_a fino_al
    by: by
    older: more_than mehr_als
    younger: less_than weniger_als
    between: between zwischen entre tra fra
    in: tijdens gedurende em durante_o no_decorrer_de i_början w w_ciagu в во за
    from: uit van från z
    since: vanaf från_och_med począwszy_od с со начиная_с a_partir_do as_from starting_on
    since: no_earlier_than not_earlier_than
    since: od от nicht_vor nicht_fruher_als since_at_least
    after: na efter depois_de depois_do após после post
    before: voor vóór före innan antes_do przed до перед earlier_than
    until: tot tot_en_met t_m fram_till вплоть_до up_to_and_including no_later_than not_later_than
    until: spatestens at_the_latest_by bis_einschliesslich bis_spatestens on_or_before
    until: spatestens_am spatestens_zum spatestens_bis not_after nicht_nach bis_einschliesslich_zum
    until: au_plus_tard_le a_mas_tardar_el a_mas_tardar al_piu_tardi entro entro_il
    since: on_or_after not_before fruhestens fruhestens_am au_plus_tot_le
    in: innerhalb innerhalb_von binnen
    since: no_older_than not_older_than nicht_alter_als non_piu_vecchie_di
    before: alter_als plus_vieux_que plus_vieilles_que
    before: anterior_a anteriores_a anterieur_a anterieurs_a anterieure_a anterieures_a
    before: precedente_al precedenti_al
    after: posterior_a posteriores_a posterieur_a posterieurs_a posterieure_a posterieures_a
    after: successivo_al successivi_al
    between: tussen mellan między pomiędzy между
    """
)
TO = _words(
    """to until till through thru bis a au jusqu hasta al - \u2013 \u2014 fino
    tot do до по aż"""
)
AND = _words(
    """and und et y e or oder ou o &
    en och oraz и lub"""
)
ARTICLES = _words(
    """the a an le la l les el los las il lo gli i der die das den dem des year jahr
    de het"""
)
OF = _words(
    """of de d del du des von vom di dell della delle im in the der le la l el , year
    van do da dos das av"""
)
LAST = _words(
    """last previous letzten letzter letztes letzte letztem vorigen voriges vorige vergangenen
    vergangene vergangenes dernier derniere derniers dernieres passe passee pasado pasada ultimo
    ultima ultimos ultimas scorso scorsa scorsi ultimi ultime
    vorig vorige afgelopen laatste passado passada förra senaste zeszły zeszłym zeszłej zeszłego
    ostatni ostatnie
    ostatnim ostatnich ubiegłym ubiegłego minionym прошлом прошлой прошлый прошлого прошлую
    последние последний последних последней"""
)
PAST = _words("past")  # counted back from today, not by the calendar
THIS = _words(
    """this current dieser dieses diesen diesem diese cette ce cet este esta esto
    quest questo questa
    dit deze neste nesta denna detta tym tego bieżącym этом этой этот текущем"""
)
YEAR_ENDINGS = _words("roku rok года году год")
NEXT = _words(
    """next coming nachsten nachster nachstes nachste kommenden prochain prochaine proximo proxima
    prossimo prossima
    volgende volgend komende nästa następnym przyszłym следующем следующей"""
)
AFTER_NOUN = _words(
    """dernier derniere derniers dernieres passe passee pasado pasada pasados scorso scorsa
    prochain prochaine proximo proxima prossimo prossima
    passado passada"""
)
PRECEDING = _table(
    """
    year: vorjahr vorjahres vorjahrs
    quarter: vorquartal vorquartals
    month: vormonat vormonats
    week: vorwoche
    """
)
YEARS_AWAY = {word: -1 for word in LAST} | {word: 0 for word in THIS} | {word: 1 for word in NEXT}
UNITS = _table(
    """
    day: day days tag tage tagen jour jours dia dias giorno giorni
    week: week weeks woche wochen semaine semaines semana semanas settimana settimane
    month: month months monat monate monaten monats mois mes meses mese mesi
    quarter: quarter quarters quartal quartale quartalen trimestre trimestres trimestri
    half: half halbjahr semestre
    year: year years jahr jahre jahren jahres annee annees ans ano anos anno anni
    hour: hours stunden heures horas ore
    day: dagen dag dagar dagarna dzień dni dia dias день дня дней
    week: weken vecka veckor veckan veckorna tydzień tygodnie tygodniu tygodni tygodnia неделя
    week: неделю неделе
    week: недели недель
    month: maand maanden månad månader månaden månaderna miesiąc miesiąca miesiącu miesiące
    month: miesięcy месяц
    month: месяце месяца месяцев
    quarter: kwartaal kwartalen kvartal kvartalet kwartał kwartale квартал квартале
    half: halfjaar semestres halfte halvår
    year: jaar jaren år året åren rok roku lata lat год году года лет
    fortnight: fortnight fortnights
    decade: decade decades jahrzehnt jahrzehnte decennie décennie
    workday: workdays weekdays werktag werktage werktagen arbeitstag arbeitstage arbeitstagen
    workday: werkdagen vardagar vardagarna
    """
)
NUMBERS = _numbers(
    """
    1: one a an ein eine einen einem einer un une una uno
    2: two couple zwei deux dos due
    3: three few drei trois tres tre
    4: four vier quatre cuatro quattro
    5: five funf cinq cinco cinque
    6: six sechs seis sei
    7: seven sieben sept siete sette
    8: eight acht huit ocho otto
    9: nine neun neuf nueve nove
    10: ten zehn dix diez dieci
    11: eleven elf onze once undici
    12: twelve zwolf douze doce dodici
    15: fifteen funfzehn quinze quince quindici
    20: twenty zwanzig vingt veinte venti
    30: thirty dreissig trente treinta trenta
    40: forty vierzig quarante cuarenta quaranta
    50: fifty funfzig cinquante cincuenta cinquanta
    60: sixty sechzig soixante sesenta sessanta
    70: seventy siebzig setenta settanta
    80: eighty achtzig ochenta ottanta
    90: ninety neunzig noventa novanta
    2: dwóch twee dois duas två dwa dwie два две
    3: trzech drie três trzy три
    4: vier quatro fyra cztery четыре
    5: vijf fem pięć пять
    6: zes seis sześć шесть
    """
)
ORDINALS = _numbers(
    """
    1: first erste ersten erstes premier premiere primer primera primo prima
    2: second zweite zweiten zweites deuxieme second seconde segundo segunda secondo seconda
    3: third dritte dritten drittes troisieme tercer tercera terzo terza
    4: fourth vierte vierten viertes quatrieme cuarto cuarta quarto quarta
    -1: last letzte letzten letztes dernier derniere ultimo ultima
    1: eerste primeiro primeira första pierwszy pierwszym
    2: tweede segundo segunda andra drugi drugim
    3: derde terceiro terceira tredje trzeci trzecim
    4: vierde quarto quarta fjärde czwarty czwartym
    """
)
# Said of days behind or before them: "five business days", "cinq jours ouvrés".
OF_WORK = _words(
    """business working work ouvres ouvrables habiles laborables lavorativi feriali uteis
    roboczych рабочих"""
)
BEFORE_LAST = _words(
    """vorletzte vorletzten vorletzter vorletztes vorletztem vorvorige vorvorigen penultimate
    penultimo penultima voorlaatste eervorige przedostatni przedostatnim przedostatniego
    позапрошлый позапрошлом позапрошлой позапрошлую позапрошлого"""
)
BEFORE_LAST_AFTER_NOUN = _words("antepasado antepasada")
# Days of a month in words. English has "of" behind them, the others the month or "de".
DAY_ORDINALS = ORDINALS | _numbers(
    """
    1: erster primero
    2: zweiter
    3: dritter
    4: vierter
    5: fifth funfte funften funfter
    6: sixth sechste sechsten sechster
    7: seventh siebte siebten siebter
    8: eighth achte achten achter
    9: ninth neunte neunten neunter
    10: tenth zehnte zehnten zehnter
    11: eleventh elfte elften elfter
    12: twelfth zwolfte zwolften zwolfter
    13: thirteenth dreizehnte dreizehnten
    14: fourteenth vierzehnte vierzehnten
    15: fifteenth funfzehnte funfzehnten
    16: sixteenth sechzehnte sechzehnten
    17: seventeenth siebzehnte siebzehnten
    18: eighteenth achtzehnte achtzehnten
    19: nineteenth neunzehnte neunzehnten
    20: twentieth zwanzigste zwanzigsten
    30: thirtieth dreissigste dreissigsten
    """
)
ENGLISH_ORDINALS = _words(
    """first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth
    fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth thirtieth"""
)
WEEKDAYS = _numbers(
    """
    0: monday montag lundi lunes lunedi
    1: tuesday dienstag mardi martes martedi
    2: wednesday mittwoch mercredi miercoles mercoledi
    3: thursday donnerstag jeudi jueves giovedi
    4: friday freitag vendredi viernes venerdi
    5: saturday samstag samedi sabado sabato
    6: sunday sonntag dimanche domingo domenica
    0: maandag måndag måndagen poniedziałek poniedziałku понедельник понедельника
    1: dinsdag tisdag tisdagen wtorek wtorku вторник вторника
    2: woensdag onsdag onsdagen środa środę środy среду среды
    3: donderdag torsdag torsdagen czwartek czwartku четверг четверга
    4: vrijdag fredag fredagen piątek piątku пятницу пятницы
    5: zaterdag lördag lördagen sobota sobotę soboty субботу субботы
    6: zondag söndag söndagen niedziela niedzielę niedzieli воскресенье воскресенья
    """
)
SEASONS = _numbers(
    """
    3: spring fruhling fruhjahr printemps primavera
    6: summer sommer ete verano
    9: autumn fall herbst automne otono autunno
    12: winter hiver invierno inverno
    3: lente voorjaar wiosna wiosną весна весной
    6: zomer verão sommar sommaren lato latem летом
    9: herfst najaar outono höst hösten jesień jesienią осень осенью
    12: vinter vintern zima zimą зима зимой
    """
)
HOLIDAYS = _table(
    """
    christmas: christmas xmas weihnachten weihnachtstage noel navidad navidades natale
    easter: easter ostern paques pascua pasqua
    newyear: new_year new_years neujahr
    silvester: silvester nochevieja
    christmas: kerst kerstmis natal jul boze_narodzenie
    easter: pasen páscoa påsk wielkanoc
    whitsun: whitsun pentecost pfingsten pentecôte pinksteren pentecostes pentecoste
    halloween: halloween
    thanksgiving: thanksgiving
    goodfriday: goodfriday karfreitag
    blackfriday: blackfriday
    boxingday: boxingday
    christmaseve: christmaseve heiligabend nochebuena
    christmasday: christmasday
    newyearsday: newyearsday capodanno
    """
)
EDGES = _table(
    """
    start: start beginning anfang beginn debut principios inizio
    early: early
    mid: mid middle mitte mi mediados meta
    late: late
    end: end ende fin finales fine
    """
)
NEED_OF = _words("start beginning principios inizio middle mediados meta end finales fine")
FISCAL = _words("fy fiscal financial geschaftsjahr exercice")
YEAR_WORDS = _words("year years jahr jahre jahren jahres annee ano anno calendar")
OLD = _words("old alt")
WEEK_WORDS = _words(
    """week kw woche semaine semana settimana
    cw wk vecka tydzień неделя"""
)
DECADES = {"noughties": 100, "nuller": 100} | _numbers(
    """
    20: twenties zwanziger
    30: thirties dreißiger
    40: forties vierziger
    50: fifties fünfziger
    60: sixties sechziger
    70: seventies siebziger
    80: eighties achtziger
    90: nineties neunziger
    """
)
DECADE_WORDS = _words("annees anos anni jahre jaren")  # before the number of a decade
TENS = _numbers(
    """
    20: vingt veinte venti vinte twintig
    30: trente treinta trenta trinta dertig
    40: quarante cuarenta quaranta quarenta veertig
    50: cinquante cincuenta cinquanta cinquenta vijftig
    60: soixante sesenta sessanta sessenta zestig
    70: soixante-dix setenta settanta zeventig
    80: quatre-vingt quatre-vingts ochenta ottanta oitenta tachtig
    90: quatre-vingt-dix noventa novanta negentig
    """
)
SURE_SHORT_MONTHS = _words("feb apr jun jul aug sep sept oct okt nov")
# What ends a German clause, behind its time.
GERMAN_LAST = _words(
    """auslaufen ablaufen enden beginnen starten fällig unterschrieben unterzeichnet abgeschlossen
    geschlossen erstellt geschrieben gesendet geschickt erhalten gekauft geändert bearbeitet
    aufgenommen entstanden"""
)
# Said of a day before "hier", which is here in German.
FRENCH_DONE = _words(
    """modifie modifies modifiee modifiees recu recus recue recues envoye envoyes envoyee envoyees
    ecrit ecrits ecrite ecrites signe signes signee signees cree crees creee creees ajoute ajoutes
    pris prises fait faits faites enregistre enregistres telecharge telecharges"""
)
DAYS_AGO = _numbers(
    """
    -1: tomorrow demain domani
    -2: übermorgen dopodomani
    0: today heute hoy oggi
    1: yesterday gestern ayer ieri
    2: vorgestern anteayer
    -1: amanhã
    0: vandaag hoje idag dzisiaj dziś сегодня
    1: gisteren ontem igår wczoraj вчера
    2: eergisteren anteontem przedwczoraj позавчера
    """
)
ONWARDS = _words("on onwards onward forward or and oder ou")
LATER = _words("later newer after spater")
EARLIER = _words("earlier older before fruher")

# --- where a bare number of four digits is no year

NUMBERED_THINGS = _words(
    """room rooms zimmer chambre iso din en rfc route highway road street model modell version
    windows office excel word outlook sharepoint server error code page pages seite chapter section
    article paragraph apartment apt suite flat unit number no nr num numero ext extension port
    ticket case id box serial part building flight bus line channel zip pin art item sku area
    invoice order bill form lot level floor gate hall volume issue phone tel fax account customer
    rechnung facture factura fattura raum reference ref check cheque receipt claim clause figure
    table question block tower studio docket step release build python ubuntu android java php
    firmware act statute
    bill rule
    directive exhibit appendix annex schedule drawing lot plot unit verse psalm track episode seat
    seats rows desk desks bay bays berth berths cabin cabins lockers stalls chair chairs flats
    apartments units gates platform platforms lanes tracks channels ports verses chapters sections
    paragraphs clauses suites ward wards kennel kennels opus op kv bwv lesson lessons
    locker badge token pixel habitacion camera stanza salle roman novel novela romanzo agenda"""
)
AMOUNT_WORDS = _words(
    """paid pay pays paying cost costs costing sold sell bought earn earned spent worth about around
    over only nearly exactly than to under least most at by total sum amount maximum minimum price
    fee rent salary value limit average loan payment balance roughly almost approximately is was
    are were be has have had does do did can will the a an and or not with that this these it we
    you i he she they my if as but so how what who which why when where me us them up out"""
)
AMOUNT_NOUNS = _words(
    """total sum amount maximum minimum price cost fee rent salary value limit average loan payment
    balance discount bonus refund donation premium number sold bought paid pay earned spent worth"""
)
CENTURY = _words("century jahrhundert jahrhunderts siecle siglo secolo seculo eeuw")
CENTURIES = _numbers(
    """
    18: eighteenth achtzehnte achtzehnten dix-huitieme xviii xviiie xviiieme
    19: nineteenth neunzehnte neunzehnten dix-neuvieme xix xixe xixeme diciannovesimo
    20: twentieth zwanzigste zwanzigsten vingtieme xx xxe xxeme ventesimo
    21: twenty-first einundzwanzigste einundzwanzigsten xxi xxie xxieme ventunesimo
    """
)
# Before 20230714, which may be a number.
DATED = _words("dated due issued signed of on datiert datée datado fechado datato del du vom")
HALVES = _words(
    "half halfte moitie mitad metade quincena quinzaine quindicina quinzena hälfte helft"
)
# Terms of a university: their first month, and how many months they have.
TERMS = {"winter": (10, 6), "summer": (4, 6), "autumn": (8, 5), "fall": (8, 5), "spring": (1, 5)}
TERM_WORDS = _words("term semester")
WHOLE_TERMS = {
    "wintersemester": "winter", "sommersemester": "summer", "ws": "winter", "ss": "summer",
    "wise": "winter", "sose": "summer",
}  # fmt: skip
SCHOOL_YEARS = _words(
    """school_year academic_year schuljahr studienjahr annee_scolaire annee_universitaire curso
    curso_escolar curso_academico anno_scolastico anno_accademico schooljaar ano_letivo
    season spielzeit saison temporada stagione seizoen sasong"""
)
# Of these a time counted from today lies ahead: "due within 30 days".
AHEAD = _words(
    """due payable expire expires expiring end ends ending mature matures maturing renew renews
    renewing start starts starting begin begins beginning lapse lapses lapsing fallig ablaufen
    auslaufen enden endend beginnen expirant echeant vencen scadono"""
)
# "From around 1990": how far to both sides, by what it is said of.
AROUND = _words("around about circa ca um vers hacia verso roughly")
AROUND_LEADS = _words("from in of von aus de du dated di del da den datiert")
REPORTED = _words("results figures numbers earnings review close closing returns return update")
WITHIN = _words("within in innerhalb binnen dans sous en entro tra fra")
# Streets are called by days: "rue du 4 Septembre", "Straße des 17. Juni". The second are also words
# of another language ("took place 4 May"), and streets only with a capital.
STREETS = _words(
    """rue avenue avenida avda calle plaza piazza corso viale rua boulevard strasse platz praca
    allee"""
)
STREETS_WITH_CAPITAL = _words("place via metro largo ponte pont quai estacion str")
EPITHETS = _words(
    "starke starken grosse grossen fromme frommen weise weisen altere alteren jungere"
)
TWO_WORDS = {
    ("good", "friday"): "goodfriday",
    ("black", "friday"): "blackfriday",
    ("boxing", "day"): "boxingday",
    ("christmas", "eve"): "christmaseve",
    ("christmas", "day"): "christmasday",
}
VERSIONED = _words("version release build v python ubuntu android java iso din iec ieee rfc")
AGO = _words("ago fa geleden temu назад atras sedan")
WEEKEND = _words("weekend wochenende")
NOW = _words("now date present today heute jetzt aujourd'hui maintenant hoy ahora oggi ora adesso")
MODALS = _words("will would can could should must may might does doesn don did not to that")
PLURALS = _words("weeks months quarters years tage wochen jahre monate")
UNIT_WORDS = frozenset(currencies.WORDS) | _words(
    """people persons pages words
    characters km kilometers kilometres miles meters metres m kg kilos tons tonnes grams percent
    hours minutes seconds days weeks months years times units pieces items copies employees users
    customers square sqm feet ft inches watts volts mb gb kb tb rows lines files points steps votes
    inhabitants residents citizens students members einwohner einwohnern habitants habitantes
    abitanti homes households rooms seats jobs shares bc ad v o'clock rpm calories dpi hz mhz"""
)
STOPS = _words(
    """and or by in on of for from with about to the a an signed sent made that which who where when
    not between at is are was were have has did do we i you they he she it und oder von mit im in
    fur uber et ou de avec dans sur y o con en sobre e di su per modified changed edited as if but
    than until since before after concerning regarding mentioning containing listed please"""
)
DOCUMENT_WORDS = _words(
    """tax taxes budget budgets
    contract contracts agreement agreements lease leases invoice invoices
    letter letters report reports receipt receipts photo photos picture pictures file files document
    documents docs email emails mail mails pdf pdfs notes minutes statement statements paper papers
    newsletter newsletters edition annual accounts forecast plan season tour holiday trip order
    orders policy policies spreadsheets spreadsheet presentations slides financial financials
    vertrage rechnungen berichte briefe contrats factures lettres rapports contratos facturas cartas
    informes contratti fatture lettere rapporti"""
)
# --- arithmetic on days


def _shift_months(day: date, months: int) -> date:
    at = day.year * 12 + day.month - 1 + months
    year, month = min(max(at // 12, 1), 9998), at % 12 + 1
    last = (month_days(year, month)[1] - timedelta(days=1)).day
    return date(year, month, min(day.day, last))


def shift(day: date, count: int, unit: str) -> date:
    """``count`` units later, or earlier; stays within the calendar."""
    months = {"month": 1, "quarter": 3, "half": 6, "year": 12, "decade": 120}.get(unit)
    if months:
        return _shift_months(day, months * count)
    if unit == "workday":
        # So many days of work back, and over as many weekends as they hold.
        weeks, rest = divmod(abs(count), 5)
        sign = 1 if count > 0 else -1
        day = shift(day, sign * weeks, "week")
        while rest:
            day = shift(day, sign, "day")
            rest -= day.weekday() < 5
        return day
    ordinal = day.toordinal() + count * {"week": 7, "fortnight": 14}.get(unit, 1)
    return date.fromordinal(min(max(ordinal, 1), date.max.toordinal() - 400))


def unit_around(day: date, unit: str) -> Days:
    """The calendar's unit that holds a day; weeks begin on Monday."""
    if unit == "week":
        first = shift(day, -day.weekday(), "day")
        return first, shift(first, 1, "week")
    if unit == "month":
        return month_days(day.year, day.month)
    if unit == "quarter":
        return month_days(day.year, (day.month - 1) // 3 * 3 + 1, 3)
    if unit == "half":
        return month_days(day.year, 1 if day.month < 7 else 7, 6)
    if unit == "year":
        return year_days(day.year)
    if unit == "decade":
        begins = day.year // 10 * 10
        return date(begins, 1, 1), date(begins + 10, 1, 1)
    if unit == "fortnight":  # counted back from the end of this week
        monday = shift(day, -day.weekday(), "day")
        return shift(monday, -1, "week"), shift(monday, 1, "week")
    return day, shift(day, 1, "day")


def _easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (the anonymous algorithm)."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return date(year, month, day + 1)


_DAYS = {
    "newyearsday": (1, 1), "halloween": (10, 31), "christmaseve": (12, 24),
    "christmasday": (12, 25), "boxingday": (12, 26),
}  # fmt: skip


def holiday(name: str, year: int) -> Days:
    if name == "christmas":
        return date(year, 12, 24), date(year, 12, 27)
    if name == "easter":
        sunday = _easter(year)
        return sunday - timedelta(days=2), sunday + timedelta(days=2)
    if name == "whitsun":
        sunday = _easter(year) + timedelta(days=49)
        return sunday, sunday + timedelta(days=2)
    if name == "goodfriday":
        friday = _easter(year) - timedelta(days=2)
        return friday, friday + timedelta(days=1)
    if name in _DAYS:
        return unit_around(date(year, *_DAYS[name]), "day")
    if name in ("thanksgiving", "blackfriday"):  # the fourth Thursday of November; the day after
        november = date(year, 11, 1)
        on = 21 + (3 - november.weekday()) % 7 + (name == "blackfriday")
        return november + timedelta(days=on), november + timedelta(days=on + 1)
    year -= name == "newyear"  # New Year 2020 is the night that begins in 2019
    return date(year, 12, 31), date(year + 1, 1, 2)


def part(days: Days, edge: str) -> Days:
    """The early, middle or late part of a period: thirds; its start and end: a quarter of it."""
    first, last = days
    if (last - first).days < 25:
        return days
    if (last - first).days < 32:
        cut = [first, first + timedelta(days=10), first + timedelta(days=20), last]
        at = {"start": 0, "early": 0, "mid": 1, "late": 2, "end": 2}[edge]
        return cut[at], cut[at + 1]
    months = (last.year - first.year) * 12 + last.month - first.month
    width = max(1, months // (4 if edge in ("start", "end") else 3))
    if edge in ("start", "early"):
        return first, _shift_months(first, width)
    if edge in ("late", "end"):
        return _shift_months(last, -width), last
    return _shift_months(first, width), _shift_months(last, -width)
