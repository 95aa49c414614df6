"""What every watchdog promises (hal/ports.py, Watchdog). Bench: `watchdog`."""


def test_it_may_be_fed_any_number_of_times(bench):
    for _ in range(100):
        assert bench.watchdog.feed() is None
