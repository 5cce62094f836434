"""Every penalty in every form of the data, and every loss under penalties of every sort, against cvxpy."""

import cases
import oracle_table
import pytest


@pytest.mark.parametrize("form", oracle_table.FORMS)
@pytest.mark.parametrize("loss", oracle_table.LOSSES)
def test_every_penalty(penalty_case, loss, form):
    assert oracle_table.difference(penalty_case, loss, form) <= 1e-6


@pytest.mark.parametrize("form", oracle_table.FORMS)
@pytest.mark.parametrize("name", oracle_table.SOME_PENALTIES)
def test_every_loss(loss_case, name, form):
    assert oracle_table.difference(cases.PENALTY[name], loss_case.id, form) <= 1e-6
