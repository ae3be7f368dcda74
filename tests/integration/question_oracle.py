"""What a person would compute with pandas from the raw files of /samples, by kind of question."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd

Expect = dict[str, Any]
_SOURCES = {"hydro": "val_gerhidraulica", "thermal": "val_gertermica", "wind": "val_gereolica", "solar": "val_gersolar"}
_FOUR = ["SE", "S", "NE", "N"]
_FACTORS = {"MWmed": 1.0, "MWh": 1.0, "GWh": 1e3, "TWh": 1e6, "R$/MWh": 1.0}


class Oracle:
    """The raw files as frames: one column per subsystem, Brasília civil index."""

    def __init__(self, folder: Path) -> None:
        self.curva = self._read(folder / "CURVA_CARGA_2023.csv").pivot(
            index="din_instante", columns="id", values="val_cargaenergiahomwmed"
        )
        self.daily = self._read(folder / "CARGA_ENERGIA_2023.csv").pivot(
            index="din_instante", columns="id", values="val_cargaenergiamwmed"
        )
        self.cmo = self._read(folder / "CMO_SEMIHORARIO_2022.csv").pivot(
            index="din_instante", columns="id", values="val_cmo"
        )
        self.weekly = self._read(folder / "CMO_SEMANAL_2024.csv").pivot(
            index="din_instante", columns="id", values="val_cmomediasemanal"
        )
        self.balanco = self._read(folder / "BALANCO_ENERGIA_SUBSISTEMA_2023.csv")
        units = pd.read_csv(folder / "CAPACIDADE_GERACAO.csv", sep=";")
        self.units = units[units["dat_desativacao"].isna()]
        self.reservoirs = pd.read_csv(
            folder / "DADOS_HIDROLOGICOS_RES_2025.csv", sep=";", parse_dates=["din_instante"]
        )

    @staticmethod
    def _read(path: Path) -> pd.DataFrame:
        frame = pd.read_csv(path, sep=";", parse_dates=["din_instante"])
        frame = frame.rename(columns={frame.columns[0]: "id"})
        return frame.assign(id=frame["id"].str.strip())

    def __call__(self, expect: Expect) -> Any:
        return getattr(self, f"_{expect['op']}")(expect)

    def frame(self, data: str) -> pd.DataFrame:
        """Values by instant (rows) and subsystem (columns)."""
        kind, _, what = data.partition(".")
        if kind == "curva":
            return self.curva.assign(SIN=self.curva[_FOUR].sum(axis=1, skipna=False))
        if kind == "daily":
            return self.daily
        if kind == "cmo":
            return self.cmo
        columns = list(_SOURCES.values()) if what in {"all", ""} else [_SOURCES.get(what, "val_intercambio")]
        values = self.balanco.assign(v=self.balanco[columns].sum(axis=1))
        return values.pivot(index="din_instante", columns="id", values="v")

    def series(self, expect: Expect, region: str | None = None) -> pd.Series:
        frame = self.frame(expect["data"])
        if "from" in expect:
            start, end = pd.Timestamp(expect["from"]), pd.Timestamp(expect["to"])
            frame = frame[(frame.index >= start) & (frame.index < end)]
        if "hours" in expect:
            frame = frame[frame.index.hour.isin(expect["hours"])]
        return frame[region or expect["region"]].dropna()

    def _mean(self, expect: Expect) -> float:
        return self.series(expect).mean()

    _hours = _mean

    def _energy(self, expect: Expect) -> float:
        return self.series(expect).sum() / _FACTORS[expect["unit"]]

    def _max(self, expect: Expect) -> float:
        return self.series(expect).max()

    def _min(self, expect: Expect) -> float:
        return self.series(expect).min()

    def _max_day(self, expect: Expect) -> float:
        return self.series(expect).resample("D").mean().max()

    def _when_max(self, expect: Expect) -> str:
        return f"{self.series(expect).idxmax():%Y-%m-%dT%H:%M:%S}-03:00"

    def _when_min(self, expect: Expect) -> str:
        return f"{self.series(expect).idxmin():%Y-%m-%dT%H:%M:%S}-03:00"

    def _best_bucket(self, expect: Expect) -> str:
        pattern = {"day": "%Y-%m-%d", "month": "%Y-%m"}[expect["bucket"]]
        values = self.series(expect)
        means = values.groupby(values.index.strftime(pattern)).mean()
        return means.idxmax() if expect["best"] == "max" else means.idxmin()

    def _best_hour(self, expect: Expect) -> int:
        values = self.series(expect)
        means = values.groupby(values.index.hour).mean()
        return int(means.idxmax() if expect["best"] == "max" else means.idxmin())

    def _share(self, expect: Expect) -> float:
        return 100 * self.series(expect).sum() / self.series({**expect, "data": "balanco.all"}).sum()

    def _share_region(self, expect: Expect) -> float:
        return 100 * self.series(expect).sum() / self.series(expect, "SIN").sum()

    def _best_share_month(self, expect: Expect) -> str:
        part, whole = self.series(expect), self.series({**expect, "data": "balanco.all"})
        months = part.index.strftime("%Y-%m")
        return (part.groupby(months).sum() / whole.groupby(months).sum()).idxmax()

    def _mix(self, expect: Expect) -> dict[str, float]:
        sums = {name: self.series({**expect, "data": f"balanco.{name}"}).sum() for name in _SOURCES}
        return {name: 100 * value / sum(sums.values()) for name, value in sums.items()}

    def _by_region(self, expect: Expect) -> dict[str, float]:
        return {region: getattr(self.series(expect, region), expect["how"])() for region in _FOUR}

    def _best_region(self, expect: Expect) -> str:
        values = self._by_region(expect)
        return (max if expect["best"] == "max" else min)(values, key=lambda region: values[region])

    def _series(self, expect: Expect) -> dict[str, float]:
        pattern = {"day": "%Y-%m-%d", "month": "%Y-%m"}[expect["bucket"]]
        values = self.series(expect)
        groups = values.groupby(values.index.strftime(pattern))
        found = groups.mean() if expect["how"] == "mean" else groups.sum() / _FACTORS[expect["unit"]]
        return found.to_dict()

    def _ramp(self, expect: Expect) -> float:
        return self.series(expect).diff().max()

    def _pair(self, expect: Expect, region: str) -> tuple[float, float]:
        first, second = (
            self.series({**expect, "from": start, "to": end}, region).mean()
            for start, end in (expect["a"], expect["b"])
        )
        return first, second

    def _change(self, expect: Expect) -> dict[str, float]:
        first, second = self._pair(expect, expect["region"])
        return {str(expect["a"][0])[:7]: first, str(expect["b"][0])[:7]: second, "variacao": second - first,
                "variacao_percentual": 100 * (second - first) / first}

    def _change_percent(self, expect: Expect) -> float:
        first, second = self._pair(expect, expect["region"])
        return 100 * (second - first) / first

    def _best_growth(self, expect: Expect) -> str:
        changes = {}
        for region in _FOUR:
            first, second = self._pair(expect, region)
            changes[region] = second / first
        return max(changes, key=lambda region: changes[region])

    def _fall(self, expect: Expect) -> float:
        values = self.frame(expect["data"])[expect["region"]]
        return values[pd.Timestamp(expect["a"])] - values[pd.Timestamp(expect["b"])]

    def _at(self, expect: Expect) -> float:
        return self.frame(expect["data"])[expect["region"]][pd.Timestamp(expect["at"])]

    def _latest(self, expect: Expect) -> float:
        return self.series(expect).iloc[-1]

    def _two_regions(self, expect: Expect) -> dict[str, float]:
        return {region: self.series(expect, region).mean() for region in expect["regions"]}

    def _two_sources(self, expect: Expect) -> dict[str, float]:
        return {name: self.series({**expect, "data": f"balanco.{name}"}).mean() for name in expect["sources"]}

    def _count(self, expect: Expect) -> int:
        values = self.series(expect)
        return int((values > expect["above"]).sum() if "above" in expect else (values < expect["below"]).sum())

    def _count_days(self, expect: Expect) -> int:
        return int((self.series(expect).resample("D").mean() > expect["above"]).sum())

    def _spread(self, expect: Expect) -> int:
        first, second = (self.series(expect, region) for region in expect["regions"])
        return int(((first - second).abs() > expect["above"]).sum())

    def _max_any(self, expect: Expect) -> float:
        return max(self.series(expect, region).max() for region in _FOUR)

    def _weekly_mean(self, expect: Expect) -> float:
        frame = self.weekly[(self.weekly.index >= str(expect["from"])) & (self.weekly.index < str(expect["to"]))]
        return frame[expect["region"]].mean()

    def _weekly_at(self, expect: Expect) -> float:
        return self.weekly[expect["region"]][pd.Timestamp(expect["day"])]

    def _best_region_weekly(self, expect: Expect) -> str:
        return self.weekly.mean().idxmax()

    def _direction(self, expect: Expect) -> set[str]:
        exported = self.series({**expect, "data": "balanco.exchange"}).sum() > 0
        return {"exportação", "export"} if exported else {"importação", "import"}

    def _units(self, expect: Expect) -> pd.DataFrame:
        rows = self.units
        if "source" in expect:
            rows = rows[rows["nom_tipousina"] == expect["source"]]
        if "state" in expect:
            rows = rows[rows["id_estado"] == expect["state"]]
        if "plant" in expect:
            rows = rows[rows["nom_usina"].str.contains(expect["plant"])]
        return rows

    def _capacity(self, expect: Expect) -> float:
        return self._units(expect)["val_potenciaefetiva"].sum()

    def _count_units(self, expect: Expect) -> int:
        return len(self._units(expect))

    def _units_and_power(self, expect: Expect) -> list[float]:
        return [len(self._units(expect)), self._capacity(expect)]

    def _by_capacity(self, expect: Expect) -> pd.Series:
        return self._units(expect).groupby(expect["by"])["val_potenciaefetiva"].sum().sort_values(ascending=False)

    def _best_capacity(self, expect: Expect) -> str:
        return self._by_capacity(expect).index[0]

    def _top_capacity(self, expect: Expect) -> dict[str, float]:
        return self._by_capacity(expect).head(expect["n"]).to_dict()

    def _capacity_by(self, expect: Expect) -> dict[str, float]:
        return self._by_capacity(expect).to_dict()

    def _reservoir(self, expect: Expect) -> float:
        rows = self._reservoir_rows(expect)
        return getattr(rows[rows["nom_reservatorio"] == expect["name"]][expect["column"]], expect["how"])()

    def _reservoir_rows(self, expect: Expect) -> pd.DataFrame:
        rows = self.reservoirs
        start, end = pd.Timestamp(expect["from"]), pd.Timestamp(expect["to"])
        return rows[(rows["din_instante"] >= start) & (rows["din_instante"] < end)]

    def _ranked_reservoirs(self, expect: Expect) -> pd.Series:
        values = self._reservoir_rows(expect).groupby("nom_reservatorio")[expect["column"]].mean()
        return values.sort_values(ascending=False)

    def _top_reservoir(self, expect: Expect) -> dict[str, float]:
        return self._ranked_reservoirs(expect).head(expect["n"]).to_dict()

    def _best_reservoir(self, expect: Expect) -> str:
        return self._ranked_reservoirs(expect).index[0]

    def _matching_reservoirs(self, expect: Expect) -> dict[str, float]:
        rows = self.reservoirs[self.reservoirs["din_instante"] == pd.Timestamp(expect["day"])]
        return rows[rows[expect["column"]] < expect["below"]].set_index("nom_reservatorio")[expect["column"]].to_dict()

    def _last(self, expect: Expect) -> str:
        return f"{self.curva.index.max():%Y-%m-%dT%H:%M:%S}-03:00"

    def _last_day(self, expect: Expect) -> str:
        return f"{self.weekly.index.max():%Y-%m-%d}"
