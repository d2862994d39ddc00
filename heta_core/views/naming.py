"""How what is explained is named: the question, the two sides of a contrast, and how sure the model is of it."""

import math

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution
from heta_core.grouping import Scored, named
from heta_core.targets import Said
from heta_core.views.words import UNITS, number, percent, probability, quoted

# Of a longer text the middle is left out where it is named.
_LONGEST = 60
# With fewer nats all three decimals would be zero.
_LEAST = 0.001
# Beyond it a ratio is easier to read as a power of e.
_MOST_TIMES = 1_000_000


def question(attribution: Attribution, who: str = "the model") -> str:
    """What the picture answers."""
    one, other = said(attribution), foil(attribution)
    return f"Why did {who} say {one}?" if other is None else f"Why {one} rather than {other}?"


def continued(generation: GenerationAttribution) -> str:
    """What the film of a generation answers."""
    g = generation
    first = g.tokens.spans[g.n_prompt][0] if g.n_new else len(g.tokens.text)
    verb = "would" if g.decoding is None else "did"
    return f"Why {verb} the model say {_named(g.tokens.text[first:])}?"


def said(attribution: Attribution) -> str:
    """The explained tokens in quotes; with their ids where a foil reads the same."""
    a = attribution
    name = _named(_text(a))
    return f"{name} ({_ids(a.target.said)})" if a.foil and name == _named(a.target.foil_text) else name


def foil(attribution: Attribution) -> str | None:
    """What they are compared with, in quotes; None where nothing is compared."""
    a = attribution
    if not a.foil:
        return None
    name = _named(a.target.foil_text)
    return f"{name} ({_ids(a.target.foil)})" if name == _named(_text(a)) else name


def target(attribution: Attribution) -> str:
    """What is explained, and rather than what."""
    one, other = said(attribution), foil(attribution)
    return one if other is None else f"{one} rather than {other}"


def scored(attribution: Attribution) -> Scored:
    """What is scored one by one."""
    a = attribution
    return named(a.groups, a.tokens, a.target.position)


def unit(attribution: Attribution) -> str:
    """One of what is scored: token, word, sentence or block."""
    return UNITS[scored(attribution)][0]


def units(attribution: Attribution) -> str:
    """Several of what is scored."""
    return UNITS[scored(attribution)][1]


def method(attribution: Attribution) -> str:
    """Whose scores they are."""
    if attribution.given is not None:
        return attribution.given.title
    if not attribution.is_gated:
        return "β·S + γ·I, no gate"
    return "HETA" if attribution.method == "heta" else attribution.method


def signed(nats: float) -> str:
    """A number of nats with its sign; what is too small to be written has none."""
    if abs(nats) < _LEAST:
        return "≈ 0"
    return ("+" if nats > 0 else "") + number(nats)


def certainty(attribution: Attribution) -> str:
    """How likely the target is, beside which every explanation must be read."""
    a = attribution
    p = a.prediction
    if a.target.kind == "token":
        return f"{percent(math.exp(p.log_p))} sure, rank {p.rank}"
    if a.target.kind == "span":
        n = len(a.predictions)
        return f"log p {signed(a.log_p)} nats over {n} tokens ({signed(a.log_p / n)} a token), p {probability(a.log_p)}"
    assert a.log_p_foil is not None
    if a.target.kind == "contrast":
        return (
            f"{probability(a.log_p)}, rank {p.rank}, against {probability(a.log_p_foil)}, rank {a.foil[0].rank}; "
            f"f {signed(a.f)} nats"
        )
    return f"log p {signed(a.log_p)} against {signed(a.log_p_foil)} nats; f {signed(a.f)} nats"


def times(nats: float) -> str:
    """How many times as likely the one is as the other, where their log-probabilities differ by so much; ≥ 0."""
    exact = f"e^{number(nats)}"
    ratio = math.exp(nats) if nats < math.log(_MOST_TIMES) else None
    # Three digits are what the logarithm's own three carry.
    return f"{exact} times" if ratio is None else f"{number(float(f'{ratio:.3g}'))} times ({exact})"


def _text(a: Attribution) -> str:
    """What is explained as it stands in the text: tokens that share a character spell it once."""
    target = a.target
    spans = a.tokens.spans[target.position : target.stop]
    whole = a.tokens.text[spans[0][0] : spans[-1][1]] if target.rest else ""
    return whole or target.text


def _named(text: str) -> str:
    bare = text.strip() or text
    if len(bare) > _LONGEST:
        bare = f"{bare[: _LONGEST // 2]} … {bare[-_LONGEST // 2 :]}"
    return quoted(bare)


def _ids(tokens: tuple[Said, ...]) -> str:
    return ("token " if len(tokens) == 1 else "tokens ") + " ".join(str(token.token_id) for token in tokens)
