"""What the precision that a model ran in means for its scores, in words."""

# Against float32 on 50 questions about Littletown, ten probes each: in bfloat16 the order of the final score agrees to
# a Spearman of 0.9992 (median; 0.997 at the least) and the largest score to 1 % (median; 13 % at the most), while the
# order of the KL alone agrees to 0.91 (median; 0.36 at the least). tests/test_precision.py counts it again.
_CAVEATS = {
    "bfloat16": "computed in bfloat16: one to two digits of a score are good, and the order of small KL values is "
    "rounding (float32 knows it)",
    "float16": "computed in float16: two digits of a score are good, and the smallest are rounding",
    "8bit": "weights in 8 bits: what enters each matrix is rounded, and the derivatives pass over that",
    "4bit": "weights in 4 bits: the scores are those of the rounded model",
}


def told(dtype: str) -> str:
    """A caveat; empty where there is none to make."""
    return _CAVEATS.get(dtype, "")
