"""What finds: catalog, passages, vectors, search, time phrases."""
