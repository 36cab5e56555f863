"""The page of a comparison and its sentences, from made-up runs whose truth is known."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from cnnlab.data.images import ImageSet
from cnnlab.experiments.comparison import Comparison
from cnnlab.experiments.results import ComparisonResult, VariantRuns, judge_all
from cnnlab.experiments.statistics import Interval, mcnemar
from cnnlab.experiments.variants import read_variants
from cnnlab.training.history import EpochRecord
from cnnlab.views.comparison_page import comparison_report, means_table
from cnnlab.views.comparison_words import (
    lead_sentences,
    loss_sentence,
    matters_sentences,
    runs_sentences,
)
from cnnlab.views.sentences import (
    claim_sentences,
    detail_sentences,
    duration,
    failed_runs_sentence,
    failures_sentence,
    method_sentence,
    overfitting_details,
    overfitting_sentence,
    p_value_text,
    paired_details,
    paired_sentence,
    settle_sentence,
    tell,
    verdict_sentence,
)
from tests.support.screens import SCREENS, shown

IMAGES = 2000


def history(rise):
    """Six epochs: training loss falls; validation loss falls to the third, then changes."""
    validation = [0.6, 0.5, 0.4, 0.4 + rise / 3, 0.4 + 2 * rise / 3, 0.4 + rise]
    return [
        EpochRecord(epoch, 0.7 - 0.1 * epoch, 0.8, loss, 0.8, 0.1, 2.0)
        for epoch, loss in enumerate(validation, start=1)
    ]


def runs_of(variant, accuracy, seeds=10, rise=0.0, spread=0.002, failures=None, seed=0):
    random = np.random.default_rng(seed)
    shares = accuracy + spread * random.standard_normal(seeds)
    difficulty = random.permutation(IMAGES) / IMAGES
    correct = np.array([difficulty < share for share in shares], dtype=bool).reshape(seeds, IMAGES)
    return VariantRuns(
        variant=variant,
        seeds=list(range(seeds)),
        values=100 * correct.mean(axis=1) if seeds else np.array([]),
        correct=correct,
        histories=[history(rise + 0.01 * random.random()) for _ in range(seeds)],
        failures=failures or {},
    )


@pytest.fixture
def compared():
    variants = read_variants(["lenet5", "lenet5-relu-max"], "workshop", {})
    images = ImageSet(
        np.zeros((IMAGES, 28, 28), np.uint8), np.arange(IMAGES) % 10, tuple("abcdefghij")
    )

    def call(first, second, matters=0.1, peeked=False):
        both = [
            runs_of(variant, **each)
            for variant, each in zip(variants, (first, second), strict=True)
        ]
        return ComparisonResult(
            on="validation",
            images=images,
            seeds=max(len(each.values) for each in both),
            matters=matters,
            peeked=peeked,
            test_openings=0,
            variants=both,
            verdicts=judge_all(both, matters, peeked),
            processes=2,
        )

    return call


def page_of(results, command="cnnlab compare"):
    split = {"title": "Tiny", "train": 240, "validation": 60, "test": 100}
    variants = [each.variant for each in results.variants]
    comparison = Comparison(Path("none"), variants, {"data_set": split, "versions": {}})
    return comparison_report(results, tell(results), comparison, command)


def verdict_of(results):
    return verdict_sentence(results.verdicts[0], results)


def with_verdict(results, means=None, **changes):
    """Return the results with other values in their one verdict."""
    (judged,) = results.verdicts
    verdict = replace(judged.verdict, **changes)
    changed = replace(judged, verdict=verdict, means=means or judged.means)
    return replace(results, verdicts=[changed])


@pytest.mark.parametrize(
    ("second", "matters", "says"),
    [
        (
            0.92,
            0.1,
            "lenet5-relu-max is better: 92.07 % against 90.04 %, 2.03 points more. Chance does "
            "not explain it.",
        ),
        (
            0.88,
            0.1,
            "lenet5-relu-max is worse: 88.07 % against 90.04 %, 1.97 points less. Chance does "
            "not explain it.",
        ),
        (
            0.90,
            2.0,
            "A draw: lenet5-relu-max is as good as lenet5: 90.07 % against 90.04 %, 0.03 points "
            "more. A difference of 2 points or more is ruled out.",
        ),
        (
            0.9005,
            0.1,
            "Cannot tell yet: lenet5-relu-max has 90.12 % against lenet5's 90.04 %, 0.08 points "
            "more. Chance alone may explain it.",
        ),
    ],
)
def test_each_outcome_has_its_sentence_and_its_details(compared, second, matters, says):
    results = compared({"accuracy": 0.9}, {"accuracy": second, "seed": 1}, matters)
    if says.startswith("Cannot"):
        results = with_verdict(results, seeds_to_settle=40)
    assert verdict_of(results) == says
    difference = results.verdicts[0].verdict.difference
    (first, *_) = tell(results).details
    assert f"(95 % interval {difference.low:+.2f} to {difference.high:+.2f})." in first
    assert "lenet5-relu-max, 10 seeds each: different, p " in tell(results).details[3]
    assert f"within {matters:g} points (two one-sided tests), p " in tell(results).details[3]
    settle = settle_sentence(results.verdicts[0], results)
    assert bool(settle) == says.startswith("Cannot")
    if settle:
        assert settle == (
            "About 40 seeds each may settle it: --seeds 40, about 6 min more here. Finished runs "
            "are not trained again."
        )


def test_the_difference_is_that_of_the_two_numbers_that_are_shown(compared):
    results = compared({"accuracy": 0.9}, {"accuracy": 0.92, "seed": 1})
    told = verdict_of(with_verdict(results, means=(97.0549, 97.0650)))
    assert told.startswith("lenet5-relu-max is better: 97.06 % against 97.05 %, 0.01 points more.")
    told = verdict_of(with_verdict(results, means=(97.051, 97.054)))
    assert "97.05 % against 97.05 %, less than 0.01 points apart. Chance does not" in told


@pytest.mark.parametrize("seeds", [689, None])
def test_what_takes_more_than_a_hundred_seeds_is_called_a_draw(compared, seeds):
    results = compared({"accuracy": 0.9}, {"accuracy": 0.9005, "seed": 1})
    results = with_verdict(results, decision="cannot tell yet", seeds_to_settle=seeds)
    assert verdict_of(results).startswith("Cannot tell: lenet5-relu-max has ")
    told = tell(results)
    assert told.judged[0].to_settle == "Too close to tell here: call it a draw."
    assert "689" not in " ".join(told.lines + told.details)


def test_a_new_seed_is_spoken_of_only_if_it_says_what_the_verdict_says(compared):
    def said(results):
        return [line for line in tell(results).lines if "new seed" in line]

    better = compared({"accuracy": 0.9}, {"accuracy": 0.92, "seed": 1})
    assert said(better) == [
        "With a new seed, lenet5-relu-max beats lenet5 more than 99 times in 100."
    ]
    worse = compared({"accuracy": 0.9}, {"accuracy": 0.897, "seed": 1})
    share = Interval(0.1, 0.02, 0.3)
    assert said(with_verdict(worse, decision="hurt", beats=share)) == [
        "With a new seed, lenet5 beats lenet5-relu-max about 90 times in 100."
    ]
    assert said(with_verdict(worse, decision="hurt", beats=Interval(0.6, 0.3, 0.8))) == []
    for decision in ("cannot tell yet", "no difference that matters"):
        assert said(with_verdict(worse, decision=decision)) == []
    few = compared({"accuracy": 0.9, "seeds": 7}, {"accuracy": 0.92, "seed": 1, "seeds": 7})
    assert verdict_of(few).startswith("lenet5-relu-max is better")
    assert said(few) == []
    assert any("On a new seed lenet5-relu-max beats" in line for line in tell(few).details)


def test_what_everybody_reads_has_no_p_values_and_no_intervals(compared):
    first = {"accuracy": 0.9, "failures": dict.fromkeys(range(10, 20), "diverged: NaN")}
    results = compared(first, {"accuracy": 0.92, "seed": 1, "rise": 0.3})
    told = " ".join(tell(replace(results, seeds=20)).lines)
    for word in ("interval", " p ", "Welch", "Holm", "Fisher", "one-sided"):
        assert word not in told
    assert "lenet5-relu-max overfits: after epoch 3 its training loss still falls" in told
    assert means_table(results).headings == ["Variant", "Seeds", "Mean", "Lowest to highest"]


def test_with_three_variants_each_verdict_names_the_first():
    variants = read_variants(["lenet5", "lenet5-relu-max", "lenet1"], "workshop", {})
    runs = [
        runs_of(each, accuracy, seed=seed)
        for seed, (each, accuracy) in enumerate(zip(variants, (0.9, 0.92, 0.88), strict=True))
    ]
    images = ImageSet(
        np.zeros((IMAGES, 28, 28), np.uint8), np.arange(IMAGES) % 10, tuple("abcdefghij")
    )
    results = ComparisonResult(
        "test", images, 10, 0.1, False, 0, runs, judge_all(runs, 0.1, False), 2
    )
    better, worse = (each.verdict for each in tell(results).judged)
    assert better.startswith("lenet5-relu-max is better than lenet5: ")
    assert worse.startswith("lenet1 is worse than lenet5: ")
    assert "corrected for 2 comparisons" in tell(results).details[3]


def test_after_another_look_only_what_stays_valid_is_claimed(compared):
    first = {"accuracy": 0.9, "failures": {10: "failed: X"}}
    results = compared(first, {"accuracy": 0.92, "seed": 1, "seeds": 6}, peeked=True)
    (judged,) = results.verdicts
    assert judged.pairs == 6
    pairs = results.variants[1].values - results.variants[0].values[:6]
    assert judged.verdict.difference.estimate == pytest.approx(pairs.mean())
    assert "6 seeds each" in detail_sentences(judged, results)[1]
    assert judged.means[1] - judged.means[0] == pytest.approx(pairs.mean())
    assert judged.new_images is None
    assert len(claim_sentences(judged, results)) == 1
    assert "it uses the 6 seeds that all variants finished" in method_sentence(results)


def test_runs_that_fail_more_often_are_told(compared):
    faults = dict.fromkeys(range(10, 20), "diverged: NaN")
    results = compared({"accuracy": 0.9}, {"accuracy": 0.9, "seed": 1, "failures": faults})
    results = replace(results, seeds=20)
    told = failures_sentence(results.verdicts[0], results)
    assert told == (
        "lenet5-relu-max fails more often: 10 of 20 runs did not finish or learned nothing; of "
        "lenet5, 0 of 20."
    )
    assert "Fisher's exact p" in detail_sentences(results.verdicts[0], results)[-1]
    alike = compared({"accuracy": 0.9}, {"accuracy": 0.9, "seed": 1})
    assert failures_sentence(alike.verdicts[0], alike) == ""


def test_a_variant_without_runs_takes_no_verdict_from_the_others():
    words = ["lenet5", "lenet5-relu-max"]
    variants = read_variants(words, "workshop", {})
    third = replace(variants[1], name="third")
    three = [
        runs_of(variants[0], 0.9),
        runs_of(variants[1], 0.92, seed=1),
        runs_of(third, 0.9, seeds=0, failures=dict.fromkeys(range(10), "diverged: NaN")),
    ]
    helped, without = judge_all(three, 0.1, peeked=False)
    assert helped.verdict.decision == "helped"
    assert without.verdict is None
    assert without.failures_p_value < 0.001


def test_two_seeds_say_that_they_are_too_few(compared):
    results = compared({"accuracy": 0.9, "seeds": 2}, {"accuracy": 0.92, "seeds": 2, "seed": 1})
    assert verdict_sentence(results.verdicts[0], results) == (
        "No verdict on lenet5-relu-max: fewer than 3 seeds."
    )
    assert "--seeds 10" in settle_sentence(results.verdicts[0], results)


def test_overfitting_is_told_with_its_figures(compared):
    results = compared({"accuracy": 0.9}, {"accuracy": 0.9, "rise": 0.3, "seed": 1})
    told = [overfitting_details(each) for each in results.variants]
    assert told[1].startswith(
        "lenet5-relu-max overfits: its mean validation loss is lowest after epoch 3."
    )
    assert "From the lowest point to epoch 6, validation loss changes by +0.30" in told[1]
    assert "training loss by -0.300" in told[1]


def test_a_loss_that_never_rose_is_not_spoken_of(compared):
    results = compared({"accuracy": 0.9, "rise": -0.1}, {"accuracy": 0.9, "rise": -0.1, "seed": 1})
    assert [overfitting_sentence(each) for each in results.variants] == ["", ""]
    assert [overfitting_details(each) for each in results.variants] == ["", ""]


def test_faults_are_counted_with_the_first_reason(compared):
    results = compared(
        {"accuracy": 0.9}, {"accuracy": 0.9, "seed": 1, "failures": {3: "diverged: NaN"}}
    )
    assert failed_runs_sentence(results.variants[0]) == ""
    assert failed_runs_sentence(results.variants[1]) == (
        "1 of 11 runs of lenet5-relu-max did not finish or learned nothing. It is excluded from "
        "the mean. Seed 3: diverged: NaN."
    )


@pytest.mark.parametrize(
    ("second", "side"),
    [
        (0.92, "All of it is above zero."),
        (0.88, "All of it is below zero."),
        (0.9005, "It includes zero, so there may also be no difference."),
    ],
)
def test_a_claim_says_what_is_subtracted_and_where_zero_is(compared, second, side):
    results = compared({"accuracy": 0.9}, {"accuracy": second, "seed": 1})
    here, new_images, _ = claim_sentences(results.verdicts[0], results)
    difference = results.verdicts[0].verdict.difference.estimate
    assert here.startswith(
        "On these 2,000 validation images, with new seeds: lenet5-relu-max minus lenet5 is "
        f"{difference:+.2f} points (95 % interval "
    )
    assert "the 95 % interval of lenet5-relu-max minus lenet5 is " in new_images
    assert new_images.endswith(side)


@pytest.mark.parametrize(
    ("seconds", "words"), [(12.4, "12 s"), (130, "2 min"), (9000, "2.5 h"), (89, "89 s")]
)
def test_durations_as_a_person_says_them(seconds, words):
    assert duration(seconds) == words


def page_text(results, folder, command="cmd"):
    page_of(results, command).write(folder / "report.html")
    html = (folder / "report.html").read_text(encoding="utf-8").split("</style>")[1]
    return html.replace("&#39;", "'").replace("\u00a0", " ")


def test_the_page_has_the_verdict_on_top_and_all_that_is_behind_it(compared, tmp_path):
    results = compared(
        {"accuracy": 0.9}, {"accuracy": 0.92, "seed": 1, "rise": 0.3, "failures": {3: "failed: X"}}
    )
    report = page_of(results)
    assert report.title == "lenet5 or lenet5-relu-max?"
    assert report.subtitle == "Tiny \u00b7 10 runs of each, on validation images"
    assert [chapter.title.partition(":")[0] for chapter in report.chapters] == [
        *("Every run", "The difference", "How they learned", "The loss"),
        *("Only lenet5-relu-max gets it", "Only lenet5 gets it"),
    ]
    page = page_text(results, tmp_path)
    sentence = verdict_sentence(results.verdicts[0], results)
    assert page.index(sentence) < page.index("Every run") < page.index("How do we know?")
    folded = page.split("<summary>How do we know?</summary>")[1]
    for words in (
        method_sentence(results),
        "On a new seed lenet5-relu-max beats lenet5 with probability",
        "lenet5-relu-max overfits",
        "not opened for this comparison",
        "<code>cmd</code>",
    ):
        assert words in folded
    assert "1 of 11 runs of lenet5-relu-max did not finish" in page


@pytest.mark.parametrize(
    ("second", "matters", "decision", "word", "colour"),
    [
        (0.92, 0.1, "helped", "Better", "var(--network-b)"),
        (0.88, 0.1, "hurt", "Worse", "var(--network-a)"),
        (0.90, 2.0, "no difference that matters", "A draw", "var(--ink)"),
        (0.9005, 0.1, "cannot tell yet", "Not yet", "var(--warn)"),
    ],
)
def test_each_verdict_has_its_band(compared, tmp_path, second, matters, decision, word, colour):
    results = compared({"accuracy": 0.9}, {"accuracy": second, "seed": 1}, matters)
    results = with_verdict(results, decision=decision, seeds_to_settle=40)
    page = page_text(results, tmp_path)
    assert f'<div class="band {decision.replace(" ", "-")}" style="--band:{colour}">' in page
    assert f"</span> {word}</p>" in page
    assert ("--seeds 40" in page) == (decision == "cannot tell yet")


@pytest.mark.browser
@pytest.mark.parametrize("screen", SCREENS)
@pytest.mark.parametrize("seeds", [3, 30])
def test_the_page_is_whole_in_a_browser(browser, compared, tmp_path, screen, seeds):
    results = compared(
        {"accuracy": 0.9, "seeds": seeds}, {"accuracy": 0.91, "seed": 1, "seeds": seeds}
    )
    page_of(results).write(tmp_path / "report.html")
    with shown(browser, tmp_path / "report.html", screen) as page:
        band = page.locator(".band")
        word, sentence = band.locator(".word"), band.locator("div p").first
        assert word.inner_text().endswith("Better")
        assert word.bounding_box()["height"] > sentence.bounding_box()["height"] / 4
        assert page.locator("circle.dot").count() == 2 * seeds
        page.locator("summary").first.click()


def test_what_is_too_close_has_a_band_that_says_so(compared, tmp_path):
    results = compared({"accuracy": 0.9}, {"accuracy": 0.9005, "seed": 1})
    results = with_verdict(results, decision="cannot tell yet", seeds_to_settle=None)
    assert "</span> Too close</p>" in page_text(results, tmp_path)


def test_the_difference_in_the_figure_is_that_of_the_verdict(compared, tmp_path):
    results = compared({"accuracy": 0.9}, {"accuracy": 0.92, "seed": 1})
    page = page_text(with_verdict(results, means=(97.0549, 97.0650)), tmp_path)
    assert "0.01 points more" in page
    assert ">+0.01 points</text>" in page


def test_images_are_counted_that_only_one_network_gets(compared):
    results = compared({"accuracy": 0.88}, {"accuracy": 0.92, "seed": 1})
    first, second = (each.correct.mean(axis=0) for each in results.variants)
    chapters = [each for each in page_of(results).chapters if each.title.startswith("Only ")]
    neither = int(((first == 0) & (second == 0)).sum())
    expected = [
        (name, winner, beaten)
        for name, winner, beaten in (("lenet5-relu-max", second, first), ("lenet5", first, second))
        if ((winner > 0.5) & (beaten < 0.5)).any()
    ]
    assert len(chapters) == len(expected)
    for chapter, (name, winner, beaten) in zip(chapters, expected, strict=True):
        count = int(((winner > 0.5) & (beaten < 0.5)).sum())
        assert chapter.title == f"Only {name} gets it: {count} images"
        assert chapter.drawings[0].markup.count("<figure") == min(8, count)
        says = f"On {neither} of the 2,000 images no run of either is correct."
        assert (says in chapter.paragraphs[0]) == (name == "lenet5")


def test_without_a_finished_run_the_page_says_so(compared, tmp_path):
    results = compared(
        {"accuracy": 0.9}, {"accuracy": 0.9, "seeds": 0, "failures": {0: "failed: X"}}
    )
    page = page_text(results, tmp_path)
    assert "</span> No verdict</p>" in page
    assert (
        "No verdict on lenet5-relu-max: lenet5-relu-max or lenet5 has no run that finished and "
        "learned."
    ) in page


def test_every_sentence_on_the_page_has_its_condition(compared):
    apart = compared({"accuracy": 0.9}, {"accuracy": 0.92, "seed": 1}).variants
    assert runs_sentences(list(apart)) == [
        "Each dot is one run from its own random start, 10 of each network. The two groups do not "
        "overlap."
    ]
    alike = compared({"accuracy": 0.9}, {"accuracy": 0.9, "seed": 1, "seeds": 9}).variants
    assert runs_sentences(list(alike)) == [
        "Each dot is one run from its own random start. The two groups overlap."
    ]


@pytest.mark.parametrize(
    ("low", "high", "says"),
    [
        (0.5, 1.0, "The whole bar lies to the right of it."),
        (-1.0, -0.5, "The whole bar lies to the left of it."),
        (-0.05, 0.05, "The whole bar lies in it."),
        (-0.5, 0.5, "The bar includes 0, so there may be no difference."),
        (0.05, 0.5, "The bar reaches into it."),
    ],
)
def test_where_the_bar_lies_is_said(low, high, says):
    (told,) = matters_sentences(Interval((low + high) / 2, low, high), 0.1)
    assert told == f"Grey: less than 0.1 points, too little to matter. {says}"


def test_an_interval_without_limits_lies_nowhere():
    endless = Interval(0.0, float("-inf"), float("inf"))
    assert (
        matters_sentences(endless, 1.0)
        == matters_sentences(None, 1.0)
        == ["Grey: less than 1 points, too little to matter."]
    )


@pytest.mark.parametrize(
    ("second", "says"),
    [
        ([81, 86], ["b is ahead after every epoch."]),
        ([70, 84], ["a is ahead after every epoch."]),
        ([79, 86], ["At first a is not behind. From epoch 2 on, b is ahead."]),
        ([79, 85], []),
    ],
)
def test_who_is_ahead_is_said_epoch_by_epoch(second, says):
    assert lead_sentences(["a", "b"], [np.array([80.0, 85.0]), np.array(second)]) == says
    assert lead_sentences(["a"], [np.array([80.0, 85.0])]) == []


def test_the_loss_may_disagree_with_the_verdict(compared):
    results = compared({"accuracy": 0.9}, {"accuracy": 0.92, "seed": 1})
    names, judged = ["lenet5", "lenet5-relu-max"], results.verdicts[0]
    assert "It agrees: lenet5-relu-max has the lower loss" in loss_sentence(names, [2, 1], judged)
    assert "Here it disagrees: lenet5 has the lower loss" in loss_sentence(names, [1, 2], judged)
    assert loss_sentence(names, [1, 2], None).endswith("Lower is better.")


def test_the_two_methods_are_told_apart(compared):
    results = compared({"accuracy": 0.9}, {"accuracy": 0.92, "seed": 1})
    assert "Welch's" in method_sentence(results)
    assert "allows for peeking" in method_sentence(replace(results, peeked=True))


@pytest.mark.parametrize(
    ("only_a", "only_b", "says"),
    [
        (10, 60, "second is better: it is correct on 50 more of the 1,000 test images than first."),
        (60, 10, "first is better: it is correct on 50 more of the 1,000 test images than second."),
        (
            30,
            33,
            "Too close to tell: second is correct on 3 more of the 1,000 test images than first.",
        ),
        (
            30,
            30,
            "Too close to tell: first and second are correct on equally many of the 1,000",
        ),
    ],
)
def test_two_single_networks_are_told_by_mcnemar(only_a, only_b, says):
    correct = np.ones((2, 1000), dtype=bool)
    correct[1, :only_a] = False
    correct[0, only_a : only_a + only_b] = False
    paired = mcnemar(*correct)
    told = paired_sentence(paired, ("first", "second"), 1000, "test")
    assert told.startswith(says)
    assert told.endswith(
        "Chance alone may explain it." if "close" in says else "Chance does not explain it."
    )
    assert paired_details(paired, ("first", "second"), 1000, "test").startswith(
        f"Of 1,000 test images, {only_a} are correct only with first and {only_b} only with second "
        "(McNemar's exact p "
    )
    assert ("p < 0.0001)." in paired_details(paired, ("first", "second"), 1000, "test")) == (
        "better" in says
    )


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.0, "< 0.0001"), (0.000099, "< 0.0001"), (0.0001, "0.0001"), (0.01349, "0.013"), (1, "1")],
)
def test_no_p_value_is_shown_as_zero(p_value, text):
    assert p_value_text(p_value) == text
