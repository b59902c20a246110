# SPDX-License-Identifier: MIT
# phrases.py: finding words and phrases, with their edges at the edges of words.
import unicodedata


def is_word_character(character):
    if ord(character) < 128:
        return character.isalnum() or character == "_"
    return unicodedata.category(character).startswith("L")


def _character_after(value, at):
    for width in range(1, 5):
        try:
            return value[at:at + width].decode()[:1]
        except UnicodeDecodeError:
            continue
    return ""


def _character_before(value, at):
    for width in range(1, min(4, at) + 1):
        try:
            return value[at - width:at].decode()[-1:]
        except UnicodeDecodeError:
            continue
    return ""


def _is_word_after(value, at):
    character = _character_after(value, at)
    return character != "" and is_word_character(character)


def _is_word_before(value, at):
    character = _character_before(value, at)
    return character != "" and is_word_character(character)


def contains_phrase(value, phrase, is_prefix=False):
    """Whether the phrase stands in the value, not in the middle of a word."""
    guards_start = _is_word_after(phrase, 0)
    guards_end = not is_prefix and _is_word_before(phrase, len(phrase))
    at = value.find(phrase)
    while at >= 0:
        end = at + len(phrase)
        if not (guards_start and _is_word_before(value, at)) and \
                not (guards_end and _is_word_after(value, end)):
            return True
        at = value.find(phrase, at + 1)
    return False


def fold_case(value):
    """The lower case, character by character; bytes that are no UTF-8 stay."""
    if value.isascii():
        return value.lower()
    text = value.decode("utf-8", "surrogateescape")
    folded = [lower if len(lower) == 1 else character
              for character, lower in ((character, character.lower()) for character in text)]
    return "".join(folded).encode("utf-8", "surrogateescape")
