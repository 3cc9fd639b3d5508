"""Models at work: llama.cpp in this process, or a server, and the memory that they are in."""
