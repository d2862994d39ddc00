"""The words of the glossary that a page shows, as a line of links at its foot."""

from functools import cache

import streamlit as st

from heta_core.views import glossary

# Beside every page stands the model, with what is known of it.
_MODEL = (
    *("heta", "token", "context", "attention", "layer", "head", "weights", "precision"),
    *("transition", "hessian", "kl", "littletown"),
)
_ANSWER = (
    *("prediction", "probability", "rank", "entropy", "nats", "log-probability", "log-odds", "first-choice", "target"),
    *("score", "share", "flow", "curvature", "gradient", "embedding", "strength", "beta-gamma", "scaling"),
    *("mask", "mask-zero", "mask-mean", "mask-token", "mask-attention", "effect", "contrast", "span", "block", "units"),
    *("probe", "estimator", "shared-probes", "other-estimators", "standard-error", "standing-out"),
    *("special-token", "attention-sink", "seed", "passes"),
)
_METHODS = (
    *("random-order", "recency", "first-order-twin", "input-gradient", "integrated-gradients", "occlusion"),
    *("rollout", "alti", "attn-lrp", "shapley", "lime", "context-cite", "tdd", "progressive-inference", "reagent"),
    *("peering", "logit"),
)
_CHECKS = ("faithfulness", "deletion", "scrambling", "stability", "spearman", "random-order")
# What is said of an answer on its own screen alone.
_OF_ONE_ANSWER = {"attention-sink", "special-token", "strength", "standing-out", "units", "span", "entropy"}
# What stands on a page in any of its states, by the title of the page. Learn draws a line for each of its parts.
WORDS: dict[str, frozenset[str]] = {
    "Explore": frozenset((*_MODEL, *_ANSWER, *_CHECKS)),
    "Generate": frozenset((*_MODEL, *_ANSWER, "greedy", "sampling", "temperature", "top-k", "top-p")),
    "Library": frozenset(_MODEL),
    "Compare": frozenset((*_MODEL, *_ANSWER, *_METHODS, "deletion", "spearman")) - _OF_ONE_ANSWER | {"units"},
    "Error analysis": frozenset(
        (
            *(*_MODEL, *_ANSWER, *_METHODS, *_CHECKS, "evidence", "evidence-at-one", "distractor", "dsa"),
            *("fragile", "bootstrap"),
            *("comprehensiveness", "morf", "soft-faithfulness", "pi-soft", "auprc", "precision-recall"),
            *("completeness", "noise-sensitivity", "lds"),
        )
    )
    - {*_OF_ONE_ANSWER, "contrast", "effect", "scrambling", "other-estimators", "mask-token"}
    | {"special-token", "strength", "units"},
}


def more(*words: str) -> str:
    """Links to entries as Markdown, for the end of a tip."""
    links = (f"[{glossary.by_id()[word].name}]({glossary.address(word)})" for word in words)
    return f" In the glossary: {', '.join(links)}."


def draw(title: str) -> None:
    """The line, where the page of this title has one."""
    if title in WORDS:
        st.html(_line(title))


@cache
def _line(title: str) -> str:
    """Written once: every run of a page draws it."""
    return glossary.line(WORDS[title])
