from __future__ import annotations

import stat

from ons_local.private import write_private


def test_only_its_owner_may_read_it(tmp_path):
    path = tmp_path / "tokens.json"
    write_private(path, "é\n")
    assert path.read_text("utf-8") == "é\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [item.name for item in tmp_path.iterdir()] == ["tokens.json"]


def test_one_that_others_could_read_is_private_after_it(tmp_path):
    path = tmp_path / "tokens.json"
    path.write_text("old")
    path.chmod(0o644)
    path.with_suffix(".tmp").write_text("half of an older one")
    write_private(path, "new")
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
