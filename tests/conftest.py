"""What holds for every test."""

import os

# No test reads or fills the tester's own cache of vectors, nor does one find what another has made. Those that are
# about it, and those that run in a home of their own, use it there.
os.environ["CODESEARCH_CACHE"] = "false"
