"""Words by which kinds of cases and activities are told apart; companies name them as they like, so [work] adds to them."""

from __future__ import annotations

import re
from collections.abc import Mapping

import ibis
import ibis.expr.types as ir

from fourwalls.portfolio import WORK_CLASSES

# Beginnings of words (after a star: any part of one, for languages that make one word of several): English, German, French, Spanish, Portuguese, Italian, Dutch. An exception goes first, since what
# it is about ("exception: status unknown") is often named in the words of another class.
WORDS: dict[str, tuple[str, ...]] = {
    "exception": (
        "exception", "incident", "disrupt", "complain", "claim", "where is my", "wismo", "fail", "missing", "delay", "dispute",
        "ausnahme", "*stoerung", "*störung", "reklam", "beschwerde", "fehl", "verzögerung", "panne", "retard", "litige",
        "réclam", "excepci", "incidenci", "reclam", "retraso", "exceç", "excec", "atraso", "eccezion", "ritard", "storing",
        "klacht", "vertraging", "uitzondering",
    ),
    "reconciliation": (
        "reconcil", "réconcil", "mismatch", "discrepan", "match", "compare", "data fix", "data error", "feed", "interface",
        "*abgleich", "abstimm", "abweich", "datenfehler", "rapproch", "écart", "concilia", "conciliaç", "cuadr", "riconcil",
        "scosta", "afstem", "verschil",
    ),
    "approval": (
        "approv", "authori", "sign-off", "sign off", "*genehmig", "*freigabe", "freigeb", "approb", "valid", "aprob", "autoriz",
        "aprov", "approva", "autorizz", "goedkeur",
    ),
    "report": (
        "report", "dashboard", "figures", "kpi", "*bericht", "kennzahl", "auswertung", "rapport", "tableau de bord", "informe",
        "relatóri", "relatori", "resoconto", "rapportag",
    ),
    "status": (
        "status", "state", "copy", "copies", "re-key", "rekey", "retype", "re-enter", "reenter", "key in", "data entry",
        "update", "notif", "inform", "forward", "chase", "follow up", "follow-up", "transfer of data", "upload", "download",
        "zustand", "*kopier", "abtipp", "übertrag", "uebertrag", "nachfass", "nachfrag", "*meldung", "melde", "weiterleit",
        "erfass", "statut", "état", "copier", "ressaisi", "saisie", "relanc", "transmet", "estado", "copia", "actualiz",
        "reenvi", "atualiz", "stato", "aggiorn", "inoltr", "kopieer", "bijwerk", "overtyp", "doorstur",
    ),
}  # fmt: skip

# Said of an activity: it ends the case, whatever the case was.
CLOSING = (
    "close", "closed", "resolve", "complete", "done", "finish", "schließ", "schliess", "*geschlossen", "erledig", "gelöst",
    "clos", "clôtur", "résol", "cerrad", "cerrar", "resuel", "fechad", "fechar", "encerr", "conclu", "chius", "risolt",
    "gesloten", "afgehandeld", "afgerond",
)  # fmt: skip
# Said of an actor: nobody's hands.
AUTOMATIC = (
    "auto",
    "system",
    "bot",
    "robot",
    "rpa",
    "batch",
    "job",
    "machine",
    "api",
    "integration",
    "maschin",
    "script",
)

_BEFORE = r"(^|[^\p{L}])"
_ANYWHERE = "*"


def said(text: ir.StringValue, words: tuple[str, ...]) -> ir.BooleanValue:
    """Whether a word of the text begins like one of `words`; false for null."""
    found: ir.BooleanValue = text.lower().re_search(pattern(words)).fill_null(False)
    return found


def pattern(words: tuple[str, ...]) -> str:
    """Regular expression for a word that begins like one of `words`, understood alike by the engines."""
    begun = "|".join(_plain(w) for w in words if not w.startswith(_ANYWHERE))
    within = [_plain(w[1:]) for w in words if w.startswith(_ANYWHERE)]
    # What stands before a word is written once: engines compile that class of all letters anew each time.
    return "|".join([*([f"{_BEFORE}({begun})"] if begun else []), *within])


def _plain(word: str) -> str:
    return "".join(c if c.isalnum() or c in " -_" else re.escape(c) for c in word.lower())


def class_of(text: ir.StringValue, own_words: Mapping[str, tuple[str, ...]]) -> ir.StringValue:
    """Class of a kind of case or of an activity, "other" where no word fits.

    Args:
        text: As the company calls it.
        own_words: Class → words the company adds under [work]; they win over ours.
    """
    cases = [(said(text, own_words[name]), name) for name in WORK_CLASSES if own_words.get(name)]
    cases += [(said(text, WORDS[name]), name) for name in WORK_CLASSES]
    found: ir.StringValue = ibis.cases(*cases, else_="other")
    return found
