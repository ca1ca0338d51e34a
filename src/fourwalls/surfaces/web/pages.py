"""Pages to read: the portfolio, an asset, and what its data can carry."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import quote

from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.diagnosis import AssetDiagnosis
from fourwalls.errors import PortfolioError
from fourwalls.figures import Refusal
from fourwalls.surfaces import evidence_words, wording
from fourwalls.surfaces.page import evidence, html, waterfall, worth
from fourwalls.surfaces.web import whatif
from fourwalls.surfaces.web.desk import Asked, page
from fourwalls.surfaces.web.telling import MOST_ASKED
from fourwalls.surfaces.web.views import AssetRow, found_id, portfolio_view, turns_of, words_of

SORTS = {"loss": "lost most", "worth": "worth most", "name": "name"}


def routes() -> list[BaseRoute]:
    """Addresses to read."""
    return [
        page("/p/{portfolio}", portfolio, is_kept=True),
        page("/p/{portfolio}/assets/{asset}", asset, is_kept=True),
        page("/p/{portfolio}/assets/{asset}/what-if", what_if, is_kept=True),
        page("/p/{portfolio}/data", data_health, is_kept=True),
        page("/p/{portfolio}/pages.pdf", on_paper),
    ]


def portfolio(asked: Asked) -> Response:
    """All assets on a map and in a list."""
    served = asked.served
    view = portfolio_view(served)
    query = asked.request.query_params
    sort = query.get("sort", "loss") if query.get("sort", "loss") in SORTS else "loss"
    verdict = query.get("verdict", "")
    rows = [r for r in view.rows if verdict in ("", r.verdict)]
    # Where nothing is priced, the order of the diagnosis stays: by what could have been kept.
    keys = {
        "loss": lambda r: -r.sort_lost,
        "worth": lambda r: (-r.sort_worth, r.name),
        "name": lambda r: r.name.casefold(),
    }
    rows.sort(key=keys[sort])
    decisions = {d.asset: d for d in served.register.decisions()}
    names = served.slugs()
    return asked.page(
        "portfolio.html.j2", view=view, rows=rows, sort=sort, sorts=SORTS, verdict=verdict,
        decided={r.address: decisions.get(names[r.address]) for r in rows}, run=served.result.run if served.result else 0,
        n_decided=sum(1 for n in names.values() if n in decisions),
    )  # fmt: skip


def on_paper(asked: Asked) -> Response:
    """The portfolio on paper: a page for all, then one for each asset."""
    from fourwalls.surfaces.page import sheets

    name = f"{asked.served.slug}-run-{asked.served.result.run if asked.served.result else 0}.pdf"
    headers = {"content-disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    return Response(sheets.pdf(asked.served.plain()), media_type="application/pdf", headers=headers)


def asset(asked: Asked) -> Response:
    """One asset: the one page, live."""
    return asked.page("asset.html.j2", **_asset(asked))


def what_if(asked: Asked) -> Response:
    """What follows from the changes in the address, as the piece of the asset's page that shows it."""
    if asked.request.headers.get("hx-request") != "true":
        return asked.page("asset.html.j2", **_asset(asked))
    response = asked.page("what_if_piece.html.j2", **_changed(asked))
    address = asked.request.path_params["asset"]
    query = asked.request.url.query
    response.headers["hx-replace-url"] = asked.url("assets", address) + (f"?{query}" if query else "")
    return response


def _changed(asked: Asked) -> dict[str, object]:
    served, query = asked.served, dict(asked.request.query_params)
    found = served.diagnosis()
    before = served.asset(asked.request.path_params["asset"], found)
    kept = served.result.kept if served.result else None
    after, wrong, changes = before, None, {}
    try:
        changes = whatif.changes_in(query, kept)
        after = whatif.considered(kept, found, before, changes)
    except PortfolioError as error:
        wrong = error
    priced = worth.worth(after, found.currency)
    return {
        "before": before, "after": after, "changes": changes, "wrong": wrong, "moved": whatif.moved(before, after, found.currency),
        "fan": priced.picture if priced else "", "address": asked.request.path_params["asset"], "currency": found.currency,
        "nothing": evidence_words.doing_nothing(after.paths) if after.paths else "",
    }  # fmt: skip


def _asset(asked: Asked) -> dict[str, object]:
    served = asked.served
    found = served.diagnosis()
    changed = _changed(asked)
    after = changed["after"]
    assert isinstance(after, AssetDiagnosis)  # noqa: S101 - for the type checker
    kept = served.result.kept if served.result else None
    register = served.register
    plan = register.plan_of(after.name)
    return {
        **changed,
        "a": _view(asked, after, is_changed=bool(changed["changes"]) and changed["wrong"] is None),
        "found": found,
        "page": PageLike(wording.flows(found)),
        "knobs": whatif.knobs(kept, dict(asked.request.query_params)) if kept is not None and after.paths else {},
        "decision": register.decision(after.name),
        "plan": plan,
        "pilots": [p for p in register.pilots() if p.asset == after.name],
        "run": served.result.run if served.result else 0,
        "neighbours": _neighbours(asked),
        "gists": {flow: gist(after, flow) for flow in ("service", "stock")},
    }


def _view(asked: Asked, after: AssetDiagnosis, is_changed: bool) -> html.AssetView:
    """The asset in words, with what would change the answer."""
    served, words = asked.served, words_of(asked.served)
    if not after.paths:
        return words.view(after)
    query = tuple(sorted(asked.request.query_params.items())) if is_changed else ()
    swings = turns_of(served, served.version, found_id(served.diagnosis()), after.name, query)
    return words.turned(words.view(after), swings)


def gist(asset: AssetDiagnosis, flow: wording.Flow) -> str:
    """Where most of a flow is lost, in a line."""
    return wording.opening(wording.most_of(asset, flow) or wording.nothing_in(wording.split(asset, flow)))


@dataclass(frozen=True, slots=True)
class PageLike:
    """What macros of the one page ask of it."""

    flows: tuple[wording.Flow, ...]


def _neighbours(asked: Asked) -> tuple[AssetRow | None, AssetRow | None]:
    rows = portfolio_view(asked.served).rows
    at = next(i for i, r in enumerate(rows) if r.address == asked.request.path_params["asset"])
    return rows[at - 1] if at else None, rows[at + 1] if at + 1 < len(rows) else None


def data_health(asked: Asked) -> Response:
    """What was read and refused, and which data would tell most."""
    served = asked.served
    found = served.diagnosis()
    refusals: dict[tuple[str, str], list[str]] = {}
    by_key: dict[tuple[str, str], Refusal] = {}
    for a in (found.total, *found.assets):
        for r in wording.unknowns(a):
            by_key.setdefault((r.about, r.next_step), r)
            if a is not found.total:
                refusals.setdefault((r.about, r.next_step), []).append(wording.asset(a))
    rows = sorted(((by_key[k], refusals.get(k, [])) for k in by_key), key=lambda pair: -len(pair[1]))
    return asked.page(
        "data.html.j2", found=found, health=found.health, refused=rows, months=waterfall.months(found.health.coverage),
        assumed=evidence.assumed(found), telling=served.result.telling if served.result else (), is_whole=served.result is None or served.result.is_whole, most_asked=MOST_ASKED,
    )  # fmt: skip
