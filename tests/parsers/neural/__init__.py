"""The page model, on sizes that build and run in a moment; real weights are not used."""

import pytest

pytest.importorskip("torch", reason="the extra neural is not installed: NEURAL=1 make setup")
