"""Which currency the amounts are in, as far as the files tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from fourwalls.tables.draft.concepts import ORDER_LINES
from fourwalls.tables.draft.matching import matches, places
from fourwalls.tables.draft.profile import Source
from fourwalls.tables.draft.sqltext import plain

# Codes of states, by the currency of their country.
_STATES: Mapping[str, frozenset[str]] = {
    "BRL": frozenset(
        [
            "AC",
            "AL",
            "AM",
            "AP",
            "BA",
            "CE",
            "DF",
            "ES",
            "GO",
            "MA",
            "MG",
            "MS",
            "MT",
            "PA",
            "PB",
            "PE",
            "PI",
            "PR",
            "RJ",
            "RN",
            "RO",
            "RR",
            "RS",
            "SC",
            "SE",
            "SP",
            "TO",
        ]
    ),
    "USD": frozenset(
        [
            "AK",
            "AL",
            "AR",
            "AZ",
            "CA",
            "CO",
            "CT",
            "DC",
            "DE",
            "FL",
            "GA",
            "HI",
            "IA",
            "ID",
            "IL",
            "IN",
            "KS",
            "KY",
            "LA",
            "MA",
            "MD",
            "ME",
            "MI",
            "MN",
            "MO",
            "MS",
            "MT",
            "NC",
            "ND",
            "NE",
            "NH",
            "NJ",
            "NM",
            "NV",
            "NY",
            "OH",
            "OK",
            "OR",
            "PA",
            "PR",
            "RI",
            "SC",
            "SD",
            "TN",
            "TX",
            "UT",
            "VA",
            "VT",
            "WA",
            "WI",
            "WV",
            "WY",
        ]
    ),
    "CAD": frozenset(["AB", "BC", "MB", "NB", "NL", "NS", "NT", "NU", "ON", "PE", "QC", "SK", "YT"]),
    "AUD": frozenset(["ACT", "NSW", "NT", "QLD", "SA", "TAS", "VIC", "WA"]),
}
_LEAST_STATES = 5
_COUNTRIES: Mapping[str, str] = {
    "united kingdom": "GBP", "uk": "GBP", "gb": "GBP", "great britain": "GBP", "united states": "USD", "usa": "USD", "us": "USD",
    "germany": "EUR", "deutschland": "EUR", "de": "EUR", "france": "EUR", "fr": "EUR", "spain": "EUR", "espana": "EUR",
    "es": "EUR", "italy": "EUR", "italia": "EUR", "it": "EUR", "netherlands": "EUR", "nederland": "EUR", "nl": "EUR",
    "austria": "EUR", "at": "EUR", "belgium": "EUR", "be": "EUR", "portugal": "EUR", "pt": "EUR", "ireland": "EUR",
    "poland": "PLN", "polska": "PLN", "pl": "PLN", "brazil": "BRL", "brasil": "BRL", "br": "BRL", "switzerland": "CHF",
    "ch": "CHF", "sweden": "SEK", "se": "SEK", "norway": "NOK", "no": "NOK", "denmark": "DKK", "dk": "DKK",
    "canada": "CAD", "australia": "AUD", "au": "AUD", "japan": "JPY", "jp": "JPY", "china": "CNY", "cn": "CNY",
    "india": "INR", "in": "INR", "mexico": "MXN", "mx": "MXN", "turkey": "TRY", "tr": "TRY",
}  # fmt: skip


def currency(sources: Sequence[Source]) -> tuple[str, str | None]:
    """The currency of the amounts, and what is unsure about it."""
    for source in sources:
        found = matches(source, ORDER_LINES).get("currency")
        codes = [v for v in found.column.top if len(v) == 3 and v.isascii() and v.isupper()] if found else []
        if codes and found is not None:
            told = (
                f"'{plain(found.column.name)}' in {source.label} also has {', '.join(codes[1:4])}: convert the amounts"
            )
            return codes[0], told if len(codes) > 1 else None
    for source in sources:
        for place in places(source):
            guess = _of_place(place.column.top)
            if guess is not None:
                return guess, f"no column tells it; guessed from '{plain(place.column.name)}' in {source.label}"
    return "EUR", "no column tells it"


def _of_place(values: Sequence[str]) -> str | None:
    """The currency where these places lie: by the codes of states, else by the most frequent country."""
    codes = frozenset(values)
    fitting = [c for c, states in _STATES.items() if codes <= states]
    if len(codes) >= _LEAST_STATES and fitting:
        return fitting[0]
    return _COUNTRIES.get(values[0].lower()) if values else None
