"""A random model with Littletown's words: it reads nothing, but everything about it can be counted."""

from functools import cache

from transformers import PreTrainedTokenizerFast

from heta_core.language_model import LanguageModel
from heta_core.littletown import tokenizer
from heta_core.littletown.recipe import Recipe, new_model
from heta_core.loading import wrap


@cache
def random_town() -> LanguageModel:
    words = tokenizer.build()
    model = new_model(Recipe(n_layers=1, width=16, inner=32, n_heads=2), words)
    return wrap(model.eval(), PreTrainedTokenizerFast(tokenizer_object=words, bos_token="<s>"), name="random town")
