"""A volatility at a strike is read off the curve: on the line between two strikes, and level beyond the last ones."""

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.domain.market.curve import Curve
from tests.fakes import START

points = st.lists(
    st.tuples(st.integers(1, 200), st.floats(0.01, 3.0)), min_size=1, max_size=12, unique_by=lambda point: point[0]
)


@given(points, st.floats(0.5, 210.0))
def test_it_is_the_linear_one_between_and_that_of_the_ends_outside(points, strike):
    strikes, volatilities = zip(*sorted((float(strike), volatility) for strike, volatility in points), strict=True)
    curve = Curve(
        root="SPXW",
        underlying="SPX",
        expires_on=START.date(),
        ends_at=START + timedelta(hours=5),
        forward=100.0,
        expected_move=1.0,
        strikes=strikes,
        volatilities=volatilities,
    )
    for asked in (strike, *strikes):
        assert curve.volatility(asked) == pytest.approx(np.interp(asked, strikes, volatilities), abs=1e-12)
