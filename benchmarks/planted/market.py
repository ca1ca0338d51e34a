"""Olist's order lines, drawn by lot among parties that do the same, and the faults that are planted in them.

The file names one carrier and 1,610 sellers. So that parties can be compared, each *order* is given by lot to one of three
carriers, hubs and channels: what happened to it stays as it was. The three are equal in truth, with the noise, the sellers,
the months and the days off that were really there. A fault is then a delay added to some of the real times.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

import duckdb

import fourwalls as fw
from fourwalls.diagnosis import AssetDiagnosis, Diagnosis, Gap
from fourwalls.figures import Estimate

EXAMPLE = Path(__file__).parents[2] / "examples" / "olist"
CARRIERS = ("swift", "north star", "pelican")
HUBS = ("hub one", "hub two", "hub three")
CHANNELS = ("site", "app", "affiliates")
STAGES = ("release", "fulfilment", "carriage", "promise")
PARTIES = {"swift": "carrier", "north star": "carrier", "pelican": "carrier", "hub one": "3PL", "hub two": "3PL", "hub three": "3PL", "affiliates": "marketplace", "olist": "own company"}  # fmt: skip
# A line that was kept before the fault and is missed after it was lost to the fault, and to nothing else.
MISSED = """(delivered_at IS NOT NULL AND delivered_at > promised_at) OR (delivered_at IS NULL AND
  (cancel_reason IS NOT NULL OR promised_at < (SELECT greatest(max(ordered_at), max(delivered_at)) FROM real)))"""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is done to the records, and who would be to blame.

    Attributes:
        name: In words.
        grain: What an asset is.
        where: SQL condition on the lines that are touched.
        changes: Column → SQL of its new value there.
        stage, party: To blame; "" where nothing lasting was planted.
    """

    name: str
    grain: tuple[str, ...]
    where: str = "false"
    changes: tuple[tuple[str, str], ...] = ()
    stage: str = ""
    party: str = ""


def _later(days: float, *columns: str) -> tuple[tuple[str, str], ...]:
    return tuple((c, f"{c} + to_seconds({round(days * 86_400)})") for c in columns)


def carried_later(days: float, region: str = "São Paulo") -> Fault:
    """One carrier takes longer to one region."""
    where = f"carrier_id = 'pelican' AND destination = '{region}'"
    return Fault(
        f"carrier takes {days:g} days longer to {region}",
        ("destination",),
        where,
        _later(days, "delivered_at"),
        "carriage",
        "pelican",
    )


def packed_later(days: float) -> Fault:
    """One hub hands over later."""
    changes = _later(days, "handed_over_at", "delivered_at")
    return Fault(
        f"hub hands over {days:g} days later",
        ("category",),
        "node_id = 'hub three'",
        changes,
        "fulfilment",
        "hub three",
    )


def released_later(days: float) -> Fault:
    """One channel clears orders later."""
    changes = _later(days, "released_at", "handed_over_at", "delivered_at")
    return Fault(
        f"channel clears {days:g} days later",
        ("destination",),
        "channel_id = 'affiliates'",
        changes,
        "release",
        "affiliates",
    )


def promised_sooner(days: float, category: str = "Health and beauty") -> Fault:
    """One category is promised sooner than anybody delivers."""
    return Fault(
        f"one category promised {days:g} days sooner",
        ("category",),
        f"category = '{category}'",
        (("promised_at", f"greatest(ordered_at, promised_at - to_days({round(days)}))"),),
        "promise",
        "",
    )


def strike(days: float, carrier: str = "") -> Fault:
    """Everything (or what one carrier has) that was handed over in one month arrives later: a shock, and over."""
    who = f" AND carrier_id = '{carrier}'" if carrier else ""
    where = f"handed_over_at >= TIMESTAMP '2018-05-01' AND handed_over_at < TIMESTAMP '2018-06-01'{who}"
    return Fault(
        f"{'one carrier' if carrier else 'all carriers'} on strike for a month, {days:g} days",
        ("destination",),
        where,
        _later(days, "delivered_at"),
    )


def slow_sellers(days: float) -> Fault:
    """One seller in ten hands over later."""
    return Fault(
        f"one seller in ten hands over {days:g} days later",
        ("category",),
        "hash(md5(node_id || 'slow')) % 10 = 0",
        _later(days, "handed_over_at", "delivered_at"),
        "fulfilment",
    )


def carried_later_since(days: float) -> Fault:
    """The carriers get slower, and stay so."""
    where = "handed_over_at >= TIMESTAMP '2018-03-01'"
    name = f"carriers take {days:g} days longer from March 2018 on"
    return Fault(name, ("category",), where, _later(days, "delivered_at"), "carriage", "carrier")


def released_later_since(days: float) -> Fault:
    """Orders are cleared later, and stay so."""
    where = "ordered_at >= TIMESTAMP '2018-03-01'"
    changes = _later(days, "released_at", "handed_over_at", "delivered_at")
    return Fault(
        f"orders cleared {days:g} days later from March 2018 on", ("category",), where, changes, "release", "olist"
    )


def halves(seed: int) -> Fault:
    """One population under two names."""
    new = f"'half ' || (1 + hash(md5(order_id || 'half{seed}')) % 2)"
    return Fault("one population under two names", ("destination",), "true", (("destination", new),))


NOTHING = {grain: Fault("nothing", (grain,)) for grain in ("category", "destination")}


class Market:
    """Olist's lines, read once.

    Args:
        data: Folder that holds olist/.
        by: "order_id": parties are equal in truth; "seller_id": each seller stays with one hub; "life": no lots, but the
            parties that are named; "sellers": those, but orders of a category change sellers by lot, so that all are equal.
    """

    def __init__(self, data: Path, by: str = "order_id") -> None:
        self._by, self._data = by, data / "olist"
        self._unplanted: dict[tuple[tuple[str, ...], int], Diagnosis] = {}
        self._sql = duckdb.connect(config={"threads": 2})
        for table, name in (("order_lines", "lines"), ("products", "products")):
            text = (EXAMPLE / "tables" / f"{table}.sql").read_text("utf-8")
            self._sql.execute(f"CREATE TABLE {name} AS {text.replace('{data}', str(self._data))}")

    def plant(self, fault: Fault, seed: int, folder: Path) -> dict[str | None, int]:
        """Writes a portfolio with the fault in it.

        Returns:
            Asset → lines that were kept in life and are missed because of the fault.
        """
        self._sql.execute(f"CREATE OR REPLACE TABLE real AS {self._lots(seed)}")
        changed = ", ".join(f"CASE WHEN {fault.where} THEN {new} ELSE {c} END AS {c}" for c, new in fault.changes)
        replaced = f"* REPLACE ({changed})" if changed else "*"
        self._sql.execute(f"CREATE OR REPLACE TABLE faulty AS SELECT {replaced} FROM real")
        self._write(fault, folder)
        return dict(
            self._sql.execute(
                f"SELECT f.{fault.grain[0]}, count(*) FILTER (f.missed AND NOT r.missed) FROM "
                f"(SELECT *, {MISSED} AS missed FROM faulty) f JOIN (SELECT *, {MISSED} AS missed FROM real) r "
                "USING (order_id, line_id) GROUP BY 1"
            ).fetchall()
        )

    def _lots(self, seed: int) -> str:
        if self._by == "life":
            return "SELECT l.*, category FROM lines l LEFT JOIN products USING (sku_id)"
        if self._by == "sellers":
            return _sellers_by_lot(seed)
        lots = ", ".join(
            f"list_extract({list(names)!r}, 1 + (hash(md5({column} || '{role}{seed}')) % 3)::INT) AS {role}_id"
            for role, names, column in (
                ("carrier", CARRIERS, "order_id"),
                ("node", HUBS, "node_id" if self._by == "seller_id" else "order_id"),
                ("channel", CHANNELS, "order_id"),
            )
        )
        return (
            f"SELECT *, node_id AS fulfiller_id FROM (SELECT l.* EXCLUDE (carrier_id, node_id, channel_id, fulfiller_id), {lots}, "
            "category FROM lines l LEFT JOIN products USING (sku_id))"
        )

    def _write(self, fault: Fault, folder: Path) -> None:
        tables = folder / "tables"
        tables.mkdir(parents=True)
        self._sql.execute(f"COPY (SELECT * EXCLUDE (category) FROM faulty) TO '{tables}/order_lines.parquet'")
        self._sql.execute(f"COPY products TO '{tables}/products.parquet'")
        asset = ", ".join(f'"{g}"' for g in fault.grain)
        (folder / "portfolio.toml").write_text(
            f'[portfolio]\nname = "Planted"\ncurrency = "BRL"\nown_party_id = "olist"\nasset = [{asset}]\n', "utf-8"
        )
        if self._by in ("life", "sellers"):
            for name in ("nodes", "channels", "parties"):
                text = (EXAMPLE / "tables" / f"{name}.sql").read_text("utf-8").replace("{data}", str(self._data))
                self._sql.execute(f"COPY ({text}) TO '{tables}/{name}.parquet'")
            return
        rows = {
            "nodes": ["node_id,kind,party_id,region", *(f"{h},3PL site,{h},Brazil" for h in HUBS)],
            "channels": ["channel_id,kind,party_id", "site,DTC site,olist", "app,DTC site,olist", "affiliates,marketplace,affiliates"],
            "parties": ["party_id,kind,name", *(f"{p},{kind},{p}" for p, kind in PARTIES.items())],
        }  # fmt: skip
        for name, lines in rows.items():
            (tables / f"{name}.csv").write_text("\n".join(lines) + "\n", "utf-8")

    def diagnose(self, fault: Fault, seed: int) -> tuple[Diagnosis, dict[str | None, int]]:
        """What is told of the faulty records, and what was done to them."""
        with tempfile.TemporaryDirectory() as kitchen:
            folder = Path(kitchen) / "planted"
            truth = self.plant(fault, seed, folder)
            with fw.open(folder) as study:
                return study.diagnose(), truth

    def as_it_was(self, grain: tuple[str, ...], seed: int) -> Diagnosis:
        """What is told of the same lots with nothing planted."""
        if (grain, seed) not in self._unplanted:
            self._unplanted[grain, seed], _ = self.diagnose(NOTHING[grain[0]], seed)
        return self._unplanted[grain, seed]


def _sellers_by_lot(seed: int) -> str:
    """Lines whose orders have the sellers of other orders of their category: as many orders for each, whole orders, and equal in truth."""
    return f"""
        WITH every AS (SELECT l.*, category FROM lines l LEFT JOIN products USING (sku_id)),
        orders AS (SELECT order_id, min(category) AS kind, min(node_id) AS seller FROM every WHERE node_id IS NOT NULL GROUP BY order_id),
        numbered AS (SELECT *, row_number() OVER (PARTITION BY kind ORDER BY order_id) AS place,
          row_number() OVER (PARTITION BY kind ORDER BY md5(order_id || 'sellers{seed}')) AS drawn FROM orders),
        lots AS (SELECT a.order_id, b.seller FROM numbered a JOIN numbered b ON a.kind IS NOT DISTINCT FROM b.kind AND a.place = b.drawn)
        SELECT every.* REPLACE (coalesce(seller, node_id) AS node_id, coalesce(seller, fulfiller_id) AS fulfiller_id)
        FROM every LEFT JOIN lots USING (order_id)"""


def told_of_stage(asset: AssetDiagnosis, stage: str) -> tuple[float, float, float]:
    """Lines that a stage cost, on both sides of the wall, with the ends of their range."""
    if not isinstance(asset.gap, Gap):
        return 0.0, 0.0, 0.0
    found = [s for s in asset.gap.stages if s.stage == stage]
    value = sum(s.lines for s in found)
    ranges = [s.share for s in found if isinstance(s.share, Estimate)]
    return value, sum(r.low for r in ranges) * asset.n_lines, sum(r.high for r in ranges) * asset.n_lines
