"""Text from outside, made safe to show."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

# Controls of C0 and C1 but tab and line feed, separators of lines and paragraphs, marks that reorder what is shown,
# halves of surrogate pairs.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def printable(text: object) -> str:
    r"""
    Return a text in which what a terminal would obey is escaped.

    Names of files, columns and features come from outside. A terminal takes an escape character in them as an order: it
    moves the cursor, sets the title or hides what follows.

    Parameters
    ----------
    text : object
        A text, or something that is shown as its ``str``.

    Returns
    -------
    str
        The text, with controls except for tab and line feed, marks of direction and lone surrogates as in Python's
        string literals.

    Examples
    --------
    >>> print(printable("mass\x1b[2J"))
    mass\x1b[2J
    """
    return _UNSAFE.sub(lambda match: ascii(match[0])[1:-1], str(text))


def normalized(name: str) -> str:
    """Return a name in the normal form for comparisons, in which accents are not separate characters.

    Parameters
    ----------
    name : str
        The name.

    Returns
    -------
    str
        The name in Unicode's normal form C.
    """
    return unicodedata.normalize("NFC", name)


def printable_json(document: str) -> str:
    r"""
    Return a JSON document in which what a terminal would obey is escaped; it means the same.

    Parameters
    ----------
    document : str
        The document. Characters that `json.dumps` leaves as they are stand in its strings alone.

    Returns
    -------
    str
        The document with these characters as ``\uXXXX``.

    Examples
    --------
    >>> print(printable_json('["mass\x9b2J"]'))
    ["mass\u009b2J"]
    """
    return _UNSAFE.sub(lambda match: f"\\u{ord(match[0]):04x}", document)


# A column without a name is shown as this.
UNNAMED = "(unnamed)"


def shown_name(name: object) -> str:
    r"""
    Return the name of a column as it is shown in tables.

    Parameters
    ----------
    name : object
        The name.

    Returns
    -------
    str
        The name, `printable` and on one line, without tabs; UNNAMED if it is empty.

    Examples
    --------
    >>> shown_name("mass"), shown_name(" "), shown_name("mass\tkg")
    ('mass', '(unnamed)', 'mass\\tkg')
    """
    return re.sub("[\t\n]", lambda match: repr(match[0])[1:-1], printable(name)) if str(name).strip() else UNNAMED


def quoted(name: object) -> str:
    r"""
    Return the name of a column as it is shown in a sentence.

    Parameters
    ----------
    name : object
        The name.

    Returns
    -------
    str
        The name in quotation marks, a number as it is; UNNAMED if it is empty.

    Examples
    --------
    >>> print(quoted("mass"), quoted(""))
    'mass' (unnamed)
    """
    if not isinstance(name, str):
        return repr(name)
    return repr(str(name)) if name.strip() else UNNAMED


def columns_named(names: Sequence[str], most: int = 5) -> str:
    """Return names of columns as part of a sentence, the first few of many.

    Examples
    --------
    >>> columns_named(["'x'"]), columns_named(["'x'", "'y'"]), columns_named(["0", "1", "2"], most=1)
    ("column 'x'", "columns 'x' and 'y'", 'columns 0 and 2 more')
    """
    listed = list(names[:most])
    if len(names) > most:
        listed.append(f"{len(names) - most} more")
    together = listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
    return f"column{'s' if len(names) > 1 else ''} {together}"


def first_few(items: Sequence[object], most: int = 5, separator: str = ", ") -> str:
    """Return the first items of many in a sentence, and how many more there are.

    Examples
    --------
    >>> first_few([1, 2, 3]), first_few(["a", "b", "c"], 2), first_few(["EEE", "VVV"], 1, "; ")
    ('1, 2, 3', 'a, b and 1 more', 'EEE; and 1 more')
    """
    more = f"{separator.rstrip(', ')} and {len(items) - most} more" if len(items) > most else ""
    return separator.join(map(str, items[:most])) + more
