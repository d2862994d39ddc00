"""The tokenizer: a byte-level BPE whose merges are written down from the words of the world.

1. One space is put in front of every text and taken away again, so a word is the same token wherever it stands.
2. Every byte is a token, so any text round-trips.
3. For each word, merges that join a space and its letters from left to right. A later merge never applies while an
   earlier one does, so each word of the world is one token.

With a second token for the word that opens a text, models answered wrongly about whoever was named first.
"""

from itertools import pairwise
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from heta_core.littletown.lexicon import known_words

SPECIALS = ("<s>", "</s>", "<pad>")
SPACE = "Ġ"  # how byte-level BPE writes a space
MAX_LENGTH = 4096


def _apply(pieces: list[str], ranks: dict[tuple[str, str], int]) -> list[str]:
    """The pieces of a word after all merges that apply, lowest rank first."""
    while pairs := [p for p in pairwise(pieces) if p in ranks]:
        best = min(pairs, key=ranks.__getitem__)
        merged, i = [], 0
        while i < len(pieces):
            joins = tuple(pieces[i : i + 2]) == best
            merged.append("".join(pieces[i : i + 2]) if joins else pieces[i])
            i += 2 if joins else 1
        pieces = merged
    return pieces


def merges(words: tuple[str, ...]) -> list[tuple[str, str]]:
    """Merges that make each word, with a space before it, one token."""
    ranks: dict[tuple[str, str], int] = {}
    for word in words:
        pieces = [SPACE, *word]
        while len(pieces := _apply(pieces, ranks)) > 1:
            ranks[pieces[0], pieces[1]] = len(ranks)
    return list(ranks)


def build(*, opens: bool = True) -> Tokenizer:
    """The tokenizer, the same on every machine; one that does not open texts with a space reads their middle."""
    joined = merges(known_words())
    pieces = [*SPECIALS, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    pieces += dict.fromkeys(a + b for a, b in joined)
    vocabulary = {piece: i for i, piece in enumerate(dict.fromkeys(pieces))}
    tokenizer = Tokenizer(models.BPE(vocab=vocabulary, merges=joined))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    if opens:
        tokenizer.normalizer = normalizers.Prepend(" ")
    tokenizer.decoder = decoders.Sequence([decoders.ByteLevel(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens(list(SPECIALS))
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A $B", special_tokens=[("<s>", vocabulary["<s>"])]
    )
    return tokenizer


def save(folder: Path) -> None:
    """Write the tokenizer so that `AutoTokenizer.from_pretrained` reads it."""
    fast = PreTrainedTokenizerFast(
        tokenizer_object=build(),
        bos_token="<s>",
        eos_token="</s>",
        pad_token="<pad>",
        clean_up_tokenization_spaces=False,
        split_special_tokens=True,  # a typed "<s>" is text
        model_max_length=MAX_LENGTH,
    )
    fast.save_pretrained(folder)
