"""English phrases and how another language says them: a gettext catalogue (``zh.po``) with patterns.

A message may hold names in braces. ``{n}`` stands for a number, ``{c}`` for codes (levels, sectors, layers) and ``{f}``
for a file's name, all copied (``{n1}``, ``{cx}`` and so on likewise); any other name stands for words, which are said
in the language too: ``{i}`` for one item of a list, ``{o}`` for one thing without "and", ``{s}`` for a side, so that
what is said of one is never said of the whole list; only the last name for words may span a semicolon. A text is looked
up whole, then sentence by sentence, then by pattern, then as a list. What cannot be said is returned as it came, and
listed in `Catalogue.missing`.

Numbers, levels, units and codes need no entry: they are the same in every language.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from heapq import merge
from importlib import resources

_ENTRY = re.compile(r'^msgid ((?:"(?:[^"\\]|\\.)*"\s*)+)msgstr ((?:"(?:[^"\\]|\\.)*"\s*)+)', re.MULTILINE)
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"')
_NAME = re.compile(r"\{(\w+)\}")
_SENTENCES = re.compile(r"(?<=[.?!])\s+(?=[A-Z0-9(])")
_KINDS = {
    "n": r"[−+-]?\d[\d.,]*",
    "c": r"[A-Z\d][^.:()]*?",
    "i": r"(?:[^,;()]|\([^()]*\))+?",
    "s": "left|right",
    "o": r"(?:(?! and | or )[^,;:()])+?",
    "f": r"\S+\.[a-z]\w*",
}
_WORDS, _LAST_WORDS = r"(?:(?!; ).)+?", ".+?"
_WORD = re.compile(r"[A-Za-z]+")
_CODE = re.compile(
    r"(?:[A-Z]{1,5}\d*[a-d]?|[a-d]|[IVX]+|mm|ml|deg|cm|kg|kV|HU|sha|[CTLS]\d{1,2}|p|n|s|x|h|l|vs|pM|Frankel|Enneking|Tomita"
    r"|Tokuhashi|Boriani|McLain|Weinstein|Karnofsky|Bilsky|Gy|enbloc|case|anatomy|toml|nii|gz|nrrd|json|seg|dcm)"
)
_DIGEST = re.compile(r"[0-9a-f]{16,}")


def read_messages(name: str) -> dict[str, str]:
    """The messages of a catalogue file beside this module, English to translation."""
    text = resources.files(__package__).joinpath(name).read_text(encoding="utf-8")
    found = {_unquoted(entry[1]): _unquoted(entry[2]) for entry in _ENTRY.finditer(text)}
    return {english: said for english, said in found.items() if english}


def _unquoted(quoted: str) -> str:
    joined = "".join(_QUOTED.findall(quoted))
    return joined.replace('\\"', '"').replace("\\\\", "\\")


class Catalogue:
    """A language's messages, asked with `say`; remembers what it was asked.

    Attributes
    ----------
    missing : dict
        Keys are the phrases that could not be said, in the order of asking.
    """

    def __init__(self, messages: dict[str, str]) -> None:
        self.missing: dict[str, None] = {}
        self._whole = {_key(english): said.rstrip("。") for english, said in messages.items() if "{" not in english}
        self._patterns: dict[str, list[_Pattern]] = {}
        self._said: dict[str, str | None] = {}
        for english, said in messages.items():
            if "{" in english:
                pattern = _Pattern(_bare(english), said.rstrip("。"))
                self._patterns.setdefault(pattern.first, []).append(pattern)
        for patterns in self._patterns.values():
            patterns.sort(key=lambda pattern: pattern.weight, reverse=True)

    def say(self, text: str) -> str:
        """The text in the language; as it came where the catalogue cannot say it."""
        found = self._find(text)
        if found is not None:
            return found
        sentences = _SENTENCES.split(text)
        if len(sentences) > 1:
            said = (self.say(sentence) for sentence in sentences)
            return "".join(words if words.endswith("。") else f"{words} " for words in said).rstrip()
        self.missing[text] = None
        return text

    def _find(self, text: str) -> str | None:
        """The text said, or None; remembered."""
        if text not in self._said:
            self._said[text] = self._looked_up(text)
        return self._said[text]

    def _looked_up(self, text: str) -> str | None:
        plain = text.replace("\N{NO-BREAK SPACE}", " ").strip()
        if not plain or _is_code(plain):
            return text
        ended = plain.endswith(".")
        whole = self._whole.get(_key(plain))
        if whole is not None:
            return whole + ("。" if ended else "")
        sentences = _SENTENCES.split(plain)
        if len(sentences) > 1:
            said = [self._find(sentence) for sentence in sentences]
            if None not in said:
                return "".join(sentence or "" for sentence in said)
        by_pattern = self._by_pattern(_bare(plain))
        if by_pattern is not None:
            return by_pattern + ("。" if ended else "")
        return self._as_list(plain)

    def _by_pattern(self, text: str) -> str | None:
        """The pattern with the most words of its own whose names can all be said."""
        near = (self._patterns.get(first, []) for first in (_first_word(text), ""))
        for pattern in merge(*near, key=lambda pattern: -pattern.weight):
            found = pattern.match(text)
            words = {name: self._part(name, part) for name, part in found.items()} if found is not None else None
            if words is not None and None not in words.values():
                return pattern.fill(words)
        return None

    def _part(self, name: str, part: str) -> str | None:
        if name[0] in "ncf":
            return part if name[0] != "c" or _is_code(part) else None
        return self._find(part)

    def _as_list(self, text: str) -> str | None:
        """Items parted by semicolons, commas or "and", when each can be said."""
        for mark, joint in (("; ", "；"), (" and ", "和"), (" or ", "或"), (", ", "、")):
            items = _outside_brackets(mark).split(text)
            if len(items) > 1:
                said = [self._find(item) for item in items]
                if None not in said:
                    return joint.join(item or "" for item in said)
        return None


class _Pattern:
    """One message with words in braces."""

    def __init__(self, english: str, said: str) -> None:
        parts = _NAME.split(english)
        self.said = said
        self.first = _first_word(parts[0]) if " " in parts[0] else ""
        self.weight = len("".join(parts[::2]))
        seen: dict[str, None] = {}
        last = next((name for name in reversed(parts[1::2]) if name[0] not in _KINDS), "")
        regex = "(?i:" + re.escape(parts[0][:1]) + ")" + re.escape(parts[0][1:])
        for name, literal in zip(parts[1::2], parts[2::2], strict=True):
            free = _LAST_WORDS if name == last else _WORDS
            group = f"(?P={name})" if name in seen else f"(?P<{name}>{_KINDS.get(name[0], free)})"
            seen[name] = None
            regex += group + re.escape(literal)
        self._regex = re.compile(regex, re.DOTALL)

    def match(self, text: str) -> dict[str, str] | None:
        """The words in the place of each name, or None."""
        found = self._regex.fullmatch(text)
        return found.groupdict() if found else None

    def fill(self, words: Mapping[str, str | None]) -> str:
        """The message in the language with its words in place."""
        return _NAME.sub(lambda name: words[name[1]] or "", self.said)


@cache
def _outside_brackets(mark: str) -> re.Pattern[str]:
    """A mark of a list where it stands outside brackets."""
    return re.compile(re.escape(mark) + r"(?![^()]*\))")


def _is_code(text: str) -> bool:
    return all(_CODE.fullmatch(word) for word in _WORD.findall(text)) or _DIGEST.fullmatch(text) is not None


def _bare(text: str) -> str:
    return text[:-1] if text.endswith(".") else text


def _key(text: str) -> str:
    bare = _bare(text).replace("_", " ")
    return bare[:1].lower() + bare[1:]


def _first_word(text: str) -> str:
    return text.split(" ", 1)[0].lower()
