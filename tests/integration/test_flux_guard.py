"""What the Flux guard writes runs on a real InfluxDB, and gives what the query asked for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
import yaml

from influx import Influx
from ons_platform.timeseries.flux import FluxLimits, guard_flux

QUERIES = Path(__file__).parents[1] / "fixtures" / "queries"
BENIGN = yaml.safe_load((QUERIES / "flux_benign.yaml").read_text("utf-8"))
HOURS = 60
NOW = datetime.now(UTC).replace(minute=30, second=0, microsecond=0)

pytestmark = pytest.mark.influxdb
Ask = Callable[[str], str]


@pytest.fixture(scope="module")
def ask(influx_server: Influx) -> Ask:
    """Writes a few days of four plants, loads and flows; answers guarded queries with CSV."""
    pool = urllib3.PoolManager()
    url, org = influx_server.url, influx_server.org
    for bucket, lines in _lines().items():
        written = pool.request(
            "POST",
            f"{url}/api/v2/write?org={org}&bucket={bucket}&precision=s",
            body="\n".join(lines).encode(),
            headers={"Authorization": f"Token {influx_server.write_token}"},
        )
        assert written.status == 204, written.data

    def answer(query: str) -> str:
        guarded = guard_flux(query, now=NOW, limits=FluxLimits(max_rows=50))
        answered = pool.request(
            "POST",
            f"{url}/api/v2/query?org={org}",
            json={"query": guarded.query, "type": "flux"},
            headers={"Authorization": f"Token {influx_server.read_token}"},
        )
        text = answered.data.decode()
        assert answered.status == 200, f"{text}\n{guarded.query}"
        assert "error,reference" not in text, f"{text}\n{guarded.query}"
        return text

    return answer


def _lines() -> dict[str, list[str]]:
    hours = [int((NOW - timedelta(hours=hour)).timestamp()) // 3600 * 3600 for hour in range(HOURS)]
    regions = ("SE", "S", "NE", "N")
    return {
        "generation_data": [
            f"generation_data,dataset=flux-guard,region={region},energy_source={source}"
            f",plant_name=Usina\\ {number} power_mw={100 + (number * 7 + hour) % 50}.0"
            f",capacity_factor=0.{10 + hour % 80} {hours[hour]}"
            for number, (region, source) in enumerate(
                zip(regions, ("hydro", "wind", "solar", "hydro"), strict=True)
            )
            for hour in range(HOURS)
        ],
        "consumption_data": [
            f"consumption_data,dataset=flux-guard,region={region} demand_mw={hour}.0 {hours[hour]}"
            for region in regions
            for hour in range(HOURS)
        ],
        "transmission_data": [
            f"transmission_data,dataset=flux-guard,region=SE,region_to=S flow_mw={hour}.0 "
            f"{hours[hour]}"
            for hour in range(HOURS)
        ],
    }


@pytest.mark.parametrize("query", BENIGN)
def test_benign_queries_run(query: str, ask: Ask) -> None:
    ask(query)


def test_energy_data_reads_all_buckets(ask: Ask) -> None:
    text = ask(
        'from(bucket: "energy_data") |> range(start: -2h)'
        ' |> filter(fn: (r) => r.dataset == "flux-guard" and r["region"] == "sudeste") |> last()'
    )
    for field in ("power_mw", "demand_mw", "flow_mw"):
        assert field in text


def test_a_result_is_cut_at_one_row_too_many(ask: Ask) -> None:
    text = ask(
        'from(bucket: "carga") |> range(start: -60h)'
        ' |> filter(fn: (r) => r.dataset == "flux-guard" and r.regiao == "norte")'
    )
    assert len(text.split()) - 1 == 51


def test_the_servers_now_is_the_one_the_query_was_checked_at(ask: Ask) -> None:
    text = ask('import "array"\narray.from(rows: [{a: string(v: now()), b: string(v: today())}])')
    assert NOW.strftime("%Y-%m-%dT%H:%M:%S") in text
