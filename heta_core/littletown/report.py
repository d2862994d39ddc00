"""What the shipped model can do, measured: `python -m heta_core.littletown.report` rewrites the card's figures.

A skill is learnt when it reaches its bars on held-out scenes. What is not learnt is shown by no example.
"""

import argparse
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer
from transformers import LlamaForCausalLM

from heta_core.littletown.card import card
from heta_core.littletown.lessons import CORE, SKILLS, held_out
from heta_core.littletown.lexicon import known_words
from heta_core.littletown.questions import fixed_questions
from heta_core.littletown.score import Score, score
from heta_core.littletown.syllabus import STAGES, Stage

FOLDER = Path(__file__).resolve().parents[2] / "assets" / "littletown"
SEED = 2026
N = 300  # held-out instances of each skill
CORE_BARS = (0.95, 0.90)  # accuracy, minimal pairs with both answers right
HARDER_BARS = (0.90, 0.80)
LONGEST = 16  # sentences of a training scene: three blocks of up to six and three unrelated ones, rarely


@dataclass(frozen=True, slots=True)
class Figures:
    """Measured scores of a folder's model."""

    seed: int
    n_parameters: int
    megabytes: float  # of the whole folder but the card
    scores: dict[str, Score]  # by skill

    @property
    def learnt(self) -> tuple[str, ...]:
        """Skills that reach their bars."""
        return tuple(s for s, found in self.scores.items() if is_learnt(s, found))


def is_learnt(skill: str, found: Score) -> bool:
    """Whether a score reaches the bars of its skill."""
    accuracy, pairs = CORE_BARS if skill in CORE else HARDER_BARS
    return found.accuracy >= accuracy and found.pairs >= pairs


def world() -> dict[str, Any]:
    """What the card says about the world, the stages and the bars."""
    return {
        "n_words": len(known_words()),
        "n_fixed": len(fixed_questions()),
        "n_longest": LONGEST,
        "stages": [_told(stage) for stage in STAGES],
        "core": ", ".join(CORE),
        "core_accuracy": CORE_BARS[0],
        "core_pairs": CORE_BARS[1],
        "harder_accuracy": HARDER_BARS[0],
        "harder_pairs": HARDER_BARS[1],
    }


def _told(stage: Stage) -> tuple[str | float, ...]:
    """A stage's line in the card."""
    pace = stage.pace
    settings = (pace.matrix_rate, pace.other_rate, pace.weight_decay, stage.story_weight, stage.sharpness)
    return stage.name, stage.until, *settings


def measure(folder: Path = FOLDER, *, n: int = N) -> Figures:
    """Scores of the model in a folder on `n` held-out instances of each skill."""
    model = LlamaForCausalLM.from_pretrained(folder).eval()
    words = Tokenizer.from_file(str(folder / "tokenizer.json"))
    scores = {skill: score(model, words, held_out(skill, n, SEED)) for skill in SKILLS}
    shipped = [p for p in folder.iterdir() if p.suffix in (".safetensors", ".json") and p.name != "figures.json"]
    megabytes = sum(p.stat().st_size for p in shipped) / 1e6
    return Figures(SEED, model.num_parameters(), round(megabytes, 1), scores)


def write_card(folder: Path = FOLDER) -> Figures:
    """Measure the model of a folder and write `figures.json` and the card beside it."""
    figures = measure(folder)
    saved = asdict(figures) | {"learnt": list(figures.learnt)}
    (folder / "figures.json").write_text(json.dumps(saved, indent=1) + "\n", encoding="utf-8")
    training = json.loads((folder / "training.json").read_text(encoding="utf-8"))
    methods = (FOLDER / "methods.md").read_text(encoding="utf-8")  # of the shipped weights, measured by `evaluate`
    (folder / "README.md").write_text(card(saved, training, world(), methods), encoding="utf-8")
    return figures


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Measure Littletown's model and rewrite the figures of its card.")
    parser.add_argument("--folder", type=Path, default=FOLDER)
    torch.set_num_threads(2)
    figures = write_card(parser.parse_args().folder)
    for skill, found in figures.scores.items():
        mark = "learnt" if skill in figures.learnt else "NOT LEARNT"
        print(f"{skill:13} {found.accuracy:6.1%} {found.pairs:6.1%} {found.follows:6.1%} {mark}")


if __name__ == "__main__":
    main()
