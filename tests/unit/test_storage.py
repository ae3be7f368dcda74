"""One contract for both adapters of the storage port."""

from __future__ import annotations

import shutil
import threading
import urllib.request
from datetime import timedelta
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ons_platform.config import Settings
from ons_platform.errors import NotFound, StorageUnavailable, UnsafeKey
from ons_platform.storage import Storage, open_storage, s3
from ons_platform.storage.names import key_to_name, name_to_key


@pytest.fixture(params=["filesystem", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "filesystem":
        return Storage((tmp_path / "bucket").as_uri())
    return Storage(f"s3://{request.getfixturevalue('bucket')}")


@pytest.fixture
def folder(tmp_path: Path) -> Storage:
    return Storage((tmp_path / "bucket").as_uri())


@pytest.fixture
def local_file(tmp_path: Path) -> Path:
    file = tmp_path / "local"
    file.write_bytes(b"from a file")
    return file


def test_a_written_object_is_read_back(storage: Storage, local_file: Path) -> None:
    info = storage.put_bytes("a/b c/ç.txt", b"hello")
    assert (info.path, info.size) == ("a/b c/ç.txt", 5)
    assert storage.get_bytes("a/b c/ç.txt") == b"hello"
    head = storage.head("a/b c/ç.txt")
    assert head is not None
    assert (head.etag, head.size) == (info.etag, 5)
    storage.put_file("f", local_file)
    local_file.write_bytes(b"changed later")
    assert storage.get_bytes("f") == b"from a file"


def test_what_is_missing_is_not_found(storage: Storage) -> None:
    assert storage.head("none") is None
    assert storage.head("none/below") is None
    with pytest.raises(NotFound):
        storage.get_bytes("none")
    with pytest.raises(NotFound), storage.as_file("none"):
        pass
    with pytest.raises(NotFound):
        storage.copy("none", "other")
    storage.delete("none")


def test_create_writes_only_where_nothing_is(storage: Storage) -> None:
    assert storage.create("x", b"1")
    assert not storage.create("x", b"2")
    assert storage.get_bytes("x") == b"1"


def test_swap_replaces_only_what_was_read(storage: Storage, tmp_path: Path) -> None:
    def file(text: str) -> Path:
        path = tmp_path / text
        path.write_text(text)
        return path

    first = storage.swap("x", file("one"), None)
    assert first
    assert storage.swap("x", file("uno"), None) is None
    second = storage.swap("x", file("two"), first.etag)
    assert second
    assert storage.swap("x", file("dos"), first.etag) is None
    assert storage.get_bytes("x") == b"two"
    storage.delete("x")
    assert storage.swap("x", file("tres"), second.etag) is None


def test_of_many_swaps_at_once_one_wins(storage: Storage, tmp_path: Path) -> None:
    before = storage.put_bytes("x", b"0").etag
    won = []

    def swap(number: int) -> None:
        file = tmp_path / str(number)
        file.write_text(str(number))
        if storage.swap("x", file, before):
            won.append(number)

    threads = [threading.Thread(target=swap, args=(number,)) for number in range(1, 9)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(won) == 1
    assert storage.get_bytes("x") == str(won[0]).encode()


def test_every_version_is_kept(storage: Storage, local_file: Path) -> None:
    first = storage.put_version("year=2023/a.csv", b"one")
    second = storage.put_version("year=2023/a.csv", local_file)
    assert first != second
    assert storage.get_bytes("year=2023/a.csv") == b"from a file"
    assert storage.get_bytes("year=2023/a.csv", first) == b"one"
    head = storage.head("year=2023/a.csv", first)
    assert head is not None
    assert (head.size, head.version_id) == (3, first)
    with storage.as_file("year=2023/a.csv", first) as file:
        assert file.read_bytes() == b"one"
    storage.delete("year=2023/a.csv")
    assert storage.get_bytes("year=2023/a.csv", second) == b"from a file"


def test_list_and_delete_by_textual_prefix(storage: Storage) -> None:
    for path in ("a/1", "a/2", "a/b/3", "ab/4", "c"):
        storage.put_bytes(path, b"")
    assert [info.path for info in storage.list("a/")] == ["a/1", "a/2", "a/b/3"]
    assert sorted(info.path for info in storage.list("a")) == ["a/1", "a/2", "a/b/3", "ab/4"]
    assert list(storage.list("zz/")) == []
    assert storage.delete_prefix("a/") == 3
    assert sorted(info.path for info in storage.list()) == ["ab/4", "c"]


def test_delete_prefix_goes_page_by_page(storage: Storage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ons_platform.storage.port._DELETE_PAGE", 2)
    for number in range(5):
        storage.put_bytes(f"p/{number}", b"")
    assert storage.delete_prefix("p/") == 5
    assert list(storage.list("p/")) == []


def test_copy_and_adopt(storage: Storage, local_file: Path) -> None:
    storage.adopt("a", local_file)
    storage.copy("a", "b")
    storage.put_bytes("a", b"new")
    assert storage.get_bytes("b") == b"from a file"


def test_awkward_keys_are_stored_whole_or_refused(storage: Storage) -> None:
    keys = ["../../escape", "/abs", "a//b", "end/", "a\nb", "%41", ".hidden", "é" * 500]
    stored = []
    for key in keys:
        try:
            storage.put_bytes(key, key.encode())
        except UnsafeKey:
            continue
        assert storage.get_bytes(key) == key.encode()
        stored.append(key)
    assert {info.path for info in storage.list()} == set(stored)
    assert "%41" in stored


def test_a_presigned_url_gives_the_object(storage: Storage) -> None:
    storage.put_bytes("a b", b"hello")
    with urllib.request.urlopen(storage.presigned_url("a b", "GET", 60)) as answer:
        assert answer.read() == b"hello"


def test_the_filesystem_stores_any_key_inside_its_root(folder: Storage, tmp_path: Path) -> None:
    for key in ("../../escape", "/abs", "a//b", "end/", "a\nb", ".tmp/x", "x/.tmp", "y" * 1000):
        folder.put_version(key, b"1")
        assert folder.get_bytes(key) == b"1"
    assert {path.name for path in tmp_path.iterdir()} == {"bucket"}


@pytest.mark.parametrize("key", ["x", "f/below", "", "\ud800"])
def test_the_filesystem_refuses_what_it_cannot_name(folder: Storage, key: str) -> None:
    folder.put_bytes("x/y", b"x is a folder")
    folder.put_bytes("f", b"f is a file")
    with pytest.raises(UnsafeKey):
        folder.put_bytes(key, b"")


def test_a_reader_keeps_the_bytes_it_opened(folder: Storage) -> None:
    folder.put_bytes("x", b"old")
    with folder.as_file("x") as path, path.open("rb") as handle:
        folder.put_bytes("x", b"new")
        assert handle.read() == b"old"


def test_a_file_of_another_disk_is_copied_in(
    folder: Storage, local_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr("os.link", refuse)
    folder.adopt("x", local_file)
    local_file.write_bytes(b"changed")
    assert folder.get_bytes("x") == b"from a file"


def test_nothing_half_written_is_seen(
    folder: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.put_bytes("x", b"old")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ons_platform.storage.filesystem._sync", full)
    with pytest.raises(StorageUnavailable, match="No space left"):
        folder.put_bytes("x", b"new")
    assert folder.get_bytes("x") == b"old"
    assert list((tmp_path / "bucket" / ".tmp").iterdir()) == []


def test_a_root_that_is_no_folder_holds_nothing(folder: Storage, tmp_path: Path) -> None:
    folder.put_bytes("x", b"1")
    shutil.rmtree(tmp_path / "bucket")
    (tmp_path / "bucket").write_text("not a folder")
    assert folder.head("x") is None
    with pytest.raises(NotFound):
        folder.get_bytes("x")


def test_a_store_that_does_not_answer_is_transient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setattr(s3, "RETRIES", {"max_retries": 0, "retry_timeout": timedelta(seconds=1)})
    with pytest.raises(StorageUnavailable):
        Storage("s3://nobody").get_bytes("x")


def test_urls(tmp_path: Path) -> None:
    settings = Settings(storage_url=f"file://{tmp_path}/buckets/{{bucket}}")
    storage = open_storage("raw", settings)
    assert storage.url == f"file://{tmp_path}/buckets/raw"
    assert storage.uri("a/b") == f"{tmp_path}/buckets/raw/a/b"


@pytest.mark.parametrize("wrong", ["ftp://x", "s3://", "file:", "raw"])
def test_a_url_of_no_known_kind_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match="a storage URL is"):
        Storage(wrong)


def test_a_prefix_of_a_bucket_is_a_storage(bucket: str) -> None:
    whole, part = Storage(f"s3://{bucket}"), Storage(f"s3://{bucket}/team/lake")
    part.put_bytes("x", b"1")
    assert whole.get_bytes("team/lake/x") == b"1"
    assert [info.path for info in part.list()] == ["x"]
    assert part.uri("x") == f"s3://{bucket}/team/lake/x"


@given(st.text(min_size=1, max_size=60))
def test_names_are_reversible_and_stay_inside(key: str) -> None:
    try:
        name = key_to_name(key)
    except UnsafeKey:
        return
    assert name_to_key(name) == key
    assert ".." not in name.parts
    assert not name.is_absolute()
    assert name != PurePosixPath()


@given(
    st.lists(
        st.sampled_from(["a", "%", "%+", "..", ".", "/", "%2E", "é" * 150, "x" * 199]), min_size=1
    )
)
def test_awkward_names_are_reversible(parts: list[str]) -> None:
    name = key_to_name("".join(parts))
    assert name_to_key(name) == "".join(parts)
    assert all(len(part.encode()) <= 255 for part in name.parts)
