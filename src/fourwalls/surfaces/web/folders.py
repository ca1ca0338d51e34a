"""The portfolio folders being served: each with its register and the result of its last run."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

from sqlalchemy import func, select

from fourwalls.diagnosis import AssetDiagnosis, Diagnosis
from fourwalls.errors import FourwallsError, PortfolioError, RegisterError
from fourwalls.numbers import WHOLE, Number, Sum, numbered, numbers
from fourwalls.portfolio import Portfolio, read_portfolio
from fourwalls.register import Register
from fourwalls.register.tables import JOURNAL
from fourwalls.surfaces import wording
from fourwalls.surfaces.register_cli import place_of
from fourwalls.surfaces.web.keeping import Result, read_result, recorded, stamp
from fourwalls.surfaces.web.settings import slug

# What the ids of assumptions begin with.
ASSUMED = "assumptions"
# Who recorded a run that the command line left.
COMMAND_LINE = "command line"


class Served:
    """One folder.

    Attributes:
        slug: As it stands in addresses.
        folder: Where it is.
        is_alone: Whether it is the only one.
    """

    def __init__(self, name: str, folder: Path, *, is_alone: bool = True) -> None:
        self.slug, self.folder, self.is_alone = name, folder, is_alone
        self._register: Register | None = None
        self._seen: tuple[int, Result | None] = (-1, None)
        self._slugs: tuple[int, Mapping[str, str]] = (-1, {})
        self._numbered: tuple[int, Diagnosis | None] = (-1, None)
        self._by_asset: tuple[int, Mapping[str, Mapping[str, Number]]] = (-1, {})
        self._numbers: tuple[int, Mapping[str, Number]] = (-1, {})
        self._lock = threading.Lock()

    @property
    def register(self) -> Register:
        """Its register, opened at the first use.

        Raises:
            RegisterError: It cannot be opened, or the folder is gone.
        """
        with self._lock:
            if self._register is None:
                # Several folders cannot share the one register that the variable names.
                self._register = Register.open(place_of(self.folder) if self.is_alone else self.folder)
            return self._register

    @property
    def result(self) -> Result | None:
        """What the last run left; None before the first."""
        at = stamp(self.folder)
        if self._seen[0] != at:
            found = read_result(self.folder) if at else None
            if found is not None and not found.run:
                found = recorded(self.folder, self.register, found, COMMAND_LINE)
                at = stamp(self.folder)
            self._seen = (at, found)
        return self._seen[1]

    def last_seq(self) -> int:
        """The place of the last entry in the register's history."""
        self.check_there()
        with self.register.database.reading() as connection:
            return int(connection.execute(select(func.coalesce(func.max(JOURNAL.c.seq), 0))).scalar_one())

    @property
    def version(self) -> int:
        """Changes with every run."""
        return self._seen[0]

    @property
    def name(self) -> str:
        """As portfolio.toml calls it; else the folder's name."""
        try:
            return wording.name(self.portfolio.name)
        except FourwallsError:
            return self.folder.name

    @property
    def portfolio(self) -> Portfolio:
        """What portfolio.toml says now.

        Raises:
            PortfolioError: It is missing or cannot be read.
        """
        return read_portfolio(self.folder)

    @property
    def has_tables(self) -> bool:
        """Whether there is anything to diagnose."""
        tables = self.folder / "tables"
        return (tables.is_dir() and any(tables.iterdir())) or (self.folder / "answers.csv").is_file()

    def check_there(self) -> None:
        """Looks whether the folder still is.

        Raises:
            RegisterError: It is gone.
        """
        if not self.folder.is_dir():
            told = f"The folder '{self.folder.name}' is gone."
            raise RegisterError(told, "Put it back, or start fourwalls without it.")

    def plain(self) -> Diagnosis:
        """The last diagnosis, as it was.

        Raises:
            NoResultError: There is none yet.
        """
        self.check_there()
        result = self.result
        if result is None:
            raise NoResultError(self)
        return result.diagnosis

    def diagnosis(self) -> Diagnosis:
        """The last diagnosis, with figures that know their ids.

        Raises:
            NoResultError: There is none yet.
        """
        found = self.plain()
        if self._numbered[0] != self.version:
            self._numbered = (self.version, numbered(found))
            settle()
        return self._numbered[1] or found

    def numbers(self) -> Mapping[str, Number]:
        """Every number of the last diagnosis by its id."""
        found = self.plain()
        if self._numbers[0] != self.version:
            self._numbers = (self.version, numbers(found))
            settle()
        return self._numbers[1]

    def near(self, number: Number) -> Mapping[str, Number]:
        """The numbers a number can be made of: those of its asset and what is assumed, or all of them."""
        known, (name, _, _) = self.numbers(), number.id.partition(".")
        if number.asset is None or isinstance(number.owner, Sum) or name == WHOLE:
            return known
        if self._by_asset[0] != self.version:
            found: dict[str, dict[str, Number]] = {}
            for one in known.values():
                found.setdefault(one.id.partition(".")[0], {})[one.id] = one
            self._by_asset = (self.version, found)
        mine = self._by_asset[1].get(name)
        return known if mine is None else {**mine, **self._by_asset[1].get(ASSUMED, {})}

    def slugs(self) -> Mapping[str, str]:
        """Address → name of each asset, all different."""
        diagnosis = self.diagnosis()
        if self._slugs[0] != self.version:
            found: dict[str, str] = {}
            for a in diagnosis.assets:
                base = slug(wording.asset(a))
                found[next(n for i in range(1, 10_000) if (n := base if i == 1 else f"{base}-{i}") not in found)] = (
                    a.name
                )
            self._slugs = (self.version, found)
        return self._slugs[1]

    def address(self, name: str) -> str:
        """The address of an asset by its name."""
        return next((s for s, n in self.slugs().items() if n == name), slug(name))

    def asset(self, address: str, diagnosis: Diagnosis | None = None) -> AssetDiagnosis:
        """An asset by its address.

        Raises:
            PortfolioError: There is none.
        """
        name = self.slugs().get(address)
        for found in (diagnosis or self.diagnosis()).assets:
            if found.name == name:
                return found
        raise NoSuchPageError("There is no such asset in the last run.", "Choose one from the portfolio.")

    def close(self) -> None:
        """Lets go of the register."""
        with self._lock:
            if self._register is not None:
                self._register.close()
                self._register = None


def settle() -> None:
    """Takes what was loaded out of the search for garbage: it stays, and looking through it stops every page for a fifth of a second."""
    gc.collect()
    gc.freeze()


class NoSuchPageError(PortfolioError):
    """An address that leads nowhere."""


class NoResultError(PortfolioError):
    """A page that needs a run, before the first."""

    def __init__(self, served: Served) -> None:
        super().__init__(f"'{served.folder.name}' was not diagnosed yet.", "Run the diagnosis.")
        self.served = served


class Folders:
    """All folders being served; the first one's register also keeps who may in."""

    def __init__(self, named: Mapping[str, Path]) -> None:
        self._served = {name: Served(name, folder, is_alone=len(named) == 1) for name, folder in named.items()}

    def __iter__(self) -> Iterator[Served]:
        return iter(self._served.values())

    def __len__(self) -> int:
        return len(self._served)

    def __getitem__(self, name: str) -> Served:
        found = self._served.get(name)
        if found is None:
            raise NoSuchPageError("There is no such portfolio here.", "Choose one from the start page.")
        return found

    @property
    def first(self) -> Served:
        """The first."""
        return next(iter(self))

    def close(self) -> None:
        """Lets go of all registers."""
        for served in self:
            served.close()
        gc.unfreeze()
