"""Littletown: a small generated world, its lessons, and the model trained on it.

The evidence of every answer is known as character spans, because the world is generated.
`words` names everything, `scenes` tells stories, `lessons` asks; only `train`, `score` and `report` need torch.
"""
