"""Which sentences of texts make their summary, and a model's wording of them."""
