"""Two maps held against each other: alignment, differences, agreement and causes, by hand."""

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import replace

import made
import numpy as np
import pytest
import samples

from heta_core.agreement import chance_overlap, overlap
from heta_core.attribution import Attribution
from heta_core.parts import Given, Source
from heta_core.settings import Settings, Weights
from heta_core.views.compared_table import csv_text
from heta_core.views.comparing import Comparison, Place, align, compare, together
from heta_core.views.differing import causes, verdict
from heta_core.views.side_by_side import payload

# Ids by the word, as a tokenizer has them; the samples number theirs by place.
VOCABULARY: dict[str, int] = {}


def said(text: Sequence[str] | str, **options: object) -> Attribution:
    """A made-up result on a text; the same word has the same id in all of them."""
    pieces = samples.words(text) if isinstance(text, str) else text
    made_up = samples.result(pieces, **options)  # type: ignore[arg-type]
    ids = tuple(VOCABULARY.setdefault(piece, len(VOCABULARY)) for piece in pieces)
    return replace(made_up, tokens=replace(made_up.tokens, ids=ids))


def other_model(a: Attribution, **fields: object) -> Attribution:
    source = Source("other", None, "v" * 16, "u" * 16, "gpt2", 1, "float32", "cpu", (("torch", "0"), ("numpy", "0")))
    return replace(a, source=replace(source, **fields))  # type: ignore[arg-type]


def drawn(places: Sequence[Place]) -> str:
    """The alignment as signs: = same, ~ changed, < only left, > only right."""
    return "".join({"same": "=", "changed": "~", "left": "<", "right": ">"}[p.kind] for p in places)


def named(both: Comparison) -> list[str]:
    return [cause.what for cause in causes(both)]


A, B = said("Mia ran to the red museum. Why? Answer:"), said("Noah ran to the museum. Why? Answer:", seed=4)


# alignment


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("a b c d", "a b c d", "====="),
        ("a b c d", "a b x c d", "===>=="),
        ("a b c d", "a b d", "===<="),
        ("a b c d", "a x c d", "==~=="),
        ("a b c d", "a x y d", "==~~="),
        ("a b c d", "a x y z d", "==<<>>>="),  # not one for one
        ("a b c d e f", "a u v w x f", "==<<<<>>>>="),  # too long to be another word
        ("a b c d", "c d", "=<<=="),
        ("a a a", "a a", "===<"),
    ],
)
def test_texts_are_aligned_by_insertion_deletion_and_substitution(left: str, right: str, expected: str) -> None:
    one, other = (said(["<s>", *(f" {word}" for word in text.split())]) for text in (left, right))
    places = align(one, other)
    assert drawn(places) == expected
    assert [p.left for p in places if p.left is not None] == list(range(one.n_units))
    assert [p.right for p in places if p.right is not None] == list(range(other.n_units))


def test_one_tokenizer_is_compared_by_ids_and_two_by_what_they_spell() -> None:
    renumbered = replace(A, tokens=replace(A.tokens, ids=tuple(i + 500 for i in A.tokens.ids)))
    assert "=" not in drawn(align(A, renumbered))
    other = other_model(renumbered)
    assert set(drawn(align(A, other))) == {"="}
    spelled = replace(other.tokens, pieces=tuple(piece.strip() for piece in other.tokens.pieces))
    assert set(drawn(align(A, replace(other, tokens=spelled)))) == {"="}


def test_what_is_not_scored_is_not_aligned() -> None:
    short, long = samples.observed(samples.words(samples.SCENE), 10), samples.observed(samples.words(samples.SCENE), 14)
    assert drawn(align(short, long)) == "=" * 10 + ">" * 4


def test_blocks_are_aligned_by_what_they_spell() -> None:
    one, other = made.grouped(), made.grouped(((0, 1), (1, 2), (2, 3), (3, 5)))
    assert drawn(align(one, other)) == "=<>>="
    assert named(compare(one, other)) == ["scored units"]


# numbers


def test_equal_analyses_do_not_differ_and_agree_in_everything() -> None:
    both = compare(A, A)
    assert [c.component for c in both.components] == ["final", "transition", "hessian", "kl"]
    for c in both.components:
        assert not c.difference.any() and c.agreement is not None
        assert c.agreement.spearman == pytest.approx(1)
        assert [o.n_common for o in c.agreement.overlaps] == [o.k for o in c.agreement.overlaps]
        assert all(m.same == pytest.approx(1) and m.changed == m.alone == 0 for m in c.masses)
    assert causes(both) == () and verdict(()) == "Same model, text, target and settings."


def test_the_difference_is_right_minus_left_at_every_place_of_both() -> None:
    both = compare(A, B)
    assert drawn(both.places) == "=~===<======"
    final = both.of("final")
    assert final is not None
    for place, difference in zip(both.places, final.difference, strict=True):
        if place.left is None or place.right is None:
            assert np.isnan(difference)
        else:
            shares = [a.scores / a.scores.sum() for a in (A, B)]
            assert difference == pytest.approx(shares[1][place.right] - shares[0][place.left])


def test_both_are_weighed_as_the_left_one() -> None:
    weights = Weights(beta=0.1, gamma=0.9, scaling="raw")
    final = compare(A.with_weights(weights), A).of("final")
    assert final is not None and not final.difference.any()
    assert compare(A, A.with_weights(weights)).right.weights == A.weights


def test_mass_is_told_apart_by_what_has_a_partner() -> None:
    kl = compare(A, B).of("kl")
    assert kl is not None and A.information is not None and B.information is not None
    left, right = A.information.kl, B.information.kl
    one, other = kl.masses
    assert (one.changed, one.alone) == pytest.approx((left[1] / left.sum(), left[5] / left.sum()))
    assert (other.changed, other.alone) == pytest.approx((right[1] / right.sum(), 0))
    assert one.same + one.changed + one.alone == pytest.approx(1)


def test_the_error_of_a_hessian_difference_is_that_of_both() -> None:
    both = compare(A, B)
    hessian = both.of("hessian")
    assert hessian is not None and hessian.error is not None and A.hessian is not None and B.hessian is not None
    assert hessian.error[0] ** 2 == pytest.approx(A.hessian.standard_error[0] ** 2 + B.hessian.standard_error[0] ** 2)
    assert np.isnan(hessian.error[5]) and both.of("kl").error is None  # type: ignore[union-attr]


def test_what_one_of_the_two_does_not_know_is_not_compared() -> None:
    first = next(samples.growing(B))
    assert [c.component for c in compare(A, first).components] == ["transition"]
    shown = {c["name"]: c["values"] is not None for c in payload((A, first))["components"]}  # type: ignore[attr-defined]
    assert shown == {"final": False, "transition": True, "hessian": False, "kl": False}


# agreement


def test_agreement_is_that_of_the_same_units_only() -> None:
    kl = compare(A, B).of("kl")
    assert kl is not None and kl.agreement is not None and A.information is not None and B.information is not None
    left, right = np.delete(A.information.kl, [1, 5]), np.delete(B.information.kl, 1)
    ranks = [np.argsort(np.argsort(v)) for v in (left, right)]
    assert kl.agreement.spearman == pytest.approx(float(np.corrcoef(*ranks)[0, 1]))
    (five,) = kl.agreement.overlaps  # of ten units the ten highest are all of them
    highest = [set(np.argsort(-v)[:5].tolist()) for v in (left, right)]
    assert (five.k, five.n_common, five.chance) == (5, len(highest[0] & highest[1]), 2.5)


def test_the_chance_of_an_overlap_is_its_mean_over_random_orders() -> None:
    rng, n, k = np.random.default_rng(0), 12, 5
    found = [overlap(np.arange(float(n)), rng.permutation(float(n) * np.arange(n)), k) for _ in range(4000)]
    # The overlap is hypergeometric, with variance 5 · 5/12 · 7/12 · 7/11.
    assert np.mean(found) == pytest.approx(chance_overlap(k, n), abs=4 * np.sqrt(0.774 / 4000))


def test_texts_that_share_little_have_no_agreement() -> None:
    both = compare(said("one two three four five six"), said("seven eight nine ten eleven one"))
    assert not both.is_alike and all(c.agreement is None for c in both.components)
    (pair,) = payload((both.left, both.right))["pairs"]  # type: ignore[misc]
    assert pair["unlike"].startswith("Not told: 1 of 7 are the same") and "fewer than 5" in pair["unlike"]


def test_a_map_that_is_the_same_everywhere_has_no_order() -> None:
    assert A.information is not None
    flat = replace(A, information=replace(A.information, kl=np.ones(A.n_units)))
    found = compare(A, flat).of("kl")
    assert found is not None and found.agreement is not None and found.agreement.spearman is None


# causes


def test_every_setting_that_differs_is_named() -> None:
    changed = {
        "mask": Settings(mask="mean"),
        "Hessian estimator": Settings(estimator="low_rank", rank=4),
        "random probes": Settings(seed=3),
    }
    for what, settings in changed.items():
        both = compare(A, replace(A, settings=settings))
        assert named(both) == [what] and verdict(causes(both)).startswith(f"One thing differs, the {what}")
    assert named(compare(A, replace(A, settings=Settings(memory=10**9, chunk=3)))) == []
    (mask,) = causes(compare(A, replace(A, settings=Settings(mask="token", mask_token=7))))
    assert mask.right == "another token put in its place (token 7)"
    assert named(compare(A, replace(A, method="occlusion"))) == ["method"]


def test_models_are_told_apart_by_their_weights() -> None:
    assert named(compare(A, other_model(A))) == ["model", "tokenizer"]
    same = A.source.tokenizer_id
    (model,) = causes(compare(A, other_model(A, model=A.source.model, tokenizer_id=same)))
    assert (model.left, model.right) == ("littletown (weights wwwwwwww)", "littletown (weights vvvvvvvv)")
    assert named(compare(A, replace(A, source=replace(A.source, model="copy", device="cuda", dtype="bfloat16")))) == [
        "precision"
    ]
    both = compare(A, other_model(said("Noah ran to the museum. Why? Answer:", seed=2)))
    assert set(drawn(both.places)) == set("=~<") and both.is_alike
    assert verdict(causes(both)).startswith("3 things differ")


def test_texts_and_targets_that_differ_are_told() -> None:
    (text,) = causes(compare(A, B))
    assert (text.left, text.right) == ("1 changed token and 1 token that the other has not", "1 changed token")
    (target,) = causes(compare(A, said("Mia ran to the red museum. Why? Answer:", choice=1)))
    assert (target.what, target.left, target.right) == ("target", "“cup”", "“map”")
    contrast = causes(compare(samples.contrast(), samples.result()))
    assert [(c.what, c.left) for c in contrast] == [
        ("target", "“cup” rather than “map”"),
        ("information term", "|Δ| of the two"),
    ]
    twice = samples.words("Mia ran and Mia ran and Mia slept")
    (place,) = causes(compare(samples.observed(twice, 4), samples.observed(twice, 7)))
    assert (place.what, place.left, place.right) == ("place of the target", "token 4", "token 7")


# what is drawn and saved


def test_the_payload_is_json_with_the_numbers_of_the_comparison() -> None:
    shown = json.loads(json.dumps(payload((A, B.with_weights(Weights(beta=0.2))))))
    both = compare(A, B)
    for c, drawn_of in zip(both.components, shown["components"], strict=True):
        (pair,) = drawn_of["pairs"]
        expected = [None if np.isnan(d) else pytest.approx(d, rel=1e-5, abs=1e-12) for d in c.difference]
        assert drawn_of["name"] == c.component and pair["difference"] == expected
        assert drawn_of["values"][1] == pytest.approx(c.right.tolist(), rel=1e-5)
        assert drawn_of["ranks"][0].index(1) == int(c.left.argmax())
    (pair,) = shown["pairs"]
    assert pair["aligned"] == "10 of 12 in A, 11 in B" and pair["causes"][0][0] == "text"
    assert shown["weights"] == (
        "All scores as in A: β 0.5, γ 0.5, balanced; B was saved with β 0.2, γ 0.5, as in the paper."
    )
    (final, *_) = shown["components"]
    assert final["pairs"][0]["facts"][1][:2] == ["Top 5 in common", "2 of 5 (by chance 2.5)"]


def test_any_number_of_columns_is_compared_with_the_first() -> None:
    shown = payload((A, B, A))
    assert [c["letter"] for c in shown["columns"]] == ["A", "B", "C"]  # type: ignore[attr-defined]
    assert [p["aligned"] for p in shown["pairs"]] == [  # type: ignore[attr-defined]
        "10 of 12 in A, 11 in B",
        "12 of 12",
    ]


@pytest.mark.parametrize("one", [samples.result(), samples.odd(), samples.span(), made.contrast(), made.grouped()])
@pytest.mark.parametrize(
    "other", [samples.odd(), samples.string_contrast(), made.grouped(), samples.observed(["a"] * 4, 2)]
)
def test_whatever_is_compared_can_be_drawn_and_saved(one: Attribution, other: Attribution) -> None:
    shown = json.loads(json.dumps(payload((one, other)), allow_nan=False))
    assert len(shown["columns"]) == 2
    rows = list(csv.reader(io.StringIO(csv_text((one, other)))))
    assert {len(row) for row in rows} == {len(rows[0])} and len(rows) - 1 == len(shown["pairs"][0]["places"])


def test_the_table_has_both_values_and_their_difference() -> None:
    rows = list(csv.DictReader(io.StringIO(csv_text((A, B)))))
    assert [row["kind_b"] for row in rows[:2]] == ["same", "changed"]
    assert (rows[1]["token_a"], rows[1]["token_b"]) == ("Mia", "Noah")
    assert (rows[5]["kind_b"], rows[5]["token_b"], rows[5]["kl_b"], rows[5]["kl_b_minus_a"]) == (
        "only in A",
        "",
        "",
        "",
    )
    for row in rows[6:]:
        assert float(row["kl_b"]) - float(row["kl_a"]) == pytest.approx(float(row["kl_b_minus_a"]))
    hostile = said(["<s>", "=1+1", " b"])
    assert "'=1+1" in csv_text((hostile, hostile))


# more than two, and other methods


def by_occlusion(a: Attribution, seed: int = 0, *, unit: str = "nats", title: str = "Occlusion") -> Attribution:
    """The same question, with made-up scores that go below 0."""
    scores = np.random.default_rng(seed).normal(size=a.n_units)
    given = Given(scores, title, unit, is_signed=True)
    return replace(a, transition=None, information=None, hessian=None, method=title.lower(), given=given)


THIRD = said("Mia slowly ran to the red library. Why? Answer:", seed=7)


def test_one_walk_leads_through_all_texts() -> None:
    pairs = [compare(A, B), compare(A, THIRD), compare(A, A)]
    found = together(pairs)
    for k, a in enumerate((A, B, THIRD, A)):
        assert [spot[k] for spot in found.spots if spot[k] is not None] == list(range(a.n_units))
    for k, pair in enumerate(pairs):
        assert list(found.at[k]) == sorted(set(found.at[k])) and len(found.at[k]) == len(pair.places)
        for place, at in zip(pair.places, found.at[k], strict=True):
            assert (found.spots[at][0], found.spots[at][k + 1]) == (place.left, place.right)
    slowly = THIRD.tokens.pieces.index(" slowly")
    assert (None, None, slowly, None) in found.spots and len(found.spots) == A.n_units + 1


def test_of_two_the_walk_is_their_places() -> None:
    pair = compare(A, said("Tom ran to a big old museum. Answer: yes", seed=2))
    found = together([pair])
    assert found.spots == tuple((p.left, p.right) for p in pair.places)
    assert found.at == (tuple(range(len(pair.places))),)


def test_four_columns_of_which_two_are_of_other_methods() -> None:
    columns = (A, B, by_occlusion(A), by_occlusion(A, 1, unit="", title="Guess"))
    shown = json.loads(json.dumps(payload(columns), allow_nan=False))
    final, transition, hessian, kl = shown["components"]
    assert [c["method"] for c in shown["columns"]] == ["HETA", "HETA", "Occlusion", "Guess"]
    assert [c["is_signed"] for c in shown["columns"]] == [False, False, True, True]
    assert final["scales"] == [0, 0, 2, 3] and final["title"] == "Score" and "different units" in final["meaning"]
    for k, a in enumerate(columns):
        shares = (a if k else A).shares
        assert shares is not None and final["values"][k] == pytest.approx(shares.tolist(), rel=1e-5)
        assert sum(abs(value) for value in final["values"][k]) == pytest.approx(1, rel=1e-4)
    for c in (transition, hessian, kl):
        assert [v is None for v in c["values"]] == [False, False, True, True]
        assert [pair is None for pair in c["pairs"]] == [False, True, True]
    assert [pair["facts"][0][0] for pair in final["pairs"]] == ["Order (Spearman)"] * 3
    assert [cause[0] for cause in shown["pairs"][1]["causes"]] == ["method"]
    assert shown["pairs"][1]["causes"][0][1:] == ["HETA", "Occlusion"]
    assert shown["weights"].startswith("Scores of HETA with β 0.5, γ 0.5, ")


def test_a_component_that_only_a_later_pair_knows_is_drawn_without_a_difference() -> None:
    shown = payload((by_occlusion(A), A, B))
    transition = shown["components"][1]  # type: ignore[index]
    assert transition["values"][0] is None and transition["values"][1] and transition["pairs"] == [None, None]
    assert payload((by_occlusion(A), A))["components"][1]["values"] is None  # type: ignore[index]


def test_methods_agree_by_their_orders_alone() -> None:
    occlusion = by_occlusion(A)
    assert occlusion.given is not None
    louder = replace(occlusion, given=replace(occlusion.given, scores=1000 * occlusion.given.scores))
    (final,) = compare(occlusion, louder).components
    assert final.agreement is not None and final.agreement.spearman == pytest.approx(1)
    assert np.abs(final.difference).max() < 1e-12 and final.masses[0].same == pytest.approx(1)


def test_the_table_of_four_has_all_columns() -> None:
    columns = (A, B, by_occlusion(A), THIRD)
    rows = list(csv.DictReader(io.StringIO(csv_text(columns))))
    assert len(rows) == len(payload(columns)["spots"])  # type: ignore[arg-type]
    for letter, a in zip("abcd", columns, strict=True):
        found = [float(row[f"score_{letter}"]) for row in rows if row[f"score_{letter}"]]
        assert found == pytest.approx(a.with_weights(A.weights).scores.tolist())
    for row in rows:
        if row["final_c"]:
            assert float(row["final_c"]) - float(row["final_a"]) == pytest.approx(float(row["final_c_minus_a"]))
        assert row["transition_c"] == "" and "transition_c_minus_a" not in row
    (alone,) = [row for row in rows if row["kind_d"] == "not in A"]
    assert (alone["token_a"], alone["token_d"], alone["kind_b"]) == ("", "slowly", "")
