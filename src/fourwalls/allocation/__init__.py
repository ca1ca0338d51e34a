"""Which path for which asset, under budget, people and risk."""

from fourwalls.allocation.plan import Allocation, Chosen, FrontierPoint, LeftOut, NextStep, Reason, allocate
from fourwalls.allocation.problem import Enabler, Limits, Option, Risk
from fourwalls.allocation.ranking import Ranked, ranking

__all__ = [
    "Allocation",
    "Chosen",
    "Enabler",
    "FrontierPoint",
    "LeftOut",
    "Limits",
    "NextStep",
    "Option",
    "Ranked",
    "Reason",
    "Risk",
    "allocate",
    "ranking",
]
