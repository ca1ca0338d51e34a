"""The vectorised queue against a queue served by hand, line by line."""

import numpy as np

from fourwalls.worlds import picking
from fourwalls.worlds.defects import AS_RECORDED
from fourwalls.worlds.living import versions
from fourwalls.worlds.order_flow import OrderFlow, sourced
from fourwalls.worlds.recipe import recipe_from
from fourwalls.worlds.release import released
from fourwalls.worlds.world import found


def _world():
    return found(recipe_from("queue", {"defects": [{"kind": "slow_picking", "severity": 0.6}]}), 5, 3_000)


def test_first_come_first_served_as_by_hand():
    world = _world()
    trouble = world.trouble(AS_RECORDED)
    clocks = picking.section_clocks(world.retailer, world.days, world.demand, trouble)
    lines = sourced(world.retailer, world.wishes(56, 84, 0))
    lines["released"] = released(world.retailer, world.days, trouble, lines)
    # No second look and no waves, so that only the queue is left.
    lines["luck_wave"] = np.zeros(len(lines["at"]))
    lines["luck_again"] = np.ones(len(lines["at"]))
    packed, _ = picking.packed(world.retailer, world.days, trouble, clocks, lines, np.zeros(len(clocks)))
    place = picking.section(world.retailer, lines["node_id"], lines["category"])
    for code in np.unique(place):
        clock, free = clocks[code], 0.0
        rows = np.flatnonzero(place == code)
        for row in rows[np.argsort(lines["released"][rows], kind="stable")]:
            come = float(clock.read(lines["released"][row]))
            work = world.retailer.pick_minutes[lines["category"][row]] * lines["luck_work"][row]
            free = max(free, come) + work
            assert abs(float(clock.when(free)) - packed[row]) < 0.02


def test_blocks_do_not_matter_to_the_queue():
    """Lines released after their block wait for the next one: none is overtaken, none is lost."""
    world = _world()
    trouble = world.trouble(versions(world)[0])
    clocks = picking.section_clocks(world.retailer, world.days, world.demand, trouble)
    flow = OrderFlow(world.retailer, world.days, trouble, clocks, world.crowd)
    first, second = world.wishes(56, 84, 0), world.wishes(84, 112, 10**6)
    apart = [flow.deliver(first, 84), flow.deliver(second, None)]
    whole = OrderFlow(world.retailer, world.days, trouble, clocks, world.crowd)
    at_once = whole.deliver({k: np.concatenate([first[k], second[k]]) for k in first}, None)

    def by_line(columns):
        order = np.lexsort((columns["line"], columns["order"]))
        return columns["delivered"][order]

    both = {k: np.concatenate([part[k] for part in apart]) for k in apart[0]}
    assert np.allclose(by_line(both), by_line(at_once))
