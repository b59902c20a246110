# SPDX-License-Identifier: MIT
# source.py: a source file as the rules see it: lines, tokens, includes, functions.
"""A lexer for C (and C++ as far as this tree uses it), and what can be read off its tokens."""
import re

_TOKEN = re.compile(
    r"""(?P<comment>//(?:[^\n\\]|\\.|\\\n)*|/\*.*?\*/)
      | (?P<directive>^[ \t]*\#(?:[^\n\\/"']|\\\n|\\.|"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'
                                 |["']|/(?!/|\*)|/\*.*?\*/)*)
      | (?P<raw>\bR"(?P<fence>[^()\\\s]{0,16})\(.*?\)(?P=fence)")
      | (?P<string>(?:u8|[uUL])?"(?:[^"\\\n]|\\.|\\\n)*")
      | (?P<char>[uUL]?'(?:[^'\\\n]|\\.)+')
      | (?P<number>\.?[0-9](?:[eEpP][+-]|[\w.])*)
      | (?P<word>[A-Za-z_]\w*)
      | (?P<space>\s+)
      | (?P<mark>.)""",
    re.X | re.S | re.M)

_INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"]+)[>"]')
_DIRECTIVE_WORD = re.compile(r"^[ \t]*#[ \t]*(\w+)")
_WORD = re.compile(r"[A-Za-z_]\w*")
_NOT_NAMES = {"if", "for", "while", "switch", "return", "sizeof", "do", "else", "__attribute__",
              "_Alignas", "_Generic", "defined"}


class Token:
    """One token: kind (comment, directive, string, char, number, word, mark), text, first line."""

    __slots__ = ("kind", "text", "line", "other_branch")

    def __init__(self, kind, text, line, other_branch):
        self.kind = kind
        self.text = text
        self.line = line
        self.other_branch = other_branch  # inside #else or #elif


class Function:
    """A function definition: its name, first and last line, and the tokens of head and body."""

    def __init__(self, name, head, body):
        self.name = name
        self.head = head
        self.body = body
        self.first_line = head[0].line
        self.last_line = body[-1].line
        self.static = any(token.text == "static" for token in head)


def _tokens_of(text):
    line = 1
    branches = []  # per open #if: whether we are past its #else or #elif
    for match in _TOKEN.finditer(text):
        kind, value = match.lastgroup, match.group(0)
        kind = "string" if kind == "fence" or kind == "raw" else kind
        if kind == "directive":
            word = _DIRECTIVE_WORD.match(value)
            word = word.group(1) if word else ""
            if word in ("if", "ifdef", "ifndef"):
                branches.append(False)
            elif word in ("else", "elif") and branches:
                branches[-1] = True
            elif word == "endif" and branches:
                branches.pop()
        if kind != "space":
            yield Token(kind, value, line, any(branches))
        line += value.count("\n")


class Source:
    """A file of the tree. path is relative to the top, with forward slashes."""

    def __init__(self, path, text):
        self.path = path
        self.text = text
        self.lines = text.split("\n")
        if self.lines and self.lines[-1] == "":
            self.lines.pop()
        self.is_c = path.endswith((".c", ".h", ".cpp", ".hpp", ".cc"))
        self._tokens = None
        self._functions = None

    @property
    def name(self):
        return self.path.rsplit("/", 1)[-1]

    @property
    def folder(self):
        return self.path.rsplit("/", 1)[0] if "/" in self.path else ""

    @property
    def stem(self):
        return self.name.rsplit(".", 1)[0]

    @property
    def tokens(self):
        """All tokens of a C file; none of any other."""
        if self._tokens is None:
            self._tokens = list(_tokens_of(self.text)) if self.is_c else []
        return self._tokens

    def code(self):
        """Tokens that are code: no comments, no directives."""
        return [token for token in self.tokens if token.kind not in ("comment", "directive")]

    def words(self):
        """(word, line) of all code, the bodies of macros included."""
        for token in self.tokens:
            if token.kind == "word":
                yield token.text, token.line
            elif token.kind == "directive" and not _INCLUDE.match(token.text):
                without = re.sub(r'"(?:[^"\\\n]|\\.)*"|/\*.*?\*/', " ", token.text, flags=re.S)
                for number, line in enumerate(without.split("\n")):
                    for word in _WORD.findall(line):
                        yield word, token.line + number

    def includes(self):
        """(line, system, name) of each include; system is True for <name>."""
        for token in self.tokens:
            if token.kind == "directive":
                match = _INCLUDE.match(token.text)
                if match:
                    yield token.line, match.group(1) == "<", match.group(2)

    def functions(self):
        """All function definitions, in order."""
        if self._functions is None:
            self._functions = list(self._find_functions())
        return self._functions

    def _find_functions(self):
        code = [token for token in self.code() if not token.other_branch]
        start = 0  # first token of the current declaration at the outermost level
        index = 0
        while index < len(code):
            text = code[index].text
            if text in (";", "}"):
                start = index + 1
            elif text == "{":
                head = code[start:index]
                if any(token.kind == "string" and token.text == '"C"' for token in head[-2:]):
                    start = index + 1  # extern "C" {: its contents are outermost, too
                    index += 1
                    continue
                end = matching(code, index, "{", "}")
                name = function_name(head)
                if name:
                    yield Function(name, head, code[index:end + 1])
                    start = end + 1
                index = end
            index += 1


def matching(tokens, index, opening, closing):
    """Index of the token that closes the bracket at index; the last token if there is none."""
    depth = 0
    for position in range(index, len(tokens)):
        text = tokens[position].text
        if text == opening:
            depth += 1
        elif text == closing:
            depth -= 1
            if depth == 0:
                return position
    return len(tokens) - 1


def function_name(head):
    """The name of the function whose definition begins with the head; None if it is no function."""
    if not head or any(token.text in ("=", "struct", "enum", "union") and following.text == "{"
                       for token, following in zip(head, head[1:])):
        return None
    # The parameter list is the first bracket pair after a word that can be a name.
    for index in range(1, len(head)):
        if head[index].text == "(" and head[index - 1].kind == "word":
            word = head[index - 1].text
            if word in _NOT_NAMES:
                continue
            if any(token.text == "=" for token in head[:index]):
                return None
            if word == "START_TEST" and index + 1 < len(head):
                return head[index + 1].text
            return word
    return None


def brackets_follow(tokens, index):
    """Index after the bracket pair that begins at tokens[index]."""
    return matching(tokens, index, "(", ")") + 1
