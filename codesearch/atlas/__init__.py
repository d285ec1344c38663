"""The tree seen as a whole, by its vectors: related code, clusters, a map, code that is written twice."""
