"""Governance: what contracts say about partners and feeds, checked against the records, and what lacks before more is asked of them.

files → contracts → questions, checks, quality → rules → readiness, controls, outages
"""
