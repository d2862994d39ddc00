"""Blocks on the first screen, in a real browser: sentences as blocks, one opened, a stretch that is marked."""

import re
from pathlib import Path

import pytest
import samples

from heta_core.grouping import sentences

SHOWN = samples.result()
GROUPS = sentences(SHOWN.tokens, SHOWN.n_context)


def chips(page) -> list[str]:
    return page.locator(".tok").all_inner_texts()


def card(page) -> str:
    return page.locator(".card.pinned").inner_text()


def picker(page):
    return page.get_by_label("What is scored")


def score_by(page, name: str) -> None:
    picker(page).select_option(name)
    page.wait_for_selector(".status:empty", state="attached")


@pytest.fixture
def by_sentence(visit):
    page = visit()
    score_by(page, "sentences")
    page.locator(".tok", has_text="Mia ran to the museum.").wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    return page


def test_sentences_are_drawn_and_ranked_as_blocks(by_sentence) -> None:
    page = by_sentence
    assert len(chips(page)) == len(GROUPS)
    assert "sentences as blocks, not sums over tokens" in page.locator(".caption .method").inner_text()
    assert page.locator(".rank th.name").inner_text() == "sentence"
    page.locator('.tok[data-i="1"]').click()
    assert "“Mia ran to the museum.”" in card(page) and "6 tokens as one block; Hessian" in card(page)
    assert "Swap this sentence …" in card(page)
    assert page.locator('.tok[data-i="1"]').get_attribute("aria-label").startswith("Mia ran to the museum.: ")


def test_a_pinned_sentence_is_opened_into_its_tokens_and_all_go_back(by_sentence) -> None:
    page = by_sentence
    page.locator('.tok[data-i="1"]').click()
    page.get_by_role("button", name="Open into its 6 tokens").click()
    page.locator('.tok:text-is("museum")').wait_for()
    assert chips(page)[1:7] == ["Mia", "ran", "to", "the", "museum", "."]
    assert chips(page)[7] == "The ball is in the market."
    assert picker(page).input_value() == "segments"
    score_by(page, "tokens")
    page.locator(f'.tok[data-i="{SHOWN.n_context - 1}"]').wait_for()
    assert len(chips(page)) == SHOWN.n_context and picker(page).input_value() == "tokens"
    assert picker(page).locator('option[value="segments"]').count() == 0


def test_a_stretch_is_marked_and_scored_as_one_block(visit, folder: Path) -> None:
    page = visit()
    page.locator('.tok[data-i="8"]').click()
    page.get_by_role("button", name="Score a stretch from here as one block").click()
    assert "Now choose the last word of the block." in card(page)
    page.locator('.tok[data-i="11"]').hover()
    marked = ".tok.marked"
    assert page.locator(marked).all_inner_texts() == chips(page)[8:12]
    page.keyboard.press("Escape")
    assert page.locator(marked).count() == 0 and "Now choose" not in card(page)
    page.get_by_role("button", name="Score a stretch from here as one block").click()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    page.locator('.tok:text-is("ball is in")').wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    assert len(chips(page)) == SHOWN.n_context - 2
    assert picker(page).input_value() == "segments"
    assert "scored: blocks of tokens, not sums" in page.locator(".caption .method").inner_text()


def test_asking_why_a_sentence_stands_there_explains_all_of_it(by_sentence) -> None:
    page = by_sentence
    page.locator('.tok[data-i="2"]').click()
    page.get_by_role("button", name=re.compile("^Why did the model say")).click()
    page.locator(".sure", has_text="together").wait_for()
    page.wait_for_selector(".status:empty", state="attached")
    explained = page.locator(".tok.explained, .tok.answer").all_inner_texts()
    assert explained == ["The", "ball", "is", "in", "the", "market", "."]
    assert chips(page)[1] == "Mia ran to the museum."
