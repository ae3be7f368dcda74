"""Real ONS files through the platform beside an independent reading by pandas, as a table.

The reading knows nothing of the platform's: each layout is written down here by hand (which column
says when, which ones name a row) and read with pandas alone; only the names of the measures come
from the catalogue. Per start instant and measure the number of rows, of empty values and the sum
must be the same, and no key may occur twice. Two kinds of rows may be missing from the lake, and
are counted: those at hours that never were on a clock, and those that repeat another one.

    python scripts/real_files.py ../shared/data > docs/en/real-files.md
"""

from __future__ import annotations

import json
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from ons_platform.catalog.model import Dataset
from ons_platform.config import Settings
from ons_platform.ingest.outcome import Outcome
from ons_platform.ingest.process import process
from ons_platform.ingest.proof.zones import open_zones
from ons_platform.ingest.route import route
from ons_platform.lake.ledger import ObjectVersion
from ons_platform.lake.zone import brasilia

ZONE: Any = brasilia()
"""Of the tzdata package: the machine's own may be of another year and differ for the sixties."""
MONTHS = ("jan", "fev", "mar", "abr", "mai", "jun", "jul", "ago", "set", "out", "nov", "dez")
Reader = Callable[[Path], pd.DataFrame]


def read_csv(path: Path) -> pd.DataFrame:
    """Every cell as trimmed text, empty ones as None."""
    raw = pd.read_csv(path, sep=";", dtype=str, keep_default_na=False, encoding="utf-8")
    return _trimmed(raw.rename(columns={"id_subsistena": "id_subsistema"}))


def read_json(path: Path) -> pd.DataFrame:
    """A list of records."""
    records: list[dict[str, Any]] = json.loads(path.read_bytes())
    return _trimmed(pd.DataFrame(records, dtype=object).astype(str))


def read_sheet(path: Path) -> pd.DataFrame:
    """The first sheet, its header in the first row."""
    raw = pd.read_excel(path, dtype=str, keep_default_na=False, engine="openpyxl")
    return _trimmed(raw)


def read_months(path: Path) -> pd.DataFrame:
    """The flows: a block a station, a row a year, a column a month; the sums below are left out.

    A block without a name (there is one) is a station without a name, not the one above.
    """
    raw = pd.read_excel(path, header=None, dtype=object, engine="openpyxl")
    block = (raw[1].isna() & raw[2].isna()).cumsum()
    raw[0] = raw.groupby(block)[0].transform("first")
    years = raw[pd.to_numeric(raw[1], errors="coerce").notna()]
    long = years.melt([0, 1], list(range(2, 14)), "month", "val_vazaonatural")
    month = (long["month"].astype(int) - 1).astype(str).str.zfill(2)
    day = long[1].astype(int).astype(str) + "-" + month + "-01"
    return _trimmed(
        pd.DataFrame(
            {"nom_posto": long[0], "dat_mes": day, "val_vazaonatural": long["val_vazaonatural"]}
        ).astype(str)
    )


def _trimmed(raw: Any) -> pd.DataFrame:
    trimmed: pd.DataFrame = raw.apply(lambda column: column.str.strip()).replace(
        {"": None, "nan": None}
    )
    return trimmed


def hours(column: str = "din_instante", *, behind: str = "0h") -> Callable[[Any], Any]:
    """Brasília's clock; hours that never were have no instant; `behind` is taken off labels."""

    def start(raw: Any) -> Any:
        civil = pd.to_datetime(raw[column], format="ISO8601")
        first = pd.Series(True, civil.index).to_numpy()
        placed = civil.dt.tz_localize(ZONE, ambiguous=first, nonexistent="NaT")
        return placed.dt.tz_convert("UTC") - pd.Timedelta(behind)

    return start


def days(column: str = "din_instante", *, back: int = 0) -> Callable[[Any], Any]:
    """Midnight in Brasília, `back` days earlier; empty rows a second past midnight stay there."""

    def start(raw: Any) -> Any:
        moment = pd.to_datetime(raw[column], format="ISO8601")
        day = moment.dt.normalize() - pd.Timedelta(days=back)
        first = pd.Series(True, day.index).to_numpy()
        civil = day.dt.tz_localize(ZONE, ambiguous=first, nonexistent="shift_forward")
        placed = civil.dt.tz_convert("UTC")
        values = raw[[name for name in raw.columns if name.startswith(("val_", "ear_v"))]]
        empty = values.isna().all(axis=1)
        return placed.where(~empty, placed + (moment - moment.dt.normalize()))

    return start


def half_hours_utc(raw: Any) -> Any:
    """The API labels the end of half an hour, in UTC."""
    ends = pd.to_datetime(raw["din_referenciautc"], format="ISO8601", utc=True)
    return ends - pd.Timedelta(minutes=30)


def hours_of_month(raw: Any) -> Any:
    """202512, day 31, hour 0."""
    text = raw["MES_REFERENCIA"] + raw["DIA"].str.zfill(2) + raw["HORA"].str.zfill(2)
    civil = pd.to_datetime(text, format="%Y%m%d%H")
    return civil.dt.tz_localize(ZONE).dt.tz_convert("UTC")


@dataclass(frozen=True)
class Layout:
    """How a dataset's files are read without the platform: `ids` and the instant name a row."""

    ids: tuple[str, ...]
    start: Callable[[Any], Any] | None = None
    read: Reader = read_csv


SUBSYSTEM = ("id_subsistema",)
LAYOUTS: dict[str, Layout] = {
    "balanco-energia-subsistema": Layout(SUBSYSTEM, hours()),
    "capacidade-geracao": Layout(("ceg", "cod_equipamento", "nom_usina", "nom_unidadegeradora")),
    "carga-energia": Layout(SUBSYSTEM, days()),
    "carga-energia-programada": Layout(("cod_areacarga",), half_hours_utc, read_json),
    "carga-energia-verificada": Layout(("cod_areacarga",), half_hours_utc, read_json),
    "ccee-pld-horario": Layout(("SUBMERCADO",), hours_of_month),
    "cmo-semanal": Layout(SUBSYSTEM, days(back=6)),
    "cmo-semi-horario": Layout(SUBSYSTEM, hours()),
    "curva-carga": Layout(SUBSYSTEM, hours()),
    "cvu-usitermica": Layout(
        ("cod_usinaplanejamento", "nom_usina", "mes_referencia", "num_revisao"),
        days("dat_iniciosemana"),
    ),
    "dados-hidrologicos-ho": Layout(("id_reservatorio",), hours(behind="1h")),
    "dados-hidrologicos-res": Layout((*SUBSYSTEM, "id_reservatorio", "nom_reservatorio"), days()),
    "ear-diario-por-subsistema": Layout(SUBSYSTEM, days("ear_data")),
    "ena-diario-por-subsistema": Layout(SUBSYSTEM, days("ena_data")),
    "fator-capacidade-2": Layout(("id_ons", "ceg", "cod_pontoconexao"), hours()),
    "geracao-usina-2": Layout(("id_ons", "nom_usina", "ceg"), hours()),
    "intercambio-nacional": Layout(("id_subsistema_origem", "id_subsistema_destino"), hours()),
    "linha-transmissao": Layout(("cod_equipamento", "nom_linhadetransmissao")),
    "ons-vazoes": Layout(("nom_posto",), days("dat_mes"), read_months),
    "reservatorio": Layout(("id_reservatorio", "nom_usina")),
    "restricao-coff-eolica-usi": Layout(("id_ons", "nom_usina"), hours()),
    "subestacao": Layout(("id_subestacao", "id_estacao")),
}


@dataclass(frozen=True)
class Reading:
    """What pandas makes of a file: its rows and its values, one by one.

    `timeless` are rows at hours that never were, `repeated` those another row has the key of:
    the processor counts the latter by value.
    """

    rows: int
    timeless: int
    repeated: int
    values: pd.DataFrame

    @property
    def left_out(self) -> int:
        """As the processor counts rows it skips."""
        whole = max(1, self.rows - self.timeless - self.repeated)
        return self.timeless + self.repeated * round(len(self.values) / whole)


def reading(path: Path, dataset: Dataset) -> Reading:
    """One line per value: `start` (UTC; NaT for reference data), `measure`, `value`."""
    layout = LAYOUTS[dataset.dataset]
    raw = (read_sheet if path.suffix == ".xlsx" and layout.read is read_csv else layout.read)(path)
    rows = len(raw)
    ids = [name for name in layout.ids if name in raw.columns]
    raw["start"] = layout.start(raw) if layout.start else pd.NaT
    timeless = int(raw["start"].isna().sum()) if layout.start else 0
    if layout.start:
        raw = raw[raw["start"].notna()]
    kept = raw.drop_duplicates(["start", *ids], keep="last")
    return Reading(rows, timeless, len(raw) - len(kept), _values(kept, dataset))


def _values(raw: pd.DataFrame, dataset: Dataset) -> pd.DataFrame:
    parts = [
        pd.DataFrame(
            {
                "start": raw["start"],
                "measure": _label(dataset, measure.column),
                "value": raw[measure.column].astype("float64"),
            }
        )
        for measure in dataset.measures
        if measure.column in raw
    ]
    for rule in dataset.derived:
        terms = [raw[name].astype("float64") for name in (rule.minuend, rule.subtrahend)]
        value = (terms[0] - terms[1]).clip(lower=rule.floor)
        where = value.notna() & (raw[rule.where].notna() if rule.where else True)
        derived = pd.DataFrame({"start": raw["start"], "value": value})[where]
        parts.append(derived.assign(measure=rule.measurement_type))
    return pd.concat(parts, ignore_index=True)


def _label(dataset: Dataset, column: str) -> str:
    measure = next(item for item in dataset.measures if item.column == column)
    if dataset.kind == "reference":
        return column
    return ":".join(filter(None, (measure.measurement_type, measure.energy_source)))


@dataclass(frozen=True)
class Ingested:
    """What the platform makes of a file: its outcome and the rows of the lake."""

    dataset: Dataset
    outcome: Outcome
    rows: pd.DataFrame

    @property
    def values(self) -> pd.DataFrame:
        """As of a `Reading`."""
        if self.dataset.kind == "reference":
            names = [item.column for item in self.dataset.measures if item.column in self.rows]
            long = self.rows.melt([], names, "measure", "value")
            long["start"] = pd.NaT
            return long[["start", "measure", "value"]]
        labels = self.rows["measurement_type"].astype(str)
        if any(item.energy_source for item in self.dataset.measures):
            source = self.rows["energy_source"].astype(object)
            labels = labels.where(source.isna(), labels + ":" + source.astype(str))
        columns = {"start": self.rows["timestamp"], "measure": labels, "value": self.rows["value"]}
        return pd.DataFrame(columns)

    @property
    def repeated_keys(self) -> int:
        """Rows of the lake whose key another row has too."""
        return int(self.rows.duplicated(list(self.dataset.key)).sum())


def ingested(path: Path, folder: Path) -> Ingested:
    """The file through router and processor into a fresh lake in the folder."""
    here = Settings(
        storage_url=f"file://{folder}/{{bucket}}", ledger_url=f"sqlite:///{folder}/ledger.db"
    )
    zones = open_zones(here)
    key = f"year=2023/{path.name}"
    version = ObjectVersion(
        bucket=here.raw_bucket,
        key=key,
        version_id=zones.raw.put_version(key, path.read_bytes()),
        sequencer="01",
        size=path.stat().st_size,
        etag="",
        event_time="2026-01-01T00:00:00+00:00",
    )
    outcome = process(
        version,
        {"format": route(version, here, zones.raw).format},
        catalog=zones.catalog,
        ledger=zones.ledger,
        raw=zones.raw,
        processed=zones.processed,
        settings=here,
    )
    frames = []
    for partition in outcome.partitions:
        with zones.processed.as_file(f"{partition}/{outcome.dataset}.parquet") as file:
            frames.append(pd.read_parquet(file))
    zones.ledger.close()
    rows = pd.concat(frames, ignore_index=True)
    return Ingested(zones.catalog[outcome.dataset], outcome, rows)


def differences(expected: Reading, found: Ingested) -> list[str]:
    """What is not the same, in words; nothing when all is."""
    told = []
    for name, count, other in (
        ("rows read", expected.rows, found.outcome.rows_read),
        ("rows in the lake", _lines(expected, found), len(found.rows)),
        ("rows left out", expected.left_out, found.outcome.rows_skipped),
        ("repeated keys", 0, found.repeated_keys),
    ):
        if count != other:
            told.append(f"{name}: {count} in the file, {other} in the lake")
    ours, theirs = _grouped(expected.values), _grouped(found.values)
    if not ours.index.equals(theirs.index):
        extra = ours.index.symmetric_difference(theirs.index)
        return [*told, f"instants or measures of one side only: {extra[:5].tolist()}"]
    for name in ("rows", "empty"):
        wrong = ours[name] != theirs[name]
        if wrong.any():
            told.append(f"{name} differ: {ours[wrong].head(3).index.tolist()}")
    far = (ours["sum"] - theirs["sum"]).abs() > 1e-12 * ours["size"].clip(lower=1.0)
    if far.any():
        told.append(f"sums differ: {ours[far].head(3).index.tolist()}")
    return told


def _lines(expected: Reading, found: Ingested) -> int:
    """Values, or of reference data rows: each has a value of each measure."""
    if found.dataset.kind == "series":
        return len(expected.values)
    return len(expected.values) // max(1, expected.values["measure"].nunique())


def _grouped(values: pd.DataFrame) -> pd.DataFrame:
    """Rows, empty values, sum and sum of sizes per instant and measure."""
    frame = values.assign(
        empty=values["value"].isna(), number=values["value"].fillna(0.0), start=values["start"]
    )
    frame["size"] = frame["number"].abs()
    frame["instant"] = frame["start"].astype(str)
    groups = frame.groupby(["instant", "measure"], sort=True)
    return groups.agg(
        rows=("number", "size"), empty=("empty", "sum"), sum=("number", "sum"), size=("size", "sum")
    )


def table_line(path: Path, found: Ingested) -> str:
    """One line of the table."""
    sums = []
    for measure, group in found.values.groupby("measure", sort=True):
        total = math.fsum(group["value"].dropna())
        sums.append(f"{measure} {total:,.10g}")
    flags = found.rows["quality_flag"].astype(object).value_counts().to_dict()
    told = ", ".join(f"{name} {count:,}" for name, count in sorted(flags.items()) if name != "ok")
    nulls = int(found.values["value"].isna().sum())
    read, written = found.outcome.rows_read, len(found.rows)
    cells = (
        f"`{path.parent.name}/{path.name}`", found.dataset.dataset, f"{read:,}", f"{written:,}",
        f"{nulls:,}", "; ".join(sums), told,
    )  # fmt: skip
    return f"| {' | '.join(cells)} |"


def data_files(data: Path) -> list[Path]:
    """Every table under the folder: excerpts too, documents not."""
    return sorted(
        path
        for path in data.rglob("*")
        if path.is_file() and path.suffix in (".csv", ".xlsx", ".json")
    )


def lines(data: Path) -> Iterator[str]:
    """The document."""
    yield from HEADER
    for path in data_files(data):
        with tempfile.TemporaryDirectory() as folder:
            found = ingested(path, Path(folder))
        wrong = differences(reading(path, found.dataset), found)
        if wrong:
            raise SystemExit(f"{path}: {'; '.join(wrong)}")
        yield table_line(path, found)


HEADER = (
    "# Real files",
    "",
    "Every file at hand, through the platform: rows of the file, rows of the lake, empty values,",
    "the sum of each measure, and the flags other than `ok`. Each was compared with a reading by",
    "pandas alone: per start instant and measure the rows, the empty values and the sums are the",
    "same, and no key occurs twice. Made by `python scripts/real_files.py ../shared/data`;",
    "`tests/integration/test_shared_files.py` compares again at every run.",
    "",
    "| file | dataset | rows read | rows in the lake | empty | sums | flags |",
    "|---|---|---:|---:|---:|---|---|",
)

if __name__ == "__main__":
    for line in lines(Path(sys.argv[1])):
        print(line)
