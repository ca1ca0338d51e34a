"""Every number opens: what it is, what it is made of, the query, and the first records it was counted in."""

from __future__ import annotations

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.explaining import explained
from fourwalls.figures import Estimate, Refusal
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
    told = explained(number, served.near(number))
    return asked.page(
        "number.html.j2", told=told, said=said(told.value), inputs=[(i.id, said(i.value)) for i in told.inputs],
        records=result.records.get(key_of(number)) if result else None, most=MOST_ASSETS,
        address=served.address(number.asset.name) if number.asset and number.asset is not served.plain().total else "",
        run=result.run if result else 0,
    )  # fmt: skip


def said(value: Estimate | Refusal | float) -> wording.Said:
    """A number in words."""
    if isinstance(value, Estimate | Refusal):
        return wording.said(value)
    return wording.Said(f"{value:,.6g}", "")
