"""Generate: what does the model say next, and why each word of it?"""

from pages.generate import branches, continuation, film, following, prompt_form
from pages.ui import controls, cost_line, frame


def generate() -> None:
    """The prompt, the continuation as a film, and what lies behind it."""
    prompt_form.messages()
    controls.download_offer(following.download)
    prompt_form.draw()
    cost_line.line(branches.busy(), branches.stop)
    shown = branches.active()
    if shown is not None and (generation := shown.generation) is not None:
        film.draw(shown, generation)
        continuation.draw(shown, generation)


with frame.boundary():
    following.start()
with frame.page("Generate", prompt_form.model_chosen):
    frame.part(generate, branches.advance)()
    following.listen()
