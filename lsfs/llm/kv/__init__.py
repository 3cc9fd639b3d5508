"""Attention states (KV) as data: read from a model, kept on the disk, checked, put together."""
