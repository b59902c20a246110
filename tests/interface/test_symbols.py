#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# test_symbols.py: the comparison of headers, map and library finds each kind of difference.
import unittest

import declarations
import symbols

NM = ("0000000000001040 T spg_yield@@SPARGIO_0\n"
      "0000000000000000 A SPARGIO_0\n"
      "0000000000001050 T spg_join@@SPARGIO_0\n")
DECLARED = {"spg_yield": "spargio/task.h", "spg_join": "spargio/task.h"}


class Symbols(unittest.TestCase):
    def setUp(self):
        self.mapped = symbols.map_names(symbols.map_text(DECLARED))
        self.exported = symbols.library_names(NM)

    def test_alike_is_alike(self):
        self.assertEqual(symbols.differences(DECLARED, self.mapped, self.exported), [])

    def test_each_difference_is_found(self):
        for what, spoil in [
                ("spg_new is declared", lambda d, m, e: d.update(spg_new="spargio/task.h")),
                ("no header declares", lambda d, m, e: d.pop("spg_join")),
                ("does not define it", lambda d, m, e: e.pop("spg_join")),
                ("the library exports spgi_x", lambda d, m, e: e.update(spgi_x="SPARGIO_0")),
                ("has the version ''", lambda d, m, e: e.update(spg_join="")),
                ("the node SPARGIO_1", lambda d, m, e: m.update(SPARGIO_1=set()))]:
            with self.subTest(what=what):
                declared, mapped, exported = dict(DECLARED), dict(self.mapped), dict(self.exported)
                spoil(declared, mapped, exported)
                wrong = symbols.differences(declared, mapped, exported)
                self.assertEqual(len(wrong), 1, wrong)
                self.assertIn(what, wrong[0])

    def test_declarations_are_read_as_written(self):
        code = declarations.code_of("// SPG_API int a(void);\n#define SPG_API x\n"
                                    "SPG_API SPG_SUSPENDS\nint spg_b(int c);\n")
        self.assertNotIn("int a", code)
        self.assertNotIn("define", code)
        self.assertEqual(code.count("\n"), 4)


if __name__ == "__main__":
    unittest.main()
