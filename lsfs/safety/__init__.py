"""What a caller may do, and what is noted of it: grants, locks, links, the audit log, trust.

Leaves, which :mod:`lsfs.syscalls.gate` puts together; docs/security.md says against whom.
"""
