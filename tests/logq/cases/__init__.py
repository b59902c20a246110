# SPDX-License-Identifier: MIT
# __init__.py: what the tests of whole answers are made of: files, queries, comparison, a client.
