"""The German texts prove that translations are wired; Qt's own reader judges the .qm file."""

from __future__ import annotations

import re
import string

import pytest
import translations
from conftest import ROOT
from polychip_qgis import translation
from qgis.core import QgsSettings
from qgis.PyQt.QtCore import QCoreApplication, QTranslator

TS_FILES = sorted((ROOT / "plugin" / "polychip_qgis" / "i18n").glob("*.ts"))


@pytest.mark.parametrize("path", TS_FILES, ids=lambda p: p.name)
def test_every_text_of_the_plugin_is_translated_and_no_stale_one_is_kept(path):
    entries = translations.read_ts(path)
    assert list(entries) == translations.source_texts()
    assert [source for source, text in entries.items() if not text] == []


@pytest.mark.parametrize("path", TS_FILES, ids=lambda p: p.name)
def test_translations_keep_the_placeholders(path):
    def names(text):
        return sorted(name for _, name, _, _ in string.Formatter().parse(text) if name)

    for source, text in translations.read_ts(path).items():
        assert names(text) == names(source), source
        assert not re.search(r"^\s|\s$", text), source


def test_qt_reads_every_text_from_the_compiled_file(qgis_app, unpacked_plugin):
    translator = QTranslator()
    assert translator.load(str(unpacked_plugin / "i18n" / "polychip_de.qm"))
    german = translations.read_ts(ROOT / "plugin" / "polychip_qgis" / "i18n" / "polychip_de.ts")
    QCoreApplication.installTranslator(translator)
    try:
        read = {source: QCoreApplication.translate("Polychip", source) for source in german}
        assert QCoreApplication.translate("Polychip", "Engine…") == "Rechenkern…"
        assert QCoreApplication.translate("Elsewhere", "Labels") == "Labels"
        assert (
            QCoreApplication.translate("Polychip", "a text that is not there")
            == "a text that is not there"
        )
    finally:
        QCoreApplication.removeTranslator(translator)
    assert read == german
    assert len(german) > 50


@pytest.mark.parametrize(
    ("locale", "text"), [("de", "Beschriftung"), ("de_AT", "Beschriftung"), ("fr", "Labels")]
)
def test_the_language_of_qgis_decides(qgis_app, unpacked_plugin, monkeypatch, locale, text):
    monkeypatch.setattr(translation, "PACKAGE", unpacked_plugin)
    QgsSettings().setValue("locale/overrideFlag", True)
    QgsSettings().setValue("locale/userLocale", locale)
    installed = translation.install_translator()
    try:
        assert translation.tr("Labels") == text
        assert (installed is None) is (locale == "fr")
    finally:
        if installed is not None:
            QCoreApplication.removeTranslator(installed)
        QgsSettings().remove("locale")
