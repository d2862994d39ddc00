"""The options that say how scores are computed and combined, the same for several commands. Nothing imports torch."""

import argparse

from heta_core.settings import ESTIMATORS, MASKS, SCALINGS, Probes, Settings, Weights


def _probes(typed: str) -> Probes:
    return "auto" if typed == "auto" else int(typed)


def add_settings(command: argparse.ArgumentParser) -> None:
    """How it is computed."""
    usual = Settings()
    how = command.add_argument_group("how it is computed")
    how.add_argument("--mask", choices=MASKS, default=usual.mask, help="how a word is taken away (default %(default)s)")
    how.add_argument("--mask-token", type=int, metavar="ID", help="the id put in its place, with --mask token")
    how.add_argument(
        "--estimator", choices=ESTIMATORS, default=usual.estimator, help="of the Hessian term (default %(default)s)"
    )
    how.add_argument(
        "--probes",
        type=_probes,
        default=usual.probes,
        metavar="M",
        help="sign vectors a token, or auto: as many as its part in the score needs (default %(default)s)",
    )
    how.add_argument("--tolerance", type=float, metavar="E", help="relative error that --probes auto stops at (0.1)")
    how.add_argument("--rank", type=int, metavar="K", help="of the approximation, with --estimator low_rank (8)")
    how.add_argument(
        "--step", type=float, metavar="H", help="in deviations of the embeddings, with --estimator finite_difference"
    )
    how.add_argument("--layers", type=int, metavar="K", help="curvature of what enters the last K layers")
    how.add_argument("--seed", type=int, default=usual.seed, help="of the sign vectors (default %(default)s)")
    how.add_argument(
        "--memory",
        metavar="AMOUNT",
        help="that may be taken beside the model: 2GB (default: a safe part of what is free)",
    )


def add_weights(command: argparse.ArgumentParser) -> None:
    """How it is combined."""
    usual = Weights()
    read = command.add_argument_group("how it is combined: transition × (beta × Hessian + gamma × KL)")
    read.add_argument("--beta", type=float, default=usual.beta, help="weight of the Hessian term (default %(default)s)")
    read.add_argument("--gamma", type=float, default=usual.gamma, help="weight of the KL term (default %(default)s)")
    read.add_argument(
        "--scaling",
        choices=SCALINGS,
        default=usual.scaling,
        help="raw: as in the paper; unit: balanced, both terms divided by their sums (default %(default)s)",
    )
