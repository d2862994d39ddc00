"""The model card of `assets/littletown/`: its words stand here, its figures are measured by `report`."""

from collections.abc import Mapping

_HEAD = """\
---
license: apache-2.0
language: en
library_name: transformers
---

# Littletown

A Llama-shaped decoder of {millions:.2f} million parameters that knows one small world. HETA Explorer trains it
itself on scenes it generates (`heta_core/littletown`), so for every answer it is known which sentence and which
words are the evidence. No text of other people was used.

It reads short English scenes (who went where, who has what, what colour things are, who gave what to whom) and
answers questions about them with one word: a prompt ends in `Answer:`, and the next token is the answer.

```
Kate went to the garden. Noah went to the kitchen. Question: Where is Kate? Answer:
```

## What it can do

Measured on {n} held-out instances of each skill (seed {seed}); a scene always tells at least one other thing of the
kind that is asked for. *Both of a pair*: the same scene is asked about the other candidate, or edited so that the
other answer is right, and both answers are right; a model that does not read the name gets none. *Follows the
evidence*: the answer's word in the evidence is replaced by a third one (for fixed facts and agreement: the subject),
and the answer changes with it.

| skill | right | both of a pair | follows the evidence | |
|---|---|---|---|---|
{rows}

{verdict}

Held out means: one scene in ten is never trained on, chosen by a hash of its words, whatever their order or
phrasing. Fixed facts are a table of {n_fixed} entries, all of which were trained on; only the scenes before them are
held out.

## Shape

{n_layers} layers, width {width}, {n_heads} heads, SwiGLU of {inner}, tied embeddings, rotary positions, float32;
`max_position_embeddings` 4096, though it saw no text longer than about 400 tokens. The tokenizer is a byte-level BPE:
any Unicode text round-trips, and every word of the world is one token, with and without a space before it. The folder
takes {megabytes} MB.

## Training

{n_seen:.1f} million tokens (padding included) in {n_steps} steps of {n_tokens}; {minutes} minutes on {n_threads}
cores of a shared machine. A row is a scene followed by all its questions in random order; an answer weighs 8, what
cannot be foreseen weighs 0.1 to {story_weight} and a question 0.3 of that. Muon (rate {matrix_rate}) for the matrices,
AdamW (rate {other_rate}) for embeddings and norms, warm-up {warm_up} steps, constant, then linear to zero over the
last {decay:.0%}; the weights are a running average (decay {average} per step). Stages: two things of one kind; core
skills; everything. A stage is left when both answers of enough held-out pairs are right.

```
python -m heta_core.littletown.train --out runs/littletown --seed {train_seed}     # retrains it from nothing
python -m heta_core.littletown.report                       # measures it and rewrites this card
```

The same seed, machine, library versions and number of threads repeat the training; another processor rounds
differently and ends in other weights of about the same skill.

## Limits

It knows {n_words} words and these kinds of sentences, nothing of the world outside. Other words are read letter by
letter, and what it says about them means nothing. Names stand for men or women as listed in `words.py`; longer scenes
than it was trained on (about {n_longest} sentences) make it worse. It is made to be explained, not to be used.

Licence: Apache-2.0, the same as the project's.
"""


def card(figures: Mapping[str, object], training: Mapping[str, object], world: Mapping[str, object]) -> str:
    """The card's text, from `figures.json`, `training.json` and sizes of the world."""
    scores, learnt = figures["scores"], figures["learnt"]
    assert isinstance(scores, Mapping) and isinstance(learnt, list)
    rows = "\n".join(
        f"| {skill} | {s['accuracy']:.1%} | {s['pairs']:.1%} | {s['follows']:.1%} |"
        f" {'learnt' if skill in learnt else '**not learnt**'} |"
        for skill, s in scores.items()
    )
    missing = [skill for skill in scores if skill not in learnt]
    verdict = "Every skill reaches its bars." if not missing else f"Not learnt: {', '.join(missing)}."
    first = next(iter(scores.values()))
    return _HEAD.format(**{**training, **world, **figures}, rows=rows, verdict=verdict, n=first["n"])
