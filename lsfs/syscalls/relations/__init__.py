"""What ``group_by``, ``join``, ``aggregate`` and ``extract`` share: groups, keys and fields."""
