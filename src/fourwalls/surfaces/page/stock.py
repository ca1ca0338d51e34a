"""Empty shelves and the stock behind them, as the page shows them."""

from __future__ import annotations

from dataclasses import dataclass

from fourwalls.diagnosis import AssetDiagnosis
from fourwalls.figures import Refusal
from fourwalls.surfaces import wording
from fourwalls.surfaces.page.waterfall import Step, printed, shelf_steps


@dataclass(frozen=True, slots=True)
class Shelves:
    """What empty shelves cost an asset, in words and bars.

    Attributes:
        steps: The waterfall from lost units to what nobody could have sold; empty where no unit was lost.
        rising: What a bar to the right means, where a repair would cost sales; else "".
        alone: What repairing one side alone would sell.
        unjudged: Stages for which nothing is claimed; "" if there is none.
        stock: Label, meaning and figure of the stock behind it.
    """

    steps: tuple[Step, ...]
    rising: str
    alone: tuple[tuple[str, wording.Said], ...]
    unjudged: str
    stock: tuple[tuple[str, str, wording.Said], ...]


def shelves(asset: AssetDiagnosis, level: float, most_steps: int) -> Shelves | None:
    """The empty shelves of an asset; None where nothing is known of them.

    Args:
        asset: The asset.
        level: Coverage of ranges, as announced.
        most_steps: Stages of the waterfall that go on paper.
    """
    known = asset.availability
    if isinstance(known, Refusal):
        return None
    fall = printed(shelf_steps(asset, level), most_steps)
    return Shelves(
        steps=fall,
        rising=wording.rising(asset),
        alone=wording.alone(known, level),
        unjudged=wording.not_judged(known),
        stock=wording.stock_figures(known),
    )
