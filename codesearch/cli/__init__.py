"""The command `codesearch`: parse arguments, call the library, print. Importing this package imports nothing else."""
