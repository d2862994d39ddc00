"""Where a result was computed, in one line: what somebody would need to know to compute it again."""

from heta_core.attribution import Attribution
from heta_core.generated import GenerationAttribution


def told(result: Attribution | GenerationAttribution) -> str:
    """The model with its fingerprint, the precision, the seed and the libraries."""
    source = result.source
    model = f"{source.model} at {source.revision[:12]}" if source.revision else source.model
    libraries = ", ".join(f"{name} {version}" for name, version in source.versions)
    return (
        f"Model {model} (weights {source.weights_id}), {source.dtype} on {source.device} · seed {result.settings.seed}"
        f" · {libraries}"
    )
