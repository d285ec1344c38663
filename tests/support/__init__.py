"""What tests of several folders share: waiting, git, a home of their own, trees, the command, models."""
