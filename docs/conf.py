"""Configuration of the site; `make docs` builds it, and contributing.md says what it checks."""

from __future__ import annotations

import sys
from pathlib import Path

import skmtl

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE / "_ext"))

project = "skmtl"
author = "The skmtl developers"
copyright = f"2026, {author}"
version = release = skmtl.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "numpydoc",
    "myst_parser",
    "sphinx_design",
    "sphinx_gallery.gen_gallery",
    "api_pages",
    "model_pictures",
    "plain_docstrings",
    "repository_links",
]
exclude_patterns = ["_build"]
templates_path = ["_templates"]
# `name` in a docstring is a link where the name is known, and code where it is not.
default_role = "py:obj"
nitpicky = False
# Tables of benchmarks are included as the scripts print them, from the third level of headings on.
suppress_warnings = ["myst.header"]

# Markdown: formulas between dollars, directives between colons, an anchor at every heading.
myst_enable_extensions = ["dollarmath", "colon_fence", "deflist"]
myst_heading_anchors = 3
myst_dmath_double_inline = True
# Quotes and primes in formulas stay what they are.
smartquotes = False

# API reference: one page a name, written by api_pages from each package's __all__.
autosummary_generate = True
autosummary_ignore_module_all = False
autodoc_typehints = "none"
autodoc_member_order = "bysource"
numpydoc_show_class_members = False
numpydoc_use_plots = False
add_module_names = False
toc_object_entries_show_parents = "hide"
python_use_unqualified_type_names = True

# Examples are run: a figure or a number on the site was made by the code beside it.
sphinx_gallery_conf = {
    "examples_dirs": "../examples",
    "gallery_dirs": "auto_examples",
    "filename_pattern": r"/plot_",
    "plot_gallery": "True",
    "abort_on_example_error": False,
    "only_warn_on_example_error": False,
    "doc_module": ("skmtl",),
    "backreferences_dir": "api/generated/backreferences",
    "reference_url": {"skmtl": None},
    "junit": "../examples.xml",
    "download_all_examples": False,
    "show_memory": False,
    "remove_config_comments": True,
    "min_reported_time": 0,
    "show_signature": False,
    "image_srcset": ["2x"],
    "within_subsection_order": "FileNameSortKey",
    "capture_repr": (),
}

html_theme = "pydata_sphinx_theme"
html_title = "skmtl"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False
html_theme_options = {
    "navbar_align": "left",
    "header_links_before_dropdown": 8,
    "show_toc_level": 2,
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": [],
    "search_as_you_type": False,
    "show_prev_next": False,
}
html_sidebars = {"index": []}
