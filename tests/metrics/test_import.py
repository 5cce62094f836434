"""Importing the metrics loads nothing that scikit-learn's metrics do not load themselves."""

import subprocess
import sys


def test_no_other_package_is_loaded():
    code = (
        "import sys, numpy.typing, scipy.sparse, sklearn.metrics; before = set(sys.modules); import skmtl.metrics; "
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before} - set(sys.stdlib_module_names)))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert out.strip() == "['skmtl']"
