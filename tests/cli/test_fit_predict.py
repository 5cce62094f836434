"""`skmtl fit` and `skmtl predict`: the round trip, what is refused, and what is never loaded."""

from __future__ import annotations

import json
import sys
import warnings
import zipfile
from decimal import Decimal
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from skmtl.cli import fit, predict, store
from skmtl.cli.app import app
from skmtl.cli.table import read_table, select
from skmtl.model_selection._compare_candidates import MODELS

pytest.importorskip("skops")

N = 90
HOSTILE = ["age [x]", "b,mi", "[red]sex[/red]"]


def make_table() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(N, 2))
    signal = X.sum(axis=1)
    return pd.DataFrame(
        {
            "age [x]": X[:, 0],
            "b,mi": np.where(rng.random(N) < 0.1, np.nan, X[:, 1]),
            "[red]sex[/red]": rng.choice(["f", "m"], N),
            "ldl": np.where(rng.random(N) < 0.2, np.nan, signal + rng.normal(size=N)),
            "died": np.where(signal + rng.logistic(size=N) > 0, "yes", "no"),
            "stage": np.array(list("abc"))[np.clip(np.round(signal) + 1, 0, 2).astype(int)],
            "site": np.tile(["north", "south"], N // 2),
            "patient": np.arange(N) // 2,
        }
    )


TABLE = make_table()
OPTIONS = ("--ignore", "site", "--group", "patient", "--save", "m.skops")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("t.csv", index=False)
    return tmp_path


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def fails(words: str, *arguments: object) -> None:
    result = run(*arguments)
    assert result.stderr == f"Error: {words}\n"
    assert result.stdout == ""
    assert result.exit_code == 2


def fit_all(model: str = "lasso", targets: str = "ldl,died,stage") -> None:
    result = run("fit", "t.csv", "--targets", targets, "--model", model, *OPTIONS)
    assert result.exit_code == 0, result.stderr


# -- the round trip


@pytest.mark.parametrize("model", ["lasso", "independent", "sparse_group"])
def test_saved_models_predict_as_those_in_memory(here, model):
    fit_all(model)
    said = run("predict", "m.skops", "t.csv", "--out", "p.csv")
    assert said.exit_code == 0, said.stderr
    ignored = ["site"]
    targets = ["ldl", "died", "stage"]
    study = select(read_table(here / "t.csv"), "", targets=targets, task=None, group="patient", ignore=ignored)
    fitted = fit.fit(study, model, task_column=None)
    expected = predict.predict(fitted, read_table(here / "t.csv"), "")
    # As text: what readers of numbers make of the last digit is their affair.
    text = pd.read_csv("p.csv", dtype=str)
    written = text.map(float)
    assert written.columns.tolist() == ["ldl", "died=yes", "stage=a", "stage=b", "stage=c"]
    np.testing.assert_array_equal(written, expected)
    np.testing.assert_allclose(written.filter(like="stage").sum(axis=1), 1)
    direct = fitted.estimator.predict_proba(fitted.preprocessor.transform(study.X))
    np.testing.assert_array_equal(written["died=yes"], direct[1][:, 1])


@pytest.mark.parametrize("model", MODELS)
def test_every_registered_model_can_be_saved(here, model):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    signal = 2 * X.sum(axis=1)
    frame = pd.DataFrame({"a": X[:, 0], "b": X[:, 1], **{k: signal + rng.normal(size=40) for k in "uv"}, "w": -signal})
    frame["w"] += rng.normal(size=40)
    study = select(frame, "t.csv", targets=["u", "v", "w"], task=None, group=None, ignore=[])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what a fit on forty rows warns of is not the matter here
        fitted = fit.fit(study, model, task_column=None)
    store.save(here / "m.skops", fitted)
    again = store.load(here / "m.skops")
    np.testing.assert_array_equal(predict.predict(again, frame, "t.csv"), predict.predict(fitted, frame, "t.csv"))
    assert fit.describe(again, "t.csv") == fit.describe(fitted, "t.csv")
    assert all(name in fit.describe(fitted, "t.csv") for name in "uvw")


def test_rows_keep_their_order_and_need_no_targets(here):
    fit_all()
    run("predict", "m.skops", "t.csv", "--out", "all.csv")
    order = np.random.default_rng(1).permutation(N)[:30]
    TABLE.iloc[order][HOSTILE[::-1]].to_csv("some.csv", index=False)
    said = run("predict", "m.skops", "some.csv", "--out", "some_p.csv")
    assert said.stderr == ""
    expected = pd.read_csv("all.csv").iloc[order].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv("some_p.csv"), expected)


def test_places(here):
    said = run("fit", "t.csv", "--targets", "ldl", "--task", "site", "--model", "mean",
               "--ignore", "died,stage,patient",
               "--save", "m.skops")  # fmt: skip
    assert said.exit_code == 0, said.stderr
    assert [line.split()[0] for line in said.stdout.splitlines()[3:5]] == ["north", "south"]
    said = run("predict", "m.skops", "t.csv")
    assert said.stdout.splitlines()[0] == "ldl"
    assert len(said.stdout.splitlines()) == N + 1
    TABLE.assign(site="east").to_csv("new.csv", index=False)
    fails(
        "Column 'site' of new.csv has 'east', a place that the model was not fitted on: it knows 'north', 'south'.",
        *("predict", "m.skops", "new.csv"),
    )


def test_columns_that_were_set_aside_are_known(here):
    fit_all()
    said = run("predict", "m.skops", "t.csv", "--out", "p.csv")
    assert said.stderr == ""
    TABLE.drop(columns=["site", "patient", "ldl"]).to_csv("less.csv", index=False)
    said = run("predict", "m.skops", "less.csv", "--out", "q.csv")
    assert said.stderr == ""
    assert (here / "p.csv").read_bytes() == (here / "q.csv").read_bytes()


def test_labels_that_look_like_numbers_stay_labels(here):
    """A part of a table may show only those labels of a column that are digits, or True, or nothing at all."""
    labels = np.array(["A1", "2", "03", "TRUE", "1e3", "None"])
    code, truth = labels[np.arange(N) % 6], np.array(["True", "False", "", "True"])[np.arange(N) % 4]
    # Every label matters, so that one which is lost is seen.
    table = TABLE.assign(code=code, truth=truth, ldl=TABLE["ldl"] + 10 * (np.arange(N) % 6) + 5 * (truth == "True"))
    table.to_csv("t.csv", index=False)
    fit_all(targets="ldl,died")
    run("predict", "m.skops", "t.csv", "--out", "all.csv")
    expected = pd.read_csv("all.csv")
    assert (np.diff([expected["ldl"][code == label].mean() for label in labels]) > 5).all()
    for label in labels:
        # The spaces around the name are no part of it.
        table[code == label].rename(columns={"code": " code "}).to_csv("part.csv", index=False)
        said = run("predict", "m.skops", "part.csv", "--out", "p.csv")
        assert (said.exit_code, said.stderr) == (0, ""), said.stderr
        pd.testing.assert_frame_equal(pd.read_csv("p.csv"), expected[code == label].reset_index(drop=True))
    table[truth == "True"].assign(truth="true").to_csv("part.csv", index=False)
    run("predict", "m.skops", "part.csv", "--out", "p.csv")
    pd.testing.assert_frame_equal(pd.read_csv("p.csv"), expected[truth == "True"].reset_index(drop=True))


def test_places_that_look_like_numbers(here):
    site = np.array(["A1", "02", "3"])[np.arange(N) % 3]
    TABLE.assign(site=site).to_csv("t.csv", index=False)
    options = ("--task", "site", "--model", "mean", "--ignore", "died,stage", "--group", "patient", "--save", "m.skops")
    said = run("fit", "t.csv", "--targets", "ldl", *options)
    assert said.exit_code == 0, said.stderr
    run("predict", "m.skops", "t.csv", "--out", "all.csv")
    TABLE.assign(site=site)[site == "02"].to_csv("part.csv", index=False)
    said = run("predict", "m.skops", "part.csv", "--out", "p.csv")
    assert (said.exit_code, said.stderr) == (0, ""), said.stderr
    expected = pd.read_csv("all.csv")[site == "02"].reset_index(drop=True)
    pd.testing.assert_frame_equal(pd.read_csv("p.csv"), expected)


def test_a_parquet_file_is_predicted_as_it_was_fitted(here):
    """Categories, truth values with gaps and decimals are what they were in the fit."""
    pytest.importorskip("pyarrow", exc_type=ImportError)
    grade = pd.Categorical([str(k % 3 + 1) for k in range(N)])
    truth = pd.array(np.where(np.arange(N) % 5 == 0, None, np.arange(N) % 2 == 0), dtype="boolean")
    dose = [Decimal(k % 7) / 10 for k in range(N)]
    TABLE.assign(grade=grade, truth=truth, dose=dose).to_parquet("t.parquet")
    options = ("--model", "lasso", "--ignore", "stage,site", *OPTIONS[2:])
    said = run("fit", "t.parquet", "--targets", "ldl,died", *options)
    assert said.exit_code == 0, said.stderr
    assert store.load(here / "m.skops").numbers == ["age [x]", "b,mi", "dose"]
    for name in ("t.parquet", "t.csv"):
        if name == "t.csv":
            pd.read_parquet("t.parquet").to_csv("t.csv", index=False)
        said = run("predict", "m.skops", name, "--out", f"{name}.p.csv")
        assert (said.exit_code, said.stderr) == (0, ""), said.stderr
    pd.testing.assert_frame_equal(pd.read_csv("t.csv.p.csv"), pd.read_csv("t.parquet.p.csv"))
    TABLE.assign(grade=1, truth=truth, dose=dose).to_parquet("ints.parquet")
    words = (
        "Column 'grade' of ints.parquet holds numbers, and held labels where the model was fitted: write them as text."
    )
    fails(words, "predict", "m.skops", "ints.parquet")


def test_what_was_fitted_is_told(here):
    said = run(
        "fit", "t.csv", "--targets", "ldl,died", "--model", "independent", *OPTIONS[2:], "--ignore", "site,stage"
    )
    lines = said.stdout.splitlines()
    assert lines[0] == "t.csv: 90 rows, 3 features"
    assert lines[3].split() == ["ldl", "numeric", str(TABLE["ldl"].notna().sum())]
    assert lines[4].split() == ["died", "binary", "90"]
    assert lines[6].startswith("independent (ldl): alpha ")
    assert lines[7].startswith("independent (died): alpha ")
    assert "converged: yes" in lines
    assert lines[-1] == "Written: m.skops"


# -- tables that do not fit the model


def test_columns_are_checked(here):
    fit_all()
    TABLE.drop(columns="b,mi").rename(columns={"age [x]": "age [y]"}).to_csv("less.csv", index=False)
    fails(
        "less.csv has no column 'age [x]', 'b,mi', which the model was fitted on: did you mean 'age [y]'?",
        *("predict", "m.skops", "less.csv"),
    )
    TABLE.assign(**{"b,mi": "heavy"}).to_csv("words.csv", index=False)
    result = run("predict", "m.skops", "words.csv")
    assert "Error: Column 'b,mi' of words.csv held numbers where the model was fitted: give them.\n" in result.stderr
    TABLE.assign(extra=1)[[*HOSTILE, "extra"]].to_csv("more.csv", index=False)
    said = run("predict", "m.skops", "more.csv")
    assert said.stderr == "Warning: more.csv has columns that the model does not know and leaves out: 'extra'.\n"
    assert said.exit_code == 0


# -- files that are not loaded


class Evil:
    """What a model of skmtl never holds."""

    def __reduce__(self):
        return (eval, ("open('pwned', 'w').close()",))


def test_a_foreign_type_is_named_and_not_loaded(here):
    fit_all()
    schema = None
    with zipfile.ZipFile("m.skops") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    text = content["schema.json"].decode()
    schema = json.loads(text)
    assert "MultiTaskGLMCV" in text
    tampered = text.replace('"__class__": "MultiTaskGLMCV"', '"__class__": "Popen"')
    tampered = tampered.replace('"__module__": "skmtl.linear_model._glm_cv"', '"__module__": "subprocess"')
    assert json.loads(tampered) != schema
    with zipfile.ZipFile("bad.skops", "w") as archive:
        for name, data in content.items():
            archive.writestr(name, tampered if name == "schema.json" else data)
    fails(
        "'bad.skops' holds subprocess.Popen, which no model of skmtl needs: it is not loaded, as doing so could run "
        "foreign code.",
        *("predict", "bad.skops", "t.csv"),
    )


@pytest.mark.parametrize(
    ("name", "trusted"),
    [
        ("skmtl.linear_model._glm_cv.MultiTaskGLMCV", True),
        ("numpy.dtype", True),
        ("skmtl.cli.errors.CommandError", False),
        ("skmtl.model_selection._compare.compare", False),  # a function
        ("skmtl.linear_model._cv.np", False),
        ("skmtl.nowhere.Class", False),
        ("skmtlevil.linear_model.Class", False),
        ("os.system", False),
        ("builtins.eval", False),
    ],
)
def test_only_classes_of_skmtl_are_trusted(name, trusted):
    assert store._is_trusted(name) is trusted


def test_files_that_are_no_model(here):
    Path("text.skops").write_text("hello")
    fails("'text.skops' is not a model that skmtl fit wrote.", "predict", "text.skops", "t.csv")
    fails("There is no file 'none.skops'.", "predict", "none.skops", "t.csv")
    import pickle

    Path("evil.skops").write_bytes(pickle.dumps(Evil()))
    fails("'evil.skops' is not a model that skmtl fit wrote.", "predict", "evil.skops", "t.csv")
    assert not Path("pwned").exists()
    import skops.io

    skops.io.dump({"a": 1}, "other.skops")
    fails("'other.skops' is not a model that skmtl fit wrote.", "predict", "other.skops", "t.csv")


def test_missing_skops_is_told_before_the_work(here, monkeypatch):
    monkeypatch.setitem(sys.modules, "skops.io", None)
    words = 'Saved models need skops, which is not installed: pip install "skmtl[cli]"'
    fails(words, "fit", "t.csv", "--targets", "ldl", "--model", "lasso", "--save", "m.skops")
    fails(words, "predict", "m.skops", "t.csv")
    assert not Path("m.skops").exists()


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--model", "laso", "--save", "m.skops"), "There is no model 'laso': did you mean 'lasso'?"),
        (("--model", "lasso", "--save", "m.pkl"), "--save 'm.pkl': give a name that ends in .skops."),
        (("--model", "lasso", "--save", "no/m.skops"), "--save 'no/m.skops': there is no directory 'no'."),
        (("--model", "mean", "--save", "m.skops"), "The model 'mean' shares one common model"),
    ],
)
def test_fits_that_make_no_sense(here, options, words):
    result = run("fit", "t.csv", "--targets", "ldl,died", "--ignore", "stage", *options)
    assert result.exit_code == 2
    assert result.stderr.startswith(f"Error: {words}")
    assert not list(Path().glob("*.skops"))


def test_audit_prints_a_report(here):
    said = run("audit", "t.csv", "--targets", "ldl,died", "--ignore", "stage,site", "--group", "patient")
    assert said.exit_code == 0, said.stderr
    assert said.stdout.startswith("t.csv: 90 rows, 3 features\n")
    assert "ldl" in said.stdout
