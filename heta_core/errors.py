"""Every error a person can act on, in one tree.

HetaError
├── InputError               the text, the target or a position cannot be used
├── SettingsError            an option has a value it cannot have
├── LoadError                a model or tokenizer cannot be loaded
│   └── UnsupportedModelError    it loads, but one of the method's equations does not hold on it
├── NotDifferentiableError   the model has no (finite) second derivative as it runs now
├── OutOfMemoryError         the work does not fit into memory
├── ReportError              a saved result cannot be read
├── LibraryError             the file of saved analyses cannot be read or written, or has no such entry
│   └── ChangedElsewhereError    an entry was edited in the meantime; nothing was overwritten
└── Cancelled                the reader stopped the work; what was finished is kept

A message has three parts: what was needed, what was found, what to do.
Mistakes in our own code stay `AssertionError` and `TypeError`: nobody can act on those but us.
"""


class HetaError(Exception):
    """Catch this to show the message to the person who asked."""


class InputError(HetaError):
    """The text, the target or a position cannot be used."""


class SettingsError(HetaError):
    """An option has a value it cannot have."""


class LoadError(HetaError):
    """A model or tokenizer cannot be loaded."""


class UnsupportedModelError(LoadError):
    """The model loads, but an equation of the method does not hold on it.

    Args:
        reason: what was found, as half a sentence, where another message may say it.
    """

    def __init__(self, message: str, reason: str = "") -> None:
        super().__init__(message)
        self.reason = reason or message.rstrip(".")


class NotDifferentiableError(HetaError):
    """The model has no finite second derivative as it runs now."""


class OutOfMemoryError(HetaError):
    """The work does not fit into memory."""


class ReportError(HetaError):
    """A saved result cannot be read."""


class LibraryError(HetaError):
    """The file of saved analyses cannot be read or written, or has no such entry."""


class ChangedElsewhereError(LibraryError):
    """An entry was edited in the meantime, in another tab perhaps; nothing was overwritten."""


class Cancelled(HetaError):
    """The reader stopped the work; what was finished is kept."""
