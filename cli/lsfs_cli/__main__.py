"""``python -m lsfs_cli`` is ``lsfs``."""

from lsfs_cli.main import command

command()
