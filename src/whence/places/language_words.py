"""Little words and words of signs, by language: what a reader recognises a language by.

Own table. Words that several of these languages share are listed under each of them.
"""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS: dict[str, str] = {
    "af": (
        "die van en nie het is vir aan met straat weg uit oop gesluit ingang verbode polisie skool "
        "kerk apteek plaas"
    ),
    "be": (
        "і у на не з да вуліца плошча выхад уваход адчынена зачынена аптэка школа міліцыя царква "
        "забаронена горад крама"
    ),
    "bg": (
        "и в на не се за от до с улица площад изход вход отворено затворено аптека училище полиция "
        "църква забранено град магазин гара хотел добре дошли"
    ),
    "ca": (
        "el la els les de del dels i amb per a carrer plaça avinguda sortida entrada obert tancat "
        "farmàcia no està ajuntament escola platja parada camí benvinguts prohibit"
    ),
    "cs": (
        "a v na se je do pro ulice náměstí vchod východ zákaz otevřeno zavřeno lékárna pošta "
        "policie škola nádraží není pozor město hlavní kostel prosím vjezd restaurace potraviny"
    ),
    "cy": (
        "y yr a ac o i ar yn ffordd stryd allanfa gau agored ysgol heddlu eglwys araf croeso dim gwasanaethau"
    ),
    "da": (
        "og i på er til af det den for med ikke en et gade vej udgang indgang åben lukket apotek "
        "politi skole kirke forbudt kun velkommen bageri torv station"
    ),
    "de": (
        "der die das und ist in zu den von mit für nicht ein eine straße strasse weg platz ausgang "
        "eingang offen geöffnet geschlossen verboten achtung apotheke bäckerei polizei schule "
        "kirche bahnhof rathaus einfahrt freihalten bitte nur zum zur am im auf haltestelle "
        "gaststätte metzgerei umleitung"
    ),
    "en": (
        "the of and to in is for on at no not from with by this that your street road avenue lane "
        "exit entrance open closed parking only please do welcome school church police pharmacy "
        "keep left right stop way slow private property house city park station store shop sale "
        "hall warning danger"
    ),
    "es": (
        "el la los las de del y en con por para no se una un calle avenida plaza salida entrada "
        "abierto cerrado prohibido farmacia panadería escuela iglesia policía ayuntamiento alto "
        "ceda paso peligro bienvenidos estacionamiento tienda venta hospital playa centro ciudad "
        "carretera despacio"
    ),
    "et": (
        "ja on ei see tänav tee väljapääs sissepääs avatud suletud apteek kool politsei kirik "
        "keelatud pood linn väljak jaam eesti parkla palun"
    ),
    "eu": (
        "eta da ez kalea plaza irteera sarrera irekita itxita botika udala eskola hondartza ongi "
        "etorri debekatuta"
    ),
    "fi": (
        "ja on ei se katu tie ulos sisään avoinna suljettu apteekki koulu poliisi kirkko kielletty "
        "kauppa kaupunki asema tori sisäänkäynti pysäköinti läpikulku tervetuloa ravintola"
    ),
    "fr": (
        "le la les de du des et à au aux un une en est pour par sur ne pas ce dans rue avenue place "
        "sortie entrée ouvert fermé interdit défense mairie pharmacie boulangerie pâtisserie école "
        "église musée théâtre palais gare toutes directions rappel sauf arrêt chemin tabac "
        "librairie centre ville hôtel quai arts stationnement"
    ),
    "ga": (
        "an na agus ar i le sráid bóthar baile géill slí áth cill dún garda scoil oifig fáilte ná "
        "amach isteach"
    ),
    "hr": (
        "i u na je se za od do ulica trg izlaz ulaz otvoreno zatvoreno ljekarna škola policija "
        "crkva zabranjeno dobrodošli cesta grad luka plaža pošta kolodvor pekara"
    ),
    "hu": (
        "a az és nem van egy utca út tér kijárat bejárat nyitva zárva tilos gyógyszertár iskola "
        "rendőrség templom város pályaudvar megálló vendéglő étterem kérjük figyelem büfé"
    ),
    "id": (
        "di dan yang untuk dari ke ini dengan tidak jalan jl keluar masuk buka tutup dilarang "
        "apotek sekolah polisi masjid pasar toko rumah kota warung makan kantor selamat datang "
        "parkir bengkel kecamatan desa"
    ),
    "is": (
        "og í á að er ekki til vegur gata stræti opið lokað inngangur útgangur apótek skóli "
        "lögregla kirkja bannað velkomin"
    ),
    "it": (
        "il lo la gli le di del della dei e è per con non un una via piazza corso viale uscita "
        "entrata ingresso aperto chiuso vietato divieto farmacia panificio scuola chiesa polizia "
        "comune stazione centro alimentari tabacchi passo carrabile attenzione benvenuti senso "
        "unico spiaggia"
    ),
    "kk": (
        "және бұл үшін емес көшесі көше алаңы шығу кіру ашық жабық дәріхана мектеп полиция мешіт "
        "тыйым қала дүкен қош келдіңіз"
    ),
    "lt": (
        "ir yra ne gatvė aikštė išėjimas įėjimas atidaryta uždaryta vaistinė mokykla policija "
        "bažnyčia draudžiama miestas stotis kelias parduotuvė"
    ),
    "lv": (
        "un ir nav iela laukums izeja ieeja atvērts slēgts aptieka skola policija baznīca aizliegts "
        "pilsēta stacija veikals ceļš"
    ),
    "mk": (
        "и во на не се за од до со улица плоштад излез влез отворено затворено аптека училиште "
        "полиција црква забрането град продавница"
    ),
    "mn": (
        "ба нь энэ гудамж талбай гарах орох хаалга нээлттэй хаалттай эмийн сан сургууль цагдаа хот дэлгүүр"
    ),
    "ms": (
        "di dan yang untuk dari ke ini dengan tidak jalan keluar masuk buka tutup dilarang farmasi "
        "sekolah polis masjid pasar kedai rumah bandar lorong kampung pejabat selamat datang letak "
        "kereta awas kawasan tandas"
    ),
    "nb": (
        "og i på er til av det den for med ikke en et gate vei veg utgang inngang åpen åpent stengt "
        "apotek politi skole kirke forbudt kun velkommen bakeri torg stasjon kjør"
    ),
    "nl": (
        "de het een en van in is op te met voor niet straat weg plein uitgang ingang open gesloten "
        "verboden apotheek bakker politie school kerk gemeente station toegang fietsers "
        "uitgezonderd laan gracht let doodlopende parkeren winkel huis"
    ),
    "pl": (
        "i w na się jest do nie z dla od ulica ul plac wyjście wejście otwarte zamknięte zakaz "
        "apteka sklep szkoła policja kościół dworzec miasto uwaga teren wjazd prosimy poczta aleja "
        "droga piekarnia urząd"
    ),
    "pt": (
        "o a os as de do da dos das e em no na com por para não um uma rua avenida praça saída "
        "entrada aberto fechado proibido farmácia padaria escola igreja polícia prefeitura câmara "
        "pare praia centro cidade estacionamento bem-vindo bem-vindos vende-se estrada mercado loja"
    ),
    "ro": (
        "și si în este nu de la cu pentru din strada str piața ieșire intrare deschis închis "
        "interzis farmacie școala biserica poliția primăria gara oraș bulevardul atenție magazin "
        "bine ați venit"
    ),
    "ru": (
        "и в на не с по для от до к из за улица ул площадь проспект выход вход открыто закрыто "
        "запрещено аптека магазин школа полиция церковь вокзал город внимание продукты дом переулок "
        "стоянка осторожно россия"
    ),
    "sk": (
        "a v na sa je do pre ulica námestie vchod východ zákaz otvorené zatvorené lekáreň pošta "
        "polícia škola stanica nie pozor mesto kostol prosím potraviny vjazd"
    ),
    "sl": (
        "in je na se za od do ulica trg izhod vhod odprto zaprto lekarna šola policija cerkev "
        "prepovedano dobrodošli cesta mesto pošta postaja pekarna"
    ),
    "sq": (
        "dhe në është për nga me të rruga sheshi dalje hyrje hapur mbyllur farmaci shkolla policia "
        "kisha ndalohet mirë se vini qyteti"
    ),
    "sr": (
        "и у на је се за од до са улица трг излаз улаз отворено затворено апотека школа полиција "
        "црква забрањено град пошта добродошли пекара"
    ),
    "sv": (
        "och i på är till av det den för med inte en ett gata gatan väg vägen utgång ingång öppet "
        "stängt apotek polis skola kyrka förbjuden förbud endast välkommen bageri torg "
        "centralstation utfart gäller"
    ),
    "sw": (
        "na ya wa kwa ni la za katika barabara karibu shule hospitali duka polisi kanisa msikiti "
        "hapana soko mji"
    ),
    "tl": (
        "ang ng sa mga na ay at hindi bawal po kayo dito barangay kalye mabuhay palengke simbahan "
        "paaralan tindahan"
    ),
    "tr": (
        "ve bir bu için ile değil cadde caddesi sokak sokağı meydanı çıkış giriş açık kapalı yasak "
        "eczane okul polis cami market lokanta otopark belediye belediyesi durak girilmez dikkat "
        "hastanesi mahallesi yol"
    ),
    "uk": (
        "і й в у на не з та для від до вулиця вул площа вихід вхід відчинено зачинено аптека "
        "магазин школа поліція церква вокзал місто увага продукти заборонено проспект їдальня "
        "україна"
    ),
    "vi": (
        "và của là không có cho với các đường phố lối ra vào mở cửa đóng cấm nhà thuốc trường học "
        "công an chùa chợ quận phường xã huyện xin khách sạn quán cơm hàng bến xe thành"
    ),
}
