"""`make demo`: twice, the second time changing nothing."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ONS_")}

    def run():
        began = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "ons_local.demo"],
            cwd=folder,
            env={**inherited, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return done, time.monotonic() - began

    return folder, [run(), run()]


def test_files_go_in_and_questions_are_answered(runs):
    folder, ((first, seconds), _) = runs
    assert first.returncode == 0, first.stdout + first.stderr
    assert seconds < 60
    assert first.stderr.count("completed") == 7
    assert first.stdout.count("╭") >= 6
    assert first.stdout.count("WITH picked") + first.stdout.count("range(start") >= 6
    assert (folder / "demo-chart.svg").read_text().lstrip().startswith("<")
    assert "ons up" in first.stdout


def test_the_second_run_changes_nothing(runs):
    _, (_, (second, _)) = runs
    assert second.returncode == 0, second.stdout + second.stderr
    assert second.stderr.count("unchanged") == 7
    assert "Nothing changed" in second.stdout


def test_it_leaves_no_platform_behind(runs):
    folder, _ = runs
    assert not (folder / ".ons" / "platform.json").exists()
