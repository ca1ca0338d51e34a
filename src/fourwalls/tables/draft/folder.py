"""The folder that is written: portfolio.toml and tables/, all of it or nothing."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path

from fourwalls.errors import OutputError, PortfolioError, listed
from fourwalls.tables.draft.ours import Ours
from fourwalls.tables.draft.proof import GRAINS, Proof
from fourwalls.tables.draft.sqltext import plain

# An asset needs lines to be judged by; a finer grain than this would leave most assets without a verdict.
_LEAST_LINES = 30
_HEAD = ("# Drafted by `fourwalls init`. UNSURE marks a guess: check it, then drop the remark.", "[portfolio]")
_HINTS = (
    "",
    "# What you aim for; without it, a stage is held to what its better quarter of comparable records shows.",
    "# [targets]",
    "# on_time_share = 0.95",
    "# fulfilment_hours = 24",
    "",
    "# What a partner has promised, for release, fulfilment or carriage.",
    "# [[service_levels]]",
    '# party_id = "…"',
    '# stage = "carriage"',
    "# value = 72",
    '# unit = "hours"',
    "",
)
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\b": "\\b", "\f": "\\f"}


def toml_text(text: str) -> str:
    """Text as a TOML string."""
    valid = text.encode("utf-8", "replace").decode()
    return '"' + "".join(_ESCAPES.get(c) or (c if c.isprintable() else f"\\U{ord(c):08x}") for c in valid) + '"'


def grain(proofs: Sequence[Proof]) -> tuple[tuple[str, ...], str]:
    """The columns an asset is made of, and why these.

    Args:
        proofs: The drafted tables, the one with the facts first.
    """
    by_table = {proof.plan.table: proof for proof in proofs if not proof.file_name.startswith("_")}
    kinds = {n: by_table[t].distinct.get(n, 0) for t, n in _where(by_table)}
    usable = [name for name in GRAINS if kinds.get(name, 0) > 1]
    rows = proofs[0].rows
    if not usable:
        return ("channel_id",), f"no column divides the business into assets; map one of {', '.join(GRAINS)}"
    chosen: tuple[str, ...] = (usable[0],)
    per_asset = rows / kinds[usable[0]]
    for name in usable[1:]:
        if per_asset / kinds[name] >= _LEAST_LINES and len(chosen) < 2:
            chosen, per_asset = (*chosen, name), per_asset / kinds[name]
    told = ", ".join(f"{name} ({kinds[name]:,})" for name in usable)
    return chosen, f"about {per_asset:,.0f} rows per asset; values found: {told}"


def _where(by_table: Mapping[str, Proof]) -> list[tuple[str, str]]:
    homes = {"category": "products", "brand": "products"}
    facts = "order_lines" if "order_lines" in by_table else "stock_days"
    return [(homes.get(n, facts), n) for n in GRAINS if homes.get(n, facts) in by_table]


def portfolio_toml(
    name: str, us: Ours, currency: tuple[str, str | None], proofs: Sequence[Proof], unzoned: Sequence[str]
) -> tuple[str, tuple[str, ...]]:
    """portfolio.toml, and what is unsure in it.

    Args:
        name: What the portfolio is called.
        us: Our own company; whether that is right is asked first.
        currency: Its code, and what is unsure about it.
        proofs: The drafted tables, the one with the facts first.
        unzoned: Time columns that carry no zone.
    """
    columns, why = grain(proofs)
    entries = [
        (f"name = {toml_text(name)}", None),
        (f"own_party_id = {toml_text(us.party_id)}  # us, in tables/parties.sql", us.doubt),
        (f"currency = {toml_text(currency[0])}", currency[1]),
        (f"asset = [{', '.join(toml_text(c) for c in columns)}]", why),
        *_period(proofs),
    ]
    if unzoned:
        times = listed((plain(column) for column in unzoned), 3)
        clocks = f"times without a zone ({times}) are read as UTC; if they are local, name their zone"
        entries.append(('# time_zone = "Europe/Berlin"', clocks))
    lines = [line for entry, doubt in entries for line in (*([f"# UNSURE: {doubt}."] if doubt else []), entry)]
    unsure = tuple(f"portfolio.toml {entry.split(' = ')[0].strip('# ')}: {doubt}" for entry, doubt in entries if doubt)
    return "\n".join([*_HEAD, *lines, *_HINTS]), unsure


def _period(proofs: Sequence[Proof]) -> list[tuple[str, str | None]]:
    dated = next(((p.first, p.last) for p in proofs if p.first is not None and p.last is not None), None)
    if dated is None:
        return []
    doubt = "the first and the last day on record; leave out days that are not complete, or not yet delivered"
    return [(f"start = {dated[0]}", doubt), (f"end = {dated[1] + timedelta(days=1)}  # exclusive", None)]


def refuse_existing(folder: Path) -> None:
    """Raise if there is already a portfolio, or no place for one.

    Raises:
        PortfolioError: The folder has a portfolio.toml or drafted tables, or is a file.
    """
    name = plain(folder.name)
    if folder.exists() and not folder.is_dir():
        raise PortfolioError(f"'{name}' is a file, not a folder.", "Name another folder.")
    if (folder / "portfolio.toml").exists():
        raise PortfolioError(f"Folder '{name}' already has a portfolio.toml.", "Name another folder, or remove it.")
    if (folder / "tables").exists() and any((folder / "tables").iterdir()):
        raise PortfolioError(f"Folder '{name}' already has files in tables/.", "Name another folder, or remove them.")


def written(folder: Path, texts: Mapping[str, str]) -> tuple[Path, ...]:
    """Files written into a folder, each by its name there: all of them, or none.

    Raises:
        OutputError: The place cannot be written.
    """
    home = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        with tempfile.TemporaryDirectory(prefix=f".{folder.name[:40]}-", dir=home) as beside:
            draft = Path(beside) / "draft"
            for name, text in texts.items():
                (draft / name).parent.mkdir(parents=True, exist_ok=True)
                (draft / name).write_text(text, encoding="utf-8", newline="\n")
            _moved(draft, folder)
    except OSError as error:
        raise OutputError(
            f"Folder '{plain(folder.name)}' cannot be written: {error.strerror}.", "Check the path and its permissions."
        ) from None
    return tuple(folder / name for name in texts)


def _moved(draft: Path, folder: Path) -> None:
    if not folder.exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        draft.rename(folder)
        return
    tables = folder / "tables"
    if tables.exists():
        tables.rmdir()
    (draft / "tables").rename(tables)
    try:
        # Last, as it is what makes the folder a portfolio.
        (draft / "portfolio.toml").rename(folder / "portfolio.toml")
    except OSError:
        shutil.rmtree(tables, ignore_errors=True)
        raise
