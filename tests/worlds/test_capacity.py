"""Own capacity: who is turned away, whom a partner serves, and whether the tables tell an honest analyst."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from fourwalls.worlds import demand, offering, picking
from fourwalls.worlds.capacity import OwnCapacity
from fourwalls.worlds.defects import AS_RECORDED, Repairs, Trouble
from fourwalls.worlds.living import live, versions
from fourwalls.worlds.recipe import RecipeError, read_recipe, recipe_from
from fourwalls.worlds.retailer import build
from fourwalls.worlds.truth import tell
from fourwalls.worlds.world import found


@pytest.fixture(scope="module")
def small():
    return found(replace(read_recipe("unused_partner"), end=date(2025, 4, 1)), 1, 2_000)


def _by_hand(limit, offers, wishes, wants, *, is_asked):
    """Customer by customer, in the order of time."""
    turned, paid, packed, taken = [], [], {}, {}
    for i in np.argsort(wishes["at"], kind="stable"):
        day, node, category, dest = (int(wishes[c][i]) for c in ("day", "node_id", "category", "destination"))
        if not wants[i]:
            continue
        units = int(wishes["units"][i])
        here = packed.get((day, node, category), 0)
        packed[day, node, category] = here + units
        if here < limit[node, category, day]:
            continue
        there = taken.get((day, dest), 0)
        taken[day, dest] = there + units
        if is_asked and there + units <= offers[dest].units_per_day:
            paid.append((int(i), offers[dest].unit_amount))
        else:
            turned.append(int(i))
    return sorted(turned), sorted(paid)


def test_first_come_first_served_as_by_hand(small):
    offers = [replace(o, units_per_day=2.0 + d) for d, o in enumerate(offering.overflow_offers(small.retailer, 1))]
    troubles = [small.trouble(r) for r in versions(small)]
    own = OwnCapacity(small.retailer, small.places, offers, troubles)
    wishes = small.wishes(84, 112, 0)
    wants = np.random.default_rng(1).random((len(troubles), len(wishes["at"]))) < 0.9
    shared = own.share_out(wishes, wants, 84, 112)
    asked = {"inside": False, "as_recorded": False}
    n_partner = 0
    for row, repairs in enumerate(versions(small)):
        is_asked = asked.get(repairs.name, True)
        turned, paid = _by_hand(own._limit, offers, wishes, wants[row], is_asked=is_asked)
        rows = np.flatnonzero(shared.partner_amount[row])
        assert np.flatnonzero(shared.turned_away[row]).tolist() == turned
        assert list(zip(rows.tolist(), shared.partner_amount[row, rows].tolist(), strict=True)) == paid
        n_partner += len(paid)
        if row == 0:
            hours = wishes["at"][turned] - 24.0 * wishes["day"][turned]
            place = [wishes[c][turned] for c in ("node_id", "category")]
            assert (hours >= shared.closes[wishes["day"][turned] - 84, *place]).all()
    assert n_partner > 20


def test_a_partner_is_worth_what_he_serves_less_what_he_asks(small, monkeypatch):
    """One more a unit costs exactly the units served; an offer of nothing brings nothing; more serves more."""
    told = offering.overflow_offers

    def with_offers(**changes):
        for room in ("stock_flow", "truth"):
            monkeypatch.setattr(
                f"fourwalls.worlds.{room}.overflow_offers", lambda *a: [replace(o, **changes) for o in told(*a)]
            )
        totals = live(small)
        return totals, tell(small, totals)

    cheap, dear = (with_offers(units_per_day=4.0, unit_amount=a)[0] for a in (2.0, 3.0))
    served = sum(cheap["between"][f"partner_units {d}"] for d in range(2))
    assert served.sum() > 100
    assert dear["between"]["fulfilment"] - cheap["between"]["fulfilment"] == pytest.approx(served, abs=0.05)
    totals, truth = with_offers(units_per_day=0.0)
    assert all((totals["between"][name] == values).all() for name, values in totals["as_recorded"].items())
    assert all(a.onboarding_amount == 0 for a in truth.assets)
    plenty, truth = with_offers(units_per_day=1e6, onboarding_amount=5_000.0)
    assert plenty["between"]["lost_unserved"].sum() == 0 < cheap["between"]["lost_unserved"].sum()
    assert cheap["between"]["lost_unserved"].sum() < cheap["as_recorded"]["lost_unserved"].sum()
    by_region = {}
    for a in truth.assets:
        by_region[a.asset["destination"]] = by_region.get(a.asset["destination"], 0.0) + a.onboarding_amount
    assert by_region == pytest.approx({"north": 5_000.0, "south": 5_000.0})
    cheaper = with_offers(units_per_day=1e6, onboarding_amount=0.0)[1]
    for a, b in zip(truth.assets, cheaper.assets, strict=True):
        less = b.path_value_amount["orchestrate"] - a.path_value_amount["orchestrate"]
        assert less == pytest.approx(a.onboarding_amount, abs=0.02)


def test_the_tables_tell_an_honest_analyst(world_of):
    """Usual conversion of the visits, stock that was there, the offer's price: close to the truth without the truth."""
    made = world_of("unused_partner", 1, 40_000)
    [(usual,)] = made.ask(
        "SELECT sum(orders) / sum(sessions) FROM listings JOIN products USING (sku_id) WHERE category = 'outdoor'"
    )
    [(visits, orders, shown)] = made.ask(
        "SELECT sum(sessions), sum(orders), avg(listed_share) FROM listings JOIN products USING (sku_id) "
        "WHERE category = 'footwear'"
    )
    lost = visits * usual - orders
    footwear = {a.asset["destination"]: a for a in made.truth.assets if a.asset["category"] == "footwear"}
    plenty = footwear["north"]  # the offer for the south is too small to serve everybody
    true = {d: a.repaired["between"].lines - a.lines for d, a in footwear.items()}
    assert lost > sum(true.values()) > 0.75 * lost
    [(margin, sent, units)] = made.ask(
        "SELECT sum((price_amount - cost_amount) * shipped_units) / count(*), avg(fulfilment_amount), avg(shipped_units) "
        "FROM order_lines JOIN products USING (sku_id) WHERE category = 'footwear' AND destination = 'north'"
    )
    [(price,)] = made.ask("SELECT unit_amount FROM offers WHERE capability = 'fulfilment' AND region = 'north'")
    # At worst the partner's price comes on top of all we spend on a line today.
    high = true["north"] * (margin - sent + 2.5)
    assert true["north"] * (margin - sent - price * units) < plenty.margin_change("between") < high
    [(empty, on_hand)] = made.ask(
        "SELECT avg(empty_share), avg((on_hand_units > 0)::INT) FROM stock_days JOIN products USING (sku_id) "
        "WHERE category = 'footwear'"
    )
    assert shown < 0.85 < 0.9 < on_hand
    assert empty < 0.05


def test_closed_days_are_logged_and_nothing_is_ordered_after(world_of):
    made = world_of("unused_partner", 1, 40_000)
    assert made.ask(
        "SELECT count(*) FROM (SELECT \"at\", category FROM work_log WHERE case_kind = 'exception: day full') w "
        "JOIN (SELECT * FROM order_lines JOIN products USING (sku_id)) l ON l.category = w.category "
        'AND l.node_id = \'dc-north\' AND l.ordered_at::DATE = w."at"::DATE AND l.ordered_at > w."at"'
    ) == [(0,)]
    [(closed,)] = made.ask("SELECT count(*) FROM work_log WHERE case_kind = 'exception: day full'")
    assert 200 < closed <= 365


def test_our_own_hands_are_as_few_as_what_they_can_pack_and_stay_so(small):
    """In a DC large enough for whole shifts, 30 % of the hands are not there; asking a partner does not bring them."""
    large = build(small.recipe, 1, 1_500_000, small.days)
    wanted = demand.expected(large, small.days, [], 1)
    repaired = small.trouble(Repairs("both", None, None))
    short, helped, sound = (
        picking.section_clocks(large, small.days, wanted, trouble)[0]
        for trouble in (small.trouble(AS_RECORDED), repaired, Trouble((), AS_RECORDED))
    )
    end = np.array([small.days.end_hour])
    assert short.read(end) == helped.read(end) == pytest.approx(0.7 * sound.read(end), rel=0.01)


def test_only_a_dc_of_our_own_can_be_short():
    said = {"defects": [{"kind": "unused_partner", "node_id": "hub-east"}]}
    with pytest.raises(RecipeError, match="no DC of our own"):
        found(recipe_from("odd", said), 1, 2_000)
