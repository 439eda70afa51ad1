"""Words of signs and shops that are also spelt like villages somewhere; as keys of `places.names`."""

from __future__ import annotations

from whence.places.names import key_of

__all__ = ["BUSINESS_WORDS", "SIGN_WORDS", "STREET_ENDINGS", "STREET_WORDS", "TOWN_HALL_WORDS"]


def _keys(*texts: str) -> frozenset[str]:
    return frozenset(key_of(word) for text in texts for word in text.split())


STREET_WORDS = _keys(
    """
    street st road rd avenue ave av lane drive dr boulevard blvd way close court square sq highway hwy
    place pl rue chemin route allée impasse quai passage cours straße str strasse weg allee platz gasse
    ring damm ufer chaussee steig calle avenida avda paseo plaza carrer carretera ronda camino callejón
    rua travessa largo praça estrada rodovia via viale piazza corso vicolo strada straat laan plein kade
    gracht singel gata gatan väg vägen vej gade katu tie ulica ul aleja al plac osiedle os ulice náměstí
    nám třída utca út tér körút bulevardul улица ул проспект просп пр переулок пер шоссе площадь пл
    бульвар набережная вулиця вул бул sokak sokağı sok sk cadde caddesi cad cd bulvarı blv meydanı yolu
    οδός οδοσ λεωφόρος πλατεία شارع طريق ميدان دانگ خیابان मार्ग रोड सड़क jalan jl lorong đường phố ngõ
    ถนน ซอย 로 길 大道 大街
    """
)
"""Beside these a name is often that of a person or of a town elsewhere."""

BUSINESS_WORDS = _keys(
    """
    hotel hostel pension motel restaurant ristorante restaurante restauracja café cafe caffè kafe bar pub
    pizzeria pizza trattoria osteria taverna grill kebab döner cinema kino cine theatre boutique salon shop
    store гостиница отель ресторан кафе кинотеатр ξενοδοχείο εστιατόριο فندق مطعم
    """
)
"""Houses beside which a name is often chosen for its sound: the Café Roma."""

STREET_ENDINGS = (
    "strasse",
    "str",
    "straat",
    "gatan",
    "vagen",
    "gata",
    "veien",
    "gade",
    "katu",
    "tie",
    "platz",
    "weg",
)
"""Ends of words that are streets by themselves."""

TOWN_HALL_WORDS = _keys(
    """
    city town village municipality municipal council county district borough welcome station police
    ville mairie commune préfecture bienvenue gare département stadt gemeinde rathaus landkreis bahnhof
    polizei kreis willkommen ciudad ayuntamiento municipio municipalidad alcaldía bienvenidos comisaría
    estación provincia cidade prefeitura município câmara bem-vindo comune città benvenuti stazione
    gemeente welkom kommun kommune rådhus välkommen velkommen kaupunki kunta asema tervetuloa miasto
    urząd gmina powiat dworzec witamy město obec úřad nádraží vítejte város község primăria oraș gara
    comuna orașul belediyesi belediye valiliği ilçe hoşgeldiniz город администрация район вокзал станция
    область місто громада град община δήμος δημαρχείο δημοσ σταθμός بلدية مدينة محافظة نگر नगर निगम
    नगरपालिका स्टेशन जिला kota kabupaten kecamatan desa kelurahan stasiun thành ủy ban huyện tỉnh อำเภอ
    เทศบาล จังหวัด 시청 구청 역
    """
)
"""Beside these a name is that of the place itself."""

SIGN_WORDS = (
    STREET_WORDS
    | TOWN_HALL_WORDS
    | _keys(
        """
    exit entry entrance in out open closed push pull stop no yes one way two three four five six ten go
    slow give yield bar bars pub cafe café coffee tea food pizza pizzeria grill kebab burger restaurant
    bistro bakery deli hotel hostel motel inn spa gym salon hair beauty nails shop store market mall
    sale sales super mini maxi bank atm cash change exchange post office school college university
    church mosque temple library museum theatre theater cinema club casino park parking garage car cars
    auto motor motors bus taxi tram train metro airport port ferry bridge tunnel toll customs north
    south east west left right up down upper lower centre center central old new great grand big little
    long high low royal king queen saint san santa st men women man woman gents ladies boys girls kids
    baby family toilet toilets wc lift water gas oil fuel diesel danger warning caution keep clear fire
    alarm emergency ambulance hospital clinic pharmacy doctor dental optician sport sports tennis golf
    football beach lake river sea hill mount mountain valley green red blue white black gold golden
    silver sun star moon rose lion eagle the and for with from to of at on by your you we our us me my
    it is are be do not only all day night time today here there please thank monday tuesday wednesday
    thursday friday saturday sunday mon tue wed thu fri sat am pm tel fax mobile january february march
    april may june july august october november december hours free service services home house room
    rooms rent let sold call info help media news radio digital phone smart art design studio fashion
    style nike adidas shell esso total agip lukoil repsol coca cola pepsi visa master card american
    express mcdonalds subway kfc lidl aldi spar carrefour tesco ikea zara honda toyota ford nissan mazda
    kia hyundai volvo fiat opel seat skoda audi bmw mercedes benz yamaha suzuki michelin bosch samsung
    sony nokia canon nikon apple google facebook instagram twitter adventure security litter hands clean
    cover avoid cook world health private property speed limit max min zone area bike cycle le la les un
    une du de des et en au aux sur ou où pour avec sans sortie entrée fermé ouvert interdit bois accès
    arrêt attention défense palais musée théâtre arts décoratifs boulangerie tabac pharmacie der die das
    und ein eine im zum zur bei mit ohne von für auf aus nicht kein eingang ausgang offen achtung
    verboten frei anlieger einbahnstraße umleitung bäckerei metzgerei apotheke markt kirche schule
    einheit haus hof berg tal see bad neu alt ober unter gross klein mitte nord süd ost halt el los las
    y del al con sin por para salida entrada abierto cerrado alto pare ceda peligro prohibido farmacia
    panadería carnicería mercado iglesia escuela puerto playa centro norte este oeste nuevo viejo o os
    as e da dos em com sem saída aberto fechado perigo proibido farmácia padaria igreja il lo gli i uno
    una dei della delle per non uscita ingresso aperto chiuso vietato senso unico het een van uit niet
    gesloten verboden ingang uitgang apotheek bakker kerk centrum och att det är ej stängt öppet utgång
    ingång og ikke åpen stengt åben lukket apotek skole kirke torget sentrum w z na od nie tak wyjście
    wejście apteka sklep kościół szkoła rynek zakaz uwaga przystanek a v s k u ne ano vchod východ
    lékárna škola kostel pošta pozor zákaz és nem bejárat kijárat gyógyszertár şi și nu intrare ieșire
    farmacie piața centru ve bir giriş çıkış eczane okul cami dur merkez и в на с к у не да нет вход
    выход стоп аптека магазин школа церковь рынок центр почта банк кафе бар έξοδος είσοδος στοπ
    φαρμακείο κέντρο τράπεζα αγορά καφέ خروج دخول قف صيدلية مسجد مدرسة مطعم بنك keluar masuk toko warung
    masjid sekolah pasar hati awas lối ra vào cấm nhà 出口 入口 停 禁止 東 西 南 北
    东 中 大 小 上 下 中心 中央 公園 公园 学校 病院
    医院 銀行 银行 駅 车站 酒店 超市 中国 日本 本店 km m wifi www net org http https vip
    """
    )
)
"""Not looked up alone."""
