# SPDX-License-Identifier: MIT
# __init__.py: a second and plain reading of what logq's answers mean, to compare with.
