"""The model card of `assets/littletown/`: its words stand here, its figures are measured by `report`."""

from collections.abc import Mapping
from typing import Any

_TEXT = """\
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

The bars: {core_accuracy:.0%} right and {core_pairs:.0%} of pairs for the core skills ({core}),
{harder_accuracy:.0%} and {harder_pairs:.0%} for the others. What misses a bar is marked *not learnt*.

| skill | right | both of a pair | follows the evidence | |
|---|---|---|---|---|
{rows}

{verdict}

Held out means: one scene in ten is never trained on, chosen by a hash of its words, whatever their order or
phrasing. Fixed facts are a table of {n_fixed} entries, all of which were trained on; only the scenes before them are
held out. The stages below were bounded by looking at other held-out questions of the same split.

## Shape

{n_layers} layers, width {width}, {n_heads} heads, SwiGLU of {inner}, tied embeddings, rotary positions, float32,
{n_parameters} parameters. `max_position_embeddings` is 4096, though it saw no text longer than about 400 tokens. The
tokenizer is a byte-level BPE that puts one space in front of every text and takes it away again: any Unicode text
round-trips, and every word of the world is one token wherever it stands. The folder takes {megabytes} MB.

## Training

{millions_seen:.1f} million tokens (padding included) in {step} steps of {n_tokens}; {minutes} minutes in {n_workers}
processes of one thread on a shared machine with two cores. A row is a scene followed by its questions; in the loss an
answer weighs 8, a word of a story as below, a word of a question 0.3 of that. Muon for the matrices of the layers,
AdamW for embeddings and norms; warm-up of {warm_up} steps, linear to zero over the last {decay:.0%}; the weights are a
running average ({average} per step).

| stage | until step | rate of Muon | rate of AdamW | weight decay | weight of a story | sharpness |
|---|---|---|---|---|---|---|
{stages}

*Sharpness* is a factor put on the query and key weights when a stage begins: saturated attention learns nothing new.

```
python -m heta_core.littletown.train --out runs/littletown --seed {seed_of_training}  # into runs/littletown/model
python -m heta_core.littletown.report  # measures this folder, or --folder, and rewrites figures.json and the card
```

The same seed, machine, library versions and number of processes repeat a run; another processor rounds differently
and ends in other weights. These weights come from one run that was stopped and taken up again while its schedule was
being found: on the settings of the table, but with fewer forms of question about containers from step 6300 to 6750.
The command runs the schedule of the table from nothing. It has not yet been run to its end in one piece; its first 150
steps were, with the same losses as in this run.

## How methods of attribution compare on it

{methods}
## Limits

It knows {n_words} words and these kinds of sentences, nothing of the world outside. Other words are read letter by
letter, and what it says about them means nothing. Names stand for men or women as listed in `words.py`; longer scenes
than it was trained on (up to about {n_longest} sentences) make it worse. It is made to be explained, not to be used.

Licence: Apache-2.0, the same as the project's.
"""


def card(figures: Mapping[str, Any], training: Mapping[str, Any], world: Mapping[str, Any], methods: str) -> str:
    """The card's text, from `figures.json`, `training.json`, sizes of the world and `methods.md`."""
    scores: Mapping[str, Mapping[str, float]] = figures["scores"]
    learnt: list[str] = figures["learnt"]
    rows = "\n".join(
        f"| {skill} | {s['accuracy']:.1%} | {s['pairs']:.1%} | {s['follows']:.1%} |"
        f" {'learnt' if skill in learnt else '**not learnt**'} |"
        for skill, s in scores.items()
    )
    missing = [skill for skill in scores if skill not in learnt]
    stages = "\n".join("| " + " | ".join(map(str, stage)) + " |" for stage in world["stages"])
    told = {
        "stages": stages,
        "rows": rows,
        "verdict": f"Not learnt: {', '.join(missing)}." if missing else "Every skill reaches its bars.",
        "n": next(iter(scores.values()))["n"],
        "millions": figures["n_parameters"] / 1e6,
        "millions_seen": training["n_seen"] / 1e6,
        "minutes": round(training["seconds"] / 60),
        "seed_of_training": training["seed"],
        "methods": methods,
    }
    return _TEXT.format(**{**training, **world, **figures, **told})
