"""What an accessibility engine finds on a page, axe-core in the page itself."""

from pathlib import Path

import axe_playwright_python

ENGINE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text("utf-8")
# Streamlit's own markup, which cannot be mended from here: rule → what the element is known by. Where files are dropped
# has a tabindex but is no stop of the keyboard; a toast is named by a title that is not drawn.
DROP = {"presentation-role-conflict": 'data-testid="stFileUploaderDropzone"'}
STREAMLITS = DROP | {"aria-dialog-name": 'data-testid="stToast"'}
STANDS = "document.title && !document.querySelector('[data-testid=stSkeleton], [data-stale=true]')"
TIMES = 3
# Every rule that is broken, with the HTML of the element and the engine's words.
RUN = """async () => (await axe.run({ resultTypes: ["violations"] })).violations.flatMap((rule) => rule.nodes.map(
  (node) => [rule.id, node.html.slice(0, 300), [...node.any, ...node.all, ...node.none].map((c) => c.message).join(" ")]
))"""


def broken(page) -> set[str]:
    """The rules of Streamlit's that are broken; any other fails the test.

    What is drawn again just now is faint for a moment: a rule counts as broken if it still is after a while.
    """
    for _ in range(TIMES):
        page.wait_for_function(STANDS)
        page.wait_for_timeout(400)  # what fades in
        if not page.evaluate("typeof axe === 'object'"):
            page.evaluate(ENGINE)
        found = page.evaluate(RUN)
        ours = [(rule, *words) for rule, *words in found if STREAMLITS.get(rule, "\0") not in words[0]]
        if not ours:
            break
        page.wait_for_timeout(1000)
    assert ours == [], "\n".join(map(str, ours))
    return {rule for rule, *_ in found}
