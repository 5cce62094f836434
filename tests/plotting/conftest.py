"""No window, and no figure left open."""

import pytest

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture(autouse=True)
def close_figures():
    """Close what a test drew."""
    yield
    import matplotlib.pyplot as plt

    plt.close("all")
