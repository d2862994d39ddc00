"""A link to a continuation: written of one that is shown, and followed once it has been checked."""

from dataclasses import replace

from heta_core.errors import HetaError, LibraryError
from heta_core.generated import GenerationAttribution
from heta_core.library import reading
from heta_core.report import loads_generation
from heta_core.settings import Decoding
from heta_core.taking import continuation
from pages.generate import branches, prompt_form
from pages.generate.branches import Branch
from pages.generate.generating import Request
from pages.ui import controls, examples, keeping, linking, session, state
from pages.ui.question import ADAPTIVE

_PENDING = "linked continuation"  # the request that waits for a model to be downloaded
_NAME = "From a link"


def listen() -> None:
    """Listen for links. Nothing is seen of it."""
    linking.listen(follow, continuation.START)


def start() -> None:
    """What the page opens with: the shipped example, and a link that led here; only before anything is drawn."""
    shipped = examples.FOLDER / "generation.json"
    if state.once("generate opened") and shipped.is_file():
        branches.show(loads_generation(shipped.read_text(encoding="utf-8")), "Shipped example")
    linking.arrived(follow, continuation.START)


def follow(fragment: str) -> None:
    """Ask what a link asks; what cannot be asked is said, and what is on the screen stays."""
    try:
        asked = continuation.read(fragment)
        if asked.saved is not None:
            branches.show(_opened(asked.saved), "From the Library")
            return
    except HetaError as error:
        branches.say(str(error))
        return
    request = Request(
        asked.model,
        asked.prompt,
        asked.decoding or Decoding(),
        asked.answer if asked.decoding is None else None,
        given=() if asked.decoding is None else asked.answer,
        settings=asked.settings or ADAPTIVE,
        ids=asked.ids,
        segments=asked.segments,
    )
    if asked.weights is not None:
        branches.set_weights(asked.weights)
    session.offer(None)
    if controls.is_here(asked.model):
        session.set_model(asked.model)
        branches.ask(Branch(_NAME), request)
    else:  # the network is asked after a click only, whoever made the link
        state.put(_PENDING, request)
        session.offer(asked.model)


def _opened(entry_id: str) -> GenerationAttribution:
    """A generation of this visitor's own library.

    Raises:
        HetaError: there is none of that id.
    """
    own = keeping.shelf()
    if own is None:
        raise LibraryError("This link opens a saved generation, and this server saves none: open the saved file.")
    result = reading.load(own, entry_id)
    if not isinstance(result, GenerationAttribution):
        raise LibraryError("This link leads to a single answer: open it from the Library.")
    return result


def written(g: GenerationAttribution) -> str:
    """The fragment of a link to a generation; what is too long for one is named by its place in the library.

    Raises:
        HetaError: there is no link to it; the message says why.
    """
    return linking.or_saved(g, continuation.written, continuation.saved)


def download(name: str) -> None:
    """What follows the offer to download a model: the link's request where it waits for this model."""
    pending: Request | None = state.get(_PENDING)
    state.put(_PENDING, None)
    if pending is None or pending.model != name:
        prompt_form.download(name)
        return
    session.set_model(name)
    session.offer(None)
    branches.ask(Branch(_NAME), replace(pending, may_download=True))
