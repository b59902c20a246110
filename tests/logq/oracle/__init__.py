# SPDX-License-Identifier: MIT
# __init__.py: a second, slow and plain reading of what logq's answers mean, to compare answers with.
