"""The commands, thin: options in, the work called, results out."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

import skmtl

# What needs scikit-learn is imported inside the commands, so that --help and --version answer at once.

app = typer.Typer(
    name="skmtl",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)


class _CompareCommand(TyperCommand):
    """A command whose help ends with the models it knows."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """Write the models and what they do."""
        from skmtl.model_selection._compare_candidates import MODELS

        with formatter.section("Models"):
            formatter.write_dl([(name, model.meaning) for name, model in MODELS.items()])


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"skmtl {skmtl.__version__}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """Multi-task learning for tables: several related outcomes, many of them missing."""


@app.command("compare", cls=_CompareCommand, short_help="Which outcomes of a table gain from sharing, and which lose.")
def compare_command(
    context: typer.Context,
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")],
    targets: Annotated[
        str,
        typer.Option(
            metavar="A,B,C",
            help="Columns to predict: numbers, or labels (0 and 1, yes and no). Empty cells stay empty.",
        ),
    ],
    task: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Place of each row (hospital, school), with a single target.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Whose rows stay in one fold (patient). Not a feature.")
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(metavar="D,E", help="Columns that are not features: ids, later outcomes.")
    ] = None,
    models: Annotated[
        str | None, typer.Option(metavar="M,N", help="Models to compare, from the list below. [default: what fits]")
    ] = None,
    baseline: Annotated[
        str, typer.Option(metavar="MODEL", help="What gains are measured against, from the list below.")
    ] = "independent",
    cv: Annotated[int, typer.Option(help="Number of folds.")] = 5,
    repeats: Annotated[int, typer.Option(help="How often rows are divided into folds anew.")] = 1,
    interval: Annotated[
        str, typer.Option(metavar="KIND", help="Intervals: bootstrap (of patients) or corrected_t (of folds).")
    ] = "bootstrap",
    adjust: Annotated[
        str, typer.Option(metavar="KIND", help="For the number of gains: holm, fdr_bh or none.")
    ] = "holm",
    seed: Annotated[int, typer.Option(help="Seed of the folds.")] = 0,
    jobs: Annotated[int | None, typer.Option(help="Processes at work. [default: one per processor]")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write scores.csv and predictions.csv to this directory.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option(metavar="FILE.html", help="Write one page about it, with figures, for a browser.")
    ] = None,
) -> None:
    """Compare models that share between outcomes with models that do not.

    All columns of TABLE that are not named in an option are features; missing numbers are imputed, labels one-hot
    encoded, inside each fold. Every model is fitted and tested on the same folds. The first table shows the error of
    each, outcome by outcome; the second how much of the error of separate models sharing saves, with an interval and
    a verdict: helped, hurt or no evidence; the third the mean over outcomes.
    """
    from skmtl.cli import features, files, show
    from skmtl.cli.errors import CommandError, sentences
    from skmtl.cli.report import check_report, typed, write_report
    from skmtl.cli.table import read_table, select, split_names
    from skmtl.model_selection import RepeatedMultiTaskKFold, compare
    from skmtl.model_selection._compare_candidates import check_name

    with sentences():
        names = split_names(targets, "--targets")
        ignored = split_names(ignore, "--ignore")
        chosen = split_names(models, "--models") or None
        for name in [*(chosen or []), baseline]:
            check_name(name)
        _check_choice("--interval", interval, ("bootstrap", "corrected_t"))
        _check_choice("--adjust", adjust, ("holm", "fdr_bh", "none"))
        if cv < 2:
            raise CommandError(f"--cv is {cv}: give at least 2 folds.")
        if repeats < 1:
            raise CommandError(f"--repeats is {repeats}: give at least 1.")
        if seed < 0:
            raise CommandError(f"--seed is {seed}: give 0 or more.")
        _check_jobs(jobs)
        if report is not None:
            check_report(report)
        frame = read_table(table)
        study = select(frame, table.name, targets=names, task=task, group=group, ignore=ignored)
        if out is not None:
            files.check_directory(out)
        with show.warnings_as_lines(), show.progress_bar("Comparing") as step:
            found = compare(
                study.X,
                study.Y,
                chosen,
                task=study.task,
                groups=study.groups,
                cv=cv if repeats == 1 else RepeatedMultiTaskKFold(cv, n_repeats=repeats, random_state=seed),
                baseline=baseline,
                preprocessor=features.make_preprocessor(study.X),
                n_jobs=-1 if jobs is None else jobs,
                random_state=seed,
                progress=step,
                return_estimator=report is not None,
            )
        where = f"{len(frame)} rows, {study.X.shape[1]} features"
        options: dict[str, Any] = {"interval": interval, "adjust": None if adjust == "none" else adjust}
        show.show(found, f"{table.name}: {where}" + (f", {names[0]} by {task}" if task else ""), **options)
        if out is not None:
            written = files.write_results(out, found)
            typer.echo(f"\nWritten: {', '.join(map(str, written))}")
        if report is not None:
            write_report(report, found, table.name, typed(context), **options)
            typer.echo(f"\nWritten: {report}")


@app.command("fit", cls=_CompareCommand, short_help="Fit a model to a whole table and save it.")
def fit_command(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")],
    targets: Annotated[str, typer.Option(metavar="A,B,C", help="Columns to predict. Empty cells stay empty.")],
    model: Annotated[str, typer.Option(metavar="MODEL", help="A model from the list below.")],
    save: Annotated[Path, typer.Option(metavar="FILE", help="Where the model goes: a name ending in .skops.")],
    task: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Place of each row (hospital, school), with a single target.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Whose rows stay in one fold (patient). Not a feature.")
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(metavar="D,E", help="Columns that are not features: ids, later outcomes.")
    ] = None,
) -> None:
    """Fit a model, its strength chosen by cross-validation, to all rows of TABLE, and save it with skops.

    The preparation of the features is saved with it: `skmtl predict` takes tables as they are.
    """
    from skmtl.cli import fit, show, store
    from skmtl.cli.errors import sentences
    from skmtl.cli.table import read_table, select, split_names
    from skmtl.model_selection._compare_candidates import check_name

    with sentences():
        names = split_names(targets, "--targets")
        ignored = split_names(ignore, "--ignore")
        check_name(model)
        store.check_file(save)
        frame = read_table(table)
        study = select(frame, table.name, targets=names, task=task, group=group, ignore=ignored)
        with show.warnings_as_lines():
            fitted = fit.fit(study, model, task_column=task)
        store.save(save, fitted)
        typer.echo(fit.describe(fitted, f"{table.name}: {len(frame)} rows, {study.X.shape[1]} features"))
        typer.echo(f"\nWritten: {save}")


@app.command("predict", short_help="Predict the outcomes of a table with a saved model.")
def predict_command(
    model: Annotated[Path, typer.Argument(metavar="MODEL.skops", help="A file that `skmtl fit` wrote.")],
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a .csv file. [default: print to the terminal]")
    ] = None,
) -> None:
    """Predict every row of TABLE, in its order: numbers, and for classes a probability each.

    TABLE needs the features the model was fitted on, and nothing else; other columns are named and left out.
    """
    from skmtl.cli import files, predict, show, store
    from skmtl.cli.errors import sentences
    from skmtl.cli.table import read_table

    with sentences():
        if out is not None:
            files.check_file(out, "--out")
        fitted = store.load(model)
        with show.warnings_as_lines():
            frame = read_table(table, text=predict.label_columns(fitted))
            predictions = predict.predict(fitted, frame, table.name)
        if out is None:
            typer.echo(predictions.to_csv(index=False), nl=False)
        else:
            files.write_frame(out, predictions)
            typer.echo(f"Written: {out} ({len(predictions)} rows)")


@app.command("audit", short_help="Which outcomes are missing, together or alone, and whether the features tell.")
def audit_command(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")],
    targets: Annotated[str, typer.Option(metavar="A,B,C", help="Columns whose empty cells are looked at.")],
    task: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Place of each row (hospital, school), with a single target.")
    ] = None,
    group: Annotated[
        str | None, typer.Option(metavar="COLUMN", help="Whose rows stay in one fold (patient). Not a feature.")
    ] = None,
    ignore: Annotated[
        str | None, typer.Option(metavar="D,E", help="Columns that are not features: ids, later outcomes.")
    ] = None,
    cv: Annotated[int, typer.Option(help="Number of folds.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the folds.")] = 0,
) -> None:
    """Report missing outcomes: how many, which together, and how well features predict that they are missing."""
    from skmtl.cli import show
    from skmtl.cli.audit import audit
    from skmtl.cli.errors import CommandError, sentences
    from skmtl.cli.table import read_table, select, split_names

    with sentences():
        names = split_names(targets, "--targets")
        ignored = split_names(ignore, "--ignore")
        if cv < 2:
            raise CommandError(f"--cv is {cv}: give at least 2 folds.")
        if seed < 0:
            raise CommandError(f"--seed is {seed}: give 0 or more.")
        frame = read_table(table)
        study = select(frame, table.name, targets=names, task=task, group=group, ignore=ignored)
        with show.warnings_as_lines():
            audit(
                study.X,
                study.Y,
                task=study.task,
                groups=study.groups,
                title=f"{table.name}: {len(frame)} rows, {study.X.shape[1]} features",
                cv=cv,
                seed=seed,
            )


@app.command("demo", short_help="The same on diabetes patients that come with scikit-learn.")
def demo_command(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer folds and models: a few seconds.")] = False,
    jobs: Annotated[int | None, typer.Option(help="Processes at work. [default: one per processor]")] = None,
) -> None:
    """Compare on 442 diabetes patients: seven outcomes from age, sex, BMI and blood pressure.

    The data come with scikit-learn. The same models learn from few patients and from all; sharing between outcomes is
    meant for the first, and the lines below each table say whether it helped.
    """
    from skmtl.cli import demo, show
    from skmtl.cli.errors import sentences

    with sentences():
        _check_jobs(jobs)
        typer.echo(demo.INTRODUCTION)
        for setting in demo.settings(quick):
            with show.warnings_as_lines(), show.progress_bar(setting.name) as step:
                found = demo.run(setting, quick=quick, jobs=-1 if jobs is None else jobs, progress=step)
            typer.echo()
            show.show(found, setting.title)


def _check_choice(option: str, given: str, choices: tuple[str, ...]) -> None:
    from skmtl.cli.errors import CommandError

    if given not in choices:
        raise CommandError(f"{option} is {given!r}: give one of {', '.join(choices)}.")


def _check_jobs(jobs: int | None) -> None:
    from skmtl.cli.errors import CommandError

    if jobs is not None and jobs < 1:
        raise CommandError(f"--jobs is {jobs}: give at least 1.")
