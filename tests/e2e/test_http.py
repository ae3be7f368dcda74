"""The platform over real HTTP: the manners of API Gateway in front of real functions."""

from __future__ import annotations

import json
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest

SAMPLES = Path(__file__).parents[2] / "samples"
PROBLEM = "application/problem+json"


@pytest.fixture(scope="module")
def http(running):
    with running.http() as client:
        yield client


@pytest.mark.parametrize("key", [None, "", "wrong", "é" * 9])
def test_no_answer_without_the_key(running, key):
    headers = {} if key is None else {"x-api-key": key.encode()}
    with running.http(headers=headers) as client:
        response = client.get("/catalog")
    assert response.status_code == 401
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["title"] == "Unauthorized"


@pytest.mark.parametrize("path", ["/", "/health", "/ready", "/openapi.json"])
def test_some_pages_need_no_key(running, path):
    with running.http(headers={}) as client:
        assert client.get(path).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/nothing", 404),
        ("GET", "/query", 405),
        ("DELETE", "/catalog", 405),
        ("GET", "/raw/a.csv", 405),
        ("GET", "/objects/no/such.csv", 404),
        ("GET", "/_executions/guess", 404),
        ("POST", "/_platform", 405),
    ],
)
def test_what_is_not_there(http, method, path, status):
    response = http.request(method, path)
    assert response.status_code == status
    assert response.headers["content-type"] == PROBLEM
    assert response.json()["status"] == status
    assert status != 405 or response.headers["allow"]


def test_a_body_has_a_limit(http):
    response = http.post("/query", content=b" " * (10 * 1024 * 1024 + 1))
    assert response.status_code == 413
    streamed = http.post("/query", content=(b" " * 1024 * 1024 for _ in range(11)))
    assert streamed.status_code == 413


def test_a_body_that_is_no_text_reaches_the_function(http):
    response = http.post(
        "/query", content=b"\xff\xfe", headers={"content-type": "application/json"}
    )
    assert response.status_code == 400


def test_a_question_is_answered(http):
    response = http.post("/query", json={"question": "Qual foi a carga média do SIN em 2023?"})
    answer = response.json()
    assert response.status_code == 200
    assert answer["status"] == "answered"
    assert answer["unit"] == "MWmed"
    assert answer["sources"]


def test_many_questions_at_once(running):
    def ask(month: int) -> str:
        with running.http() as client:
            question = f"average load of the South in 2023-{month:02d}"
            return str(client.post("/query", json={"question": question}).json()["status"])

    with ThreadPoolExecutor(12) as pool:
        assert set(pool.map(ask, range(1, 13))) == {"answered"}


@pytest.mark.parametrize("token", ["", "1.abc", "99999999999.0000", "x"])
def test_an_upload_needs_its_token(running, token):
    with running.http(headers={}) as client:
        response = client.put("/raw/year=2023/a.csv", params={"token": token}, content=b"a")
    assert response.status_code == 401


def test_a_token_is_for_one_key(http):
    grant = http.post("/uploads", json={"filename": "a.csv", "size": 1}).json()
    other = grant["url"].replace("/a.csv", "/b.csv")
    assert http.put(other, content=b"a").status_code == 401


def test_an_upload_that_breaks_off_leaves_nothing(running, http):
    grant = http.post("/uploads", json={"filename": "broken.csv", "size": 1000}).json()
    url = urlsplit(grant["url"])
    with socket.create_connection((url.hostname, url.port)) as wire:
        head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000"
        wire.sendall(f"{head}\r\n\r\nhalf".encode())
    deadline = time.monotonic() + 10
    while list((running.data_dir / "tmp" / "uploads").iterdir()):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert http.get(f"/objects/{grant['key']}").status_code == 404


def test_the_platform_tells_how_it_is(http):
    state = http.get("/_platform").json()
    assert state["executions"]["queued"] == 0
    assert len(state["executions"]["ended"]) >= 7
    assert {run["status"] for run in state["executions"]["ended"]} <= {"SUCCEEDED", "FAILED"}
    assert state["memory_bytes"] > 0


def test_too_many_requests(fresh, tmp_path):
    """The usage plan of the template holds per key: here one that allows two in a burst."""
    root = Path(__file__).parents[2]
    text = (root / "template.yaml").read_text()
    plan = "Throttle: { RateLimit: 1000, BurstLimit: 2000 }"
    assert plan in text
    narrow = text.replace(plan, "Throttle: { RateLimit: 0.1, BurstLimit: 2 }")
    for folder in ("functions", "statemachine"):
        (tmp_path / folder).symlink_to(root / folder)
    (tmp_path / "template.yaml").write_text(narrow)
    platform = fresh(ONS_LOCAL_TEMPLATE=str(tmp_path / "template.yaml")).start()
    with platform.http() as client:
        answers = [client.get("/catalog") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        assert 1 <= int(answers[-1].headers["retry-after"]) <= 10
        assert answers[-1].json()["retry_after"] == int(answers[-1].headers["retry-after"])
        assert client.get("/health").status_code == 200


def test_no_slot_is_503_with_retry_after(fresh, tmp_path):
    """A function whose process cannot start answers 503 and says when to try again."""
    root = Path(__file__).parents[2]
    text = (root / "template.yaml").read_text()
    handler = "platform_api.handler.lambda_handler"
    (tmp_path / "template.yaml").write_text(text.replace(handler, "no_such_module.handler"))
    for folder in ("functions", "statemachine"):
        (tmp_path / folder).symlink_to(root / folder)
    platform = fresh(ONS_LOCAL_TEMPLATE=str(tmp_path / "template.yaml")).start()
    with platform.http() as client:
        response = client.get("/catalog")
    assert response.status_code == 503
    assert int(response.headers["retry-after"]) > 0
    assert "no_such_module" in (platform.data_dir / "functions.log").read_text()


def test_the_key_reaches_neither_functions_nor_logs(running):
    assert running.key not in (running.data_dir / "functions.log").read_text()
    assert json.loads((running.data_dir / "platform.json").read_text()).keys() == {"url", "pid"}
