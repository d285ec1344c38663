"""What `codesearch doctor` examines: one module per part of the installation, each check bounded in time."""
