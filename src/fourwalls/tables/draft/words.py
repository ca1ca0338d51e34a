"""What the words in column and file names mean, in the languages and systems retail data come from."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# meaning → words, without accents. English, German, French, Spanish, Portuguese, Italian, Dutch.
_WORDS = {
    "order": "order ordered ord so bestell bestellung bestellungs auftrag auftrags commande cde pedido ordine ordem bestelling",
    "invoice": "invoice rechnung rechnungs facture factura fatura fattura factuur bill",
    "transaction": "transaction txn trx transaktion basket receipt ticketno kassenbon bon transaccion transacao",
    "document": "document doc beleg dokument voucher",
    "tracking": "tracking waybill awb sendungsnummer consignment",
    "line": "line pos position posten zeile ligne linea linha riga regel sequence seq",
    "item": "item lineitem",
    "product": "product prod produkt produto producto produit prodotto article artikel articulo artigo articolo material"
    " ware part variant goods prd",
    "sku": "sku ean gtin upc asin mpn plu",
    "id": "id ids nr no nbr nmbr num number nummer numero nro key code uuid guid identifier handle cod codigo codice kennung"
    " reference referenz ref scac",
    "customer": "customer cust kunde kunden client cliente klant buyer shopper consumer besteller auftraggeber acheteur consumidor"
    " subscriber",
    "person": "user member account profile caller",
    "unique": "unique global master",
    "seller": "seller merchant vendedor vendeur verkaufer verkaeufer venditore verkoper handler haendler",
    "supplier": "supplier vendor lieferant lieferanten fournisseur proveedor fornecedor fornitore leverancier",
    "partner": "partner 3pl provider",
    "carrier": "carrier courier forwarder spediteur spedition transporteur transportista transportadora corriere"
    " vervoerder zusteller shipper logistics dienstleister",
    "party": "party",
    "channel": "channel kanal vertriebskanal canal canale kanaal marketplace marktplatz platform storefront saleschannel"
    " vertriebsweg",
    "store": "store shop filiale filial markt magasin tienda loja negozio winkel outlet branch",
    "warehouse": "warehouse wh lager lagerort plant werk depot dc entrepot almacen armazem magazzino magazijn facility"
    " hub fc cd distributionscentrum site",
    "location": "location loc standort lieu lugar local luogo locatie node",
    "from": "from von source sending",
    "to": "to nach target destination ziel dest destino receiving",
    "state": "state province bundesland provincia uf estado prov",
    "region": "region area territory gebiet regione regio regiao zone district",
    "country": "country land pays pais paese nation",
    "city": "city town ort stadt ville ciudad cidade citta stad municipality",
    "zip": "zip zipcode plz postal postcode postleitzahl cep postalcode prefix",
    "address": "address adresse street strasse rue direccion endereco phone fax",
    "email": "email mail",
    "status": "status zustand etat estatus situacao stato stage",
    "reason": "reason grund motif motivo motivation ursache cause raison",
    "kind": "type kind art typ tipo class segment ownership",
    "name": "name bezeichnung nom nombre nome naam title titel description beschreibung descricao descripcion desc",
    "date": "date datum data fecha dt day tag dia jour giorno dag time timestamp ts zeit zeitpunkt uhrzeit at on am datetime"
    " hora heure when stamp gmt utc start",
    "period": "period periode week woche semana semaine month monat mes mois ds",
    "purchase": "purchase purchased kauf einkauf achat compra acquisto aankoop bought",
    "create": "create created creation erstellt angelegt anlage erfasst eingang cree creado criado creato placed place"
    " submitted entered entry opened open",
    "update": "update updated mod modified modification geandert geaendert changed change refreshed loaded load extracted"
    " imported exported synced deleted",
    "approve": "approve approved approval freigabe freigegeben genehmigt aprovado aprobado approuve authorised"
    " authorized authorization clearance cleared",
    "release": "release released liberado libere",
    "pay": "pay paid payment payments zahlung bezahlt paiement paye pago pagado pagamento pagato betaling",
    "confirm": "confirm confirmed confirmation bestatigt bestaetigt processed accepted",
    "ship": "ship shipped shipping shipment shipments versand versendet verschickt expedition expedie envio enviado"
    " spedizione spedito verzending verzonden dispatch dispatched despatch despatched sent handover handed posted warenausgang",
    "freight": "freight fracht frete flete fret porto postage versandkosten frais",
    "fulfil": "fulfil fulfill fulfilled fulfilment fulfillment picked picking packed",
    "process": "processing pending new invoiced verarbeitung offen",
    "pick": "pickup collected collection abholung",
        "deliver": "deliver delivered delivery deliveries liefer lieferung geliefert zugestellt zustell zustellung angeliefert anliefer livre livraison"
    " entrega entregue entregado consegna consegnato levering geleverd bezorgd",
    "arrive": "arrive arrived arrival ankunft arrivee llegada chegada arrivo",
    "receive": "receive received empfangen wareneingang recu recibido recebido ricevuto ontvangen inbound receipts",
    "promise": "promise promised estimate estimated expect expected eta plan planned geplant voraussichtlich prevu"
    " prevue previsto prevista estimada estimado soll wunsch wunschtermin requested required due committed commit zugesagt"
    " termin deadline needed scheduled prometido",
    "days": "days tage tagen jours dias giorni dagen",
    "produce": "manufacturing production produktion fertigung fabrication produccion",
    "actual": "actual real ist tatsachlich tatsaechlich effektiv reel",
    "transit": "transit",
    "late": "late delay delayed overdue verspatung retard",
    "limit": "limit latest sla until bis cutoff",
    "by": "by",
    "cancel": "cancel canceled cancelled cancellation storno storniert stornierung annule annulation cancelado"
    " cancelamento annullato geannuleerd void voided",
    "reject": "reject rejected rejection abgelehnt ablehnung refused absage",
    "return": "return returned returns retoure retouren retourniert retour devuelto devolucion devolucao reso refund"
    " refunded rma",
    "quantity": "quantity quantities qty quant menge anzahl stuck stueck stk quantite qte cantidad quantidade qtd qtde quantita"
    " aantal hoeveelheid unit units pieces pcs piece volume cnt",
    "count": "count",
    "price": "price preis einzelpreis prix precio preco prezzo prijs stuckpreis stueckpreis rate",
    "net": "net netto",
    "gross": "gross brutto",
    "amount": "amount betrag betraege montant importe valor value importo bedrag wert total sum summe subtotal revenue umsatz",
    "row": "row extended",
    "sale": "sale sales verkauf verkaufs verkaufe abverkauf vente ventes venta ventas venda vendas vendita vendite verkoop sold"
    " verkauft absatz vendida vendidas vendido vendidos vendu vendus verkocht",
    "cost": "cost costs kosten einstand einkaufspreis cout costo custo cogs fee",
    "tax": "tax vat mwst tva iva btw ust",
    "discount": "discount rabatt remise descuento desconto sconto korting coupon",
    "promote": "promo promotion promoted onpromotion aktion",
    "holiday": "holiday feiertag feriado festivo",
    "rating": "rating score stars star sterne bewertung note avaliacao puntuacion csat",
    "review": "review feedback survey",
    "brand": "brand marke marque marca merk manufacturer hersteller label",
    "category": "category categories kategorie warengruppe categorie categoria department abteilung dept family gruppe"
    " group hauptwarengruppe division departement cat",
    "sub": "sub second third untergruppe level2 level3 secondary",
    "first": "first main hauptgruppe level1 primary top",
    "launch": "launch launched introduced introduction einfuhrung einfuehrung lancement",
    "size": "weight height width length depth size color colour gewicht lenght photos image",
    "stock": "stock bestand lagerbestand inventory inv estoque existencia giacenza voorraad",
    "hand": "hand onhand soh verfugbar verfuegbar disponible disponivel available",
    "close": "close closing closed end ending geschlossen",
    "empty": "stockout stockouts oos outofstock unavailable empty fehlbestand rupture",
    "adjust": "adjust adjusted adjustment correction korrektur inventurdifferenz",
    "demand": "demand bedarf nachfrage",
    "list": "listed live buyable listing published online gelistet",
    "rival": "rival competitor wettbewerber konkurrenz",
    "content": "content completeness",
    "session": "session sessions visit visits visitor pageview pageviews view views click clicks traffic impressions"
    " besuche",
    "media": "media ad ads advertising marketing werbung campaign spend",
    "forecast": "forecast forecasts prognose prevision prediction predicted pred yhat fcst projected pronostico",
    "run": "run snapshot vintage version asof",
    "horizon": "horizon lead",
    "case": "case ticket incident issue vorgang fall caso dossier request anfrage",
    "activity": "activity event action step task aktivitat aktivitaet schritt concept ereignis",
    "actor": "actor resource agent employee assignee bearbeiter mitarbeiter operator analyst performer"
    " betreiber owner operador exploitant gestore beheerder",
    "assign": "assigned assignment",
    "system": "system application app tool quelle",
    "effort": "effort duration aufwand dauer handling spent elapsed",
    "resolve": "resolved resolution",
    "active": "active aktiv",
    "labour": "labour labor worker workers headcount staff personal shift schicht fte",
    "hour": "hour hours stunden hrs std heures horas ore uren",
    "over": "overtime over uberstunden ueberstunden",
    "function": "function process prozess bereich workstream operation",
    "wage": "wage wages lohn salary",
    "output": "output handled throughput",
    "minute": "minute minutes smv",
    "productivity": "productivity",
    "leakage": "leakage loss losses chargeback markdown shrink writeoff penalty expedite verlust abschreibung",
    "booking": "booking buchung posting gl",
    "feed": "feed interface schnittstelle file edi message",
    "rows": "rows records saetze",
    "mismatch": "mismatch mismatched errors unmatched",
    "capability": "capability service leistung",
    "capacity": "capacity kapazitat kapazitaet",
    "onboard": "onboarding setup",
    "ramp": "ramp rampup",
    "signal": "signal signalled signaled need requisition banf",
    "decide": "decide decided decision",
    "shelved": "putaway stocked eingelagert",
    "po": "po ebeln replenishment supply",
    "transfer": "transfer umlagerung",
    "currency": "currency wahrung waehrung devise moneda moeda valuta waers ccy",
    "flag": "is has flag",
}  # fmt: skip

# Names that are a code of their own system: SAP, Magento, M5, process mining (XES).
_CODES = {
    "vbeln": "document id", "posnr": "line id", "matnr": "product id", "werks": "warehouse id", "kunnr": "customer id",
    "lifnr": "supplier id", "ebelp": "line id", "kwmeng": "order quantity", "lfimg": "ship quantity",
    "netpr": "net price", "netwr": "amount", "audat": "order date", "erdat": "create date", "bedat": "create date",
    "wadat": "promise ship date", "wadatist": "ship date", "vdatu": "promise deliver date", "lfdat": "promise deliver date",
    "eindt": "promise deliver date", "abgru": "cancel reason", "matkl": "category", "labst": "stock hand",
    "verpr": "cost", "vtweg": "channel", "vstel": "warehouse id", "lgort": "warehouse id", "menge": "quantity",
    "increment": "order id", "entity": "id", "tranid": "order id", "dept": "category",
    "shipvia": "carrier", "subcategory": "sub category", "caseconceptname": "case id", "origin": "from location",
    "vgbel": "order id", "vgpos": "line id", "bstnk": "po id", "waerk": "currency", "vbak": "order", "vbap": "order line",
    "likp": "ship", "lips": "ship line", "ekko": "po", "ekpo": "po line",
}  # fmt: skip

MEANINGS = frozenset(_WORDS)
"""All meanings a word can have."""

_LEMMAS: dict[str, tuple[str, ...]] = {
    **{word: (meaning,) for meaning, words in _WORDS.items() for word in words.split()},
    **{code: tuple(meanings.split()) for code, meanings in _CODES.items()},
}
# Short words that may be part of a glued name ("kundennr", "orderid"); other parts need four letters.
_SHORT = frozenset({"id", "nr", "no", "qty", "sku", "day", "net", "zip", "tag"})
_FILLER = frozenset(
    {
        "the",
        "of",
        "for",
        "in",
        "u",
        "sys",
        "x",
        "dim",
        "fact",
        "tbl",
        "raw",
        "stg",
        "pct",
        "per",
        "de",
        "do",
        "du",
        "da",
        "a",
        "d",
        "l",
        "unitaire",
        "unitario",
    }
)
# Words that mean something else together than one by one.
_PHRASES = {
    "on hand": "onhand", "stock out": "stockout", "out of stock": "stockout", "put away": "putaway",
    "hand over": "handover", "handed over": "handover", "goods issue": "warenausgang", "goods receipt": "wareneingang",
    "purchase order": "po", "purchase orders": "po", "no of": "quantity", "number of": "quantity", "num of": "quantity", "concept name": "activity",
    "over time": "overtime", "third party": "partner", "ship to": "ship", "sold to": "customer", "unit price": "price",
    "unit cost": "cost", "page views": "pageviews", "source name": "channel", "stock keeping unit": "sku", "stock code": "sku",
    "supply chain": "chain", "sent to vendor": "submitted", "sent to supplier": "submitted", "inventory level": "stock",
    "inventory levels": "stock", "stock level": "stock", "stock levels": "stock", "customer reference": "po", "customer ref": "po",
    "your reference": "po", "customer po": "po", "excl vat": "net", "excl tax": "net", "ex vat": "net", "incl vat": "gross",
    "incl tax": "gross", "sell to": "", "service level": "mode", "unit of measure": "uom",
    "distribution center": "dc", "fulfillment center": "dc", "fulfilment centre": "dc", "distribution centre": "dc",
}  # fmt: skip


# "Quantity (- Refund)": what a figure leaves out is not what it is. "# Orders" counts, "Order #" names.
_WITHOUT = re.compile(r"\(\s*(?:[-−]|excl|exkl|ohne|without)[^)]*\)", re.IGNORECASE)
_COUNTED = re.compile(r"^\s*#\s*(?=\w)")


def words(name: str) -> tuple[str, ...]:
    """A name cut into lower-case words without accents: `orderDate` and `Order-Date` are both order, date."""
    name = _WITHOUT.sub(" ", name)
    name = _COUNTED.sub("number of ", name).replace("#", " number ").replace("°", "o")
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss").replace("ẞ", "ss"))
    plain = "".join(c for c in plain if not unicodedata.combining(c))
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", plain)
    return tuple(re.findall(r"[^\W_]+", plain.lower()))


def lemmas(name: str) -> tuple[str, ...]:
    """The meanings of a name's words, in order; a word nobody knows stands for itself."""
    found = words(name)
    whole = _LEMMAS.get("".join(found))
    if whole is not None:
        return whole
    found = _with_phrases(found)
    return tuple(meaning for word in found if word not in _FILLER for meaning in _meanings(word))


def known(name: str) -> frozenset[str]:
    """The meanings of a name's words, without the words nobody knows."""
    return frozenset(lemmas(name)) & MEANINGS


def _with_phrases(found: tuple[str, ...]) -> tuple[str, ...]:
    text = f" {' '.join(found)} "
    for phrase, word in _PHRASES.items():
        text = text.replace(f" {phrase} ", f" {word} ")
    return tuple(text.split())


@lru_cache(maxsize=4096)
def _meanings(word: str) -> tuple[str, ...]:
    return _single(word) or _glued(word) or (word,)


def _single(word: str) -> tuple[str, ...] | None:
    for ending in ("", "s", "es", "n", "en"):
        if word.endswith(ending):
            stem = word[: len(word) - len(ending)]
            if (not ending or len(stem) > 3) and stem in _LEMMAS:
                return _LEMMAS[stem]
    return None


def _glued(word: str) -> tuple[str, ...] | None:
    """Meanings of a word glued from known words ("bestellnummer"); None unless every part is known."""
    for cut in range(len(word) - 2, 1, -1):
        head, rest = word[:cut], word[cut:]
        if not (_may_be_part(head) and _may_be_part(rest)):
            continue
        first = _single(head)
        last = (_single(rest) or _glued(rest)) if first else None
        if first and last:
            return first + last
    return None


def _may_be_part(word: str) -> bool:
    return len(word) > 3 or word in _SHORT
