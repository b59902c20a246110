#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# test_tidy.py: each house rule bites: a bad sample is found, a good one is left alone.
import os
import tempfile
import unittest

import house
import tidy
from source import Source
from tree import read_tree

PUBLIC = "include/spargio/pipe.h"
CONTRACT = ("// Opens a pipe. Tasks only. Does not suspend.\n// Returns 0; -EPERM outside a task.\n"
            "SPG_API int spg_pipe_open(int *out);\n")
WAITS = ("// Reads. Tasks only. Suspends. Returns bytes read.\n"
         "SPG_API SPG_SUSPENDS int spg_pipe_read(int pipe, spg_time deadline);\n")


def c(text, path="src/core/a.c"):
    return {path: text}


# rule, a tree in which it complains once, a tree like it in which it does not
SAMPLES = [
    ("file-size", c("//\n" * 501), c("//\n" * 500)),
    ("function-size", c("int f(void)\n{\n" + ";\n" * 70 + "}\n"),
     c("int f(void)\n{\n" + ";\n" * 67 + "}\n")),
    ("line-length", c("//" + "x" * 99 + "\n"), c("//" + "x" * 98 + "\n")),
    ("white-space", c("int a; \n"), c("int a;\n")),
    ("white-space", c("\tint a;\n"), c("    int a;\n")),
    ("white-space", c("int a;"), c("int a;\n")),
    ("first-lines", c("int a;\n"),
     c("// SPDX-License-Identifier: MIT\n// a.c: a number.\nint a;\n")),
    ("first-lines", c("// SPDX-License-Identifier: MIT\n// b.c: a number.\n"),
     {"tests/run.py": "#!/usr/bin/env python3\n# SPDX-License-Identifier: MIT\n# run.py: runs.\n"}),
    ("braces", c("int f(int a)\n{\n    if (a)\n        return 1;\n    return 0;\n}\n"),
     c("int f(int a)\n{\n    do {\n        a--;\n    } while (a);\n    return 0;\n}\n")),
    ("braces", c("int f(int a) { if (a) { a++; } else a--; return a; }\n"),
     c("int f(int a) { if (a) { a++; } else if (a > 1) { a--; } return a; }\n")),
    ("braces", c("int f(int a) { for (;;) a++; }\n"), c('char *s = "if (a) b";  // else c\n')),
    ("banned-call", c('void f(char *a) { sprintf(a, "x"); }\n'),
     c('// sprintf(a)\nvoid f(char *a) { snprintf(a, 1, "sprintf(x)"); }\n')),
    ("variable-array", c("void f(int n) { char room[n + 1]; }\n"),
     c("void f(int n) { char room[LIMIT + 1]; room[n] = 0; char b[sizeof(n)]; return b[0]; }\n")),
    ("leftover", c("// TODO: more\n"), c("// This is all there is.\n")),
    ("machine-path", {"scripts/run": "#!/bin/sh\ncd /home/somebody/src\n"},
     {"scripts/run": '#!/bin/sh\ncd "$HOME/src"\n'}),
    ("file-noun", c("", "src/core/util.c"), c("", "src/core/queue.c")),
    ("layers", {"src/base/a.h": '#include "core/b.h"\n', "src/core/b.h": ""},
     {"src/core/b.h": '#include "base/a.h"\n', "src/base/a.h": ""}),
    ("layers", {"src/sys/a.h": "#include <spargio/pipe.h>\n"},
     {"src/core/a.h": "#include <spargio/pipe.h>\n"}),
    ("layers", c('#include "b.h"\n'),
     {"src/core/a.c": '#include "core/b.h"\n', "src/core/b.h": ""}),
    ("layers", c('#include "core/b.h"\n'), c("#include <stdio.h>\n")),
    ("pure-layer", c("#include <unistd.h>\n", "src/base/a.h"),
     c("#include <stdint.h>\n", "src/base/a.h")),
    ("include-cycle",
     {"src/core/a.h": '#include "core/b.h"\n', "src/core/b.h": '#include "core/a.h"\n'},
     {"src/core/a.h": '#include "core/b.h"\n', "src/core/b.h": ""}),
    ("public-only",
     {"apps/logq/a.c": '#include "core/types.h"\n', "src/core/types.h": ""},
     {"apps/logq/a.c": '#include "data/b.h"\n', "apps/logq/data/b.h": ""}),
    ("public-only",
     {"examples/a.c": "#include <core/types.h>\n", "src/core/types.h": ""},
     {"examples/a.c": "#include <spargio/task.h>\n", "include/spargio/task.h": ""}),
    ("public-only", {"bench/a.c": "#include <spargio/tusk.h>\n", "include/spargio/task.h": ""},
     {"bench/a.c": "#include <spargio/task.h>\n", "include/spargio/task.h": ""}),
    ("public-headers", {PUBLIC: '#include "types.h"\n'}, {PUBLIC: "#include <stdint.h>\n"}),
    ("public-headers", {PUBLIC: "int spg_uring_setup;\n"}, {PUBLIC: "// not io_uring\nint a;\n"}),
    ("gate-atomics", c("void f(void) { atomic_store(&a, 1); }\n"),
     c("_Atomic int a;\n", "src/base/atomic.h")),
    ("gate-atomics", c("#define GET(p) __atomic_load_n(p, 5)\n"), c("#define GET(p) load(p)\n")),
    ("gate-atomics", c("#include <stdatomic.h>\n"), c("#include <stdint.h>\n")),
    ("gate-io-uring", c("void f(void) { io_uring_submit(r); }\n"),
     c("void f(void) { io_uring_submit(r); }\n", "src/sys/ring.c")),
    ("gate-thread-local", c("static __thread int a;\n"), c("static int a;  // no __thread\n")),
    ("gate-errno", c("int f(void) { return -errno; }\n"),
     c("#include <errno.h>\nint f(void) { return -EIO; }\n")),
    ("gate-errno", c("int f(void) { return errno; }\n", "apps/logq/a.c"),
     c("int f(void) { return errno; }\n", "tests/unit/a.c")),
    ("gate-switch", c("void f(void) { spgi_ctx_switch(a, b, c); }\n"),
     c("void f(void) { spgi_ctx_switch(a, b, c); }\n", "src/core/fiber.c")),
    ("gate-suspend", c("void f(void) { spgi_fiber_suspend(s); }\n"),
     c("void spgi_fiber_suspend(struct spgi_shard *shard);\n", "src/core/fiber.h")),
    ("gate-memory", c("void *f(void) { return malloc(1); }\n"),
     c("void f(struct ops *ops) { push(&ops->free); ops->free(1); }\n")),
    ("names", c("int turn(void)\n{\n    return 0;\n}\n"),
     c("static int turn(void)\n{\n    return 0;\n}\nint spgi_turn(void) { return 1; }\n")),
    ("names", {PUBLIC: "#define MAX_PIPES 3\n"}, {PUBLIC: "#define SPG_MAX_PIPES 3\n"}),
    ("contract", {PUBLIC: "SPG_API int spg_pipe_open(int *out);\n"}, {PUBLIC: CONTRACT}),
    ("contract", {PUBLIC: CONTRACT.replace("Tasks only. ", "")}, {PUBLIC: CONTRACT}),
    ("contract", {PUBLIC: CONTRACT.replace("Does not suspend.", "")}, {PUBLIC: CONTRACT}),
    ("contract", {PUBLIC: CONTRACT.replace("Returns", "Gives")}, {PUBLIC: CONTRACT}),
    ("suspension-mark", {PUBLIC: WAITS.replace("SPG_SUSPENDS ", "")}, {PUBLIC: WAITS}),
    ("suspension-mark", {PUBLIC: WAITS.replace("Suspends", "Does not suspend")}, {PUBLIC: WAITS}),
    ("suspension-mark", {PUBLIC: WAITS.replace(", spg_time deadline", "")}, {PUBLIC: WAITS}),
    ("tested", {PUBLIC: CONTRACT, "tests/unit/test_pipe.c": "// spg_pipe_open(1)\n"},
     {PUBLIC: CONTRACT, "tests/unit/test_pipe.c": "int a = spg_pipe_open(&b);\n"}),
    ("nouns", {PUBLIC: CONTRACT, "src/api/pipes.c": "", "tests/unit/test_pipe.c": ""},
     {PUBLIC: CONTRACT, "src/api/pipe.c": "", "tests/unit/test_pipe.c": ""}),
    ("nouns", {PUBLIC: CONTRACT, "src/api/pipe.c": "", "tests/unit/pipe.c": ""},
     {PUBLIC: CONTRACT, "src/api/pipe.c": "", "tests/stress/test_pipe.c": ""}),
]


def found(files, rule, rules=None):
    sources = {path: Source(path, text) for path, text in files.items()}
    return [complaint for complaint in tidy.complaints(sources, rules) if complaint.rule == rule]


class Rules(unittest.TestCase):
    def test_each_sample_bites_once(self):
        for rule, bad, _ in SAMPLES:
            with self.subTest(rule=rule, bad=bad):
                complaints = found(bad, rule)
                self.assertEqual(len(complaints), 1, complaints)
                self.assertTrue(complaints[0].what)
                self.assertTrue(complaints[0].mend)

    def test_good_samples_are_left_alone(self):
        for rule, _, good in SAMPLES:
            with self.subTest(rule=rule, good=good):
                self.assertEqual(found(good, rule), [])

    def test_every_rule_has_a_sample(self):
        names = {rule for rule, _, _ in SAMPLES}
        for function in tidy.RULES:
            with self.subTest(rule=function.__name__):
                self.assertTrue(any(found(bad, rule, [function]) for rule, bad, _ in SAMPLES))
        for gate in house.GATES:
            self.assertIn(gate.rule, names)

    def test_every_banned_call_is_found(self):
        for name in house.BANNED:
            self.assertEqual(len(found(c("void f(void) { %s(a); }\n" % name), "banned-call")), 1)

    def test_every_leftover_is_found(self):
        for word in house.LEFTOVERS:
            self.assertEqual(len(found(c("// %s\n" % word), "leftover")), 1)


class Lexer(unittest.TestCase):
    def test_strings_and_comments_hide_what_is_in_them(self):
        source = Source("a.c", 'char *a = "// no \\" /* no"; // yes "\n'
                               'int b; /* yes */ char d = \'"\';\n')
        self.assertEqual([token.text for token in source.tokens if token.kind == "comment"],
                         ['// yes "', "/* yes */"])
        self.assertEqual(len([token for token in source.code() if token.text == "b"]), 1)

    def test_functions_have_names_and_extents(self):
        source = Source("a.c", "#if A\nstatic int f(int a)\n{\n#else\nint g(void)\n{\n#endif\n"
                               "    return 1;\n}\nstruct s { int x; };\nint t[] = {1, 2};\n"
                               "START_TEST(named)\n{\n    f(1);\n}\nEND_TEST\n")
        seen = [(f.name, f.first_line, f.last_line, f.static) for f in source.functions()]
        self.assertEqual(seen,
                         [("f", 2, 9, True), ("named", 12, 15, False)])

    def test_lines_are_counted_through_everything(self):
        source = Source("a.c", "/*\n\n*/\n#define A \\\n    1\nint a =\n\"x\\\ny\";\nint here;\n")
        self.assertEqual([token.line for token in source.code() if token.text == "here"], [9])

    def test_macros_are_looked_into_and_includes_are_not(self):
        source = Source("a.c", '#include <errno.h>\n#define A \\\n    errno "not"\n')
        self.assertEqual(list(source.words()), [("define", 2), ("A", 2), ("errno", 3)])


class Tree(unittest.TestCase):
    def test_build_folders_and_hidden_ones_are_left_out(self):
        with tempfile.TemporaryDirectory() as top:
            for path in ("src/a.c", "build-x/b.c", ".git/c.c", ".ci/run", "scripts/d", "e.bin"):
                os.makedirs(os.path.join(top, os.path.dirname(path)), exist_ok=True)
                with open(os.path.join(top, path), "w", encoding="utf-8") as file:
                    file.write("#!/bin/sh\n" if path == "scripts/d" else "\n")
            self.assertEqual(sorted(read_tree(top)), [".ci/run", "scripts/d", "src/a.c"])


if __name__ == "__main__":
    unittest.main()
