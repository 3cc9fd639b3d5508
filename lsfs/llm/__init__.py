"""The language model: engine, evidence, grounding."""
