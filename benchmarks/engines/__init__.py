"""Programs that set generated documents as PDF, one module each."""
