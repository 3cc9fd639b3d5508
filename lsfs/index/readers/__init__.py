"""From a file to what is stored of it: read in a process that can be killed, cut, dated."""
