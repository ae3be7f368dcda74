"""Work above its time or memory: handed on to the container, and told apart when that is too small.

The limits are those of a template of its own beside links to the project's folders; everything else
is as people run it (ING-10).
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SAMPLE = ROOT / "samples" / "CARGA_ENERGIA_2023.csv"
FUNCTION = "  StructuredDataProcessorFunction:\n"


def limited(
    folder: Path, *, function: dict[str, int], job: int | None = None, largest: int | None = None
) -> Path:
    """A template whose processor has these limits and `largest` bytes, and its job so many MiB."""
    folder.mkdir()
    for name in ("functions", "statemachine", "stacks", "layers"):
        (folder / name).symlink_to(ROOT / name)
    text = (ROOT / "template.yaml").read_text("utf-8")
    before, found, after = text.partition(FUNCTION)
    assert found
    for name, value in function.items():
        after = re.sub(rf"{name}: \d+", f"{name}: {value}", after, count=1)
    text = before + found + after
    if largest is not None:
        variable = "        ENVIRONMENT: !Ref Environment\n"
        assert variable in text
        more = f'        ONS_BATCH_THRESHOLD_BYTES: "{largest}"\n'
        text = text.replace(variable, variable + more, 1)
    if job is not None:
        machine = (ROOT / "statemachine/ingestion.asl.json").read_text("utf-8")
        for larger, smaller in ((16384, job), (30720, job + 1)):
            assert str(larger) in machine
            machine = machine.replace(str(larger), str(smaller))
        (folder / "statemachine").unlink()
        (folder / "statemachine").mkdir()
        (folder / "statemachine/ingestion.asl.json").write_text(machine, "utf-8")
    (folder / "template.yaml").write_text(text, "utf-8")
    return folder / "template.yaml"


def jobs_done(platform) -> int:
    """How many containers said that they ended well."""
    return (platform.data_dir / "functions.log").read_text("utf-8").count("task.done")


def test_an_object_above_the_threshold_goes_to_the_container_at_once(fresh, tmp_path):
    template = limited(tmp_path / "project", function={}, largest=10_000)
    platform = fresh(ONS_LOCAL_TEMPLATE=str(template)).start()
    result = platform.upload(SAMPLE)
    assert (result["status"], result["rows_written"]) == ("completed", 1460)
    assert jobs_done(platform) == 1
    assert "StructuredDataProcessor" not in (platform.data_dir / "platform.log").read_text("utf-8")


@pytest.mark.parametrize("limit", [{"MemorySize": 60}, {"Timeout": 0.05, "MemorySize": 3008}])
def test_a_function_at_its_limit_leaves_the_file_to_the_container(fresh, tmp_path, limit):
    template = limited(tmp_path / "project", function=limit)
    platform = fresh(ONS_LOCAL_TEMPLATE=str(template), COVERAGE_PROCESS_CONFIG=None).start()
    result = platform.upload(SAMPLE)
    assert (result["status"], result["rows_written"]) == ("completed", 1460)
    assert jobs_done(platform) == 1


def test_a_container_too_small_gives_a_reason_and_the_file_can_be_replayed(fresh, tmp_path):
    template = limited(tmp_path / "project", function={"MemorySize": 60}, job=70)
    platform = fresh(ONS_LOCAL_TEMPLATE=str(template), COVERAGE_PROCESS_CONFIG=None).start()
    result = platform.upload(SAMPLE)
    assert result["status"] == "failed"
    assert result["reason"]["code"] == "out_of_memory"
    assert "memory" in result["reason"]["message"]
    [note] = (platform.data_dir / "buckets").glob(f"*failed*/**/{SAMPLE.name}/**/reason.txt")
    text = note.read_text("utf-8")
    assert "mais memória" in text
    assert "more memory" in text
    assert platform.stop() == 0

    roomy = fresh(platform.data_dir).start()
    [again] = roomy.json("replay", "--failed")
    assert again["status"] == "completed"
    assert again["rows_written"] == 1460
