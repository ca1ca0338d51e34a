"""`fourwalls contracts check` and `fourwalls contracts draft`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from fourwalls.evidence.ground import Ground
    from fourwalls.governance.rules import Governance
    from fourwalls.governance.settling import Rule

contracts_app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode=None,
    help="Contracts with partners: held to the records, or drafted from them.",
)

Folder = Annotated[Path, typer.Argument(help="Portfolio folder: portfolio.toml, tables/ and contracts/.")]
Data = Annotated[Path | None, typer.Option(help="Folder that {data} in the SQL files stands for.")]

_MARKS = {"settled": "yes", "broken": "broken", "open": "NO", "unknown": "?"}


@contracts_app.command("check")
def contracts_check(folder: Folder, data: Data = None) -> None:
    """Read the contracts and hold what they promise to the records: who owns, who is called, what was promised, what lacks."""
    from fourwalls.governance.contracts import read_contracts
    from fourwalls.governance.rules import govern

    contracts = read_contracts(folder)
    with _ground(folder, data) as ground:
        found = govern(ground, contracts)
        names, currency = dict(ground.party_names), ground.portfolio.currency
    for line in _told(found, names, currency):
        typer.echo(line)
    if contracts is None:
        typer.echo(f"Next:      fourwalls contracts draft {folder}")


@contracts_app.command("draft")
def contracts_draft(folder: Folder, data: Data = None) -> None:
    """Write a skeleton contract for each feed that has none, from the tables, and say what they cannot tell. Overwrites nothing."""
    from fourwalls.governance.contracts import read_contracts
    from fourwalls.governance.drafting import draft_contracts, write_drafts
    from fourwalls.governance.records import midnight, read_records
    from fourwalls.governance.rules import govern

    contracts = read_contracts(folder)
    with _ground(folder, data) as ground:
        governance = govern(ground, contracts)
        covered = [name for contract in governance.contracts for name in contract.feeds]
        feeds = read_records(ground.engine, ground.rows, midnight(ground.period.end)).feeds
        drafts = draft_contracts(feeds or {}, ground.engine, ground.rows, covered)
    written, there = write_drafts(folder, drafts)
    for draft in drafts:
        if draft.file in written:
            typer.echo(_plain(f"contracts/{draft.file}: {draft.feed_id}, of {draft.party_id or 'nobody on record'}"))
    for title, lines in (
        ("Left as they were:", [f"contracts/{name}" for name in there]),
        ("Covered by a contract already:", covered),
        ("The records cannot say, in each draft:", list(dict.fromkeys(q for d in drafts for q in d.questions))),
    ):
        if lines:
            typer.echo(f"\n{title}")
            for line in lines:
                typer.echo(_plain(f"  {line}"))
    typer.echo("\nNext:      answer the questions, agree with the partner, set status to active.")


@contextmanager
def _ground(folder: Path, data: Path | None) -> Iterator[Ground]:
    # Late, so that --help and mistakes in the command answer at once.
    from fourwalls.governance.standing import ground_from
    from fourwalls.study import open as open_study

    with open_study(folder, data) as study:
        engine, intake = study._engine, study._intake  # noqa: SLF001 - until the study hands out its ground
        rows, lines = dict(intake.rows), None
        if intake.referenced_lines is not None:
            rows["order_lines"], lines = intake.referenced_lines, intake.lines
        yield ground_from(engine, rows, lines, study.portfolio)


def _plain(text: str) -> str:
    from fourwalls.surfaces.wording import plain

    return plain(text)


def _told(found: Governance, names: Mapping[str, str], currency: str) -> Iterator[str]:
    """What was found, line by line: partners first, then what is wrong, then figures."""
    yield f"{len(found.contracts)} contracts, of which {sum(c.void is None for c in found.contracts)} in force"
    yield from _partners(found, names)

    def name(party: str) -> str:
        return names.get(party, party)

    holes: dict[tuple[str, str], list[Rule]] = {}
    for rule in found.rules:
        if rule.status in ("open", "broken"):
            holes.setdefault((rule.party_id, rule.because), []).append(rule)
    yield from _section(
        "Open",
        [f"{name(p)}: {'' if each[0].status == 'broken' else 'no '}{_listed([r.question for r in each])}: {why}. {' '.join(r.remedy for r in each)}" for (p, why), each in holes.items()],
    )  # fmt: skip
    warned = [f"{name(r.party_id)}, {_listed([r.question])}: {w}" for r in found.rules for w in r.warnings]
    yield from _section("Worth a look", [*warned, *found.notes])
    yield from _section("Promises", [f"{s.contract_id}: {s.promised}. {s.status}: {s.because}" for s in found.sla])
    yield from _section(
        "Quality rules", [f"{q.contract_id}, {q.about}: {q.rule}. {q.status}: {q.because}" for q in found.quality]
    )
    outages = [
        f"{name(o.party_id)}: {o.line_share:.0%} of lines, {o.lines_per_day:,.1f} a day; days until we can do without: {o.days:g} "
        f"({o.days_from}); at most " + (f"{currency} {o.bound_amount:,.0f} of {o.amount_is} over these {o.days:g} days" if o.bound_amount is not None else f"{o.lines:,.0f} lines")
        for o in found.outages
    ]  # fmt: skip
    yield from _section("If it fails", outages)
    yield from _section("Cannot tell", [f"{r.about}: {r.because}; add {r.next_step}" for r in found.refusals])


def _partners(found: Governance, names: Mapping[str, str]) -> Iterator[str]:
    """A row for each partner of which anything is known."""
    questions = list(dict.fromkeys(rule.question for rule in found.rules))
    asked = {rule.party_id for rule in found.rules if rule.status != "unknown"}
    if asked:
        yield f"\n{'partner':<22}" + "".join(f"{_listed([q]):<15}" for q in questions).rstrip()
    for party in sorted(asked):
        marks = {r.question: _MARKS[r.status] for r in found.rules_of(party)}
        yield f"{_plain(names.get(party, party))[:21]:<22}" + "".join(f"{marks[q]:<15}" for q in questions).rstrip()
    rest = sorted({rule.party_id for rule in found.rules} - asked)
    if rest:
        yield f"\nNothing is known of: {_plain(', '.join(names.get(p, p) for p in rest))}"


def _listed(questions: list[str]) -> str:
    return ", ".join(q.replace("_", " ") for q in questions)


def _section(title: str, lines: list[str]) -> Iterator[str]:
    if lines:
        yield f"\n{title}"
        yield from (f"  {_plain(line)}" for line in lines)
