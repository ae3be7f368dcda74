"""`ons quality` against a platform with the samples."""

from __future__ import annotations

from ons_local.client import NotRunning

BALANCE = "BALANCO_ENERGIA_SUBSISTEMA_2023.csv"


def test_the_report_of_a_file_in_words_and_as_data(running, tmp_path):
    found = running.json("quality", BALANCE)
    kinds = {item["kind"] for item in found["report"]["findings"]}
    assert {"identity", "doubled", "quiet"} <= kinds
    assert found["status"] == "completed"
    done = running.ons("quality", "balanco_energia", "--lang", "pt", "--html", tmp_path / "q.html")
    assert done.returncode == 0, done.stderr
    assert "2023-09-13 00:00" in done.stdout
    page = (tmp_path / "q.html").read_text()
    assert page.startswith('<!doctype html>\n<html lang="pt-BR">')
    assert "2023-09-13" in page


def test_the_page_lies_beside_the_data(running):
    version = running.json("status", BALANCE)["version"]
    folder = running.data_dir.glob(f"**/_reports/{version['key']}/{version['version_id']}.html")
    (page,) = folder
    assert page.read_text().startswith("<!doctype html>")


def test_all_files_with_their_score(running):
    files = {item["key"].rsplit("/", 1)[-1]: item for item in running.json("quality")}
    assert files["CURVA_CARGA_2023.csv"]["score"] == 1.0
    assert files[BALANCE]["score"] < 0.98
    assert BALANCE in running.ons("quality").stdout


def test_a_refused_file_says_why_with_the_exit_code_of_bad_data(running, tmp_path):
    path = tmp_path / "CURVA_CARGA_1999.csv"
    path.write_text("id_subsistema;nom_subsistema;din_instante;val_cargaenergiahomwmed\n")
    assert running.ons("upload", path).returncode == 65
    done = running.ons("quality", path.name)
    assert done.returncode == 65
    assert "no data rows" in done.stdout


def test_what_is_not_there(running, tmp_path):
    assert running.ons("quality", "no_such_file").returncode == 4
    assert running.ons("quality", "20").returncode == 2
    assert running.ons("quality", "--html", tmp_path / "x.html").returncode == 2
    done = running.ons("quality", BALANCE, "--data-dir", tmp_path / "nothing")
    assert done.returncode == NotRunning.exit_code
    assert "ons up" in done.stderr
