"""Words by which a clause is known. Companies name things differently: all of these count, and a list can be made longer."""

from __future__ import annotations

OWNER_ROLES = ("owner", "accountable", "responsible", "steward", "custodian", "lead", "manager", "head", "director")
"""A member of the team whose role contains one of them owns the interface."""

OWNER = ("owner", "dataOwner", "productOwner", "interfaceOwner", "accountable", "responsible")
ESCALATION = ("escalation", "escalationPath", "escalationContact", "dutyManager", "onCall", "incidentContact")
CREDIT = (
    "credit",
    "crediting",
    "attribution",
    "creditRules",
    "partnerCredit",
    "revenueShare",
    "commission",
    "chargebacks",
    "liability",
    "penalties",
)
FALLBACK = (
    "fallback",
    "fallbackPlan",
    "contingency",
    "continuity",
    "businessContinuity",
    "degradedMode",
    "workaround",
    "disasterRecovery",
)
EXIT = ("exit", "exitPlan", "exitStrategy", "termination", "noticePeriod", "notice", "offboarding", "handback")
"""Custom properties, or types of authoritative definitions, that are such a clause."""

PARTY = ("party_id", "party", "partner_id", "partner", "counterparty", "provider", "provider_id")
FEED = ("feed_id", "feed", "interface_id")

ANNOUNCEMENTS = ("announcements", "announcement", "newsletter")
"""Scopes of a support channel that nobody can escalate by."""

IN_FORCE = ("active", "deprecated", "inforce", "signed", "live", "production", "approved")
"""Statuses of a contract that binds; deprecated still does. No status counts as in force."""

DRAFTS = ("draft", "proposed", "proposal", "in review", "under review", "in development", "test")
"""Statuses of a contract that nobody has agreed to yet."""

EXCEPTION_KINDS = (
    "exception", "incident", "issue", "problem", "complaint", "ticket", "escalat", "dispute", "claim", "error", "failure", "defect",
    "discrepan", "mismatch", "reconcil", "outage", "disruption", "alert", "where is my order", "wismo",
)  # fmt: skip
"""A case whose kind contains one of them is one in which something went wrong."""

DATA_KINDS = (
    "feed",
    "interface",
    "data",
    "file",
    "edi",
    "api",
    "reconcil",
    "mismatch",
    "discrepan",
    "sync",
    "integration",
)
"""A case whose kind contains one of them is about data that came late or wrong."""

NUMBERS = {
    "a": 1, "an": 1, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
    "twelve": 12, "fourteen": 14, "fifteen": 15, "twenty": 20, "thirty": 30, "forty": 40, "forty-five": 45, "sixty": 60, "ninety": 90,
}  # fmt: skip
