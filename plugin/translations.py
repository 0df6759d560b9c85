"""Translations of the QGIS plugin: find its texts, keep the .ts files, compile them to .qm.

    python plugin/translations.py     add new texts to every .ts file, drop those that are gone

Standard library alone: the plugin builds to the same bytes on every machine, without Qt's tools.
"""

import ast
import re
import struct
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent / "polychip_qgis"
CONTEXT = "Polychip"

QM_MAGIC = bytes.fromhex("3cb86418caef9c95cd211cbf60a1bddd")
SECTION_HASHES, SECTION_MESSAGES, SECTION_LANGUAGE = 0x42, 0x69, 0xA7
TAG_END, TAG_TRANSLATION, TAG_SOURCE, TAG_CONTEXT, TAG_COMMENT = 1, 3, 6, 7, 8


def source_texts(package: Path = PACKAGE) -> list[str]:
    """Every literal given to `tr(…)` in the package, in order of file and line, each once.

    Raises:
        ValueError: `tr` is called with something that is no literal, which no translator would see.
    """
    texts: dict[str, None] = {}
    for path in sorted(package.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "tr"
            ):
                continue
            literal = node.args[0] if node.args else None
            if not (isinstance(literal, ast.Constant) and isinstance(literal.value, str)):
                raise ValueError(f"{path.name}:{node.lineno}: tr() needs a literal text")
            texts[literal.value] = None
    return list(texts)


def read_ts(path: Path) -> dict[str, str]:
    """Source text to translation, '' for what is not translated yet."""
    messages = ET.parse(path).getroot().iter("message")
    return {
        message.findtext("source", ""): message.findtext("translation", "") for message in messages
    }


def write_ts(path: Path, language: str, translations: dict[str, str]) -> None:
    """Write a .ts file that Qt Linguist opens."""
    root = ET.Element("TS", version="2.1", language=language, sourcelanguage="en")
    context = ET.SubElement(root, "context")
    ET.SubElement(context, "name").text = CONTEXT
    for source, translation in translations.items():
        message = ET.SubElement(context, "message")
        ET.SubElement(message, "source").text = source
        element = ET.SubElement(message, "translation")
        if translation:
            element.text = translation
        else:
            element.set("type", "unfinished")
    ET.indent(root, "  ")
    text = ET.tostring(root, encoding="unicode")
    path.write_text(
        f'<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE TS>\n{text}\n',
        encoding="utf-8",
        newline="\n",
    )


def update_ts(path: Path) -> list[str]:
    """Bring one .ts file up to date; returns the texts that still want a translation."""
    old = read_ts(path)
    new = {source: old.get(source, "") for source in source_texts()}
    write_ts(path, language_of(path), new)
    return [source for source, translation in new.items() if not translation]


def language_of(path: Path) -> str:
    """'de' of polychip_de.ts."""
    match = re.fullmatch(r"polychip_([a-z]{2}(?:_[A-Z]{2})?)\.ts", path.name)
    if match is None:
        raise ValueError(f"{path.name}: expected a name like polychip_de.ts")
    return match.group(1)


def compile_qm(translations: dict[str, str], language: str) -> bytes:
    """The bytes of a .qm file, the binary form that Qt loads; untranslated texts are left out.

    Source: Qt's qtranslator.cpp, which reads this format.
    """
    messages, hashes = bytearray(), []
    for source, translation in translations.items():
        if not translation:
            continue
        hashes.append((elf_hash(source.encode()), len(messages)))
        for tag, data in (
            (TAG_TRANSLATION, translation.encode("utf-16-be")),
            (TAG_COMMENT, b""),
            (TAG_SOURCE, source.encode()),
            (TAG_CONTEXT, CONTEXT.encode()),
        ):
            messages += struct.pack(">BI", tag, len(data)) + data
        messages.append(TAG_END)
    table = b"".join(struct.pack(">II", *entry) for entry in sorted(hashes))
    sections = (
        (SECTION_LANGUAGE, language.encode()),
        (SECTION_HASHES, table),
        (SECTION_MESSAGES, bytes(messages)),
    )
    return QM_MAGIC + b"".join(struct.pack(">BI", tag, len(data)) + data for tag, data in sections)


def elf_hash(data: bytes) -> int:
    """The hash by which Qt finds a text: PJW's, of the System V ABI, and never 0."""
    value = 0
    for byte in data:
        value = (value << 4) + byte
        high = value & 0xF0000000
        value = (value ^ (high >> 24)) & ~high & 0xFFFFFFFF
    return value or 1


def main() -> int:
    """Update every .ts file; 1 when a text wants a translation."""
    wanting = 0
    for path in sorted((PACKAGE / "i18n").glob("polychip_*.ts")):
        for text in update_ts(path):
            wanting += 1
            print(f"{path.name}: not translated: {text}")
    return 1 if wanting else 0


if __name__ == "__main__":
    sys.exit(main())
