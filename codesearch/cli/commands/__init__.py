"""The commands: each module parses the arguments of one command, calls the library and prints the result."""
