"""The encoding that a text file seems to have: by the letters that languages write with it."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path

from kamlib.errors import KamError

_MOST = 400_000
_BLOCK = 1 << 20
_SURE, _UNSURE = 0.95, 0.8
"""What share of its letters a file's encoding covers, and one that is not its own."""
_WIDE = ("gb18030", "big5", "shift_jis", "cp932", "euc_kr", "cp949", "euc_jp", "big5hkscs", "johab")
_MARKS = "€£¥§©®°±²³·´«»‹›–—‘’‚“”„†•…™¿¡ªº×\u00a0\u00ad"
_LETTERS = {
    "cp1252": (
        "äöüß", "àâæçéèêëîïôœùûüÿ", "áéíñóúü", "áâãàçéêíóôõú", "àèéìíîòóùú", "åäöéü", "æøåéöä",
        "áéëïóöüè", "áðéíóúýþæö",
    ),
    "cp1250": (
        "ąćęłńóśźż", "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "áéíóöőúüű", "ăâîşţ", "čćžšđ",
    ),
    "cp1254": ("çğıİöşüâî",),
    "cp1257": ("ąčęėįšųūž", "āčēģīķļņšūž", "äöüõšž"),
    "cp1251": ("абвгдеёжзийклмнопрстуфхцчшщъыьэюяіїєґўђјљњћџѓќѕ№",),
    "cp1253": ("αβγδεζηθικλμνξοπρστυφχψωςάέήίόύώϊϋΐΰ",),
    "cp1255": ("אבגדהוזחטיךכלםמןנסעףפץצקרשת₪",),
    "cp1256": ("ءآأؤإئابةتثجحخدذرزسشصضطظعغفقكلمنهوىيًٌٍَُِّْپچژگک",),
    "cp874": ("กขฃคฅฆงจฉชซฌญฎฏฐฑฒณดตถทธนบปผฝพฟภมยรฤลวศษสหฬอฮะัาำิีึืฺุูเแโใไๅๆ็่้๊๋์ํ฿",),
    "cp1258": ("àáâãèéêìíòóôõùúýăđơư₫\u0300\u0301\u0303\u0309\u0323",),
}  # fmt: skip
"""For each encoding the letters beyond a to z of the languages that are written with it."""


def encoding_of(files: Sequence[Path]) -> str:
    """Return the encoding that text files seem to have; of those that fit alike the most usual."""
    from charset_normalizer import from_bytes

    head = _head(files)
    best = from_bytes(head, cp_isolation=[*_LETTERS, *_WIDE[:5]]).best()
    if best is not None and best.encoding in _WIDE:
        return best.encoding
    return max(_LETTERS, key=lambda encoding: _covered(head, encoding))


def told(encoding: str, files: Sequence[Path]) -> str:
    """Return what to tell of an encoding that was found out: a word that shows it, as it would be
    by another that fits nearly as well.
    """
    head = _head(files)
    if encoding in _WIDE:
        words = re.findall(r"\w*[^\W\d_\x00-\x7F]\w*", head.decode(encoding, "ignore"))
        return _said(encoding, words[0] if words else "")
    others = sorted(
        (one for one in _LETTERS if one != encoding), key=lambda one: -_covered(head, one)
    )
    words = list(
        dict.fromkeys(re.findall(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*", head))
    )
    own = {word: word.decode(encoding, "replace") for word in words[:2_000]}
    other = others[0]
    apart = next((w for w in own if w.decode(other, "replace") != own[w]), b"")
    shown = own.get(apart) or next(iter(own.values()), "")
    rival = f" (as {other}: '{apart.decode(other, 'replace')}')" if apart else ""
    return _said(encoding, shown, rival)


def _said(encoding: str, shown: str, rival: str = "") -> str:
    return (
        f"it is read as {encoding}, such as '{shown}'{rival}; if letters are wrong, mend encoding "
        "in book.toml"
    )


def check_encodings(encoding: str, files: Sequence[Path]) -> None:
    """Refuse a file whose letters say that it is written in another encoding than that found.

    Raises
    ------
    KamError
        Which file it is, with a word as either encoding has it.
    """
    for file in files if len(files) > 1 else ():
        if not (head := _head([file])):
            continue
        own = encoding_of([file])
        if own == encoding or {own, encoding} & {*_WIDE}:
            continue
        if _covered(head, own) < _SURE or _covered(head, encoding) > _UNSURE:
            continue
        words = re.findall(rb"[A-Za-z\x80-\xff]*[\x80-\xff][A-Za-z\x80-\xff]*", head)
        read = [[word.decode(one, "replace") for one in (own, encoding)] for word in words]
        shown = next(one for one in read if one[0] != one[1])
        raise KamError(
            f"The files are written in two encodings: {file.name} in {own} ('{shown[0]}'), others "
            f"in {encoding}, by which it would be read as '{shown[1]}'.",
            where=str(file),
            next="Save it as UTF-8 (in Excel: Save As, CSV UTF-8), or give a folder of its own.",
        )


def _head(files: Sequence[Path]) -> bytes:
    """Return lines of files that are not UTF-8, as much of each that all of them fit: those with
    letters beyond a to z.
    """
    most = max(_MOST // max(len(files), 1), 4_000)
    parts = []
    for file in files:
        part = b"".join(_wide_lines(file, most))
        try:
            part.decode("utf-8")
        except UnicodeDecodeError:
            if not part.startswith((b"\xff\xfe", b"\xfe\xff")):
                parts.append(part)
    return b"\n".join(parts)


def _wide_lines(file: Path, most: int) -> Iterator[bytes]:
    """Give a file's first lines that hold more than ASCII, up to so many bytes."""
    size, kept = 0, b""
    with file.open("rb") as stream:
        while size < most and (block := stream.read(_BLOCK)):
            text = kept + block
            *lines, kept = text.split(b"\n")
            for line in lines if not text.isascii() else ():
                if size < most and not line.isascii():
                    size += len(line)
                    yield line + b"\n"
    if size < most and not kept.isascii():
        yield kept


def _covered(head: bytes, encoding: str) -> float:
    """Return which share of a text's letters beyond a to z one language covers that is written with
    an encoding; a word of two scripts is of none.
    """
    text = head.decode(encoding, "replace").translate(dict.fromkeys(map(ord, _MARKS)))
    words = [word for word in re.split(r"[\x00-\x40\[-`{-\x7f]+", text) if not word.isascii()]
    words = [word for word in words if len(word) > 1]  # one letter may be the sign of a currency
    is_latin = encoding in ("cp1252", "cp1250", "cp1254", "cp1257", "cp1258")
    whole = [word for word in words if is_latin or not re.search("[A-Za-z]", word)]
    whole = [word for word in whole if not _has_hump(word)]
    letters = Counter(letter for word in whole for letter in word.lower() if not letter.isascii())
    many = sum(not letter.isascii() for word in words for letter in word)
    best = max(sum(letters[one] for one in {*language.lower()}) for language in _LETTERS[encoding])
    return round(best / many, 3) if many else 0.0


def _has_hump(word: str) -> bool:
    """Return whether a capital follows a small letter: hardly in a word that is read rightly."""
    return any(one.islower() and other.isupper() for one, other in pairwise(word))
