"""fourwalls: operate it better in-house, or orchestrate it across partners?

>>> import fourwalls as fw
>>> study = fw.open("my-retailer")  # doctest: +SKIP
>>> study.diagnose()  # doctest: +SKIP
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from fourwalls.diagnosis import AssetDiagnosis, Contribution, Diagnosis, Gap, Health, StageClock
from fourwalls.errors import FourwallsError
from fourwalls.figures import Estimate, Figure, Period, Reading, Refusal

if TYPE_CHECKING:
    from fourwalls import pilot
    from fourwalls.study import Study, open  # noqa: A004 - fw.open reads as what it does

__all__ = [
    "AssetDiagnosis",
    "Contribution",
    "Diagnosis",
    "Estimate",
    "Figure",
    "FourwallsError",
    "Gap",
    "Health",
    "Period",
    "Reading",
    "Refusal",
    "StageClock",
    "Study",
    "open",
    "pilot",
]


def __getattr__(name: str) -> object:
    # The engines take a second to import; whoever only wants the types or the version need not wait.
    if name in ("Study", "open"):
        from fourwalls import study

        return getattr(study, name)
    if name == "pilot":
        from importlib import import_module

        return import_module("fourwalls.pilot")
    raise AttributeError(f"module 'fourwalls' has no attribute {name!r}")
