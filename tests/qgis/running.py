"""Processing algorithms run to their end, with what they said."""

from __future__ import annotations

from qgis.core import QgsProcessingContext, QgsProcessingException, QgsProcessingFeedback


class Heard(QgsProcessingFeedback):
    """Feedback that keeps what was said."""

    def __init__(self):
        super().__init__(False)
        self.told, self.warnings, self.errors, self.shares = [], [], [], []
        self.progressChanged.connect(self.shares.append)

    def pushInfo(self, text):
        self.told.append(text)

    def pushWarning(self, text):
        self.warnings.append(text)

    def reportError(self, text, fatalError=False):
        self.errors.append(text)


def run(algorithm, parameters):
    """(results, feedback, context) of a whole run."""
    algorithm = algorithm.create()
    context, feedback = QgsProcessingContext(), Heard()
    if not algorithm.prepare(parameters, context, feedback):
        raise QgsProcessingException("\n".join(feedback.errors))
    results = algorithm.runPrepared(parameters, context, feedback)
    return results, feedback, context
