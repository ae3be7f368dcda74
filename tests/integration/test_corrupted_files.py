"""A thousand damaged copies of real files: no crash, no silent loss, no wrong number unflagged.

What no reader can know: a digit that became another digit, a number whose lost point leaves it in
its valid range, a name that became another name. Such numbers are accepted only if they stand in a
whole row of the damaged file that is not in the original, and they are counted.
"""

from __future__ import annotations

import gzip
import io
import math
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from random import Random
from sqlite3 import connect
from typing import Any

import pandas as pd
import pytest

from ons_platform.catalog.registry import catalog
from ons_platform.errors import RejectedFile
from ons_platform.ingest.outcome import Outcome
from ons_platform.lake.ledgers import open_ledger
from room import Room

SAMPLES = Path(__file__).parents[2] / "samples"
ROWS = {
    "BALANCO_ENERGIA_SUBSISTEMA_2023.csv": 105,
    "CAPACIDADE_GERACAO.csv": 110,
    "CARGA_ENERGIA_2023.csv": 130,
    "CMO_SEMANAL_2024.csv": 110,
    "CMO_SEMIHORARIO_2022.csv": 130,
    "CURVA_CARGA_2023.csv": 200,
    "DADOS_HIDROLOGICOS_RES_2025.csv": 8,
}
"""Sample files and how many of their rows are taken."""
SHARED = Path(__file__).parents[3] / "shared" / "data"
SHARED_ROWS = {
    "balanco-energia-subsistema/BALANCO_ENERGIA_SUBSISTEMA_2023.csv": 500,
    "capacidade-geracao/CAPACIDADE_GERACAO.csv": 1500,
    "carga-energia/CARGA_ENERGIA_2013.csv": 600,
    "cmo-semi-horario/CMO_SEMIHORARIO_2021.csv": 800,
    "curva-carga/CURVA_CARGA_2014.csv": 800,
    "dados-hidrologicos-res/DADOS_HIDROLOGICOS_RES_2025.csv": 120,
    "linha-transmissao/LINHA_TRANSMISSAO.csv": 400,
    "reservatorio/RESERVATORIOS.csv": 161,
    "subestacao/SUBESTACAO.csv": 400,
}
"""Files with delimiter `;` and what is taken of them where more time is given."""
VARIANTS = 1000
DOUBTED = {"suspect", "duplicate", "out_of_range", "inconsistent", "invalid", "missing"}
TOLERANCE = 1.0
"""Of the balance's identity, in MWmed."""


NUMBER = re.compile(r"-?\d+\.\d+(?:E-\d+)?")


@dataclass(frozen=True)
class Variant:
    """A damaged copy of a table.

    `text` is the table as lines of cells where the copy still is such a text; `hides` says that
    numbers may have become other valid numbers (a digit turned into another one).
    """

    name: str
    content: bytes
    text: str | None = None
    hides: bool = False


Corruption = Callable[[str, bytes, Random], Variant]


def cut(name: str, data: bytes, rng: Random) -> Variant:
    return as_text(name, data[: rng.randrange(1, len(data))])


def flip_digits(name: str, data: bytes, rng: Random) -> Variant:
    """One digit becomes another."""
    damaged = bytearray(data)
    body = data.index(b"\n") + 1
    places = [at for at in range(body, len(data)) if 48 <= data[at] < 58]
    for at in rng.sample(places, rng.choice([1, 2, 5])):
        damaged[at] = rng.choice([digit for digit in range(48, 58) if digit != data[at]])
    return as_text(name, bytes(damaged), hides=True)


def flip_bytes(name: str, data: bytes, rng: Random) -> Variant:
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 1, 3, 10, 40])):
        damaged[rng.randrange(len(damaged))] = rng.randrange(256)
    return as_text(name, bytes(damaged), hides=True)


def flip_to_marks(name: str, data: bytes, rng: Random) -> Variant:
    """Bytes become what means something in a table or a number."""
    damaged = bytearray(data)
    for _ in range(rng.choice([1, 2, 4, 8])):
        damaged[rng.randrange(len(damaged))] = rng.choice(b';,.\n\r"-+eE \t0')
    return as_text(name, bytes(damaged), hides=True)


def shuffle_columns(name: str, data: bytes, rng: Random) -> Variant:
    rows = cells(data)
    order = rng.sample(range(len(rows[0])), len(rows[0]))
    return joined(name, [[row[index] for index in order] for row in rows])


def shuffle_rows(name: str, data: bytes, rng: Random) -> Variant:
    header, *rows = cells(data)
    return joined(name, [header, *rng.sample(rows, len(rows))])


def rename_column(name: str, data: bytes, rng: Random) -> Variant:
    header, *rows = cells(data)
    at = rng.randrange(len(header))
    old = header[at]
    header[at] = rng.choice(
        [old.upper(), f" {old} ", f"{old}_novo", old[:-1], "", rng.choice(header), f"x{old}"]
    )
    return joined(name, [header, *rows])


def drop_column(name: str, data: bytes, rng: Random) -> Variant:
    rows = cells(data)
    at = rng.randrange(len(rows[0]))
    return joined(name, [row[:at] + row[at + 1 :] for row in rows])


def add_columns(name: str, data: bytes, rng: Random) -> Variant:
    """Empty columns behind, with or without a place in the header."""
    header, *rows = cells(data)
    more = [""] * rng.choice([1, 2, 5])
    return joined(name, [header + (more if rng.random() < 0.5 else []), *[r + more for r in rows]])


def encode_otherwise(name: str, data: bytes, rng: Random) -> Variant:
    text = data.decode()
    kind = rng.choice(
        ["latin-1", "cp1252", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp037"]
    )
    return Variant(name, text.encode(kind, "replace"))


def end_otherwise(name: str, data: bytes, rng: Random) -> Variant:
    end = rng.choice([b"\r\n", b"\r", b"\n\n", b"\n \n"])
    content = data.replace(b"\n", end) + rng.choice([b"", end * 3])
    return Variant(name, content)


def delimit_otherwise(name: str, data: bytes, rng: Random) -> Variant:
    mark = rng.choice([",", "\t", "|", ":", " ", "^"])
    quote = rng.random() < 0.5
    rows = [[f'"{cell}"' if quote else cell for cell in row] for row in cells(data)]
    return Variant(name, "".join(mark.join(row) + "\n" for row in rows).encode())


def write_brazilian(name: str, data: bytes, rng: Random) -> Variant:
    """Decimal commas, with or without points of thousands, in all numbers or in some."""
    grouped, share = rng.random() < 0.5, rng.choice([1.0, 1.0, 0.5, 0.02])

    def comma(cell: str) -> str:
        if "E" in cell or not NUMBER.fullmatch(cell) or rng.random() > share:
            return cell
        whole, fraction = cell.lstrip("-").split(".")
        whole = f"{int(whole):,}".replace(",", ".") if grouped else whole
        return f"{'-' if cell.startswith('-') else ''}{whole},{fraction}"

    return joined(name, [[comma(cell) for cell in row] for row in cells(data)])


def lose_points(name: str, data: bytes, rng: Random) -> Variant:
    """The decimal points of all numbers, of one column, or of some numbers."""
    header, *rows = cells(data)
    filled = [at for at in range(len(header)) if any(NUMBER.fullmatch(row[at]) for row in rows)]
    column = rng.choice(filled) if rng.random() < 0.5 else None
    share = rng.choice([1.0, 1.0, 0.5, 0.1])
    for row in rows:
        for at, cell in enumerate(row):
            if column in (None, at) and NUMBER.fullmatch(cell) and rng.random() <= share:
                row[at] = cell.replace(".", "")
    return joined(name, [header, *rows], hides=True)


def repeat_rows(name: str, data: bytes, rng: Random) -> Variant:
    header, *rows = cells(data)
    more = rng.choices(rows, k=rng.choice([1, 5, len(rows)]))
    return joined(name, [header, *rows, *more])


def repeat_header(name: str, data: bytes, rng: Random) -> Variant:
    header, *rows = cells(data)
    rows.insert(rng.randrange(len(rows)), header)
    return joined(name, [header, *rows])


def insert_quotes(name: str, data: bytes, rng: Random) -> Variant:
    damaged = data
    for _ in range(rng.choice([1, 2, 3, 6])):
        at = rng.randrange(len(damaged))
        at = damaged.find(b";", at) + 1 or at
        damaged = damaged[:at] + b'"' + damaged[at:]
    return as_text(name, damaged)


def insert_nul(name: str, data: bytes, rng: Random) -> Variant:
    at = rng.randrange(len(data))
    return Variant(name, data[:at] + b"\0" * rng.choice([1, 2, 100]) + data[at:])


def insert_line_breaks(name: str, data: bytes, rng: Random) -> Variant:
    damaged = data
    for _ in range(rng.choice([1, 2, 3])):
        at = rng.randrange(len(damaged))
        damaged = damaged[:at] + rng.choice([b"\n", b"\r\n", b"\r"]) + damaged[at:]
    return as_text(name, damaged)


def pack(name: str, data: bytes, rng: Random) -> Variant:
    """An archive, whole, cut or with flipped bytes."""
    stream = io.BytesIO()
    if rng.random() < 0.5:
        with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(f"pasta/{name}", data)
        kind, packed = "zip", bytearray(stream.getvalue())
    else:
        kind, packed = "csv.gz", bytearray(gzip.compress(data, mtime=0))
    damage = rng.choice(["none", "cut", "flip", "behind"])
    if damage == "cut":
        packed = packed[: rng.randrange(1, len(packed))]
    elif damage == "flip":
        packed[rng.randrange(len(packed))] ^= 1 << rng.randrange(8)
    elif damage == "behind":
        packed += rng.randbytes(50)
    return Variant(name.replace("csv", kind), bytes(packed))


CORRUPTIONS: tuple[Corruption, ...] = (
    cut, flip_digits, flip_bytes, flip_to_marks, shuffle_columns, shuffle_rows, rename_column,
    drop_column, add_columns, encode_otherwise, end_otherwise, delimit_otherwise, write_brazilian,
    lose_points, repeat_rows, repeat_header, insert_quotes, insert_nul, insert_line_breaks, pack,
)  # fmt: skip


def cells(data: bytes) -> list[list[str]]:
    return [line.split(";") for line in data.decode().splitlines()]


def joined(name: str, rows: list[list[str]], *, hides: bool = False) -> Variant:
    text = "".join(";".join(row) + "\n" for row in rows)
    return Variant(name, text.encode(), text, hides)


def as_text(name: str, content: bytes, *, hides: bool = False) -> Variant:
    return Variant(name, content, content.decode("latin-1"), hides)


@dataclass(frozen=True)
class Loaded:
    """What the lake holds of one file: values and flags by key, and the account of its rows."""

    values: dict[tuple[Any, ...], float]
    flags: dict[tuple[Any, ...], str]
    outcome: Outcome
    duplicates: int
    measures: int


class Bench:
    """Sends files through the platform, each into a lake of its own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._ledger = folder / "empty.db"
        open_ledger(f"sqlite:///{self._ledger}")

    def load(self, name: str, content: bytes) -> Loaded | RejectedFile:
        """Anything but a result or a refusal with its reasons is an error of the test."""
        self._count += 1
        here = self._folder / str(self._count)
        here.mkdir()
        with closing(connect(self._ledger)) as empty, closing(connect(here / "ledger.db")) as copy:
            empty.backup(copy)
        room = Room(here)
        version = room.put(name, content)
        raw = room.storage("raw")
        try:
            outcome = room.process(version)
        except RejectedFile as refusal:
            assert raw.get_bytes(version.key, version.version_id) == content
            return refusal
        assert raw.get_bytes(version.key, version.version_id) == content
        return _loaded(outcome, room.report(outcome), room.rows(outcome))


def _loaded(outcome: Outcome, report: dict[str, Any], rows: pd.DataFrame) -> Loaded:
    dataset = catalog()[outcome.dataset]
    rows = rows.astype(dict.fromkeys(dataset.key, "object"))
    keys = list(rows[list(dataset.key)].itertuples(index=False, name=None))
    if dataset.kind == "series":
        columns = ["value"]
        measures = len(rows[["measurement_type", "energy_source"]].drop_duplicates())
    else:
        columns = [c.name for c in dataset.columns if c.type == "number" and c.role != "unused"]
        measures = 1
    values, flags = {}, {}
    for column in columns:
        for key, value, flag in zip(keys, rows[column], rows["quality_flag"], strict=True):
            full = (*(None if pd.isna(part) else part for part in key), column)
            values[full], flags[full] = float(value), str(flag)
    duplicates = report["skipped"].get("duplicate_row", {"rows": 0})["rows"]
    return Loaded(values, flags, outcome, duplicates, measures)


def written(variant: Variant, original: str) -> set[float]:
    """Numbers in whole rows, among whole rows, of the damaged text that the original has not."""
    assert variant.text is not None
    whole = original.split("\n", 1)[0].count(";")
    known = set(original.splitlines())
    lines = re.split(r"\r\n|\r|\n", variant.text)
    found: set[float] = set()
    for before, line, behind in zip(["", *lines], lines, [*lines[1:], ""], strict=False):
        beside = [other for other in (before, behind) if other]
        if line not in known and all(other.count(";") == whole for other in (line, *beside)):
            for cell in line.split(";"):
                text = cell.strip(' "').replace(",", ".")
                if re.fullmatch(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?", text):
                    found.add(float(text))
    return found


def check(
    variant: Variant, original: bytes, truth: Loaded, found: Loaded, tally: Counter[str]
) -> None:
    """The account of the rows holds, and every value that nothing doubts is the original's."""
    outcome = found.outcome
    skipped = outcome.rows_skipped - found.duplicates
    kept = (outcome.rows_read - skipped) * found.measures
    assert outcome.rows_written + found.duplicates == kept
    if variant.text is not None and '"' not in variant.text:
        lines = [line for line in re.split(r"\r\n|\r|\n", variant.text) if line]
        assert outcome.rows_read == len(lines) - 1
    hidden = written(variant, original.decode("latin-1")) if variant.hides else set()
    everything = set(truth.values.values())
    for key, value in found.values.items():
        if math.isnan(value) or found.flags[key] in DOUBTED:
            tally["doubted"] += found.flags[key] != truth.flags.get(key)
        elif key not in truth.values:
            assert variant.hides or _lacks_a_column(key, value, truth), (key, value)
            assert value in hidden or value in everything, (key, value)
            tally["under another key"] += 1
        elif value != truth.values[key]:
            assert value in hidden, (key, value, truth.values[key])
            tally["another valid number"] += 1


def _lacks_a_column(key: tuple[Any, ...], value: float, truth: Loaded) -> bool:
    """The same value under a key of which the file no longer has a (not required) part."""
    return None in key and any(
        value == other and all(part in (None, own) for part, own in zip(key, full, strict=True))
        for full, other in truth.values.items()
    )


def taken(name: str, rows: int, folder: Path = SAMPLES) -> bytes:
    lines = (folder / name).read_bytes().splitlines(keepends=True)
    return b"".join(lines[: rows + 1])


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("corrupted"))


def run(bench: Bench, corruption: Corruption, files: dict[str, bytes], count: int) -> Counter[str]:
    tally: Counter[str] = Counter()
    truths = {name: bench.load(name, data) for name, data in files.items()}
    for seed in range(count):
        name = list(files)[seed % len(files)]
        truth = truths[name]
        assert isinstance(truth, Loaded)
        variant = corruption(name, files[name], Random(f"{corruption.__name__} {seed}"))
        found = bench.load(variant.name, variant.content)
        if isinstance(found, RejectedFile):
            assert found.where["code"] != "unexpected_error", (seed, found.message)
            assert found.message
            assert found.where["message_pt"]
            tally["refused"] += 1
            continue
        tally["loaded"] += 1
        try:
            check(variant, files[name], truth, found, tally)
        except AssertionError as wrong:
            raise AssertionError(
                f"seed {seed} of {corruption.__name__} on {name}: {wrong}"
            ) from wrong
    return tally


@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.__name__)
def test_damage_is_refused_flagged_or_harmless(
    bench: Bench, corruption: Corruption, record_property: Callable[[str, object], None]
) -> None:
    files = {name: taken(name, rows) for name, rows in ROWS.items()}
    tally = run(bench, corruption, files, VARIANTS // len(CORRUPTIONS))
    for what, count in tally.items():
        record_property(what, count)
    print(corruption.__name__, dict(tally))


@pytest.mark.shared
@pytest.mark.parametrize("corruption", CORRUPTIONS, ids=lambda corruption: corruption.__name__)
def test_damage_of_more_and_longer_files(bench: Bench, corruption: Corruption) -> None:
    files = {Path(path).name: taken(path, rows, SHARED) for path, rows in SHARED_ROWS.items()}
    print(corruption.__name__, dict(run(bench, corruption, files, 2 * len(files))))


def change_leading_digit(data: bytes, rng: Random) -> tuple[bytes, float, float]:
    """One number of one row with another first digit; what it was and what it is now."""
    rows = cells(data)
    row = rng.choice(rows[1:])
    at = rng.choice([at for at, cell in enumerate(row) if re.fullmatch(r"[1-9]\d+\.\d+", cell)])
    old = row[at]
    row[at] = rng.choice([digit for digit in "123456789" if digit != old[0]]) + old[1:]
    return joined("", rows).content, float(old), float(row[at])


def test_the_sum_in_each_row_of_the_balance_gives_a_changed_digit_away(bench: Bench) -> None:
    name = "BALANCO_ENERGIA_SUBSISTEMA_2023.csv"
    data = taken(name, ROWS[name])
    truth = bench.load(name, data)
    assert isinstance(truth, Loaded)
    for seed in range(30):
        content, old, new = change_leading_digit(data, Random(seed))
        if abs(new - old) <= 2 * TOLERANCE:
            continue
        found = bench.load(name, content)
        assert isinstance(found, Loaded)
        (key,) = (key for key, value in found.values.items() if value != truth.values[key])
        beside = {found.flags[other] for other in found.flags if other[:2] == key[:2]}
        assert (found.values[key], truth.values[key]) == (new, old)
        assert beside & {"inconsistent", "out_of_range"}


def test_a_leap_among_its_neighbours_gives_a_changed_digit_away(bench: Bench) -> None:
    name = "CURVA_CARGA_2023.csv"
    data = taken(name, ROWS[name])
    noticed, changed = 0, 0
    for seed in range(40):
        content, old, new = change_leading_digit(data, Random(seed))
        if 0.5 < new / old < 1.5:
            continue
        found = bench.load(name, content)
        assert isinstance(found, Loaded)
        changed += 1
        noticed += any(
            value == new and found.flags[key] in DOUBTED for key, value in found.values.items()
        )
    assert changed > 10
    assert noticed / changed > 0.5  # two thirds are, in a file of 50 hours
