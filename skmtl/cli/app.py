"""The commands, thin: options in, `compare` called, results out."""

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
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="A .csv, .csv.gz or .parquet file.")],
    targets: Annotated[
        str,
        typer.Option(
            metavar="A,B,C",
            help="Columns to predict: numbers, or two labels (0 and 1, yes and no). Empty cells stay empty.",
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
    cv: Annotated[int, typer.Option(help="Number of folds.")] = 5,
    seed: Annotated[int, typer.Option(help="Seed of the folds.")] = 0,
    jobs: Annotated[int | None, typer.Option(help="Processes at work. [default: one per processor]")] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write scores.csv and predictions.csv to this directory.")
    ] = None,
) -> None:
    """Compare models that share between outcomes with models that do not.

    All columns of TABLE that are not named in an option are features; missing numbers are imputed, labels one-hot
    encoded, inside each fold. Every model is fitted and tested on the same folds. The table shows, outcome by outcome,
    the error of each and how much of the error of separate models sharing saves; the lines below it say where
    that is more than chance.
    """
    from skmtl.cli import features, files, show
    from skmtl.cli.errors import CommandError, sentences
    from skmtl.cli.table import read_table, select, split_names
    from skmtl.model_selection import compare
    from skmtl.model_selection._compare_candidates import check_name

    with sentences():
        names = split_names(targets, "--targets")
        ignored = split_names(ignore, "--ignore")
        chosen = split_names(models, "--models") or None
        for name in chosen or []:
            check_name(name)
        if cv < 2:
            raise CommandError(f"--cv is {cv}: give at least 2 folds.")
        if seed < 0:
            raise CommandError(f"--seed is {seed}: give 0 or more.")
        _check_jobs(jobs)
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
                cv=cv,
                preprocessor=features.make_preprocessor(study.X),
                n_jobs=-1 if jobs is None else jobs,
                random_state=seed,
                progress=step,
            )
        where = f"{len(frame)} rows, {study.X.shape[1]} features"
        show.show(found, f"{table.name}: {where}" + (f", {names[0]} by {task}" if task else ""))
        if out is not None:
            written = files.write_results(out, found)
            typer.echo(f"\nWritten: {', '.join(map(str, written))}")


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


def _check_jobs(jobs: int | None) -> None:
    from skmtl.cli.errors import CommandError

    if jobs is not None and jobs < 1:
        raise CommandError(f"--jobs is {jobs}: give at least 1.")
