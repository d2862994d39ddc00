"""Where each model type that transformers loads as a causal model stands: `PYTHONPATH=. python tests/families.py`.

1. What transformers itself lists as something else than a decoder of text is told from its own tables.
2. The smallest model of every other type is built (`family_models`), and loaded as a user's model is: its equations
   are checked, and what it is refused for is the reason given.
3. The table goes to `assets/families.json` and to the README.
"""

import ast
import inspect
import json
import re
import sys
import textwrap
import warnings
from collections import Counter
from dataclasses import asdict
from functools import cache
from pathlib import Path

import torch
import transformers
from conftest import byte_tokenizer
from family_models import as_it_needs, random_model, tiny_config
from torch.overrides import TorchFunctionMode
from transformers import CONFIG_MAPPING, PreTrainedModel
from transformers.models.auto import modeling_auto as auto

from heta_core.errors import HetaError
from heta_core.families import TABLE, Standing
from heta_core.language_model import LanguageModel
from heta_core.loading import wrap

ROOT = Path(__file__).resolve().parents[1]
CAUSAL: dict[str, str] = dict(auto.MODEL_FOR_CAUSAL_LM_MAPPING_NAMES)
TITLES = {
    "proven": "**proven**: transition, KL and Hessian",
    "partial": "**partial**: KL and Hessian; no transition, as some layers are no attention that can be read",
    "no_attention": "**no attention**: KL and Hessian",
    "not_text_decoder": "**no decoder-only text model**, as transformers lists it or as it behaves",
    "refused": "**refused**: the equations do not hold",
}
BEGIN, END = "<!-- families: written by python tests/families.py -->", "<!-- /families -->"
# What makes a type something else than a decoder of text, likeliest first.
ELSEWHERE = {
    "masked tokens": auto.MODEL_FOR_MASKED_LM_MAPPING_NAMES,
    "one text from another": auto.MODEL_FOR_SEQ_TO_SEQ_CAUSAL_LM_MAPPING_NAMES,
    "text from speech": auto.MODEL_FOR_SPEECH_SEQ_2_SEQ_MAPPING_NAMES,
    "sound from text": auto.MODEL_FOR_TEXT_TO_WAVEFORM_MAPPING_NAMES,
    "text from images and text": auto.MODEL_FOR_IMAGE_TEXT_TO_TEXT_MAPPING_NAMES,
    "text from several media": auto.MODEL_FOR_MULTIMODAL_LM_MAPPING_NAMES,
}
# Why a type is where the checks put it, where their own words say only that something does not hold.
CAUSES = {
    "bitnet": "a norm stands between the heads and the output projection",
    "blt": "which bytes go together is chosen from their ids, not from embeddings",
    "deepseek_v4": "experts are chosen by ids, and keys and values are compressed over several tokens",
    "diffllama": "one attention is subtracted from another",
    "falcon_h1": "a state-space part runs beside the attention of every layer",
    "gemma3n_text": "every layer has embeddings of its own that are looked up by ids",
    "gemma4_text": "every layer has embeddings of its own that are looked up by ids (with "
    "`hidden_size_per_layer_input` 0 it is read as gemma4_unified_text is)",
    "granite_swa": "its sinks scale what the heads have mixed, not the probabilities that it returns",
    "granitemoe_swa": "its sinks scale what the heads have mixed, not the probabilities that it returns",
    "hrm_text": "its layers run several times",
    "inkling_text": "values are convolved over several tokens",
    "inkling2_text": "values are convolved over several tokens",
    "jetmoe": "its output projection is a mixture of experts",
    "longcat_flash": "every layer holds two attentions",
    "zaya": "queries, keys and values are convolved over several tokens",
}
IDS = tuple(range(3, 14))


def walk() -> dict[str, Standing]:
    """Every type, in the order of their names."""
    return {model_type: standing_of(model_type) for model_type in sorted(CAUSAL)}


def standing_of(model_type: str) -> Standing:
    """The one column of a type, and why."""
    text_type = _text_type_of(model_type)
    if text_type != model_type:
        inner = standing_of(text_type)
        return Standing(inner.standing, f"{inner.reason}; its text part is {text_type}".lstrip("; "))
    other = _listed_elsewhere(model_type)
    if other:
        return Standing("not_text_decoder", other)
    model = built(model_type)
    with as_it_needs(model_type):
        return _not_causal(model) or _loaded(model, model_type)


@cache
def built(model_type: str) -> PreTrainedModel:
    """The smallest model of a type; of one that takes images too, its decoder of text."""
    model_type = _text_type_of(model_type)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return random_model(tiny_config(model_type))


@cache
def loaded(model_type: str) -> LanguageModel:
    """That model as a user's is loaded.

    Raises:
        HetaError: what it is refused for.
    """
    with as_it_needs(model_type):
        return wrap(built(model_type), byte_tokenizer(), name=model_type)


def _text_type_of(model_type: str) -> str:
    """The type whose decoder is loaded as the causal language model of one that takes images too."""
    inside = CONFIG_MAPPING[model_type].sub_configs.get("text_config")
    found = getattr(inside, "model_type", model_type)
    return found if CAUSAL.get(found) == CAUSAL[model_type] else model_type


def _listed_elsewhere(model_type: str) -> str:
    found = next((what for what, types in ELSEWHERE.items() if model_type in types), "")
    if found:
        return f"transformers lists it as a model for {found}"
    kind = getattr(transformers, CAUSAL[model_type])
    if "shared_kv_states" in inspect.signature(kind.forward).parameters:
        return "it continues the keys and values of another model"
    return ""


def _not_causal(model: PreTrainedModel) -> Standing | None:
    if any(name.endswith(("encoder_attn", "crossattention")) for name, _ in model.named_modules()):
        return Standing("not_text_decoder", "its layers attend to an encoder")
    ids = torch.tensor([IDS, (*IDS[:-1], IDS[0])])
    with torch.no_grad():
        logits = model(input_ids=ids, use_cache=False).logits
    if not torch.allclose(logits[0, :-1], logits[1, :-1], atol=1e-6):
        return Standing("not_text_decoder", "later tokens change what a position says")
    return None


def _loaded(model: PreTrainedModel, model_type: str) -> Standing:
    try:
        lm = loaded(model_type)
    except HetaError as error:
        return Standing("refused", CAUSES.get(model_type, shortened(str(error))))
    if lm.has_transition:
        return Standing("proven", "")
    n_attending = attending(model)
    if not n_attending:
        return Standing("no_attention", "no softmax over tokens in any layer")
    return Standing("partial", CAUSES.get(model_type, shortened(lm.architecture.refusal)))


def attending(model: PreTrainedModel) -> int:
    """How often a forward takes a softmax over tokens."""
    counter = _Softmaxes(len(IDS))
    with torch.no_grad(), counter:
        model(input_ids=torch.tensor([IDS]), use_cache=False)
    return counter.n


class _Softmaxes(TorchFunctionMode):
    """Counts those that end in (T, T) or, with a sink, (T, T+1)."""

    def __init__(self, n_tokens: int) -> None:
        super().__init__()
        self.n, self._shapes = 0, {(n_tokens, n_tokens), (n_tokens, n_tokens + 1)}

    def __torch_function__(self, function, types, args=(), kwargs=None):
        made = function(*args, **(kwargs or {}))
        name = getattr(function, "__name__", "")
        if name == "scaled_dot_product_attention" or (
            name == "softmax" and made.ndim > 2 and tuple(made.shape[-2:]) in self._shapes
        ):
            self.n += 1
        return made


def attention_code(model_type: str) -> str:
    """The source of what a proven type's attention does, without names of its family: types may share one."""
    attention = type(loaded(model_type).architecture.sites(built(model_type))[0].attention)
    helpers = (f for name, f in vars(sys.modules[attention.__module__]).items() if name == "eager_attention_forward")
    tree = ast.parse("".join(textwrap.dedent(inspect.getsource(f)) for f in (attention.forward, *helpers)))
    for node in ast.walk(tree):  # comments, docstrings and annotations are no code
        if isinstance(node, ast.FunctionDef):
            node.returns = None
            node.body = node.body[1:] if ast.get_docstring(node) else node.body
        if isinstance(node, ast.arg):
            node.annotation = None
    return re.sub(attention.__name__.removesuffix("Attention"), "", ast.unparse(tree))


def shortened(reason: str) -> str:
    """The part of a refusal that says what was found."""
    found = re.search(r", but (.*?)(: take a model of another family|$)", reason.replace("\n", " "), re.DOTALL)
    return re.sub(r": off by .*", "", found[1] if found else reason).strip(" .")


def section(found: dict[str, Standing]) -> str:
    """The README's part: a row for each column, and the reasons of those that are not read in full."""
    lines = [f"Of the {len(found)} types that transformers {transformers.__version__} loads as causal models:", ""]
    lines += ["| standing | types | which |", "|---|---:|---|"]
    for column, title in TITLES.items():
        names = [name for name, one in found.items() if one.standing == column]
        lines.append(f"| {title} | {len(names)} | {', '.join(names)} |")
    told = ("partial", "refused")
    because: dict[str, list[str]] = {}
    for name, one in found.items():
        if one.standing in told:
            because.setdefault(re.sub(r"; its text part.*|^\d+ of its \d+", "", one.reason).strip(), []).append(name)
    lines += ["", "Why not more is read of some:", ""]
    return "\n".join(lines + [f"- {', '.join(names)}: {reason}." for reason, names in because.items()])


def main() -> None:
    """Walk, tell, and write the table to its two places."""
    transformers.utils.logging.set_verbosity_error()
    found = walk()
    held = {"transformers": transformers.__version__, "families": {name: asdict(one) for name, one in found.items()}}
    TABLE.write_text(json.dumps(held, indent=1) + "\n", encoding="utf-8")
    readme = ROOT / "README.md"
    text = readme.read_text(encoding="utf-8")
    start, end = text.index(BEGIN) + len(BEGIN), text.index(END)
    readme.write_text(f"{text[:start]}\n\n{section(found)}\n\n{text[end:]}", encoding="utf-8")
    codes = {attention_code(name) for name, one in found.items() if one.standing == "proven"}
    print(dict(Counter(one.standing for one in found.values())), f"{len(codes)} distinct attention codes are proven")


if __name__ == "__main__":
    main()
