# SPDX-License-Identifier: MIT
# variants.py: rows that compute what another row does, in another way, have its name and a suffix.
SUFFIXES = ("_batch64", "_batched", "_free", "_mailbox", "_out", "_pinned", "_scope")
PER_CPU = "_per_cpu"  # with a worker for each CPU, instead of the row's own number


def stem(row):
    """The row that it is a variant of, or itself; variants per CPU stay among themselves."""
    per_cpu = PER_CPU if row.endswith(PER_CPU) else ""
    name = row.removesuffix(PER_CPU)
    while name.endswith(SUFFIXES):
        name = name[:name.rindex("_")]
    return name + per_cpu
