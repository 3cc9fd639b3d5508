"""Papers in other words, names and numbers than those that the joins were tuned on."""

from benchmarks.joins_set import Wording

WORDING = Wording()
