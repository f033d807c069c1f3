"""What systems call these fields elsewhere, written by hand from how gateways, ledgers and airlines name them.

Kept apart from the product's lexicon on purpose: some of these words it does not know. Per field: English synonyms,
abbreviations, and German, French, Spanish, Italian and Polish names.
"""

PAYMENTS: dict[str, dict[str, list[str]]] = {
    "payment_id": {
        "synonym": ["transaction_id", "paymentReference", "Payment Number", "tx_identifier"],
        "abbreviation": ["pmt_id", "txn_no", "trx_ref", "PAYID"],
        "language": [
            "zahlungsnummer", "Transaktions-ID", "id_paiement", "numero_transaccion", "idPagamento",
            "nr_platnosci", "Zahlungsreferenz", "ref_transaction",
        ],
    },
    "customer_id": {
        "synonym": ["client_number", "CustomerNo", "buyer_id", "user_id", "payer_ref"],
        "abbreviation": ["cust_id", "cust_no", "cstmr_nr", "CUSTID"],
        "language": [
            "kundennummer", "Kunden_Nr", "numero_client", "id_cliente", "codice_cliente", "nr_klienta",
            "kunden-id", "identifiant_client",
        ],
    },
    "email": {
        "synonym": ["email_address", "mail_addr", "customer_email", "contactEmail"],
        "abbreviation": ["eml", "e_mail", "cust_mail"],
        "language": [
            "e_mail_adresse", "courriel", "correo_electronico", "adres_email", "indirizzo_email",
            "kunden_email", "Mailadresse", "adresse_mail",
        ],
    },
    "merchant_id": {
        "synonym": ["shop_id", "seller_number", "vendor_id", "storeCode", "payee_id"],
        "abbreviation": ["merch_id", "mrch_no", "mcht_id", "MERCH"],
        "language": [
            "haendlernummer", "Händler-ID", "id_commercant", "id_comerciante", "codice_esercente",
            "nr_sprzedawcy", "verkaeufer_nr", "tienda_id",
        ],
    },
    "device_id": {
        "synonym": ["terminal_id", "deviceIdentifier", "device_fingerprint", "handset_id"],
        "abbreviation": ["dev_id", "dvc_no", "DEVID"],
        "language": [
            "geraete_id", "Gerätenummer", "id_appareil", "id_dispositivo", "identificativo_dispositivo",
            "id_urzadzenia", "geraetekennung", "num_appareil",
        ],
    },
    "amount": {
        "synonym": ["payment_amount", "transactionAmount", "sum", "amount_paid"],
        "abbreviation": ["amt", "txn_amt", "pmt_amt"],
        "language": [
            "zahlungsbetrag", "Summe", "montant", "importe", "importo_pagamento", "kwota", "Betrag",
            "monto_pago",
        ],
    },
    "currency": {
        "synonym": ["currency_code", "paymentCurrency", "CurrencyISO", "transaction_currency"],
        "abbreviation": ["ccy", "curr", "cur_cd"],
        "language": [
            "waehrungscode", "Währung", "devise", "moneda", "valuta", "waluta", "divisa", "code_devise",
        ],
    },
    "country": {
        "synonym": ["country_code", "customer_country", "countryISO", "nation"],
        "abbreviation": ["ctry", "cntry_cd", "CTRY"],
        "language": [
            "laendercode", "Land_des_Kunden", "pays", "pays_client", "pais", "paese", "kraj",
            "kundenland",
        ],
    },
    "paid_at": {
        "synonym": ["payment_time", "paymentDate", "transaction_timestamp", "paid_on"],
        "abbreviation": ["pmt_ts", "txn_dt", "pay_dttm"],
        "language": [
            "zahlungszeitpunkt", "Zahldatum", "date_paiement", "fecha_pago", "data_pagamento",
            "data_platnosci", "bezahlt_am", "heure_transaction",
        ],
    },
    "device_risk": {
        "synonym": ["risk_score", "deviceRiskScore", "risk_of_device", "fraud_risk_device"],
        "abbreviation": ["dev_risk", "risk_scr", "rsk"],
        "language": [
            "risikowert", "Geräterisiko", "risque_appareil", "riesgo_dispositivo", "rischio_dispositivo",
            "ryzyko_urzadzenia", "geraete_risiko", "score_risque",
        ],
    },
}  # fmt: skip

FLIGHTS: dict[str, dict[str, list[str]]] = {
    "tuple_id": {
        "synonym": ["row_id", "record_number", "lineNo"],
        "abbreviation": ["tid", "tpl_id", "rec_no"],
        "language": [
            "zeilennummer", "Datensatz-Nr", "numero_ligne", "id_registro", "id_riga", "nr_wiersza",
        ],
    },
    "src": {
        "synonym": ["source", "website", "data_source", "provider"],
        "abbreviation": ["srce", "src_cd"],
        "language": ["quelle", "Herkunftsseite", "source_donnees", "fuente", "fonte", "zrodlo"],
    },
    "flight": {
        "synonym": ["flight_number", "flightCode", "Flight No"],
        "abbreviation": ["flt", "flt_no", "FLTNR"],
        "language": ["flugnummer", "Flug", "vol", "numero_vol", "vuelo", "numero_volo", "nr_lotu"],
    },
    "sched_dep_time": {
        "synonym": [
            "scheduled_departure", "plannedDepartureTime", "departure_time_scheduled",
            "timetabled_departure",
        ],
        "abbreviation": ["std", "sch_dep", "sched_dpt"],
        "language": [
            "geplante_abflugzeit", "abflug_soll", "heure_depart_prevue", "salida_programada",
            "partenza_prevista", "planowany_odlot",
        ],
    },
    "act_dep_time": {
        "synonym": ["actual_departure", "realDepartureTime", "departure_time_actual", "off_block_time"],
        "abbreviation": ["atd", "act_dep", "actl_dpt"],
        "language": [
            "tatsaechliche_abflugzeit", "abflug_ist", "heure_depart_reelle", "salida_real",
            "partenza_effettiva", "rzeczywisty_odlot",
        ],
    },
    "sched_arr_time": {
        "synonym": [
            "scheduled_arrival", "plannedArrivalTime", "arrival_time_scheduled", "timetabled_arrival",
        ],
        "abbreviation": ["sta", "sch_arr", "sched_arv"],
        "language": [
            "geplante_ankunftszeit", "ankunft_soll", "heure_arrivee_prevue", "llegada_programada",
            "arrivo_previsto", "planowany_przylot",
        ],
    },
    "act_arr_time": {
        "synonym": ["actual_arrival", "realArrivalTime", "arrival_time_actual", "on_block_time"],
        "abbreviation": ["ata", "act_arr", "actl_arv"],
        "language": [
            "tatsaechliche_ankunftszeit", "ankunft_ist", "heure_arrivee_reelle", "llegada_real",
            "arrivo_effettivo", "rzeczywisty_przylot",
        ],
    },
}  # fmt: skip

ALIKE: dict[str, list[str]] = {
    "payment_id": ["original_payment_id", "refund_of", "parent_transaction", "storno_zu", "previous_txn"],
    "customer_id": [
        "recipient_customer",
        "parent_customer_id",
        "vertreter_nr",
        "referred_by",
        "account_owner",
    ],
    "email": ["merchant_email", "support_mail", "haendler_mail", "billing_contact", "email_previous"],
    "merchant_id": ["parent_merchant", "acquirer_id", "haendlergruppe", "franchise_no", "previous_shop"],
    "device_id": ["previous_device", "gateway_device_node", "altes_geraet", "router_id", "paired_with"],
    "amount": [
        "fee",
        "net_amount",
        "amount_eur",
        "tax_amount",
        "balance",
        "rabatt",
        "total_paid_so_far",
        "price",
    ],
    "currency": [
        "settlement_currency",
        "home_currency",
        "merchant_currency",
        "abrechnungswaehrung",
        "account_currency",
    ],
    "country": [
        "merchant_country",
        "ip_country",
        "haendlerland",
        "pays_banque",
        "shipping_country",
        "card_country",
    ],
    "paid_at": [
        "created_at",
        "settled_at",
        "customer_birthdate",
        "buchungsdatum",
        "updated",
        "delivery_date",
        "due_date",
    ],
    "device_risk": [
        "customer_risk",
        "merchant_risk",
        "discount_rate",
        "tax_rate",
        "haendlerrisiko",
        "score",
    ],
    "tuple_id": ["gate_number", "delay_minutes", "terminal_no", "airline_id"],
    "src": ["destination_site", "airline", "alliance", "gate"],
    "flight": ["connecting_flight", "previous_flight", "codeshare", "anschlussflug"],
    "sched_dep_time": [
        "boarding_time",
        "estimated_departure",
        "checkin_closes",
        "gate_closes_at",
        "departure_time",
    ],
    "act_dep_time": ["takeoff_estimated", "boarding_ended", "departure_time", "abflugzeit"],
    "sched_arr_time": ["estimated_arrival", "arrival_time", "ankunftszeit", "landing_expected"],
    "act_arr_time": ["baggage_time", "arrival_time", "next_departure", "arrivee_estimee"],
}
"""Columns with values like the field's that are something else."""

OWN_WORDS = {("gateway_b", "paid_at"): {"created_at"}, ("ledger", "paid_at"): {"buchungsdatum"}}
"""Names among ALIKE that are the source's own word in another form: what it calls `created` is the payment's time."""
