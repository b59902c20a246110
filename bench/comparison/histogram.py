# SPDX-License-Identifier: MIT
# histogram.py: how long requests took, in buckets that can be added up.
import collections

BITS = 5  # a bucket is 1/32 of a power of two wide, or narrower
QUANTILES = (("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p999", 0.999))


def lower_bound(ns):
    """Of the bucket that a time falls into."""
    shift = max(ns.bit_length() - BITS - 1, 0)
    return ns >> shift << shift


def of_samples(samples):
    return collections.Counter(lower_bound(ns) for ns in samples)


def of_pairs(pairs):
    """Of times and how many took as long."""
    total = collections.Counter()
    for ns, count in pairs:
        total[lower_bound(ns)] += count
    return total


def merged(histograms):
    total = collections.Counter()
    for one in histograms:
        total.update(one)
    return total


def quantiles(histogram):
    """Name -> ns, and the count of samples."""
    count = sum(histogram.values())
    found, seen, wanted = {"count": count}, 0, list(QUANTILES)
    for bound in sorted(histogram):
        seen += histogram[bound]
        while wanted and seen >= wanted[0][1] * count:
            found[wanted.pop(0)[0]] = bound
    return found
