"""What a file says and what pandas would make of it in silence."""

from __future__ import annotations

import datetime
from decimal import Decimal

import numpy as np
import pandas as pd
import pytest

pytest.importorskip("typer")

from skmtl.cli.errors import CommandError
from skmtl.cli.table import read_table, select


def written(tmp_path, text):
    path = tmp_path / "table.csv"
    path.write_text(text, encoding="utf-8")
    return path


def chosen(path, targets, ignore=()):
    return select(read_table(path), path.name, targets=list(targets), task=None, group=None, ignore=list(ignore))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("age,a,b,a\n1,2,3,4\n", "two columns named 'a': rename one"),
        ("age,a, a\n1,2,3\n", "two columns named 'a': rename one"),
        ("age,a\n1,2,5\n3,4,6\n", "more fields than its header has names: name every column"),
        ("age\ta\n1\t2\n", "separated by tabs: separate them by commas"),
        ("age;a\n1;2\n", "separated by semicolons: separate them by commas"),
        ("age,a\n", "has no rows"),
        ("", "has no rows"),
    ],
)
def test_what_would_be_read_wrongly_is_refused(tmp_path, text, message):
    with pytest.raises(CommandError, match=message):
        read_table(written(tmp_path, text))


def test_row_numbers_are_no_feature(tmp_path):
    path = written(tmp_path, ",age,a\n0,1,2\n1,2,3\n")
    with pytest.raises(CommandError, match=r"Column 1 has no name .* --ignore 'Unnamed: 0'"):
        chosen(path, ["a"])
    assert chosen(path, ["a"], ["Unnamed: 0"]).X.columns.tolist() == ["age"]


def test_names_lose_the_blanks_around_them(tmp_path):
    assert read_table(written(tmp_path, "age, sbp ,ldl\n1,2,3\n")).columns.tolist() == ["age", "sbp", "ldl"]


def test_none_is_a_label_among_labels_and_missing_among_numbers(tmp_path):
    frame = read_table(written(tmp_path, "severity,sbp,smokes\nNone,120,True\nmild,None,None\nNA,130,False\n"))
    assert frame["severity"].isna().tolist() == [False, False, True]
    assert frame["severity"].tolist()[:2] == ["None", "mild"]
    np.testing.assert_array_equal(frame["sbp"].to_numpy(dtype=float), [120, np.nan, 130])
    assert frame["smokes"].isna().tolist() == [False, True, False]
    assert frame["smokes"].tolist()[::2] == [True, False]


def test_one_word_does_not_make_labels_of_numbers(tmp_path):
    lines = ["crp,a", *(f"{k / 10},{k}" for k in range(30)), "<0.1,3"]
    with pytest.raises(CommandError, match=r"'crp' holds numbers, and '<0.1' in row 30"):
        chosen(written(tmp_path, "\n".join(lines)), ["a"])
    lines = ["grade,a", *(f"{k % 4},{k}" for k in range(30)), "unknown,3"]
    assert set(chosen(written(tmp_path, "\n".join(lines)), ["a"]).X["grade"]) == {"0", "1", "2", "3", "unknown"}


def test_a_parquet_file_may_not_have_one_name_twice_either(tmp_path):
    pytest.importorskip("pyarrow", exc_type=ImportError)
    pd.DataFrame({"a": [1.0], "a ": [2.0], "x": [3.0]}).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(CommandError, match="two columns named 'a'"):
        read_table(tmp_path / "t.parquet")


def test_a_trailing_comma_in_every_row_is_an_empty_name_and_no_shift(tmp_path):
    frame = read_table(written(tmp_path, "age,a\n1,2,\n3,4,\n"))
    assert frame.to_dict("list") == {"age": [1, 3], "a": [2, 4]}


def test_what_parquet_knows_and_csv_does_not(tmp_path):
    pytest.importorskip("pyarrow", exc_type=ImportError)
    path = tmp_path / "t.parquet"
    plain = pd.DataFrame({"a": np.arange(30.0), "x": np.arange(30.0) % 7})
    plain.set_index(["x", plain["a"].rename("level")]).to_parquet(path)
    assert set(read_table(path).columns) == {"a", "x", "level"}  # both levels of the index are columns again
    plain.assign(zip=[str(10_000 + k % 15) for k in range(30)]).to_parquet(path)
    assert chosen(path, ["a"]).X["zip"].nunique() == 15  # labels that look like numbers
    plain.assign(dose=[Decimal(k) / 10 for k in range(30)]).to_parquet(path)
    assert chosen(path, ["a"]).X["dose"].tolist() == [k / 10 for k in range(30)]
    plain.assign(a=[None, *[Decimal(k) / 10 for k in range(29)]]).to_parquet(path)
    np.testing.assert_array_equal(chosen(path, ["a"]).Y["a"], [np.nan, *np.arange(29) / 10])
    for odd, word in ((datetime.date(2020, 1, 1), "dates"), (datetime.timedelta(1), "dates"), ([1, 2], "values")):
        plain.assign(odd=[odd] * 30).to_parquet(path)
        with pytest.raises(CommandError, match=f"'odd' holds .*{word}"):
            chosen(path, ["a"])


def test_places_are_not_whose_rows_stay_together(tmp_path):
    path = written(tmp_path, "age,a,site\n1,2,n\n3,4,s\n")
    with pytest.raises(CommandError) as error:
        select(read_table(path), path.name, targets=["a"], task="site", group="site", ignore=[])
    assert str(error.value) == (
        "Column 'site' is in --task and in --group: name the column of patients in --group, or leave --group out, as a "
        "place that stays in one fold is tested without having been trained on."
    )


def test_dates_written_as_text_are_no_labels(tmp_path):
    path = tmp_path / "dates.csv"
    days = [f"2026-03-{1 + k % 10:02d}" for k in range(40)]
    pd.DataFrame({"seen": days, "y": np.arange(40.0)}).to_csv(path, index=False)
    with pytest.raises(CommandError, match="Column 'seen' holds dates: turn it into numbers"):
        select(read_table(path), targets=["y"], task=None, group=None, ignore=[], source="dates.csv")
