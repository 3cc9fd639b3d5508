"""Reads pages with muGAT or Nougat, where torch and converted weights are there.

The code needs the extra ``neural``. The published weights of both models are licensed CC-BY-NC 4.0
(no commercial use); lsfs neither brings nor fetches them. Whoever has them makes a folder of them
with ``python -m lsfs_parsers.neural.convert`` and names it in the setting ``index.neural``.

muGAT: Quattrini et al. 2024, "muGAT: Improving Single-Page Document Parsing by Providing Multi-Page
Context". Nougat: Blecher et al. 2023, arXiv:2308.13418.
"""
