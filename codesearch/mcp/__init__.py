"""The server for coding agents: the Model Context Protocol over standard streams, answered by the service of a root."""
