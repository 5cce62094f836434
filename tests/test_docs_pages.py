"""The pages of the site: their examples run, and their tables say what the code says."""

from __future__ import annotations

import ast
import functools
import importlib.util
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"


def load(path):
    spec = importlib.util.spec_from_file_location(f"docs_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


doctests = load(DOCS / "run_doctests.py")
api_pages = load(DOCS / "_ext" / "api_pages.py")
repository_links = load(DOCS / "_ext" / "repository_links.py")
plain_docstrings = load(DOCS / "_ext" / "plain_docstrings.py")
check_site = load(DOCS / "check_site.py")


def pages():
    return [pytest.param(page, id=page.relative_to(DOCS).as_posix()) for page in doctests.pages()]


# -- examples -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("page", pages())
def test_examples_of_the_page_run(page):
    assert doctests.run(page).failed == 0


@pytest.mark.parametrize("page", pages())
def test_no_python_on_the_page_goes_untested(page):
    assert doctests.without_prompts(page) == []


def test_a_fence_is_not_output_and_a_wrong_answer_is_seen(tmp_path, capsys):
    page = tmp_path / "page.md"
    page.write_text("Text\n\n```pycon\n>>> 1 + 1\n2\n```\n\n```python\nx = 1\n```\n", encoding="utf-8")
    assert doctests.run(page) == (0, 1)
    assert doctests.without_prompts(page) == ["x = 1"]
    page.write_text("```pycon\n>>> 1 + 1\n3\n```\n", encoding="utf-8")
    assert doctests.run(page).failed == 1
    assert "Expected:\n    3\n" in capsys.readouterr().out
    page.write_text("```pycon\n>>> import warnings; warnings.warn('x')\n```\n", encoding="utf-8")
    assert doctests.run(page).failed == 1


# -- the API reference --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "package"), list(api_pages.packages().items()))
def test_every_public_name_has_an_entry(name, package):
    page = api_pages.package_page(name, package)
    listed = re.findall(r"^   (\w+)$", page, re.M) + re.findall(r"^\.\. py:data:: (\w+)$", page, re.M)
    assert sorted(listed) == sorted(package.__all__)


def test_every_package_with_public_names_is_in_the_reference():
    found = {
        f"skmtl.{path.parent.name}"
        for path in (ROOT / "skmtl").glob("[a-z]*/__init__.py")
        if "__all__" in path.read_text()
    } | {"skmtl.exceptions"}
    assert set(api_pages.packages()) == found


# -- docstrings as reStructuredText -------------------------------------------------------------------


def to_rst(text):
    return "\n".join(plain_docstrings.to_rst(text.split("\n")))


def test_characters_of_formulas_mean_themselves():
    assert to_rst("Sum |w_jt| of coef_ * 2, `coef_`, ``a|b_``.") == r"Sum \|w_jt\| of coef\_ \* 2, `coef_`, ``a|b_``."


def test_an_indented_paragraph_is_a_formula():
    lines = to_rst("Minimise\n\n    |w|\n      + b,\n\nwith b.").split("\n")
    assert lines == [
        "Minimise",
        "",
        ".. code-block:: none",
        "    :class: formula",
        "",
        "    |w|",
        "      + b,",
        "",
        "with b.",
    ]


def test_directives_stay():
    text = "Mean of\n\n.. math::\n\n    a_* |b_|\n\n    c_\n\nand "
    assert to_rst(text + "d_.") == text + r"d\_."


def test_parameters_lists_and_examples_stay():
    text = (
        "Words.\n\n- item\n\n  more of it\n\nParameters\n----------\ncoef_, b_ : array\n    Text of b_.\n\n"
        "Examples\n--------\n>>> a_ = [1]\n>>> a_ | b"
    )
    assert to_rst(text) == text.replace("Text of b_", r"Text of b\_")


# -- warnings -----------------------------------------------------------------------------------------

# Messages that are made elsewhere: from what a fold lacks, what a metric is undefined for, what scikit-learn said.
MADE_ELSEWHERE = {"_splits/kfold.py": 1, "metrics/_evaluate.py": 1}


def constants(node):
    """The fixed parts of a string, or of a formatted one."""
    return [n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)]


@functools.cache
def trees():
    paths = sorted((ROOT / "skmtl").rglob("*.py"))
    return [(p.relative_to(ROOT / "skmtl").as_posix(), ast.parse(p.read_text(encoding="utf-8"))) for p in paths]


@functools.cache
def all_constants():
    return [text for _, tree in trees() for text in constants(tree)]


def warnings_of(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "warnings.warn":
            yield node.args[0]


def phrases():
    """What the tables of warnings quote."""
    section = (DOCS / "solvers.md").read_text(encoding="utf-8").split("## Warnings")[1].split("## Errors")[0]
    return re.findall(r"^\| `([^`]+)` \|", section, re.M)


def test_the_tables_have_every_warning_of_the_code():
    known, unknown, elsewhere = phrases(), [], {}
    for path, tree in trees():
        for message in warnings_of(tree):
            text = " ".join(constants(message))
            if isinstance(message, ast.Name | ast.Call):
                elsewhere[path] = elsewhere.get(path, 0) + 1
            elif text.strip(" :of") and not any(phrase in text for phrase in known):
                unknown.append((path, text))
    assert unknown == []
    assert elsewhere == MADE_ELSEWHERE


@pytest.mark.parametrize("phrase", phrases())
def test_every_warning_of_the_tables_is_in_the_code(phrase):
    assert any(phrase in text for text in all_constants())


# -- what else pages say of the repository ------------------------------------------------------------


def test_every_extra_is_on_the_page_of_installation():
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    rows = re.findall(r"^\| (`.+?) \|", (DOCS / "install.md").read_text(encoding="utf-8"), re.M)
    assert sorted(name for row in rows for name in re.findall(r"`([\w-]+)`", row)) == sorted(extras)


def test_every_make_target_named_exists():
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))
    for page in doctests.pages():
        named = re.findall(r"(?:`|^)make ([\w-]+)", page.read_text(encoding="utf-8"), re.M)
        assert set(named) <= targets, page.name


# -- links --------------------------------------------------------------------------------------------


def test_links_between_files_become_links_between_pages():
    def turned(text, read_from, page):
        return repository_links.to_pages(text, ROOT / read_from, ROOT / page)

    # From a page, to a file that is included elsewhere; to another page; to the web.
    assert turned("[a](../benchmarks/README.md#x)", "docs", "docs/speed.md") == "[a](benchmarks/commands.md#x)"
    assert turned("[a](speed.md#x), [b](#y)", "docs", "docs/design.md") == "[a](speed.md#x), [b](#y)"
    assert turned("[a](https://example.org/)", "benchmarks", "docs/benchmarks/peers.md") == "[a](https://example.org/)"
    # From an included file: as it lies there, told from the page.
    assert turned("[a](docs/speed.md)", ".", "docs/contributing.md") == "[a](speed.md)"
    assert turned("[a](results.md)", "benchmarks/peers", "docs/benchmarks/commands.md") == "[a](peers.md)"


def test_fences_without_a_language_are_text():
    text = "```\n1\n```\n\n```python\nx\n```\n\n```\n2\n```"
    assert repository_links.name_fences(text) == text.replace("```\n1", "```text\n1").replace("```\n2", "```text\n2")


@pytest.mark.parametrize("file", repository_links.PAGES)
def test_included_files_are_included_where_links_say(file):
    page = DOCS / repository_links.PAGES[file]
    includes = re.findall(r"^```\{include\} (\S+)$", page.read_text(encoding="utf-8"), re.M)
    assert [(page.parent / path).resolve() for path in includes] == [ROOT / file]


def test_broken_links_and_anchors_are_found(tmp_path):
    (tmp_path / "a.html").write_text('<a href="b.html#x">1</a><a href="b.html#y">2</a><a href="c.html">3</a>')
    (tmp_path / "b.html").write_text('<p id="x"><a href="#x">4</a><a href="https://example.org/#z">5</a>')
    broken, n_pages, n_links = check_site.broken_links(tmp_path)
    assert broken == ["a.html: b.html#y has no such anchor.", "a.html: c.html is not there."]
    assert (n_pages, n_links) == (2, 4)


def test_examples_are_counted(tmp_path):
    record = tmp_path / "examples.xml"
    assert check_site.executed(record) == (0, 0)
    record.write_text('<testsuite tests="5" failures="1" skipped="2"><testcase name="a"/></testsuite>')
    assert check_site.executed(record) == (3, 1)


def test_warnings_of_examples_are_found(tmp_path):
    page = tmp_path / "auto_examples" / "plot_a.html"
    page.parent.mkdir()
    page.write_text('<p>ConvergenceWarning</p><div class="sphx-glr-script-out"><pre>x: UserWarning: no</pre></div>')
    assert check_site.warned(tmp_path) == ["plot_a printed a UserWarning."]
