from __future__ import annotations

from ons_platform.timeseries.migration.legacy import Meaning
from ons_platform.timeseries.migration.oldstore import OldRow
from ons_platform.timeseries.migration.tally import SAMPLES, Tally
from ons_platform.timeseries.migration.transform import LeftOut, Point, transform

HOUR = 3_600 * 10**9
AT = 1_704_067_200 * 10**9
ROWS = [
    OldRow(AT + hour * HOUR, "generation", region, None, "MW", "ok", None if hour == 3 else hour)
    for hour in range(50)
    for region in ("S", "SE", "sul")
]


def counted(seed: str, rows: list[OldRow] = ROWS) -> Tally:
    tally = Tally(seed)
    for item in transform(rows, Meaning("generation_data")):
        if isinstance(item, LeftOut):
            tally.leave_out(item)
        else:
            assert isinstance(item, Point)
            tally.written(item)
    return tally


def test_everything_is_counted_once() -> None:
    tally = counted("x")
    fields = tally.as_fields()
    assert (tally.rows, fields["points"], fields["missing"]) == (150, 100, 2)
    assert fields["duplicates"] == 50
    assert fields["sums"] == {"generation": 2 * (sum(range(50)) - 3)}
    assert (fields["first"], fields["last"]) == (
        "2024-01-01T00:00:00+00:00",
        "2024-01-03T01:00:00+00:00",
    )
    kept = {name.split(" ")[1]: value for name, value in fields["left_out"].items()}
    assert kept["power_mw"] == {"rows": 49, "total": sum(range(50)) - 3}
    assert kept["power_mw_missing"] == {"rows": 1, "total": 0.0}


def test_samples_are_instants_of_the_rows_and_the_same_each_time() -> None:
    fields = counted("x").as_fields()
    assert len(set(fields["samples"])) == SAMPLES
    assert set(fields["samples"]) <= {row.at for row in ROWS}
    assert counted("x").as_fields() == fields
    assert counted("y").as_fields()["samples"] != fields["samples"]


def test_the_fingerprint_is_of_what_is_written() -> None:
    changed = [ROWS[0]._replace(value=0.5), *ROWS[1:]]
    assert (
        counted("x", changed).as_fields()["fingerprint"] != counted("x").as_fields()["fingerprint"]
    )
