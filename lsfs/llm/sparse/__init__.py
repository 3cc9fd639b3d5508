"""Reading only the parts of kept attention states that a question needs."""
