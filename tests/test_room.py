"""How many rows fit: what the formulas say against what torch allocates."""

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from allocations import most_allocated
from conftest import byte_tokenizer
from transformers import AutoModelForCausalLM, GPT2Config, GPTJConfig, LlamaConfig, Phi3Config, PreTrainedConfig

from heta_core.components import hessian
from heta_core.components.kl import kl
from heta_core.engine import attribute, attribute_steps
from heta_core.errors import OutOfMemoryError
from heta_core.language_model import LanguageModel, embed, log_probs, running
from heta_core.loading import wrap
from heta_core.memory import available
from heta_core.passes import batching, curvature, masked, room
from heta_core.passes.curvature import open_window, surface
from heta_core.passes.prefix import Chunk, chunks, logits_at
from heta_core.passes.room import (
    Extent,
    forward_bytes,
    gradient_bytes,
    graph_bytes,
    masked_rows,
    product_bytes,
    product_rows,
    shape_of,
)
from heta_core.passes.slopes import slopes
from heta_core.settings import Settings
from heta_core.targets import next_token

# What is predicted over what is counted: enough to choose a batch by, with SAFE_PART to spare.
LEAST, MOST = 0.8, 1.8
CONFIGS: dict[str, PreTrainedConfig] = {
    "gpt2": GPT2Config(n_layer=3, n_head=4, n_embd=128, vocab_size=300, bos_token_id=0, eos_token_id=0),
    "gpt2 with many words": GPT2Config(
        n_layer=2, n_head=4, n_embd=64, vocab_size=30_000, bos_token_id=0, eos_token_id=0
    ),
    "gptj": GPTJConfig(n_layer=2, n_head=4, n_embd=128, rotary_dim=16, vocab_size=300, bos_token_id=0, eos_token_id=0),
    "llama": LlamaConfig(
        num_hidden_layers=4, num_attention_heads=4, hidden_size=128, intermediate_size=384, vocab_size=895
    ),
    "llama, shared heads": LlamaConfig(
        num_hidden_layers=2,
        num_attention_heads=8,
        num_key_value_heads=2,
        hidden_size=128,
        intermediate_size=512,
        vocab_size=300,
    ),
    "phi3": Phi3Config(
        num_hidden_layers=2,
        num_attention_heads=4,
        hidden_size=128,
        intermediate_size=256,
        vocab_size=300,
        pad_token_id=0,
        eos_token_id=0,
    ),
}
EXTENTS = [Extent(32, 32), Extent(24, 96), Extent(128, 128), Extent(128, 256)]


@pytest.fixture(scope="module", params=CONFIGS)
def model(request: pytest.FixtureRequest) -> LanguageModel:
    with torch.random.fork_rng():
        torch.manual_seed(0)
        lm = wrap(AutoModelForCausalLM.from_config(CONFIGS[request.param]), byte_tokenizer(), name=request.param)
    return replace(lm, has_prefix=True)


@pytest.fixture(params=EXTENTS, ids=lambda e: f"{e.n_run} of {e.n_seen}")
def extent(request: pytest.FixtureRequest) -> Extent:
    return request.param


def chunk_of(lm: LanguageModel, extent: Extent) -> tuple[torch.Tensor, Chunk]:
    """The embeddings of a text, and the eight tokens from which on it is run."""
    embeddings = embed(lm, tuple(i % 256 for i in range(extent.n_seen)))
    start = extent.n_seen - extent.n_run
    *_, last = chunks(lm, embeddings, start or extent.n_seen)
    *_, chunk = chunks(lm, embeddings[: start + 1], start) if start else (last,)
    return embeddings, replace(chunk, stop=start + 8)


def each(run: Iterator[int] | list[int], rows: tuple[int, int]) -> float:
    """Bytes of a row more."""
    few, many = run
    return (many - few) / (rows[1] - rows[0])


@pytest.mark.parametrize("n_read", [1, 6])
def test_a_masked_sequence_takes_what_is_predicted(model: LanguageModel, extent: Extent, n_read: int) -> None:
    embeddings, chunk = chunk_of(model, extent)
    at = range(extent.n_run - n_read, extent.n_run)

    @torch.no_grad()
    def run(n: int) -> torch.Tensor:
        rows = embeddings[chunk.first :].repeat(n, 1, 1)
        with running(model):
            found = log_probs(logits_at(model, rows, chunk.copy_of_cache(n), at))
        return kl(found[0], found)

    counted = each([most_allocated(lambda n=n: run(n))[1] for n in (2, 6)], (2, 6))
    predicted = forward_bytes(shape_of(model), replace(extent, n_read=n_read))
    assert LEAST < predicted / counted < MOST


def test_a_graph_and_its_products_take_what_is_predicted(model: LanguageModel, extent: Extent) -> None:
    _, chunk = chunk_of(model, extent)
    over = surface(model, next_token(tuple(i % 256 for i in range(extent.n_seen)), 5))
    window, counted = most_allocated(lambda: open_window(over, chunk))
    assert LEAST < graph_bytes(shape_of(model), extent) / counted < MOST
    directions = [torch.ones(n, *window.gradient.shape) for n in (2, 6)]
    of_products = each([most_allocated(lambda d=d: window.products(d))[1] for d in directions], (2, 6))
    assert LEAST < product_bytes(shape_of(model), extent) / of_products < MOST


def test_first_gradients_take_what_is_predicted(model: LanguageModel) -> None:
    extent = Extent(64, 64)
    asked = next_token(tuple(i % 256 for i in range(64)), 5)
    context = embed(model, asked.lines[0].ids)

    def run(n: int) -> object:
        return list(slopes(model, asked, n, lambda part: context.repeat(part.stop - part.start, 1, 1), Settings()))

    counted = each([most_allocated(lambda n=n: run(n))[1] for n in (2, 6)], (2, 6))
    assert LEAST < gradient_bytes(shape_of(model), extent) / counted < MOST


def test_batches_fit_into_what_is_allowed(model: LanguageModel) -> None:
    extent, shape = Extent(64, 64), shape_of(model)
    for n in (1, 5):
        memory = int(1.001 * n * forward_bytes(shape, extent))
        assert masked_rows(model, extent, memory, most=100) == n
        memory = int(1.001 * (graph_bytes(shape, extent) + n * product_bytes(shape, extent)))
        assert product_rows(model, [extent], memory, most=100) == n
        assert product_rows(model, [extent], memory, most=3) == min(n, 3)


def test_a_safe_part_of_what_is_free_is_taken_unasked(gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch) -> None:
    extent = Extent(64, 64)
    one = forward_bytes(shape_of(gpt2), extent)
    monkeypatch.setattr(room, "free", lambda _: round(8.01 * one))
    assert masked_rows(gpt2, extent, None, most=100) == 4


def test_too_little_memory_for_one_row_is_an_error(gpt2: LanguageModel) -> None:
    with pytest.raises(OutOfMemoryError, match=r"needs about .* beside the model, and 1\.0 kB --memory allows: allow"):
        product_rows(gpt2, [Extent(64, 64)], 1000, most=16)


def test_a_computer_has_what_it_says_is_free() -> None:
    assert room.free(torch.device("cpu")) == pytest.approx(available(), rel=0.2)


@pytest.mark.parametrize(
    "settings",
    [Settings(probes=6, batch=16), Settings(probes="auto", batch=16), Settings(estimator="coloured", batch=16)],
)
def test_curvature_that_runs_out_of_memory_halves_its_batch_and_finishes(
    gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    expected = attribute(gpt2, "Kate has a cup.", settings=settings)
    whole, tried = curvature._through, []

    def through(lm: LanguageModel, outputs: torch.Tensor, leaf: torch.Tensor, directions: torch.Tensor) -> torch.Tensor:
        tried.append(len(directions))
        if len(directions) > 3:
            raise OutOfMemoryError("full")
        return whole(lm, outputs, leaf, directions)

    monkeypatch.setattr(curvature, "_through", through)
    steps = list(attribute_steps(gpt2, "Kate has a cup.", settings=settings))
    assert tried[:4] == [16, 8, 4, 2] and max(tried[3:]) == 2  # what did not fit is not tried again
    before = [step for step in steps if step.hessian is None and step.information is not None][-1]
    assert steps[-1].transition is before.transition and steps[-1].information is before.information
    assert steps[-1].hessian is not None and expected.hessian is not None
    np.testing.assert_allclose(steps[-1].hessian.scores, expected.hessian.scores, rtol=1e-8)
    assert steps[-1].work.products == expected.work.products


def test_what_is_finished_stays_where_not_one_product_fits(
    gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def through(*_: object, **__: object) -> torch.Tensor:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(torch.autograd, "grad", through)
    found = []
    with pytest.raises(OutOfMemoryError, match="needs more memory than cpu has left"):
        found.extend(attribute_steps(gpt2, "Kate has a cup."))
    assert found[-1].information is not None and found[-1].hessian is None


def test_masked_runs_that_run_out_of_memory_halve_their_batch_and_finish(
    gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(probes=1, chunk=8)
    expected, whole, tried = attribute(gpt2, "Kate has a cup.", settings=settings), masked.logits_at, []

    def logits(lm: LanguageModel, rows: torch.Tensor, *others: object, **options: object) -> torch.Tensor:
        tried.append(len(rows))
        if len(rows) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return whole(lm, rows, *others, **options)

    monkeypatch.setattr(masked, "logits_at", logits)
    found = attribute(gpt2, "Kate has a cup.", settings=settings)
    assert tried[:3] == [8, 4, 2] and max(tried[2:]) == 2
    assert found.information is not None and expected.information is not None
    np.testing.assert_allclose(found.information.kl, expected.information.kl, rtol=1e-8)


def test_less_memory_makes_smaller_batches_and_changes_no_number(
    gpt2: LanguageModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    text, rooms = "Kate has a cup.", []

    class Seen(batching.Room):
        def __init__(self, rows: int) -> None:
            rooms.append(rows)
            super().__init__(rows)

    monkeypatch.setattr(masked, "Room", Seen)
    monkeypatch.setattr(hessian, "Room", Seen)
    shape, extent = shape_of(gpt2), Extent(16, 16)
    tight = int(1.01 * (graph_bytes(shape, extent) + 2 * product_bytes(shape, extent)))
    free, small = (
        attribute(gpt2, text, settings=Settings(probes=4, batch=16, memory=memory)) for memory in (None, tight)
    )
    assert rooms[1::2] == [16, 2]
    assert free.information is not None and small.information is not None
    np.testing.assert_allclose(small.scores, free.scores, rtol=1e-8)
