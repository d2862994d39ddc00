"""Generate: what does the model say next, and why each word of it?"""

from heta_core.report import loads_generation
from pages.generate import branches, continuation, film, prompt_form
from pages.ui import controls, examples, frame, state


def generate() -> None:
    """The prompt, the continuation as a film, and what lies behind it."""
    prompt_form.messages()
    controls.download_offer(prompt_form.download)
    prompt_form.draw()
    shown = branches.active()
    if shown is not None and (generation := shown.generation) is not None:
        film.draw(shown, generation)
        continuation.draw(shown, generation)


with frame.page("Generate", prompt_form.model_chosen):
    shipped = examples.FOLDER / "generation.json"
    if state.once("generate opened") and shipped.is_file():
        branches.show(loads_generation(shipped.read_text(encoding="utf-8")), "Shipped example")
    frame.part(generate, branches.advance)()
