"""Every number opens: what it is, what it is made of, the query, and the first records it was counted in."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.diagnosis import Assumed, OutageTold
from fourwalls.explaining import explained
from fourwalls.figures import Estimate, Refusal
from fourwalls.numbers import Number
from fourwalls.surfaces import wording
from fourwalls.surfaces.web.desk import Asked, page
from fourwalls.surfaces.web.folders import NoSuchPageError
from fourwalls.surfaces.web.records import MOST_ASSETS, key_of


def routes() -> list[BaseRoute]:
    """The address."""
    return [page("/p/{portfolio}/numbers/{number}", shown, is_kept=True)]


def shown(asked: Asked) -> Response:
    """One number.

    Raises:
        NoSuchPageError: There is none of this id.
    """
    served = asked.served
    known = served.numbers()
    number = known.get(asked.request.path_params["number"])
    if number is None:
        raise NoSuchPageError("There is no such number in the last run.", "Open one from a page.")
    result = served.result
    near = served.near(number)
    told = explained(number, near)
    return asked.page(
        "number.html.j2", told=told, said=said_in(number, served.plain().currency), what=called(number.id, number.id),
        inputs=[(i.id, called(i.id, number.id), said_in(near[i.id], served.plain().currency)) for i in told.inputs],
        records=result.records.get(key_of(number)) if result else None, most=MOST_ASSETS,
        address=served.address(number.asset.name) if number.asset and number.asset is not served.plain().total else "",
        run=result.run if result else 0, is_whole=result is None or result.is_whole,
    )  # fmt: skip


def called(number: str, seen_from: str) -> str:
    """What a number is called on the page of one: without the asset where both are of the same.

    >>> called("north.paths.operate.links.to-run", "north.paths.operate.value")
    'paths › operate › links › to run'
    """
    asset, _, rest = number.partition(".")
    shown = rest if rest and asset == seen_from.partition(".")[0] else number
    return shown.replace(".", " › ").replace("-", " ").replace("_", " ")


def said_in(number: Number, currency: str) -> wording.Said:
    """A number in words, with its unit where it has one."""
    value, owner = number.value, number.owner
    if isinstance(value, Estimate | Refusal):
        return wording.said(value)
    if number.field == "links" or (isinstance(owner, OutageTold) and number.field in ("typical", "bound")):
        return wording.said(Estimate(value, value, value, currency))
    unit = f" {owner.unit}" if isinstance(owner, Assumed) else ""
    return wording.Said(f"{value:,.6g}{unit}".replace("-", "−"), "")
