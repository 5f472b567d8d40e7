"""Where the time of a step goes."""

from bench.cases import case, images
from bench.ours import ARITHMETIC, cost


def test_the_parts_of_a_step_are_shares_of_it_without_convolutions_and_products():
    shares = cost(case("lenet"), images(None, None, False), 1)

    assert 0 < shares["outside"] < 1
    assert {"max_pool2d_with_indices", "_fused_adamw_"} <= set(shares)
    assert not ARITHMETIC & set(shares)
    assert all(0 <= share < 1 for share in shares.values())
