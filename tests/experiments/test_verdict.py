from math import inf, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cnnlab.experiments.statistics import always_valid, holm, probability_of_beating, welch
from cnnlab.experiments.verdict import judge, seeds_for, seeds_to_settle

BASELINE = [89.91, 90.12, 90.33, 89.87, 90.05, 90.2, 89.95, 90.1]
BETTER = [value + 1 for value in reversed(BASELINE)]
# by turns a little above and below, so that the differences vary
ALIKE = [value + (-1) ** place * 0.02 for place, value in enumerate(BASELINE)]
TOLD = {"helped", "hurt"}

ACCURACIES = st.lists(
    st.integers(8_980, 9_020).map(lambda right: right / 100), min_size=3, max_size=9
)


def one(baseline, other, matters=0.1, peeked=False):
    (verdict,) = judge(baseline, [other], matters=matters, peeked=peeked)
    return verdict


@pytest.mark.parametrize("peeked", [False, True])
def test_every_decision_is_reached(peeked):
    def decision(a, b, matters):
        return one(a, b, matters, peeked).decision

    assert decision(BASELINE, BETTER, 0.1) == "helped"
    assert decision(BETTER, BASELINE, 0.1) == "hurt"
    assert decision(BASELINE, ALIKE, 1.0) == "no difference that matters"
    assert decision(BASELINE, ALIKE, 0.001) == "cannot tell yet"
    assert decision(BASELINE[:2], BETTER, 0.1) == "no verdict"


def test_what_a_verdict_says():
    verdict = one(BASELINE, ALIKE, 0.05)
    assert verdict.difference == welch(BASELINE, ALIKE)
    assert verdict.p_value == verdict.difference.p_value
    assert verdict.beats == probability_of_beating(BASELINE, ALIKE)
    assert verdict.seeds_to_settle > 8
    assert verdict.reason == ""
    settled = one(BASELINE, BETTER)
    assert settled.seeds_to_settle is None
    assert settled.difference.low > 0
    looked = one(BASELINE, BETTER, peeked=True)
    assert looked.difference == always_valid(BASELINE, BETTER)
    assert looked.p_value == looked.difference.p_value > settled.p_value


def test_a_difference_surely_there_but_small_does_not_matter():
    verdict = one(BASELINE, [value + 0.5 for value in BASELINE], matters=1)
    assert verdict.p_value < 0.05
    assert verdict.difference.low > 0
    assert verdict.decision == "no difference that matters"


@pytest.mark.parametrize("estimate", [-0.3, 0.0, 0.3])
def test_equivalence_is_two_one_sided_welch_tests(estimate):
    other = np.array(ALIKE) - np.mean(ALIKE) + np.mean(BASELINE) + estimate
    low = stats.ttest_ind(other + 0.2, BASELINE, equal_var=False, alternative="greater").pvalue
    high = stats.ttest_ind(other - 0.2, BASELINE, equal_var=False, alternative="less").pvalue
    verdict = one(BASELINE, other, matters=0.2)
    assert verdict.equivalence_p_value == pytest.approx(max(low, high), rel=1e-9)


def test_always_valid_equivalence_needs_both_ends_excluded_and_the_estimate_between():
    verdict = one(BASELINE, ALIKE, 0.05, peeked=True)
    ends = [always_valid(BASELINE, ALIKE, null=null).p_value for null in (-0.05, 0.05)]
    assert verdict.equivalence_p_value == max(ends)
    outside = one(BASELINE, BETTER, 0.05, peeked=True)
    assert always_valid(BASELINE, BETTER, null=0.05).p_value < 0.05
    assert outside.equivalence_p_value == 1.0


def test_holm_counts_the_variants_that_can_be_judged():
    slightly = [value + 0.2 for value in BASELINE]
    alone = one(BASELINE, slightly, 0.001)
    assert alone.decision == "helped"
    others = [slightly, ALIKE, BASELINE[:2], BASELINE]
    verdicts = judge(BASELINE, others, matters=0.001, peeked=False)
    assert [verdict.decision for verdict in verdicts] == [
        "cannot tell yet",
        "cannot tell yet",
        "no verdict",
        "cannot tell yet",
    ]
    raw = [welch(BASELINE, other).p_value for other in (slightly, ALIKE, BASELINE)]
    adjusted = holm(raw)
    assert adjusted[0] == pytest.approx(3 * alone.p_value)
    assert [verdicts[place].p_value for place in (0, 1, 3)] == adjusted
    equivalence = holm([one(BASELINE, v, 0.3).equivalence_p_value for v in (ALIKE, BASELINE)])
    both = judge(BASELINE, [ALIKE, BASELINE], matters=0.3, peeked=False)
    assert [verdict.equivalence_p_value for verdict in both] == equivalence
    assert judge(BASELINE, [], matters=0.1, peeked=False) == []
    crowd = judge(BASELINE, [ALIKE, ALIKE, BASELINE[:2]], matters=0.05, peeked=False)
    spread = sqrt(np.var(BASELINE, ddof=1) + np.var(ALIKE, ddof=1))
    estimate = crowd[0].difference.estimate
    assert crowd[0].seeds_to_settle == seeds_to_settle(
        estimate, spread, matters=0.05, seeds=8, comparisons=2
    )
    assert crowd[0].seeds_to_settle > one(BASELINE, ALIKE, 0.05).seeds_to_settle


@pytest.mark.parametrize("peeked", [False, True])
def test_no_verdict_says_why(peeked):
    for few in ([90.0, 91.0], [90.0]):
        for pair in ((few, BETTER), (BASELINE, few)):
            verdict = one(*pair, peeked=peeked)
            assert verdict.decision == "no verdict"
            assert verdict.reason == "fewer than 3 seeds"
            assert (verdict.p_value, verdict.equivalence_p_value) == (1.0, 1.0)
            assert verdict.seeds_to_settle is None
    stuck = one([10.0] * 5, [90.1] * 5, peeked=peeked)
    assert stuck.decision == "no verdict"
    assert stuck.reason == (
        "neither variant's accuracy changes from seed to seed, so chance cannot be measured"
    )
    assert one([10.0] * 8, BETTER, peeked=peeked).decision == "helped"


def test_seeds_that_give_the_same_in_both_make_no_difference():
    same = one(BASELINE, BASELINE, peeked=True)
    assert (same.difference.low, same.difference.high) == (0.0, 0.0)
    assert same.decision == "no difference that matters"


@given(ACCURACIES, ACCURACIES, st.sampled_from([0.01, 0.05, 0.2]), st.booleans())
def test_swapping_flips_helped_and_hurt(a, b, matters, peeked):
    ours, turned = one(a, b, matters, peeked), one(b, a, matters, peeked)
    flipped = {"helped": "hurt", "hurt": "helped"}
    assert turned.decision == flipped.get(ours.decision, ours.decision)
    assert turned.seeds_to_settle == ours.seeds_to_settle


@given(ACCURACIES, ACCURACIES, st.sampled_from([0.01, 0.05, 0.2]), st.booleans())
def test_scaling_changes_no_verdict(a, b, matters, peeked):
    ours = one(a, b, matters, peeked)
    scaled = one(4 * np.array(a), 4 * np.array(b), 4 * matters, peeked)
    assert (scaled.decision, scaled.p_value) == (ours.decision, ours.p_value)
    assert scaled.seeds_to_settle == ours.seeds_to_settle


@given(
    ACCURACIES,
    st.lists(ACCURACIES, min_size=1, max_size=3),
    st.sampled_from([0.01, 0.1]),
    st.booleans(),
)
def test_helped_and_hurt_only_where_the_interval_shown_excludes_0(
    baseline, others, matters, peeked
):
    for verdict in judge(baseline, others, matters=matters, peeked=peeked):
        includes = verdict.difference.low <= 0 <= verdict.difference.high
        if verdict.decision in TOLD:
            assert not includes
            assert (verdict.decision == "helped") == (verdict.difference.estimate > 0)
        elif len(others) == 1 and verdict.decision == "cannot tell yet":
            assert includes


def test_identical_variants_seldom_help_or_hurt():
    generator = np.random.default_rng(1)
    alarms = {False: 0, True: 0}
    for baseline in generator.normal(90, 0.2, (600, 10)):
        other = generator.normal(90, 0.2, 10)
        for peeked in alarms:
            alarms[peeked] += one(baseline, other, 0.01, peeked).decision in TOLD
    assert 12 <= alarms[False] <= 48
    assert alarms[True] <= 12


def test_a_difference_as_large_as_the_margin_is_seldom_called_no_difference():
    generator = np.random.default_rng(2)
    wrong = 0
    for baseline in generator.normal(90, 0.05, (600, 10)):
        other = generator.normal(90.1, 0.05, 10)
        wrong += one(baseline, other).decision == "no difference that matters"
    assert 12 <= wrong <= 48


# Cohen, 1988, table 2.4.1, at power 0.80: effects 0.2, 0.5, 0.8
@pytest.mark.parametrize(("effect", "seeds"), [(0.2, 394), (0.5, 64), (0.8, 26)])
def test_seeds_for_is_cohens_table(effect, seeds):
    assert seeds_for(effect, 1.0) == seeds
    assert seeds_for(-effect * 0.2, 0.2) == seeds


@pytest.mark.parametrize("difference", [0.35, 0.25, 0.145, 3.0])
@pytest.mark.parametrize("power", [0.5, 0.8, 0.95])
def test_seeds_for_is_the_fewest_with_the_power(difference, power):
    def power_of(seeds):
        shift = difference / 0.2 * sqrt(seeds / 2)
        return stats.nct.sf(stats.t.ppf(0.975, 2 * seeds - 2), 2 * seeds - 2, shift)

    seeds = seeds_for(difference, 0.2, power)
    assert power_of(seeds) >= power
    assert seeds == 2 or power_of(seeds - 1) < power


def test_seeds_for_a_deviation_of_0_2_points():
    assert [seeds_for(points, 0.2) for points in (0.35, 0.25, 0.145, 0.1)] == [7, 12, 31, 64]


@pytest.mark.parametrize("difference", [0.0, 0.2])
def test_seeds_to_settle_settle_4_verdicts_in_5(difference):
    seeds = seeds_to_settle(difference, 0.2 * sqrt(2), matters=0.15, seeds=5)
    generator, settled = np.random.default_rng(3), 0
    for baseline in generator.normal(90, 0.2, (300, seeds)):
        other = generator.normal(90 + difference, 0.2, seeds)
        settled += one(baseline, other, 0.15, peeked=True).decision != "cannot tell yet"
    assert 216 <= settled <= 264


def test_seeds_to_settle_grow_with_what_is_asked_and_end():
    def seeds(difference=0.1, deviation=0.3, matters=0.2, seeds=10, comparisons=1):
        return seeds_to_settle(
            difference, deviation, matters=matters, seeds=seeds, comparisons=comparisons
        )

    assert 10 < seeds() < seeds(deviation=0.6) < seeds(deviation=0.6, comparisons=4)
    assert seeds(difference=0.4) < seeds(difference=0.2)
    assert seeds(difference=0.0) < seeds(difference=0.0, matters=0.1)
    assert seeds(seeds=500) == 501
    assert seeds(matters=0.0001, difference=0.0) is None
    assert seeds(seeds=100_000) is None
    # an estimate at what matters itself is settled in the end: it is not 0
    assert seeds(difference=0.2) < 1_000


@pytest.mark.parametrize("matters", [0, -0.1, inf, nan])
def test_the_margin_is_a_number_of_points(matters):
    with pytest.raises(ValueError, match=r"that matters is .*; it must be above 0 points"):
        one(BASELINE, BETTER, matters)


def test_bad_values_are_refused():
    with pytest.raises(ValueError, match="leave out runs that diverged"):
        one(BASELINE, [90.0, nan, 91.0])
    with pytest.raises(ValueError, match="one or more numbers"):
        one([], BETTER)


def test_bad_plans_are_refused():
    for difference in (0.0, inf, nan):
        with pytest.raises(ValueError, match="The difference to find is a number other than 0"):
            seeds_for(difference, 0.2)
    for deviation in (0.0, -1.0, inf, nan):
        with pytest.raises(ValueError, match="A standard deviation is above 0, not"):
            seeds_for(0.1, deviation)
        with pytest.raises(ValueError, match="A standard deviation is above 0, not"):
            seeds_to_settle(0.1, deviation, matters=0.1, seeds=3)
    for power in (0.4, 1.0):
        with pytest.raises(ValueError, match=r"The power is from 0\.5 to below 1, not"):
            seeds_for(0.1, 0.2, power)
