# SPDX-License-Identifier: MIT
# rules_gates.py: what may be done in one place only, and how names begin.
import house
from tree import Complaint, below


def gates(sources):
    for gate in house.GATES:
        for source in below(sources, *gate.where):
            if source.path.startswith(gate.allowed) if gate.allowed else False:
                continue
            yield from _through(gate, source)


def _through(gate, source):
    if gate.calls:
        code = source.code()
        for index, token in enumerate(code[:-1]):
            if token.kind != "word" or not gate.words.fullmatch(token.text):
                continue
            before = code[index - 1].text if index else ""
            declared = index > 0 and (code[index - 1].kind == "word" and before != "return"
                                      or before == "*" and source.name.endswith(".h"))
            if code[index + 1].text == "(" and before not in (".", "->", ">") and not declared:
                yield Complaint(source.path, token.line, gate.rule, token.text + "()", gate.instead)
        return
    for word, line in source.words():
        if gate.words.fullmatch(word):
            yield Complaint(source.path, line, gate.rule, word, gate.instead)
    for line, _, name in source.includes():
        if gate.rule in house.GATED_HEADERS and name == house.GATED_HEADERS[gate.rule]:
            yield Complaint(source.path, line, gate.rule, "<%s>" % name, gate.instead)


def names(sources):
    """What a linker sees begins with spg_ (public) or spgi_ (internal); macros of headers alike."""
    for source in below(sources, "src/"):
        for function in source.functions():
            if not function.static and not function.name.startswith(("spg_", "spgi_")):
                yield Complaint(source.path, function.first_line, "names",
                                "%s is visible to a static linker" % function.name,
                                "make it static, or begin it with spgi_")
    for source in below(sources, "include/"):
        for token in source.tokens:
            if token.kind != "directive":
                continue
            words = token.text.replace("#", " ").split()
            if len(words) > 1 and words[0] == "define":
                name = words[1].split("(")[0]
                if not name.startswith(("SPG_", "SPARGIO_")):
                    yield Complaint(source.path, token.line, "names",
                                    "the macro %s is in every user's name space" % name,
                                    "begin it with SPG_")


RULES = [gates, names]
