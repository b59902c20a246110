# SPDX-License-Identifier: MIT
# __init__.py: the parts of bench/compare.
