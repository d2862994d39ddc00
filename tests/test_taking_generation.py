"""What a reader takes along of a generation: page, pictures and snippet, also for tokens that break careless files."""

import json
import re

import made_generation
import numpy as np
import pytest
import samples
from test_taking import NASTY

from heta_core.errors import ReportError
from heta_core.generated import GenerationAttribution
from heta_core.report import dumps, loads, loads_generation
from heta_core.taking.page import page, report_in
from heta_core.views import naming, still

SHOWN = made_generation.generation()
ATTACK = made_generation.generation(["<s>", *NASTY], ("</script>", "<img src=x onerror=alert(3)>", "\u202e", " cup"))
PARTIAL = list(made_generation.growing(SHOWN))
RESULTS = [SHOWN, ATTACK, PARTIAL[-4], PARTIAL[len(made_generation.ANSWER) + 1]]


def view_of(text: str) -> dict:
    return json.loads(re.findall(r'id="view">(.*?)</script>', text, re.DOTALL)[0])


@pytest.mark.parametrize("result", RESULTS)
def test_a_page_holds_the_report_and_opens_as_it(result: GenerationAttribution) -> None:
    report = report_in(page(result))
    assert dumps(loads_generation(report)) == dumps(loads_generation(dumps(result)))
    with pytest.raises(ReportError, match="page Generate"):
        loads(report)


@pytest.mark.parametrize("result", RESULTS)
def test_no_token_ends_the_element_that_it_stands_in(result: GenerationAttribution) -> None:
    text = page(result)
    assert re.findall(r"<(/?script[^>]*)>", text) == [
        *('script type="application/json" id="report"', "/script", 'script type="application/json" id="view"'),
        *("/script", "script", "/script"),
    ]
    assert "<img" not in text and text.count("</noscript>") == 1 and "<!--" not in text
    assert not any(c in text for c in "\u2028\u2029\u202e\x00\x1b")
    assert "default-src 'none'" in text and "url(" not in text and "@import" not in text


@pytest.mark.parametrize("result", RESULTS)
def test_the_numbers_of_every_step_of_a_page_are_those_of_its_report(result: GenerationAttribution) -> None:
    text = page(result)
    g, view = loads_generation(report_in(text)), view_of(text)["film"]
    for k, drawn in enumerate(view["steps"]):
        a = g.at(k)
        known = {
            "transition": a.transition.scores if a.transition else None,
            "hessian": a.hessian.scores if a.hessian else None,
            "hessian_error": a.hessian.standard_error if a.hessian else None,
            "kl": a.information.kl if a.information else None,
            "log_p_masked": a.information.log_p if a.information else None,
        }
        for name, values in known.items():
            expected = None if values is None else [None if np.isnan(v) else np.float32(v) for v in values]
            said = drawn[name]
            assert (None if said is None else [None if v is None else np.float32(v) for v in said]) == expected


def test_without_scripts_every_step_is_there_with_the_number_of_every_token() -> None:
    told = re.findall(r"<noscript>(.*?)</noscript>", page(SHOWN), re.DOTALL)[0]
    assert told == "\n" + still.film(loads_generation(dumps(SHOWN)))
    assert told.count("<h2>Step ") == SHOWN.n_new
    assert told.count("<sub>") == sum(range(SHOWN.n_prompt, len(SHOWN.tokens)))


def test_a_text_that_still_grows_is_no_page_yet() -> None:
    with pytest.raises(ReportError, match="reasons of a step"):
        page(PARTIAL[2])


def test_a_film_is_named_by_what_was_said() -> None:
    assert naming.continued(SHOWN) == "Why did the model say “took the green cup to the museum.”?"
    long = made_generation.generation(samples.words("Then Kate"), [" word"] * 40)
    assert len(naming.continued(long)) < 100 and " … " in naming.continued(long)
