# SPDX-License-Identifier: MIT
# requests.py: what the server answers to its requests beyond the query itself.
from . import engine, filters, timestamps

DAY = 86400 * timestamps.SECOND


def select(text, rows, now=0, start=None, end=None):
    """(query, rows) with what `start` and `end` let through; both as written in a request."""
    query = engine.read_query(text, now)
    if start is None and end is None:
        return query, rows
    first = timestamps.bound(start, now) if start is not None else None
    last = timestamps.bound(end, now) if end is not None else None
    within = filters.time_between(first, last)
    return query, [row for row in rows if within(row)]


def newest_first(rows):
    """Time descending, then file ascending, then line descending; those without time last."""
    return sorted(rows, key=lambda row: (row.time is None, -(row.time or 0), row.file, -row.line))


def newest(answer, count):
    """The answer with the argument `limit` of a request."""
    if answer.has_time and not answer.ordered:
        answer.rows = newest_first(answer.rows)[:count]
        answer.ordered = True
        return answer
    return engine.limit_rows(answer, count)


def hits(rows, step=DAY, fields=(), fields_limit=None):
    """Group of field values -> (time of a bucket -> count); the key None for what is beyond the
    limit of groups."""
    groups = {}
    for row in rows:
        if row.time is None:
            continue
        key = tuple(row.fields.get(field, b"") for field in fields)
        bucket = timestamps.format_time(row.time // step * step)
        buckets = groups.setdefault(key, {})
        buckets[bucket] = buckets.get(bucket, 0) + 1
    if fields_limit is not None and len(groups) > fields_limit:
        ranked = sorted(groups, key=lambda key: -sum(groups[key].values()))
        rest = {}
        for key in ranked[fields_limit:]:
            for bucket, count in groups.pop(key).items():
                rest[bucket] = rest.get(bucket, 0) + count
        groups[None] = rest
    return groups


def field_names(rows):
    """Name -> in how many rows it has a value."""
    counts = {}
    for row in rows:
        for name in row.fields:
            counts[name] = counts.get(name, 0) + 1
    return counts


def field_values(rows, field):
    """Value -> how many rows have it."""
    counts = {}
    for row in rows:
        value = row.fields.get(field, b"")
        if value:
            counts[value] = counts.get(value, 0) + 1
    return counts
