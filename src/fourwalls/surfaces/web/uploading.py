"""Uploads: exports streamed to disk, and looked at before they are believed."""

from __future__ import annotations

import csv
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path

from python_calamine import CalamineError, CalamineWorkbook
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.routing import BaseRoute

from fourwalls.errors import FourwallsError, MappingError, OutputError
from fourwalls.surfaces.web.desk import FULL, Asked, NoRoomError, TooLargeError, page
from fourwalls.surfaces.web.mapping import PLACE, answer, looked

ENDINGS = (".csv", ".tsv", ".parquet", ".xlsx", ".xls", ".xlsb", ".ods")
BOOKS = (".xlsx", ".xls", ".xlsb", ".ods")
_CHUNK = 1 << 20
# A workbook is a zip: what it unpacks to is bounded before anything is unpacked.
MOST_UNPACKED, MOST_RATIO, MOST_MEMBERS, MOST_CELLS = 1_000_000_000, 200, 5000, 20_000_000
# Beginnings of programs and archives, which nobody exports a table as.
PROGRAMS = (
    b"MZ",
    b"\x7fELF",
    b"\xfe\xed\xfa",
    b"\xcf\xfa\xed\xfe",
    b"\xca\xfe\xba\xbe",
    b"#!",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"Rar!",
    b"7z\xbc\xaf",
    b"%PDF",
    b"\xd0\xcf\x11\xe0",
    b"\x89PNG",
    b"<?php",
)
_RESERVED = re.compile(r"^(con|prn|aux|nul|com\d|lpt\d)$", re.IGNORECASE)


def routes() -> list[BaseRoute]:
    """The address."""
    return [
        page("/p/{portfolio}/upload", upload, "analyst", writes=True, is_upload=True),
    ]


async def upload(asked: Asked) -> Response:
    """Keeps the files, and shows what they are taken for."""
    given = [f for f in asked.form.getlist("files") if isinstance(f, UploadFile) and f.filename]
    try:
        if not given:
            raise MappingError("No file was chosen.", f"Choose {', '.join(ENDINGS)}.")
        kept = await keep(given, asked.served.folder / PLACE, asked.office.settings.upload_bytes)
        asked.note("upload", f"{asked.served.slug} {', '.join(p.name for p in kept)}")
        return await run_in_threadpool(looked, asked, [p.name for p in kept])
    except ClientDisconnect:
        error: FourwallsError = MappingError("The upload was broken off.", "Try again.")
    except FourwallsError as wrong:
        error = wrong
    return await run_in_threadpool(answer, asked, wrong=error)


async def keep(given: Sequence[UploadFile], place: Path, most: int) -> list[Path]:
    """Files on disk under safe names, once all were found to be what their endings say; of a workbook one CSV a sheet.

    Raises:
        FourwallsError: One is too large, a program, a bomb, or no table; or there is no room. None is kept then.
    """
    names = [safe_name(f.filename or "") for f in given]
    try:
        place.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".upload-", dir=place) as drafts:
            made = []
            for number, (file, name) in enumerate(zip(given, names, strict=True)):
                made += await _drafted(file, Path(drafts) / str(number) / name, most)
            return [p.replace(place / p.name) for p in made]
    except OSError as error:
        if error.errno in FULL:
            raise NoRoomError(error) from None
        told = f"The upload cannot be kept: {error.strerror or 'the system refused'}."
        raise OutputError(told, "Check the permissions of the folder's uploads/.") from None


async def _drafted(file: UploadFile, draft: Path, most: int) -> list[Path]:
    draft.parent.mkdir()
    size = 0
    with draft.open("wb") as out:
        while chunk := await file.read(_CHUNK):
            size += len(chunk)
            if size > most:
                raise TooLargeError(most)
            await run_in_threadpool(out.write, chunk)
    await run_in_threadpool(look_at, draft)
    return await run_in_threadpool(sheets, draft) if draft.suffix in BOOKS else [draft]


def safe_name(given: str) -> str:
    """The last part of a name, in plain signs, with one of the known endings.

    Raises:
        MappingError: The ending is none we read.
    """
    last = re.split(r"[/\\]", unicodedata.normalize("NFKC", given))[-1].strip()
    stem, dot, ending = last.rpartition(".")
    if f".{ending.casefold()}" not in ENDINGS or not dot:
        raise MappingError(f"'{last[:80]}' has an ending that is not read.", f"Choose {', '.join(ENDINGS)}.")
    plain = re.sub(r"[^\w-]+", "_", stem).strip("_-.")[:80] or "table"
    return f"{'file_' if _RESERVED.match(plain) else ''}{plain}.{ending.casefold()}"


def look_at(path: Path) -> None:
    """Looks whether a file is what its ending says.

    Raises:
        MappingError: It is not, or it would unpack to more than can be.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise MappingError(f"'{path.name}' is empty.", "Export it again.")
    if path.suffix == ".parquet":
        if not head.startswith(b"PAR1"):
            raise MappingError(f"'{path.name}' is no Parquet file.", "Export it again, or as CSV.")
    elif path.suffix in (".csv", ".tsv"):
        if head.startswith(PROGRAMS) or (b"\x00" in head and not head.startswith((b"\xff\xfe", b"\xfe\xff"))):
            raise MappingError(
                f"'{path.name}' is no CSV: it begins like a program or an archive.", "Export the table as CSV."
            )
    elif zipfile.is_zipfile(path):
        _measure(path)
    elif path.suffix != ".xls" or not head.startswith(b"\xd0\xcf\x11\xe0"):
        raise MappingError(f"'{path.name}' is no workbook.", "Save it as .xlsx, or as CSV.")


def _measure(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    unpacked, packed = sum(m.file_size for m in members), max(path.stat().st_size, 1)
    if len(members) > MOST_MEMBERS or unpacked > MOST_UNPACKED or unpacked / packed > MOST_RATIO:
        told = f"'{path.name}' has {packed:,} bytes and would unpack to {unpacked:,}."
        raise MappingError(told, "Save the tables as CSV.")


def sheets(path: Path) -> list[Path]:
    """One CSV for each sheet of a workbook that holds anything.

    Raises:
        MappingError: It cannot be read, or holds nothing.
    """
    made, cells = [], 0
    try:
        with CalamineWorkbook.from_path(path) as book:
            for number, name in enumerate(book.sheet_names):
                sheet = book.get_sheet_by_name(name)
                cells += sheet.height * sheet.width
                if cells > MOST_CELLS:
                    raise MappingError(f"'{path.name}' has more than {MOST_CELLS:,} cells.", "Save the tables as CSV.")
                rows = sheet.to_python()
                if len(rows) > 1:
                    plain = re.sub(r"[^\w-]+", "_", name).strip("_")[:40] or str(number + 1)
                    target = path.with_name(
                        f"{path.stem}_{plain}.csv" if len(book.sheet_names) > 1 else f"{path.stem}.csv"
                    )
                    with target.open("w", encoding="utf-8", newline="") as out:
                        csv.writer(out).writerows(rows)
                    made.append(target)
    except (CalamineError, OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno in FULL:
            raise
        raise MappingError(
            f"'{path.name}' cannot be read as a workbook ({type(error).__name__}).", "Save it as CSV."
        ) from None
    if not made:
        raise MappingError(f"'{path.name}' holds no table.", "A sheet needs a header and a row.")
    return made
