"""Pilots: which one, how long, worth it or not; then what really happened.

>>> import fourwalls as fw
>>> fw.pilot.design("history.csv", unit="region", time="week", outcome="margin", expected=0.03)  # doctest: +SKIP
>>> fw.pilot.judge("pilot/plan.json", "later.csv")  # doctest: +SKIP
>>> fw.pilot.evaluate("panel.csv", unit="State", time="Year", outcome="PacksPerCapita", treated="treated")  # doctest: +SKIP
"""

from __future__ import annotations

from fourwalls.pilot.design import Design, design
from fourwalls.pilot.evaluation import evaluate
from fourwalls.pilot.judging import judge
from fourwalls.pilot.plan import Plan, dumps, read_plan
from fourwalls.pilot.proposal import Proposal, design_proposed, propose
from fourwalls.pilot.result import Evaluation

__all__ = [
    "Design",
    "Evaluation",
    "Plan",
    "Proposal",
    "design",
    "design_proposed",
    "dumps",
    "evaluate",
    "judge",
    "propose",
    "read_plan",
]
