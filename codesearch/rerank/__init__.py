"""The reranker: a transformer compares the best candidates with the query, and its vectors are cached."""
