"""A copy of a small library: call something again until it works."""

import random
import time


def exponential(base=2.0, factor=1.0, most=60.0):
    """Yield delays in seconds, each `base` times the one before."""
    delay = factor
    while True:
        yield min(delay, most)
        delay *= base


def retry(function, exceptions, attempts=5, sleep=time.sleep):
    """Call a function again after a growing delay while it raises one of the exceptions."""
    delays = exponential()
    for attempt in range(1, attempts + 1):
        try:
            return function()
        except exceptions:
            if attempt == attempts:
                raise
            sleep(next(delays) * random.random())
