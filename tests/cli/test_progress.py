"""The progress of a long update in the log of a CI job."""

from pathlib import Path

import pytest

from codesearch.cli.ui.progress import LINE_EVERY, Reporter
from codesearch.indexing.request import Progress


def test_a_log_hears_now_and_then_how_far_it_is(capsys):
    reporter = Reporter(Path("/big"), first=True)
    for second in range(1, 41):
        share = second / 40
        reporter.progress(
            Progress(int(8000 * share), 8000, int(200e6 * share), 200_000_000, int(90_000 * share), float(second))
        )
    lines = capsys.readouterr().err.splitlines()
    assert LINE_EVERY == 15
    assert lines == [
        "codesearch: indexing /big (8,000 files)",
        "codesearch: 3,000 of 8,000 files, 33,750 symbols, 75.0 of 200.0 MB, 5.0 MB/s, about 25 s left",
        "codesearch: 6,000 of 8,000 files, 67,500 symbols, 150.0 of 200.0 MB, 5.0 MB/s, about 10 s left",
    ]
    quiet = Reporter(Path("/big"), first=True, quiet=True)
    quiet.progress(Progress(1, 8, 1, 8, 1, 60.0))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.4, "0 s"), (99, "99 s"), (100, "2 min"), (5_000, "83 min"), (12_600, "3.5 h"), (18_055_346, "209 days")],
)
def test_the_time_that_is_left_is_in_a_unit_that_people_use(capsys, seconds, said):
    reporter = Reporter(Path("/big"), first=True)
    reporter.progress(Progress(1, 8, 100, 200, 1, 0.5))
    reporter.progress(Progress(1, 8, 100, 200, 1, LINE_EVERY + 0.5))
    capsys.readouterr()
    rate = 1e6
    reporter.progress(Progress(1, 8, int(rate * 1000), int(rate * (1000 + seconds)), 1, 1000.0))
    assert capsys.readouterr().err.endswith(f"about {said} left\n")
