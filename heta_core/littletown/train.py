"""Training Littletown's model from nothing: `python -m heta_core.littletown.train --out FOLDER --seed 0`.

1. Rows are generated; every answer in them weighs more than the words around it.
2. Stages follow each other, from two things at a time to everything (`syllabus`); what is learnt is measured.
3. The rate of a stage is constant after a short warm-up and falls to zero over the last part of the run.
4. The shipped weights are a running average of the trained ones.

The same seed, machine, library versions and number of workers give the same weights.
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path
from random import Random

import torch
from torch import distributed, nn
from torch.multiprocessing.spawn import spawn

from heta_core.littletown import tokenizer
from heta_core.littletown.batches import Batch, Reader, batches
from heta_core.littletown.lessons import held_out
from heta_core.littletown.recipe import Recipe, losses, new_model, optimizers, rate, soften
from heta_core.littletown.score import pair_accuracy
from heta_core.littletown.syllabus import STAGES, Pace, Stage

SAVE_EVERY = 3  # gates


class Run:
    """The state of a training run, written down and taken up again at gates."""

    def __init__(self, recipe: Recipe, out: Path, worker: int) -> None:
        self.recipe, self.out, self.worker = recipe, out, worker
        self.words = tokenizer.build()
        self.reader = Reader(tokenizer.build(opens=False))
        self.model = new_model(recipe, self.words)
        self.average = {k: v.clone() for k, v in self.model.state_dict().items()}
        self.optimizers = optimizers(self.model)
        self.step, self.n_seen, self.seconds = 0, 0, 0.0
        if (out / "run.pt").exists():
            self._load(torch.load(out / "run.pt", weights_only=True))

    def _load(self, saved: dict) -> None:  # type: ignore[type-arg]
        self.model.load_state_dict(saved["model"])
        self.average = saved["average"]
        for optimizer, state in zip(self.optimizers, saved["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        self.step, self.n_seen, self.seconds = saved["step"], saved["n_seen"], saved["seconds"]

    def save(self) -> None:
        """Write everything needed to go on, and the averaged model as a folder that loads."""
        self.out.mkdir(parents=True, exist_ok=True)
        saved = {
            "model": self.model.state_dict(),
            "average": self.average,
            "optimizers": [o.state_dict() for o in self.optimizers],
            **{k: getattr(self, k) for k in ("step", "n_seen", "seconds")},
        }
        torch.save(saved, self.out / "run.tmp")
        (self.out / "run.tmp").replace(self.out / "run.pt")
        averaged = new_model(self.recipe, self.words)
        averaged.load_state_dict(self.average)
        averaged.save_pretrained(self.out / "model")
        tokenizer.save(self.out / "model")
        log = asdict(self.recipe) | {"n_seen": self.n_seen, "seconds": round(self.seconds), "step": self.step}
        (self.out / "model" / "training.json").write_text(json.dumps(log, indent=1) + "\n", encoding="utf-8")

    def begin(self, stage: Stage) -> None:
        """Soften attention where a stage asks for it."""
        for weights in (self.model.state_dict(), self.average):
            soften(weights, stage.sharpness)

    def set_pace(self, pace: Pace) -> None:
        """Set the rates of this step."""
        share, (matrices, others) = rate(self.step, self.recipe), self.optimizers
        matrices.param_groups[0].update(lr=pace.matrix_rate * share, weight_decay=pace.weight_decay)
        others.param_groups[0].update(lr=pace.other_rate * share)

    def learn(self, batch: Batch, pace: Pace) -> tuple[float, float]:
        """One step on one batch."""
        self.set_pace(pace)
        loss, answers = losses(self.model, batch)
        loss.backward()  # type: ignore[no-untyped-call]
        self._share_gradients()
        nn.utils.clip_grad_norm_(self.model.parameters(), 1.0)
        for optimizer in self.optimizers:
            optimizer.step()
        self.model.zero_grad()
        keep = min(self.recipe.average, (1 + self.step) / (10 + self.step))
        for name, value in self.model.state_dict().items():
            self.average[name].lerp_(value, 1 - keep)
        self.step += 1
        self.n_seen += batch.ids.numel() * self.recipe.n_workers
        return loss.item(), answers

    def _share_gradients(self) -> None:
        """Every worker gets the mean of all workers' gradients."""
        gradients = [p.grad for p in self.model.parameters() if p.grad is not None]
        flat = mean_of_workers(torch.cat([g.flatten() for g in gradients]))
        for gradient, part in zip(gradients, torch.split(flat, [g.numel() for g in gradients]), strict=True):
            gradient.copy_(part.view_as(gradient))

    def gate(self, stage: Stage) -> dict[str, float]:
        """Pair accuracy of the skills that a stage teaches."""
        self.model.eval()
        n, share = self.recipe.n_workers, self.recipe.n_gate // self.recipe.n_workers
        found = [
            pair_accuracy(
                self.model,
                self.words,
                held_out(skill, share, n * self.step + self.worker, syllabus=stage.rows),
            )
            for skill in stage.watch
        ]
        self.model.train()
        return dict(zip(stage.watch, mean_of_workers(torch.tensor(found)).tolist(), strict=True))


def mean_of_workers(values: torch.Tensor) -> torch.Tensor:
    """The mean of a tensor over all workers; the same bits in each of them."""
    distributed.all_reduce(values)
    return values / distributed.get_world_size()


def _lesson(run: Run, stage: Stage) -> None:
    """The steps from one gate to the next, and the gate."""
    recipe, began = run.recipe, time.monotonic()
    source = batches(
        stage,
        run.reader,
        Random(f"{recipe.seed} {run.step} {run.worker}"),
        n_tokens=recipe.n_tokens // recipe.n_workers,
    )
    n = min(recipe.gate_every, stage.until - run.step)
    seen = [run.learn(next(source), stage.pace) for _ in range(n)]
    taken = time.monotonic() - began
    run.seconds += taken
    found = run.gate(stage)
    if run.worker == 0:
        loss, answers = (sum(column) / n for column in zip(*seen, strict=True))
        print(
            f"{time.strftime('%H:%M')} step {run.step} {stage.name} {run.n_seen / 1e6:.2f}M"
            f" {n * recipe.n_tokens / taken:.0f}/s loss {loss:.3f} answers {answers:.3f} ",
            {k: round(v, 2) for k, v in found.items()},
            flush=True,
        )


def _work(worker: int, recipe: Recipe, out: Path, meeting: str) -> None:
    """One of the processes that train together."""
    torch.set_num_threads(1)
    distributed.init_process_group("gloo", init_method=f"file://{meeting}", rank=worker, world_size=recipe.n_workers)
    run = Run(recipe, out, worker)
    for began, stage in zip((0, *(s.until for s in STAGES)), STAGES, strict=False):
        if run.step == began:
            run.begin(stage)
        while run.step < stage.until:
            _lesson(run, stage)
            if worker == 0 and (run.step // recipe.gate_every % SAVE_EVERY == 0 or run.step == stage.until):
                run.save()
    distributed.destroy_process_group()


def train(out: Path, recipe: Recipe) -> None:
    """Train to the end of the recipe, or go on with a run that stands in `out`."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        spawn(_work, (recipe, out, f"{folder}/meeting"), nprocs=recipe.n_workers)  # type: ignore[no-untyped-call]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description="Train Littletown's model from nothing.")
    parser.add_argument("--out", type=Path, required=True, help="folder of the run; a run in it is continued")
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    train(chosen.out, Recipe(seed=chosen.seed))


if __name__ == "__main__":
    main()
