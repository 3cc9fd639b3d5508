"""A library that many share: the index of folders in Lance tables, on object storage or a disk."""
