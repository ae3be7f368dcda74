from __future__ import annotations

import json
import os
import stat
import subprocess
import sys

import pytest

from ons_local.instance import AlreadyRunning, ApiKey, DataDirLock, find_instance
from ons_platform.errors import InvalidRequest


def test_one_owner_at_a_time(tmp_path):
    data_dir = tmp_path / "new" / "data"
    lock = DataDirLock(data_dir)
    with pytest.raises(AlreadyRunning, match="already runs"):
        DataDirLock(data_dir)
    lock.announce("http://127.0.0.1:1")
    instance = find_instance(data_dir)
    assert instance is not None
    assert (instance.url, instance.pid) == ("http://127.0.0.1:1", os.getpid())
    with pytest.raises(AlreadyRunning, match=r"http://127\.0\.0\.1:1"):
        DataDirLock(data_dir)
    lock.release()
    assert find_instance(data_dir) is None
    DataDirLock(data_dir).release()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"url": 1}', '{"url": "u", "pid": 1}'])
def test_a_stale_or_broken_file_is_no_instance(tmp_path, text):
    (tmp_path / "platform.json").write_text(text)
    assert find_instance(tmp_path) is None
    (tmp_path / "platform.lock").touch()
    assert find_instance(tmp_path) is None


def test_the_file_of_a_killed_platform_is_no_instance_while_the_next_one_starts(tmp_path):
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    lock = DataDirLock(tmp_path)
    (tmp_path / "platform.json").write_text(json.dumps({"url": "u", "pid": process.pid}))
    assert find_instance(tmp_path) is None
    lock.release()


@pytest.mark.parametrize("pid", ["1", 10**30, None])
def test_a_process_that_cannot_be_is_no_instance(tmp_path, pid):
    lock = DataDirLock(tmp_path)
    (tmp_path / "platform.json").write_text(json.dumps({"url": "u", "pid": pid}))
    assert find_instance(tmp_path) is None
    lock.release()


def test_a_stale_file_goes_at_the_next_start(tmp_path):
    (tmp_path / "platform.json").write_text(json.dumps({"url": "u", "pid": 1}))
    lock = DataDirLock(tmp_path)
    assert find_instance(tmp_path) is None
    lock.release()


def test_the_key_is_made_once_and_private(tmp_path):
    key = ApiKey(tmp_path)
    path = tmp_path / "api-key"
    text = path.read_text().strip()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(text) >= 40
    assert key.matches(text)
    assert not key.matches("")
    assert not key.matches(text[:-1])
    assert not key.matches("é")
    assert ApiKey(tmp_path).matches(text)
    assert key.id == ApiKey(tmp_path).id
    assert text not in key.id


def test_an_emptied_key_file_is_no_open_door(tmp_path):
    (tmp_path / "api-key").touch()
    with pytest.raises(InvalidRequest, match="delete it"):
        ApiKey(tmp_path)
