"""The pilot that a diagnosis suggests for one of its assets, and its design on a panel."""

from __future__ import annotations

from typing import Any

from fourwalls.diagnosis import Diagnosis
from fourwalls.errors import PanelError, did_you_mean, listed
from fourwalls.figures import Refusal
from fourwalls.pilot.design import Design, design
from fourwalls.pilot.panel import read_panel
from fourwalls.planning.proposals import Proposal, proposed

__all__ = ["Proposal", "design_proposed", "propose"]


def propose(diagnosis: Diagnosis, asset: str) -> Proposal | Refusal:
    """The pilot that a diagnosis suggests for one of its assets, by the rule of `planning.proposals.proposed`.

    Args:
        diagnosis: The diagnosis.
        asset: Name of the asset, as the diagnosis prints it.

    Returns:
        The proposal, or why there is none.

    Raises:
        PanelError: There is no such asset.
    """
    found = next((a for a in diagnosis.assets if a.name == asset), None)
    if found is None:
        names = [a.name for a in diagnosis.assets]
        raise PanelError(f"There is no asset '{asset}'.{did_you_mean(asset, names)}", f"Choose from {listed(names)}.")
    return proposed(found, diagnosis.assets, {a.name: a.value for a in diagnosis.assumptions}, diagnosis.currency)


def design_proposed(panel: object, proposal: Proposal, *, unit: str, time: str, **more: Any) -> Design:  # noqa: ANN401 - the arguments of `design`
    """The design of a proposal on the panel of its measure.

    What is expected, believed to be at stake and to be paid comes from the proposal; anything of `design` may be given
    instead.

    Args:
        panel: Assets by week, with the proposal's measure.
        proposal: What the diagnosis suggests.
        unit, time: Names of the columns.
        more: Further arguments of `design`; they go before what the proposal says.

    Raises:
        PanelError: The panel cannot be used.
    """
    history = read_panel(panel, unit=unit, time=time, outcome=proposal.measure)
    if proposal.asset not in history.units:
        raise PanelError(f"The panel has no asset '{proposal.asset}'.", f"Found {listed(history.units)}.")
    level = float(history.outcomes[history.units.index(proposal.asset)].mean())
    likely = proposal.expected[1] * level
    known: dict[str, Any] = {
        "candidates": [[proposal.asset]],
        "expected": proposal.expected,
        "path": proposal.path,
        "stage": proposal.stage,
        "party": proposal.party,
        "words": proposal.words,
        "unit_value": proposal.own_gain_per_week / likely,
        "currency": proposal.currency,
        "horizon": proposal.horizon,
        # As many times this asset as all that would change gain more than it does.
        "rollout_base": level * proposal.gain_per_week / proposal.own_gain_per_week,
        "rollout_cost": proposal.rollout_cost,
        "pilot_cost": proposal.pilot_cost,
        "kept_cost": proposal.pilot_cost,
        "pilot_cost_per_period": proposal.pilot_cost_per_week,
    }
    return design(panel, unit=unit, time=time, outcome=proposal.measure, **{**known, **more})
