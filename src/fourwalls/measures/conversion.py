"""Visits and what became of them: listings by week, and the margin of what was bought."""

from __future__ import annotations

import ibis
import ibis.expr.types as ir

from fourwalls.figures import Period

# A day counts as buyable throughout from this share on.
WHOLE_DAY = 0.999
BOUGHT_BY = ("brand", "category", "channel_id")
"""What listings and order lines can be told apart by alike."""


def listing_days(
    listings: ir.Table, products: ir.Table | None, stock_days: ir.Table | None, period: Period, span_seconds: int
) -> ir.Table:
    """Listings with their product, the share of the day they could be bought, and the rival's usual price.

    The rival's usual price is the median of the record, so that a rival who gives goods away for a while moves nothing.

    Args:
        listings: Rows that intake kept.
        products: One row per sku; None if there is no such table.
        stock_days: Rows that intake kept; None likewise.
        period: Days looked at.
        span_seconds: Length of the spans of time.

    Grain: sku_id, channel_id, day.
    Gives: brand, category, span; buyable [share: listed, and in stock at one node at least; null where no listed_share
        is told]; visits, orders; content [share]; dear [log of our price over the rival's usual one]; media [amount].
        Null where the record says nothing.
    """
    t = listings.filter((listings.day >= ibis.date(period.start)) & (listings.day < ibis.date(period.end)))
    if products is None:
        t = t.mutate(brand=ibis.null("string"), category=ibis.null("string"))
    else:
        t = t.left_join(products.select("sku_id", "brand", "category"), "sku_id").drop("sku_id_right")
    if stock_days is not None:
        empty = stock_days.group_by("sku_id", "day").agg(empty=stock_days.empty_share.min())
        t = t.left_join(empty, ["sku_id", "day"]).drop("sku_id_right", "day_right")
    else:
        t = t.mutate(empty=ibis.null("float64"))
    priced = t.rival_price_amount > 0
    usual = (
        t.filter(priced).group_by("sku_id", "channel_id").agg(usual_rival=t.rival_price_amount.median().cast("float64"))
    )
    t = t.left_join(usual, ["sku_id", "channel_id"]).drop("sku_id_right", "channel_id_right")
    ours = (t.price_amount > 0).ifelse(t.price_amount.cast("float64"), ibis.null("float64"))
    return t.select(
        "sku_id", *BOUGHT_BY,
        span=(t.day.cast("timestamp").epoch_seconds() // span_seconds).cast("int64"),
        # Beside a null, least() answers with the other side.
        buyable=t.listed_share.notnull().ifelse(
            ibis.least(t.listed_share, 1 - t.empty.fill_null(0.0)).cast("float64"), ibis.null("float64")
        ),
        visits=t.sessions.cast("float64"),
        orders=t.orders.cast("float64"),
        content=t.content_share.cast("float64"),
        dear=(ours / t.usual_rival).ln(),
        media=t.media_amount.cast("float64"),
    )  # fmt: skip


def listing_spans(days: ir.Table) -> ir.Table:
    """What happened to each listing in each span of time.

    Args:
        days: From `listing_days`.

    Grain: sku_id, channel_id, span.
    Gives: brand, category; visits, orders; served [visits that could buy]; content, dear [sums weighed by served visits] and
        content_on, dear_on [the served visits they are known for].
    """
    t = days.filter(days.visits.notnull() & days.orders.notnull())
    served = t.visits * t.buyable.fill_null(1.0)
    known = {
        name: {name: (served * t[name]).sum(), f"{name}_on": served.sum(where=t[name].notnull())}
        for name in ("content", "dear")
    }
    return t.group_by("sku_id", *BOUGHT_BY, "span").agg(
        visits=t.visits.sum(), orders=t.orders.sum(), served=served.sum(),
        **{k: v for columns in known.values() for k, v in columns.items()},
    )  # fmt: skip


def media_spans(days: ir.Table) -> ir.Table:
    """Media money of each listing in each span, on days it could be bought throughout and on others.

    Args:
        days: From `listing_days`.

    Grain: sku_id, channel_id, span.
    Gives: brand, category; whole_media [amount], whole_visits; part_media [amount], part_visits [each by the share of the
        day it could be bought]; shut_days [what is missing of these days].
    """
    t = days.filter(days.media.notnull() & days.buyable.notnull() & days.visits.notnull())
    whole = t.buyable >= WHOLE_DAY
    return t.group_by("sku_id", *BOUGHT_BY, "span").agg(
        whole_media=t.media.sum(where=whole),
        whole_visits=t.visits.sum(where=whole),
        part_media=t.media.sum(where=~whole),
        part_visits=(t.visits * t.buyable).sum(where=~whole),
        shut_days=(1 - t.buyable).sum(where=~whole),
    )


def margins(lines: ir.Table, grain: tuple[str, ...]) -> ir.Table:
    """What order lines that were not cancelled brought.

    Args:
        lines: From `measures.order_lines.judged_lines`.
        grain: Columns that make an asset.

    Grain: BOUGHT_BY, the grain columns, span.
    Gives: value [net amount]; margin [amount: price less cost less fulfilment, where that is recorded]; lines.
    """
    t = lines.filter((lines.outcome != "cancelled") & lines.margin_amount.notnull())
    keys = list(dict.fromkeys((*BOUGHT_BY, *grain, "span")))
    return t.group_by(*keys).agg(
        value=t.value_amount.sum().cast("float64"),
        margin=(t.margin_amount - t.fulfilment_amount.fill_null(0.0)).sum().cast("float64"),
        lines=t.count(),
    )


def leakage_by_place(leakage: ir.Table, period: Period) -> ir.Table:
    """What was booked as lost beside sales: returns, damage, goodwill and the like.

    Grain: brand, category, channel_id, region [null where a booking does not say].
    Gives: amount.
    """
    t = leakage.filter((leakage.day >= ibis.date(period.start)) & (leakage.day < ibis.date(period.end)))
    return t.group_by("brand", "category", "channel_id", "region").agg(amount=t.amount.sum().cast("float64"))
