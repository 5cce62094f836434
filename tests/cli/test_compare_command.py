"""`skmtl compare`: what it prints, what it writes, and the sentence for everything that can go wrong."""

from __future__ import annotations

import gzip
import io
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from rich.console import Console
from sklearn.linear_model import Ridge
from typer.testing import CliRunner

import skmtl
from skmtl.cli import files, show
from skmtl.cli.app import app
from skmtl.cli.features import make_preprocessor
from skmtl.cli.table import read_table, select
from skmtl.linear_model import MultiTaskRidge
from skmtl.model_selection import compare
from skmtl.model_selection._compare_candidates import MODELS
from skmtl.multioutput import IndependentTasks, PooledTasks

N = 60
RNG = np.random.default_rng(3)


def make_table() -> pd.DataFrame:
    age, bmi = RNG.normal(60, 9, size=N), RNG.normal(27, 4, size=N)
    signal = (age - 60) / 9 + (bmi - 27) / 4
    frame = pd.DataFrame(
        {
            "patient": np.arange(N) // 2,
            "hospital": np.tile(["north", "south", "west"], N // 3),
            "age": age,
            "bmi": np.where(RNG.random(N) < 0.2, np.nan, bmi),
            "stage": RNG.choice(["I", "II", "III"], size=N),
            "smoker": RNG.random(N) < 0.4,
            "ldl": 120 + 20 * signal + 15 * RNG.normal(size=N),
            "hdl": 50 - 8 * signal + 6 * RNG.normal(size=N),
            "died": np.where(signal + RNG.logistic(size=N) > 0.5, "yes", "no"),
        }
    )
    frame["stage"] = frame["stage"].astype(object).where(RNG.random(N) > 0.1, None)
    frame["ldl"] = frame["ldl"].mask(RNG.random(N) < 0.3)
    frame["died"] = frame["died"].astype(object).where(RNG.random(N) > 0.2, None)
    return frame


TABLE = make_table()
MODELS_OPTION = ("--models", "independent,pooled", "--cv", "3", "--jobs", "1")
TARGETS = ("--targets", "ldl,hdl,died", "--ignore", "hospital", "--group", "patient")


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    TABLE.to_csv("table.csv", index=False)
    return tmp_path


def run(*arguments: object):
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def fails(words: str, *arguments: object) -> None:
    """One sentence on stderr, exit code 2, nothing else anywhere."""
    before = sorted(Path.cwd().rglob("*"))
    result = run("compare", *arguments)
    assert result.stderr == f"Error: {words}\n"
    assert result.stdout == ""
    assert result.exit_code == 2
    assert sorted(Path.cwd().rglob("*")) == before


# -- what is printed and written


def test_compare_prints_a_table_and_what_follows(here):
    result = run("compare", "table.csv", *TARGETS, *MODELS_OPTION)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].strip() == "table.csv: 60 rows, 4 features"
    assert lines[1].split() == ["outcome", "metric", "observed", "events", "independent", "pooled"]
    rows = {line.split()[0]: line for line in lines[3:6]}
    assert list(rows) == ["ldl", "hdl", "died"]
    observed, events = TABLE["died"].notna().sum(), (TABLE["died"] == "yes").sum()
    assert re.match(rf"died +log loss +{observed} +{events} +0\.\d{{4}}\*? +0\.\d{{4}}\*? *$", rows["died"])
    assert re.match(rf"ldl +RMSE +{TABLE['ldl'].notna().sum()} +\d\d\.\d\d\*? +\d\d\.\d\d\*? *$", rows["ldl"])
    told = r" +pooled +[+-]\d+\.\d% +[+-]\d+\.\d% to [+-]\d+\.\d% +\d\.\d{3} +(helped|hurt|no evidence) *$"
    for outcome in rows:
        assert sum(bool(re.match(outcome + told, line)) for line in lines) == 1
    assert sum(bool(re.match(told[2:], line)) for line in lines) == 1  # over all outcomes
    assert sum(row.count("*") for row in rows.values()) >= 3
    assert any(line.startswith("Sharing helped: ") for line in lines)
    assert any(line.startswith("Sharing hurt: ") for line in lines)
    assert any(line.startswith("No evidence either way: ") for line in lines)


def test_printed_numbers_are_those_of_compare(here):
    result = run("compare", "table.csv", *TARGETS, *MODELS_OPTION, "--seed", 4)
    study = select(
        read_table(here / "table.csv"),
        "",
        targets=["ldl", "hdl", "died"],
        task=None,
        group="patient",
        ignore=["hospital"],
    )
    found = compare(
        study.X,
        study.Y,
        ["independent", "pooled"],
        groups=TABLE["patient"],
        cv=3,
        preprocessor=make_preprocessor(study.X),
        random_state=4,
    )
    assert found.describe() in result.stdout
    gains = found.summary().set_index("outcome")
    for outcome, row in found.table().iterrows():
        decimals = 4 if outcome == "died" else 3 if outcome == "hdl" else 2
        shown = [f"{row[name]:.{decimals}f}" for name in found.estimators]
        first, second = (re.escape(digits + ("*" if digits == min(shown, key=float) else " ")) for digits in shown)
        assert re.search(rf"^{outcome} .* {first} +{second} *$", result.stdout, re.MULTILINE)
        told = gains.loc[outcome]
        gain, low, high = (re.escape(f"{told[name]:+.1f}%") for name in ("gain", "low", "high"))
        p = re.escape(f"{told['p_adjusted']:.3f}")
        words = rf"^{outcome} +pooled +{gain} +{low} to {high} +{p} +{told['verdict']} *$"
        assert re.search(words, result.stdout, re.MULTILINE)
    over = found.overall().iloc[0]
    assert re.search(rf"^pooled +{re.escape(f'{over.gain:+.1f}%')} +", result.stdout, re.MULTILINE)


def test_out_writes_tidy_scores_and_out_of_fold_predictions(here):
    result = run("compare", "table.csv", *TARGETS, *MODELS_OPTION, "--out", "deep/results")
    assert result.exit_code == 0
    out = here / "deep" / "results"
    assert sorted(path.name for path in out.iterdir()) == ["predictions.csv", "scores.csv"]
    assert result.stdout.splitlines()[-1] == "Written: deep/results/scores.csv, deep/results/predictions.csv"
    scores = pd.read_csv(out / "scores.csv")
    assert scores.columns.tolist() == ["estimator", "outcome", "fold", "metric", "value"]
    assert len(scores) == 2 * 3 * 3 * 4
    assert set(scores.loc[scores["outcome"] == "died", "metric"]) == {
        "log_loss",
        "brier",
        "roc_auc",
        "average_precision",
    }
    predictions = pd.read_csv(out / "predictions.csv")
    assert predictions.columns.tolist() == ["row", "fold", "estimator", "outcome", "y_true", "y_pred", "weight", "loss"]
    pooled = predictions.query("estimator == 'pooled' and outcome == 'ldl'").sort_values("row")
    assert pooled["row"].tolist() == list(range(N))
    np.testing.assert_allclose(pooled["y_true"], TABLE["ldl"])
    fold = pooled["fold"].to_numpy()
    assert (fold[::2] == fold[1::2]).all()  # both rows of a patient
    squares = (pooled["y_true"] - pooled["y_pred"])[pooled["fold"] == 1] ** 2
    written = scores.query("estimator == 'pooled' and outcome == 'ldl' and fold == 1 and metric == 'mse'")["value"]
    assert written.item() == pytest.approx(squares.mean())


def test_results_replace_older_ones(here):
    (here / "scores.csv").write_text("old")
    assert run("compare", "table.csv", *TARGETS, *MODELS_OPTION, "--out", ".").exit_code == 0
    assert (here / "scores.csv").read_text().startswith("estimator,")
    assert sorted(path.name for path in here.iterdir()) == ["predictions.csv", "scores.csv", "table.csv"]


def need_pyarrow():
    """Recent versions of it refuse old versions of NumPy."""
    pytest.importorskip("pyarrow", exc_type=ImportError)


def test_the_same_from_every_format(here):
    need_pyarrow()
    TABLE.to_csv("packed.csv.gz", index=False)
    TABLE.to_parquet("columns.parquet", index=False)
    outputs = []
    for name in ("table.csv", "packed.csv.gz", "columns.parquet"):
        result = run("compare", name, *TARGETS, *MODELS_OPTION, "--out", f"from_{name}")
        assert result.exit_code == 0, result.stderr
        outputs.append(result.stdout.split("\n", 1)[1].rsplit("Written", 1)[0])
    assert outputs[0] == outputs[1] == outputs[2]
    first = pd.read_csv(here / "from_table.csv" / "predictions.csv")
    for name in ("packed.csv.gz", "columns.parquet"):
        pd.testing.assert_frame_equal(pd.read_csv(here / f"from_{name}" / "predictions.csv"), first)


def test_a_named_index_is_a_column(here):
    need_pyarrow()
    TABLE.set_index("patient").to_parquet("table.parquet")
    pd.testing.assert_frame_equal(read_table(here / "table.parquet"), read_table(here / "table.csv"), check_dtype=False)


def test_rows_of_tasks(here):
    result = run(
        "compare", "table.csv", "--targets", "hdl", "--task", "hospital", "--ignore", "ldl,died,patient", *MODELS_OPTION
    )
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert lines[0].strip() == "table.csv: 60 rows, 4 features, hdl by hospital"
    assert [line.split()[:3] for line in lines[3:6]] == [[h, "RMSE", "20"] for h in ("north", "south", "west")]
    assert "events" not in lines[1]


def test_quoted_names_may_hold_commas(here):
    TABLE.rename(columns={"hdl": "hdl, fasting"}).to_csv("table.csv", index=False)
    result = run(
        "compare", "table.csv", "--targets", 'ldl,"hdl, fasting"', "--ignore", "hospital,died,patient", *MODELS_OPTION
    )
    assert result.exit_code == 0, result.stderr
    assert re.search(r"^hdl, fasting +RMSE", result.stdout, re.MULTILINE)


def test_column_names_are_no_markup(here):
    TABLE.rename(columns={"hdl": "[bold]hdl"}).to_csv("table.csv", index=False)
    result = run(
        "compare", "table.csv", "--targets", "ldl,[bold]hdl", "--ignore", "hospital,died,patient", *MODELS_OPTION
    )
    assert re.search(r"^\[bold\]hdl +RMSE", result.stdout, re.MULTILINE)


def test_warnings_are_lines_on_stderr(here):
    TABLE.assign(two=np.tile([1, 2], N // 2)).to_csv("table.csv", index=False)
    result = run("compare", "table.csv", "--targets", "ldl,two", "--ignore", "hospital,died,patient", *MODELS_OPTION)
    assert result.exit_code == 0
    assert result.stderr.strip() == (
        "Warning: Outcome 'two' has two values, 1 and 2, and is taken as a number: write 0 and 1, or labels, if it is "
        "a yes/no outcome."
    )


def test_progress_is_shown_on_a_terminal(monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(show, "Console", lambda **_: Console(file=stream, force_terminal=True, width=100))
    with show.progress_bar("Comparing") as step:
        step(3, 8, "lasso, fold 1 of 4")
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", stream.getvalue())
    assert re.search(r"Comparing: lasso, fold 1 of 4 .* 3/8", plain)


def test_a_failing_disk_leaves_no_half_file(here, monkeypatch):
    write = pd.DataFrame.to_csv
    written = []

    def full(self, path, **options):
        write(self.head(3), path, **options)
        written.append(path.name)
        if len(written) == 2:
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(pd.DataFrame, "to_csv", full)
    result = run("compare", "table.csv", *TARGETS, *MODELS_OPTION, "--out", "results")
    assert result.exit_code == 2
    assert result.stderr == "Error: Could not write to 'results' (No space left on device).\n"
    assert len(written) == 2
    assert list((here / "results").iterdir()) == []


# -- preprocessing


def test_features_are_learnt_from_training_rows():
    study = select(TABLE, "", targets=["hdl"], task=None, group=None, ignore=["patient", "hospital", "ldl", "died"])
    assert study.X.columns.tolist() == ["age", "bmi", "stage", "smoker"]
    train, test = study.X[:40], study.X[40:]
    fitted = make_preprocessor(study.X).fit(train)
    names = fitted.get_feature_names_out().tolist()
    assert names[:3] == ["numbers__age", "numbers__bmi", "missing__missingindicator_bmi"]
    assert names[3:] == [
        *("labels__stage_I", "labels__stage_II", "labels__stage_III", "labels__stage_nan"),
        *("labels__smoker_False", "labels__smoker_True"),
    ]
    out = pd.DataFrame(fitted.transform(test), columns=names, index=test.index)
    filled = train["bmi"].fillna(train["bmi"].median())
    expected = (test["bmi"].fillna(train["bmi"].median()) - filled.mean()) / filled.std(ddof=0)
    np.testing.assert_allclose(out["numbers__bmi"], expected)
    np.testing.assert_array_equal(out["missing__missingindicator_bmi"], test["bmi"].isna())
    np.testing.assert_array_equal(out["labels__stage_II"], test["stage"] == "II")
    np.testing.assert_array_equal(out["labels__stage_nan"], test["stage"].isna())


def test_what_training_rows_do_not_show():
    X = pd.DataFrame({"empty": [np.nan, np.nan, 3.0], "label": ["a", "b", "c"]}).astype({"label": object})
    out = make_preprocessor(X).fit(X[:2]).transform(X[2:])
    # Filled with 0, the missing value marked; a new label is none of the known ones.
    np.testing.assert_array_equal(out, [[3.0, 0, 0, 0]])


def test_nullable_columns():
    frame = pd.DataFrame(
        {
            "a": pd.array([1, None, 3], dtype="Int64"),
            "b": pd.array([True, None, False], dtype="boolean"),
            "c": pd.Categorical(["x", None, "y"]),
            "y": [1.0, 2.0, 3.0],
        }
    )
    X = select(frame, "", targets=["y"], task=None, group=None, ignore=[]).X
    np.testing.assert_array_equal(X["a"], [1, np.nan, 3])
    assert X["b"].tolist()[::2] == ["True", "False"]
    assert X["c"].tolist()[::2] == ["x", "y"]
    assert X["b"].isna().tolist() == X["c"].isna().tolist() == [False, True, False]


# -- what goes wrong


COLUMNS = "patient, hospital, age, bmi, stage, smoker, ldl, hdl and 1 more"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["none.csv", "--targets", "ldl"], "There is no file 'none.csv'."),
        ([".", "--targets", "ldl"], "'.' is a directory: give a file."),
        (
            ["table.xlsx", "--targets", "ldl"],
            "Cannot tell what 'table.xlsx' is by its name: give a .csv, .csv.gz or .parquet file.",
        ),
        (["empty.csv", "--targets", "ldl"], "'empty.csv' has no rows."),
        (["header.csv", "--targets", "ldl"], "'header.csv' has no rows."),
        (
            ["table.csv", "--targets", "ldll"],
            "Column 'ldll' (--targets) is not in table.csv: did you mean 'ldl'?",
        ),
        (
            ["table.csv", "--targets", "LDL"],
            "Column 'LDL' (--targets) is not in table.csv: did you mean 'ldl' or 'hdl'?",
        ),
        (["table.csv", "--targets", "zinc"], f"Column 'zinc' (--targets) is not in table.csv: it has {COLUMNS}."),
        (
            ["table.csv", "--targets", "ldl", "--ignore", "patiant"],
            "Column 'patiant' (--ignore) is not in table.csv: did you mean 'patient'?",
        ),
        (
            ["table.csv", "--targets", "ldl", "--task", "hospitals"],
            "Column 'hospitals' (--task) is not in table.csv: did you mean 'hospital'?",
        ),
        (
            ["table.csv", "--targets", "ldl", "--group", "pat"],
            "Column 'pat' (--group) is not in table.csv: did you mean 'patient'?",
        ),
        (["table.csv", "--targets", "ldl,hdl,ldl"], "--targets names 'ldl' twice: name it once."),
        (
            ["table.csv", "--targets", "ldl,,hdl"],
            "--targets 'ldl,,hdl' has an empty name: separate names by single commas.",
        ),
        (["table.csv", "--targets", ""], "--targets '' has an empty name: separate names by single commas."),
        (
            ["table.csv", "--targets", "ldl,hdl", "--ignore", "hdl"],
            "Column 'hdl' is in --targets and in --ignore: it can be only one of them.",
        ),
        (
            ["table.csv", "--targets", "ldl", "--task", "ldl"],
            "Column 'ldl' is in --targets and in --task: it can be only one of them.",
        ),
        (
            ["table.csv", "--targets", "ldl,hdl,died", "--ignore", "patient,hospital,age,bmi,stage,smoker"],
            "No column of table.csv is left as a feature: every one is a target or set aside.",
        ),
        (
            ["table.csv", "--targets", "ldl,hdl", "--task", "hospital"],
            "--task goes with one target (one outcome in several places), and --targets names 2: give one, or leave "
            "--task out.",
        ),
        (["table.csv", "--targets", "ldl", "--cv", "1"], "--cv is 1: give at least 2 folds."),
        (["table.csv", "--targets", "ldl", "--seed", "-1"], "--seed is -1: give 0 or more."),
        (["table.csv", "--targets", "ldl", "--jobs", "0"], "--jobs is 0: give at least 1."),
        (
            ["table.csv", "--targets", "ldl", "--models", "laso"],
            f"There is no model 'laso': did you mean 'lasso'? The known ones are {', '.join(MODELS)}.",
        ),
        (
            ["table.csv", "--targets", "ldl", "--baseline", "forest"],
            f"There is no model 'forest': the known ones are {', '.join(MODELS)}.",
        ),
        (["table.csv", "--targets", "ldl", "--repeats", "0"], "--repeats is 0: give at least 1."),
        (
            ["table.csv", "--targets", "ldl", "--interval", "t"],
            "--interval is 't': give one of bootstrap, corrected_t.",
        ),
        (
            ["table.csv", "--targets", "ldl", "--adjust", "bonferroni"],
            "--adjust is 'bonferroni': give one of holm, fdr_bh, none.",
        ),
        (
            ["table.csv", "--targets", "ldl,died", "--models", "mean"],
            "The model 'mean' shares one common model, which yes/no outcomes beside others do not have: leave it out, "
            "or use it for numeric outcomes, or for one outcome in several places (task).",
        ),
        (
            ["table.csv", "--targets", "ldl", "--out", "table.csv/results"],
            "--out 'table.csv/results': 'table.csv' is a file, not a directory.",
        ),
        (
            ["table.csv", "--targets", "stage", "--models", "gp"],
            "The model 'gp' has no likelihood for several classes: leave it out.",
        ),
    ],
)
def test_sentences(here, arguments, words):
    (here / "table.xlsx").touch()
    (here / "empty.csv").touch()
    (here / "header.csv").write_text("ldl,age\n")
    fails(words, *arguments)


@pytest.mark.parametrize(
    ("columns", "arguments", "words"),
    [
        ({"zinc": np.nan}, ["--targets", "ldl,zinc"], "Outcome 'zinc' has no observed value: leave it out."),
        ({"zinc": np.nan}, ["--targets", "ldl"], "Column 'zinc' is empty: name it in --ignore."),
        (
            {"zinc": 3},
            ["--targets", "ldl,zinc"],
            "Outcome 'zinc' is constant (every observed value is 3): leave it out.",
        ),
        (
            {"zinc": [1.0, 2.0, 3.0] + [None] * 57},
            ["--targets", "ldl,zinc"],
            "Outcome 'zinc' has 3 observed values, too few for 5 folds: use at most 3 folds, or leave it out.",
        ),
        (
            {"zinc": ["yes"] + ["no"] * 59},
            ["--targets", "ldl,zinc"],
            "Outcome 'zinc' has 1 observed value 'yes', too few for a training and a test part: leave it out.",
        ),
        (
            {"zinc": ["inf"] + [1.0] * 59},
            ["--targets", "ldl,zinc"],
            "Outcome 'zinc' is infinite in row 0: leave unobserved values empty (NaN).",
        ),
        (
            {"zinc": [1.0, "inf"] + [1.0] * 58},
            ["--targets", "ldl"],
            "Column 'zinc' is infinite in row 1 (counted from 0): leave unknown values empty.",
        ),
        (
            {"name": [f"patient {i}" for i in range(N)]},
            ["--targets", "ldl"],
            "Column 'name' has 60 different labels in 60 rows, too many for a feature: name it in --ignore.",
        ),
        (
            {"hospital": ["north", None, "west"] * 20},
            ["--targets", "ldl", "--task", "hospital"],
            "Column 'hospital' (--task) is empty in 20 rows, first in row 1 (counted from 0): fill it in, or leave "
            "such rows out.",
        ),
        (
            {"patient": [1.0] * 59 + [None]},
            ["--targets", "ldl", "--group", "patient"],
            "Column 'patient' (--group) is empty in 1 row, first in row 59 (counted from 0): fill it in, or leave such "
            "rows out.",
        ),
        (
            {"hospital": ["north", "south"] * 29 + ["west"] * 2},
            ["--targets", "ldl", "--task", "hospital"],
            "hospital 'west' has 2 observed values, too few for 5 folds: use at most 2 folds, or leave it out.",
        ),
    ],
)
def test_sentences_about_columns(here, columns, arguments, words):
    TABLE.assign(ldl=TABLE["hdl"], **columns).to_csv("table.csv", index=False)
    fails(words, "table.csv", *arguments)


def test_dates_are_no_features(here):
    need_pyarrow()
    TABLE.assign(born=pd.date_range("1950-01-01", periods=N)).to_parquet("table.parquet")
    fails(
        "Column 'born' holds dates: turn it into numbers, or name it in --ignore.", "table.parquet", "--targets", "ldl"
    )


@pytest.mark.parametrize("name", ["broken.csv.gz", "cut.csv.gz", "broken.parquet", "latin.csv", "ragged.csv"])
def test_files_that_cannot_be_read(here, name):
    content = {
        "broken.csv.gz": b"no gzip at all",
        "cut.csv.gz": gzip.compress(TABLE.to_csv().encode())[:900],
        "broken.parquet": b"PAR1 but no more",
        "latin.csv": "ldl,größe\n1,2\n".encode("latin-1"),
        "ragged.csv": b"ldl,age\n1,2\n1,2,3,4\n",
    }
    if name.endswith(".parquet"):
        need_pyarrow()
    (here / name).write_bytes(content[name])
    result = run("compare", name, "--targets", "ldl")
    assert re.fullmatch(rf"Error: Cannot read '{re.escape(name)}': .+\.\n", result.stderr)
    assert (result.stdout, result.exit_code) == ("", 2)


def test_nothing_is_done_where_results_cannot_be_written(here, monkeypatch):
    def refuse(**options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(files.tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(show, "progress_bar", None)  # the work does not start
    fails("--out 'results' is not writable (Permission denied).", "table.csv", *TARGETS, "--out", "results")


def test_a_usage_error_has_no_traceback(here):
    result = run("compare", "table.csv")
    assert result.exit_code == 2
    assert "Missing option '--targets'" in result.stderr
    assert "Traceback" not in result.stderr


# -- the command itself


def test_help_names_options_and_models():
    result = run("compare", "--help")
    assert result.exit_code == 0
    for word in (
        "TABLE",
        "--targets",
        "--task",
        "--ignore",
        "--group",
        "--models",
        "--cv",
        "--seed",
        "--jobs",
        "--out",
    ):
        assert word in result.stdout
    for model in ("independent", "pooled", "lasso", "elastic_net", "sparse_group", "mean"):
        assert re.search(rf"^  {model} +\w", result.stdout, re.MULTILINE)


def test_version():
    result = run("--version")
    assert (result.stdout, result.exit_code) == (f"skmtl {skmtl.__version__}\n", 0)


def test_the_command_in_a_process_of_its_own(here):
    command = [sys.executable, "-m", "skmtl.cli.main", "compare", "table.csv"]
    done = subprocess.run([*command, *TARGETS, *MODELS_OPTION], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert re.search(r"^hdl +RMSE +60 ", done.stdout, re.MULTILINE)
    failed = subprocess.run([*command, "--targets", "zinc"], capture_output=True, text=True, check=False)
    assert failed.returncode == 2
    assert failed.stdout == ""
    assert failed.stderr == f"Error: Column 'zinc' (--targets) is not in table.csv: it has {COLUMNS}.\n"


@pytest.mark.parametrize("tool", ["typer", "rich"])
def test_without_the_extra_it_says_what_to_install(tool):
    code = f"import sys; sys.modules[{tool!r}] = None\nfrom skmtl.cli.main import main\nmain()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr == (
        'The command line of skmtl needs packages that are not installed: pip install "skmtl[cli]"\n'
    )


def test_parquet_without_pyarrow(here, monkeypatch):
    (here / "table.parquet").touch()
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    fails(
        "Reading .parquet files needs pyarrow (import of pyarrow halted; None in sys.modules): pip install "
        '"skmtl[cli]"',
        *("table.parquet", "--targets", "ldl"),
    )


def test_other_baselines_intervals_and_repeats(here):
    options = ("--baseline", "pooled", "--repeats", "2", "--interval", "corrected_t", "--adjust", "none", "--seed", "1")
    result = run("compare", "table.csv", *TARGETS, *MODELS_OPTION, *options)
    assert result.exit_code == 0, result.stderr
    assert "Loss saved against pooled, mean over outcomes" in result.stdout
    assert "over 6 folds" in result.stdout
    assert re.search(r"^ldl +independent +[+-]", result.stdout, re.MULTILINE)
    assert "is judged by itself" in result.stdout


@pytest.mark.parametrize("n_outcomes", [3, 40])
def test_eighty_columns_are_enough(monkeypatch, capsys, n_outcomes):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(40, 2))
    Y = pd.DataFrame({f"outcome [bold]{t}[/]": X[:, 0] + rng.normal(size=40) for t in range(n_outcomes)})
    ridges = {"independent": IndependentTasks(Ridge()), "pooled": PooledTasks(Ridge()), "joint": MultiTaskRidge()}
    found = compare(X, Y, ridges, cv=3, random_state=0)
    monkeypatch.setattr(show, "_UNFOLDED", 80)
    show.show(found, "t.csv [x]")
    lines = capsys.readouterr().out.splitlines()
    tables = lines[: next(i for i, line in enumerate(lines) if line.startswith("Sharing helped"))]
    assert max(map(len, tables)) <= 80
    assert tables[0].rstrip() == "t.csv [x]"
    assert any(line.startswith("outcome [bold]2[/]") for line in tables)
    assert any("not listed" in line for line in tables) == (n_outcomes > 12)
    assert sum("95% interval" in line for line in tables) >= 1
