"""The Model Context Protocol over HTTP, for clients of this machine that have the token."""
