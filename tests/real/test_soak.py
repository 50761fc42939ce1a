"""A short soak in every run; `python -m bench.soak` is the long one."""

from bench.soak import soak

CYCLES = 500
MINUTES = 0.1


def test_the_service_goes_back_to_where_it_was() -> None:
    soaked = soak(CYCLES, MINUTES)
    assert soaked.failed == 0
    assert soaked.traffic_bytes > 0
    assert soaked.after_cycles.is_back_at(soaked.before), soaked
    assert soaked.after_traffic.is_back_at(soaked.before), soaked
