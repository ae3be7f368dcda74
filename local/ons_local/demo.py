"""`make demo`: real files in, questions answered, on this machine, in under a minute.

Starts a platform (or uses the one that runs), uploads `samples/`, asks questions over HTTP in both
languages, writes one chart and stops what it started. A second run changes nothing.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from ons_local.client import DEFAULT_DATA_DIR, Client, NotRunning, Target, find_target
from ons_local.display import UploadProgress, answer_panel, err, out
from ons_local.reports import write_chart
from ons_local.uploads import FileResult, collect, upload
from ons_platform.errors import OnsError, ServiceUnavailable

SAMPLES = Path(__file__).parents[2] / "samples"
CHART = Path("demo-chart.svg")
_START_SECONDS = 30.0


@dataclass(frozen=True)
class Question:
    """A question of the demo; `charted` is the one whose chart is kept."""

    text: str
    charted: bool = False


QUESTIONS = (
    Question("Qual foi a carga média do Sudeste em março de 2023?"),
    Question("When was the highest hourly load of the SIN in 2023?"),
    Question("Qual foi a participação da geração eólica no Nordeste em agosto de 2023?"),
    Question("Rank the subsystems by average CMO in 2022."),
    Question("Compare a carga média do Nordeste em janeiro de 2023 com a de julho de 2023."),
    Question("What was the energy load of the South in May 2023, in GWh?"),
    Question("Qual foi o volume útil do reservatório de Furnas em 3 de janeiro de 2025?"),
    Question("What is the installed capacity by source?"),
    Question("Mostre a evolução da carga média por mês no Nordeste em 2023.", charted=True),
)


def main() -> None:
    """Run the demo; exits with 1 when a file failed or a question was not answered."""
    began = time.monotonic()
    try:
        with _platform() as target:
            client = Client(target)
            good = _load(client) and _ask(client)
            client.close()
    except OnsError as error:
        err().print(f"[bold red]{error.title}[/]: {error.message}")
        sys.exit(error.exit_code)
    if not good:
        err().print(
            "[bold red]The demo failed:[/] a file or a question did not go through; see above"
        )
        sys.exit(1)
    _say_what_next(time.monotonic() - began)


@contextmanager
def _platform() -> Iterator[Target]:
    """The platform that runs on the data directory, or one for the length of the demo."""
    data_dir = Path(os.environ.get("ONS_DATA_DIR", str(DEFAULT_DATA_DIR)))
    try:
        target = find_target(None)
    except NotRunning:
        pass
    else:
        err().print(f"Using the platform at {target.url}")
        yield target
        return
    err().print(f"Starting a platform on {data_dir.absolute()} …")
    command = [sys.executable, "-m", "ons_local", "up", "--data-dir", str(data_dir), "--port", "0"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own module
    try:
        yield _wait_for(data_dir, process)
    finally:
        process.terminate()
        process.wait()


def _wait_for(data_dir: Path, process: subprocess.Popen[bytes]) -> Target:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            return find_target(data_dir)
        except NotRunning:
            time.sleep(0.05)
    raise ServiceUnavailable(f"the platform did not start; see {data_dir / 'platform.log'}")


def _load(client: Client) -> bool:
    out().rule("[bold]1. Real ONS files")
    files = collect([SAMPLES])
    with UploadProgress(len(files), quiet=False) as progress:
        results: list[FileResult] = upload(client, files, progress, wait=True)
    if all(result.status == "unchanged" for result in results):
        out().print("Nothing changed since the last time.")
    return all(result.ok for result in results)


def _ask(client: Client) -> bool:
    out().rule("[bold]2. Questions")
    answered = [_ask_one(client, question) for question in QUESTIONS]
    return all(answered)


def _ask_one(client: Client, question: Question) -> bool:
    body = {"question": question.text, "include_chart": question.charted}
    answer = client.post("/query", body)
    out().print(answer_panel(answer))
    charted = write_chart(CHART, answer) if question.charted else True
    return answer["status"] == "answered" and charted


def _say_what_next(seconds: float) -> None:
    out().rule("[bold]3. Your turn")
    out().print(f"That took {seconds:.0f} s. The last answer's chart is in {CHART}. Now try:")
    for line in (
        "ons up",
        "ons ask 'Qual foi a maior carga horária do Nordeste em 2023?'",
        "ons ask 'average CMO in the South in June 2022' --json",
        "ons query 'SELECT region, avg(value) FROM curva_carga GROUP BY region'",
        "ons upload a-file-from-dados.ons.org.br.csv",
    ):
        out().print(f"  {line}", style="cyan", markup=False)


if __name__ == "__main__":
    main()
