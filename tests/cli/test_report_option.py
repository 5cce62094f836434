"""`skmtl compare --report`: one page, or one sentence and no file."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from report.conftest import EVIL, Reader, hostile, mixed
from typer.testing import CliRunner

from skmtl.cli.app import app
from skmtl.model_selection import Comparison


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    _, Y, X = mixed()
    X.join(Y).assign(patient=[row // 2 for row in range(90)]).to_csv("table.csv", index=False)
    return tmp_path


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


FAST = ("--models", "independent,lasso", "--cv", "2", "--jobs", "1")


def test_page_from_a_file(here):
    result = run("compare", "table.csv", "--targets", "ldl,died", "--ignore", "hdl", "--group", "patient", *FAST,
                 "--interval", "corrected_t", "--adjust", "none", "--report", "a page.html")  # fmt: skip
    assert result.exit_code == 0, result.output
    assert result.stdout.endswith("\nWritten: a page.html\n")
    assert sorted(path.name for path in here.iterdir()) == ["a page.html", "table.csv"]
    text = Reader(Path("a page.html").read_text(encoding="utf-8")).text
    assert "table.csv: did sharing between outcomes help?" in text
    assert (
        "skmtl compare table.csv --targets ldl,died --group patient --ignore hdl --models independent,lasso "
        "--cv 2 --interval corrected_t --adjust none --jobs 1 --report 'a page.html'" in text
    )
    assert "45 groups of rows" in text
    assert "take the folds as observations" in text
    assert "P values are not adjusted" in text
    assert "missingindicator_bmi" in text
    assert re.search(r"bmi\s[+-][\d.]+\s\(2\)", text)
    assert "Seed of the folds: 0." in text


def test_without_the_option_no_estimator_is_kept(here, monkeypatch):
    kept = []
    monkeypatch.setattr(Comparison, "describe", lambda self, **_: str(kept.append(self.fitted)))
    assert run("compare", "table.csv", "--targets", "ldl", "--ignore", "hdl,died", *FAST).exit_code == 0
    assert run("compare", "table.csv", "--targets", "ldl", "--ignore", "hdl,died", *FAST, "--report",
               "p.html").exit_code == 0  # fmt: skip
    assert kept[0] is None
    assert list(kept[1]) == ["independent", "lasso"]


def test_hostile_table(here):
    X, Y = hostile(n_outcomes=len(EVIL))
    pd.concat([X.add_prefix("x"), Y.iloc[:, :10].add_prefix("y")], axis=1).to_csv("hostile.csv", index=False)
    # A name is given without the white space around it.
    outcomes = [name for name in pd.read_csv("hostile.csv").columns if name[0] == "y" and name == name.strip()]
    targets = ",".join('"' + name.replace('"', '""') + '"' for name in outcomes)
    result = run("compare", "hostile.csv", "--targets", targets, "--models", "independent,pooled", "--cv", "2",
                 "--jobs", "1", "--report", "p.html")  # fmt: skip
    assert result.exit_code == 0, result.output
    text = Reader(Path("p.html").read_text(encoding="utf-8")).text
    for name in ("y<script>alert(1)</script>", "y=1+1", "y--><b>", "x<svg onload=alert(1)>"):
        assert name in text


@pytest.mark.parametrize(
    ("report", "words"),
    [
        ("page.pdf", "--report 'page.pdf' will be a page for a browser: give a name ending in .html."),
        ("none/page.html", "--report 'none/page.html': there is no directory 'none'."),
    ],
)
def test_bad_names_are_refused_before_the_work(here, report, words, monkeypatch):
    monkeypatch.setattr("skmtl.model_selection.compare", lambda *_, **__: pytest.fail("it began to work"))
    result = run("compare", "table.csv", "--targets", "ldl", *FAST, "--report", report)
    assert result.stderr == f"Error: {words}\n"
    assert result.exit_code == 2
    assert sorted(path.name for path in here.iterdir()) == ["table.csv"]


def test_an_outcome_with_fewer_rows_than_folds_is_a_sentence_and_no_page(here):
    frame = pd.read_csv("table.csv")
    frame.loc[2:, "ldl"] = float("nan")
    frame.to_csv("table.csv", index=False)
    result = run("compare", "table.csv", "--targets", "ldl,hdl", "--models", "independent,lasso", "--jobs", "1",
                 "--report", "p.html")  # fmt: skip
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: ")
    assert "ldl" in result.stderr
    assert result.stderr.count("\n") == 1
    assert not Path("p.html").exists()
