"""What words in the names of columns mean, in the languages and abbreviations of data feeds. Data, no code.

Written down lower-case, accents and umlauts as they are spelled; `names` folds them. A word stands under one concept.
"""

IDENTIFIER, MOMENT, QUANTITY = "identifier", "moment", "quantity"
KINDS = frozenset((IDENTIFIER, MOMENT, QUANTITY))
"""Concepts that say what kind of value it is, and not of what."""

UNITS: dict[str, str] = {
    word: unit
    for unit, words in {
        "cents": "cent cents minor pence centimes céntimos centavos grosze grosz öre rappen kopeken pfennig",
        "percent": "percent pct prozent procent pourcent porcentaje percentuale perc",
        "permille": "permille promille",
        "thousands": "thousands tausend milliers miles k ths",
        "millions": "millions mio million millionen",
    }.items()
    for word in words.split()
}
"""Words that say what a number counts."""

WORDS: dict[str, str] = {
    IDENTIFIER: "id ids ident identifier identifiant identificador identificativo identyfikator kennung kennzeichen uid uuid guid "
    "nr no num number nummer nro numero número numéro numer ref reference referenz referencia référence riferimento "
    "referencja referentie code kod código codigo codice key schlüssel clé clave chiave klucz sleutel kz",
    MOMENT: "date datum fecha data dato time zeit uhrzeit zeitpunkt zeitstempel timestamp ts dt at on when heure hora ora "
    "czas godzina tijd tid tijdstip moment horodatage horaire momento datetime dttm tmstmp zeitangabe instant",
    QUANTITY: "value wert valeur valor valore wartość waarde val score punkte points",
    "payment": "payment payments paid pay pmt paymt zahlung zahlungen bezahlt gezahlt paiement payé payée payer_le pago pagos "
    "pagado pagada pagamento pagato pagata płatność platnosc płatności zapłata zapłacono zaplacono betaling betaald betalning "
    "transaction transactions transaktion transaktionen transacción transaccion transazione transakcja transakcji transactie "
    "txn trx tx trans tran transakt",
    "amount": "amount amt amnt betrag beträge montant mnt importe monto imp importo imp_eur kwota kwoty bedrag belopp sum summe "
    "somme suma quantia",
    "price": "price preis prix precio prezzo cena prijs pris unitprice",
    "fee": "fee fees gebühr gebuehr gebühren frais comisión comision commissione commission provision prowizja opłata charge charges",
    "tax": "tax vat mwst ust steuer taxe tva impuesto iva imposta podatek btw moms",
    "net": "net netto neto",
    "gross": "gross brutto bruto lordo brut",
    "discount": "discount rabatt remise descuento sconto rabat korting nachlass",
    "refund": "refund refunded erstattung remboursement reembolso rimborso zwrot terugbetaling chargeback reversal storno",
    "balance": "balance saldo solde kontostand",
    "total": "total gesamt totale totaal razem ttc",
    "currency": "currency curr ccy cur crncy währung waehrung devise moneda divisa valuta waluta munt munteenheid monnaie fx iso4217",
    "customer": "customer customers cust cstmr cus kunde kunden kundin kd client clients cliente clientes klient klienta klienci "
    "klant kund buyer purchaser payer shopper käufer acheteur comprador acquirente zahler user usr benutzer nutzer "
    "utilisateur usuario utente cardholder consumer",
    "merchant": "merchant merchants merch mrch mrchnt mcht händler haendler haendlerin marchand commerçant commercant comerciante "
    "commerciante esercente sprzedawca handelaar handlare shop laden store boutique magasin tienda negozio sklep winkel "
    "butik seller vendor verkäufer vendeur vendedor venditore payee zahlungsempfänger empfänger beneficiary retailer",
    "device": "device devices dev dvc gerät geraet geräte appareil dispositif dispositivo urządzenie urzadzenie urządzenia apparaat "
    "enhet apparat endgerät endgeraet fingerprint handset terminal",
    "risk": "risk risiko risque riesgo rischio ryzyko ryzyka risico rsk gefährdung fraud",
    "email": "email mail emails courriel correo mailadresse emailadresse e-mail poczta epost",
    "phone": "phone tel telephone telefon téléphone telefono teléfono telefoon mobile handy mobil cell cellphone fax",
    "address": "address addr adresse dirección direccion indirizzo adres anschrift street strasse straße rue calle via ulica",
    "name": "name names bezeichnung nom nombre nome nazwa naam namn surname lastname firstname vorname nachname fullname",
    "city": "city stadt ville ciudad città citta miasto stad ort town municipality",
    "postcode": "zip postcode plz postleitzahl zipcode postal cap",
    "region": "region county province provinz bundesland kanton provincia département departement powiat",
    "state": "state bundesstaat",
    "country": "country cntry ctry ctr land länder pays país pais paese kraj kraju nation staat herkunftsland landkennung iso3166",
    "status": "status state_of zustand état estado_de stato stan toestand",
    "type": "type typ art tipo rodzaj soort kind category kategorie catégorie categoría categoria klasse class",
    "language": "language sprache langue idioma lingua język taal locale",
    "account": "account acct konto kontonummer compte cuenta conto rachunek rekening iban",
    "card": "card karte carte tarjeta carta karta kaart pan",
    "bank": "bank banque banco banca bic swift",
    "order": "order bestellung bestell auftrag commande pedido ordine zamówienie zamowienie bestelling",
    "invoice": "invoice rechnung facture factura fattura faktura factuur bill",
    "product": "product produkt produit producto prodotto article artikel artículo item sku ware",
    "count": "count quantity qty anzahl menge quantité cantidad quantità ilość aantal pieces stück",
    "weight": "weight gewicht poids peso waga",
    "temperature": "temperature temp temperatur température temperatura",
    "description": "description beschreibung desc descripción descrizione opis omschrijving comment kommentar text note notes remark",
    "birth": "birth birthday birthdate dob geburt geburtstag geburtsdatum naissance nacimiento nascita urodzenia geboorte",
    "created": "created creation create erstellt angelegt anlage créé creado creación creato utworzono aangemaakt",
    "updated": "updated update modified modification changed geändert aktualisiert modifié actualizado aggiornato zmieniono lastmodified",
    "booked": "booked booking gebucht buchung buchungen posted posting comptabilisé contabilizado",
    "settled": "settled settlement settle abrechnung abgerechnet cleared clearing règlement liquidación",
    "due": "due fällig faellig fälligkeit échéance vencimiento scadenza",
    "expiry": "expiry expires expiration ablauf gültigbis expire caducidad",
    "delivery": "delivery delivered shipping shipped shipment lieferung versand livraison envío entrega consegna dostawa levering",
    "billing": "billing rechnungs facturation facturación fatturazione",
    "received": "received receipt empfangen erhalten eingang reçu recibido ricevuto",
    "sent": "sent sender absender gesendet envoyé enviado inviato",
    "approved": "approved authorized authorised authorization genehmigt freigegeben autorisé",
    "previous": "previous prev former old vorher vorige alt ancien anterior precedente poprzedni prior",
    "next": "next new neu nächste nouveau nuevo nuovo nowy following",
    "original": "original orig initial ursprünglich ursprung origineel",
    "first": "first erste erster premier primero primo pierwszy min minimum",
    "last": "last letzte letzter dernier último ultimo ostatni max maximum",
    "start": "start begin beginn début inicio inizio początek from ab since",
    "end": "end ende fin final fine koniec until bis stop",
    "converted": "converted umgerechnet converti convertido exchange base",
    "rate": "rate kurs taux tasa tipo_cambio tasso stopa quote",
    "in_currency": "eur euro euros usd dollar dollars gbp pounds sterling chf franken pln sek kronor",
    "home": "home heimat domestic local lokal inland",
    "foreign": "foreign ausland fremd abroad extranjero",
    "parent": "parent eltern parent_of padre",
    "flight": "flight flights flt flug flüge fluege vol vols vuelo vuelos volo voli lot lotu vlucht flyg fltno",
    "scheduled": "scheduled sched schd schedule planned plan geplant geplante geplanter planmäßig planmässig soll prévu prévue prevu "
    "programado programada previsto prevista planowany planowana planowane gepland estimated_plan timetabled planificado",
    "actual": "actual act real actually tatsächlich tatsächliche tatsaechlich ist réel réelle reel efectivo efectiva reales effettivo "
    "effettiva rzeczywisty rzeczywista werkelijk effectif effective",
    "estimated": "estimated est voraussichtlich erwartet estimé estimado stimato expected forecast",
    "departure": "departure departures depart departed dep dept dptr abflug abflüge abfahrt départ salida partenza odlot wylot vertrek "
    "decollo takeoff avgång",
    "arrival": "arrival arrivals arrive arrived arr arvl ankunft ankünfte arrivée llegada arribo arrivo przylot aankomst landing ankomst",
    "boarding": "boarding einsteigen embarquement embarque imbarco",
    "gate": "gate flugsteig porte puerta",
    "airline": "airline carrier fluggesellschaft compagnie aerolínea compagnia linia",
    "airport": "airport flughafen aéroport aeropuerto aeroporto lotnisko luchthaven",
    "origin": "origin herkunft provenance procedencia",
    "destination": "destination dest ziel destino destinazione cel bestemming",
    "delay": "delay verspätung retard retraso ritardo opóźnienie vertraging",
    "source": "source src quelle fuente fonte źródło zrodlo bron website site webseite provider anbieter fournisseur proveedor "
    "origin_site reporter",
    "record": "record tuple row line entry zeile satz datensatz tupel ligne fila riga wiersz rij registro enregistrement rekord rec",
    "report": "report meldung rapport informe raport bericht",
    "latitude": "latitude lat breitengrad",
    "longitude": "longitude lon lng längengrad",
    "duration": "duration dauer durée duración durata",
    "ip": "ip ipaddress",
    "file": "file datei fichier archivo",
    "batch": "batch stapel lote lot_no",
    "session": "session sitzung sesión",
}

COMPOUNDS: dict[str, str] = {
    "std": "scheduled departure",
    "sta": "scheduled arrival",
    "atd": "actual departure",
    "ata": "actual arrival",
    "etd": "estimated departure",
    "eta": "estimated arrival",
    "dob": "birth",
    "kdnr": "customer identifier",
    "knr": "customer identifier",
    "custid": "customer identifier",
    "cid": "customer identifier",
    "mid": "merchant identifier",
    "pid": "payment identifier",
    "did": "device identifier",
    "flno": "flight identifier",
}
"""Abbreviations of more than one concept."""

SILENT = frozenset(
    "the of a an de del der des die das du la le el il lo los las les do da di von van für for in im to is has e y und and et z w "
    "field feld col column spalte campo champ raw attr tbl fld str int txt iso utc gmt local_ v x".split()
)
"""Words that say nothing."""

ABSORBED: dict[str, frozenset[str]] = {"email": frozenset({"address"}), "risk": frozenset({QUANTITY})}
"""Concepts that add nothing beside another: an e-mail address is an e-mail."""

LINKS = ("", "s", "n", "en", "es", "e")
"""What German and Dutch put between the parts of a compound."""
