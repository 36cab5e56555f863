from math import exp, inf, log, nan, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, optimize, stats

from cnnlab.experiments.statistics import (
    PRIOR_PRECISION,
    Interval,
    always_valid,
    always_valid_width,
    failures_differ,
    holm,
    mcnemar,
    mean_interval,
    new_images,
    overfitting,
    probability_of_beating,
    welch,
)

A = [89.91, 90.12, 90.33, 89.87, 90.05]
B = [90.41, 90.22, 90.63, 90.37, 90.71, 90.18, 90.5]

# accuracies as a test set of 10,000 images gives them
ACCURACIES = st.lists(
    st.integers(8_900, 9_100).map(lambda right: right / 100), min_size=3, max_size=12
)


def test_mean_interval_is_students():
    # 1, 2, 3, 4: mean 2.5, deviation sqrt(5/3), t(3) at 97.5 % 3.182446
    interval = mean_interval([1, 2, 3, 4])
    half = 3.182446 * sqrt(5 / 3) / 2
    assert interval.estimate == 2.5
    assert interval.low == pytest.approx(2.5 - half, rel=1e-6)
    assert interval.high == pytest.approx(2.5 + half, rel=1e-6)
    reference = stats.ttest_1samp(A, 0).confidence_interval(0.9)
    narrower = mean_interval(A, 0.9)
    assert (narrower.low, narrower.high) == pytest.approx((reference.low, reference.high))


def test_one_value_bounds_nothing():
    assert mean_interval([90.0]) == Interval(90.0, -inf, inf)
    for kind in (welch, always_valid):
        difference = kind([90.0], [90.5, 90.6])
        assert (difference.low, difference.high, difference.p_value) == (-inf, inf, 1.0)


def test_equal_values_have_no_variance_in_spite_of_rounding():
    assert np.var([90.1] * 3) > 0  # what is guarded against
    assert mean_interval([90.1] * 3) == Interval(pytest.approx(90.1), *[pytest.approx(90.1)] * 2)
    nothing = welch([90.1] * 3, [90.3] * 3)
    assert (nothing.low, nothing.high, nothing.p_value) == (-inf, inf, 1.0)


@pytest.mark.parametrize("confidence", [0.9, 0.95, 0.99])
def test_welch_is_scipys(confidence):
    reference = stats.ttest_ind(B, A, equal_var=False)
    ends = reference.confidence_interval(confidence)
    ours = welch(A, B, confidence=confidence)
    assert ours.kind == "fixed"
    assert ours.estimate == pytest.approx(np.mean(B) - np.mean(A))
    assert ours.p_value == pytest.approx(reference.pvalue, rel=1e-10)
    assert (ours.low, ours.high) == pytest.approx((ends.low, ends.high), rel=1e-10)
    shifted = stats.ttest_ind(np.array(B) - 0.3, A, equal_var=False)
    assert welch(A, B, null=0.3).p_value == pytest.approx(shifted.pvalue, rel=1e-10)


def test_welch_with_one_constant_side_is_students():
    reference = stats.ttest_1samp(B, 90)
    assert welch([90.0] * 4, B).p_value == pytest.approx(reference.pvalue, rel=1e-10)


def bayes_factor(differences):
    """Return the always-valid test's factor by integrating its prior, without using t."""
    n, square = len(differences), float(np.sum(np.square(differences)))
    total = float(np.sum(differences))

    def given_effect(effect):
        def density(sigma):
            exponent = square / sigma**2 - 2 * effect * total / sigma + n * effect**2
            return sigma ** (-n - 1) * exp(-exponent / 2)

        return integrate.quad(density, 0, inf)[0]

    prior = stats.norm(0, 1 / sqrt(PRIOR_PRECISION)).pdf
    mixed = integrate.quad(lambda effect: given_effect(effect) * prior(effect), -8, 8)[0]
    return mixed / given_effect(0.0)


@pytest.mark.parametrize("differences", [[0.9, 1.3, 0.6], [0.7, 1.1, 0.4, 0.9, 1.2]])
def test_always_valid_is_the_bayes_factor_of_its_prior(differences):
    ours = always_valid([0.0] * len(differences), differences)
    assert ours.kind == "always-valid"
    assert 1 / ours.p_value == pytest.approx(bayes_factor(differences), rel=1e-5)


def test_always_valid_interval_holds_the_nulls_with_p_of_5_percent_or_more():
    ours = always_valid(A, B)
    differences = np.array(B[:5]) - A  # pairs up to the shorter
    assert ours.estimate == pytest.approx(differences.mean())
    assert ours.low < ours.estimate < ours.high < inf
    for null in (ours.low, ours.high):
        assert always_valid(A, B, null=null).p_value == pytest.approx(0.05, rel=1e-9)
        inner = null + 0.01 * (ours.estimate - null)
        assert always_valid(A, B, null=inner).p_value > 0.05
    width = always_valid_width(np.array([5]), 0.95)[0]
    assert ours.high - ours.estimate == pytest.approx(width * differences.std(ddof=1))


def test_always_valid_needs_5_pairs_to_bound_anything():
    widths = always_valid_width(np.array([3, 4, 5, 6]), 0.95)
    assert list(np.isfinite(widths)) == [False, False, True, True]
    assert always_valid([0.0] * 4, [1, 2, 3, 4]).high == inf
    # the largest factor that 4 pairs can reach is 5 ** 1.5
    assert always_valid([0.0] * 4, [1.0] * 4).p_value == pytest.approx(5**-1.5)
    assert always_valid([0.0] * 4, [0.0] * 4).p_value == 1.0
    same = always_valid([0.0] * 6, [0.25] * 6)
    assert (same.low, same.high) == (0.25, 0.25)


def test_always_valid_interval_excludes_the_truth_at_any_of_198_looks_in_5_percent_at_most():
    generator, looks = np.random.default_rng(1), np.arange(1, 201)
    values = generator.normal(0.3, 1, (4_000, 200))
    means = values.cumsum(axis=1) / looks
    squares = (values**2).cumsum(axis=1) - looks * means**2
    deviations = np.sqrt(squares[:, 2:] / (looks[2:] - 1))
    outside = np.abs(means[:, 2:] - 0.3) > always_valid_width(looks[2:], 0.95) * deviations
    share = outside.any(axis=1).mean()
    assert 0.01 < share < 0.05
    n = 57  # and these are the intervals that always_valid returns
    ours = always_valid(np.zeros(n), values[0, :n])
    assert ours.high - ours.low == pytest.approx(
        2 * always_valid_width(looks[n - 1 : n], 0.95)[0] * deviations[0, n - 3]
    )


@given(ACCURACIES, ACCURACIES)
def test_swapping_the_sides_turns_every_interval_round(a, b):
    for kind in (welch, always_valid):
        ours, turned = kind(a, b), kind(b, a)
        assert (ours.estimate, ours.low, ours.high) == (
            -turned.estimate,
            -turned.high,
            -turned.low,
        )
        assert ours.p_value == turned.p_value
    ours, turned = probability_of_beating(a, b), probability_of_beating(b, a)
    assert ours.estimate == pytest.approx(1 - turned.estimate, abs=1e-12)
    assert ours.low == pytest.approx(1 - turned.high, abs=1e-9)
    assert ours.high == pytest.approx(1 - turned.low, abs=1e-9)


@given(ACCURACIES, ACCURACIES, st.sampled_from([0.125, 2.0, 7.3]), st.floats(-50, 50))
def test_shift_and_scale_change_no_p_value(a, b, scale, shift):
    for kind in (welch, always_valid):
        ours = kind(a, b, null=0.05)
        moved = kind(scale * np.array(a) + shift, scale * np.array(b) + shift, null=0.05 * scale)
        assert moved.p_value == pytest.approx(ours.p_value, rel=1e-6, abs=1e-12)
        assert moved.estimate == pytest.approx(scale * ours.estimate, abs=1e-9)
        assert moved.high == pytest.approx(scale * ours.high, rel=1e-6, abs=1e-9)
    assert probability_of_beating(scale * np.array(a), scale * np.array(b)) == (
        probability_of_beating(a, b)
    )


@given(ACCURACIES, ACCURACIES, st.sampled_from([0.9, 0.95, 0.99]))
def test_the_interval_excludes_0_exactly_where_p_is_small(a, b, confidence):
    for kind in (welch, always_valid):
        ours = kind(a, b, confidence=confidence)
        excluded = not ours.low <= 0 <= ours.high
        assert excluded == (ours.p_value < 1 - confidence) or ours.p_value == pytest.approx(
            1 - confidence
        )


@given(ACCURACIES, ACCURACIES)
def test_probability_of_beating_is_mann_whitneys(a, b):
    ours = probability_of_beating(a, b)
    statistic = stats.mannwhitneyu(b, a).statistic
    assert ours.estimate == pytest.approx(statistic / (len(a) * len(b)))
    assert 0 <= ours.low <= ours.estimate <= ours.high <= 1
    assert ours.high - ours.low > 0.1


def test_probability_of_beating_at_its_ends():
    # one seed each: (1 - x)^2 = z^2 x (1 - x)
    end = 1 / (1 + stats.norm.ppf(0.975) ** 2)
    assert probability_of_beating([1], [2]) == Interval(1.0, pytest.approx(end), 1.0)
    assert probability_of_beating([2], [1]) == Interval(0.0, 0.0, pytest.approx(1 - end))
    low = probability_of_beating(range(10), range(10, 20)).low
    assert probability_of_beating(range(5), range(10, 15)).low < low < 1


def test_probability_of_beating_is_newcombes_method_5_for_equal_deviations():
    a, b = [1, 2, 3, 4, 5, 7], [6, 8, 9, 10, 11]
    ours = probability_of_beating(a, b)
    for end in (ours.low, ours.high):
        tail = (1 - end) / (2 - end) + end / (1 + end)
        variance = end * (1 - end) * (1 + (5.5 - 1) * tail) / 30
        statistic = (ours.estimate - end) ** 2 / variance
        assert statistic == pytest.approx(stats.norm.ppf(0.975) ** 2, rel=1e-6)


def test_probability_of_beating_is_wider_if_the_ranks_vary_more_than_it_assumes():
    a, b = [4.9, 5.0, 5.1, 5.05, 4.95, 5.02], [1.0, 9.0, 2.0, 8.0, 7.0, 3.0]
    wins = np.array([[(y > x) + 0.5 * (y == x) for y in b] for x in a])
    measured = (wins.mean(axis=1).var(ddof=1) + wins.mean(axis=0).var(ddof=1)) / 6
    ours = probability_of_beating(a, b)
    assert ours.estimate == 0.5
    taken = 0.25 * (1 + 5 * 2 / 3) / 36
    assert measured > 1.2 * taken
    tail = (1 - ours.low) / (2 - ours.low) + ours.low / (1 + ours.low)
    variance = ours.low * (1 - ours.low) * (1 + 5 * tail) / 36 * measured / taken
    assert (0.5 - ours.low) ** 2 / variance == pytest.approx(stats.norm.ppf(0.975) ** 2)


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([0.02]) == [0.02]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_raises_keeps_the_order_and_is_at_most_bonferroni(p_values):
    adjusted = holm(p_values)
    count = len(p_values)
    for before, after in zip(p_values, adjusted, strict=True):
        assert before <= after <= min(1.0, count * before)
    order = np.argsort(p_values, kind="stable")
    assert list(np.array(adjusted)[order]) == sorted(adjusted)


def test_failures_differ_by_fishers_tea():
    # the lady tasting tea: 3 of 4 right on each side, p = 34 / 70
    assert failures_differ(1, 4, 3, 4) == pytest.approx(34 / 70)
    assert failures_differ(0, 10, 8, 10) < 0.001
    assert failures_differ(0, 10, 2, 10) > 0.05


def answers(only_a, only_b, both, neither):
    right_a = [True] * only_a + [False] * only_b + [True] * both + [False] * neither
    right_b = [False] * only_a + [True] * only_b + [True] * both + [False] * neither
    return np.array(right_a), np.array(right_b)


def test_mcnemar_on_a_published_table():
    # Bentur et al., 2009, in Fagerland, Lydersen and Laake, 2014: 1, 1, 7, 12 of 21 children;
    # exact p 0.070, Tango's interval -0.517 to -0.026 (there B minus A is A minus B)
    paired = mcnemar(*answers(1, 7, 1, 12))
    assert (paired.only_a, paired.only_b) == (1, 7)
    assert paired.p_value == pytest.approx(stats.binomtest(1, 8).pvalue)
    assert paired.p_value == pytest.approx(0.0703, abs=5e-5)
    assert paired.difference.estimate == pytest.approx(100 * 6 / 21)
    assert paired.difference.low == pytest.approx(2.6, abs=0.05)
    assert paired.difference.high == pytest.approx(51.7, abs=0.05)


@pytest.mark.parametrize(("only_a", "only_b", "images"), [(5, 12, 60), (0, 3, 44), (30, 31, 500)])
def test_mcnemars_interval_ends_where_the_score_test_says_5_percent(only_a, only_b, images):
    paired = mcnemar(*answers(only_a, only_b, images // 2, images - images // 2 - only_a - only_b))
    for end in (paired.difference.low / 100, paired.difference.high / 100):

        def unlikeliness(share, end=end):
            return -(
                only_a * log(share)
                + only_b * log(share + end)
                + (images - only_a - only_b) * log(1 - 2 * share - end)
            )

        edges = (max(0, -end) + 1e-12, (1 - end) / 2 - 1e-12)
        share = optimize.minimize_scalar(
            unlikeliness, bounds=edges, method="bounded", options={"xatol": 1e-10}
        ).x
        variance = (2 * share + end - end**2) / images
        statistic = (paired.difference.estimate / 100 - end) ** 2 / variance
        assert statistic == pytest.approx(stats.norm.ppf(0.975) ** 2, rel=1e-4)


def test_mcnemar_of_equal_predictions_finds_nothing_but_bounds_the_difference():
    paired = mcnemar(*answers(0, 0, 90, 10))
    assert (paired.only_a, paired.only_b, paired.p_value) == (0, 0, 1.0)
    # n x / (1 - x) = z^2
    end = 100 / (1 + 100 / stats.norm.ppf(0.975) ** 2)
    assert paired.difference == Interval(0.0, pytest.approx(-end), pytest.approx(end))


@given(st.integers(0, 40), st.integers(0, 40), st.integers(1, 40))
def test_mcnemar_is_binomial_and_turns_round(only_a, only_b, others):
    paired = mcnemar(*answers(only_a, only_b, others, 0))
    if only_a + only_b:
        reference = stats.binomtest(only_a, only_a + only_b).pvalue
        assert paired.p_value == pytest.approx(reference)
    turned = mcnemar(*answers(only_b, only_a, others, 0))
    assert turned.difference.low == pytest.approx(-paired.difference.high, abs=1e-6)
    assert turned.p_value == paired.p_value


def test_new_images_by_hand():
    right_a = np.array([[1, 1, 0, 0], [1, 0, 0, 0]], dtype=bool)
    right_b = np.array([[1, 1, 1, 0], [1, 1, 1, 0]], dtype=bool)
    # over seeds: A 0.5 and 0.25, variance 1/32, half of it; B no spread. Over images: the
    # differences 0, 1/2, 1, 0 have variance 11/48, a quarter of it. Counted in both: A's answers
    # less their seed's and image's means have sum of squares 3/8 on 1 x 3, an eighth of it.
    variance = 1 / 64 + 11 / 192 - 1 / 64
    freedom = variance**2 / (1 / 64) ** 2
    half = stats.t.ppf(0.975, freedom) * sqrt(variance)
    ours = new_images(right_a, right_b)
    assert ours.estimate == pytest.approx(37.5)
    assert (ours.low, ours.high) == pytest.approx((37.5 - 100 * half, 37.5 + 100 * half))
    turned = new_images(right_b, right_a, confidence=0.8)
    assert turned.low == pytest.approx(-37.5 - 100 * stats.t.ppf(0.9, freedom) * sqrt(variance))


def test_new_images_of_many_images_is_welchs_of_the_seeds():
    generator = np.random.default_rng(2)
    rates = generator.uniform(0.8, 0.95, (2, 6, 1))
    right_a, right_b = generator.random((2, 6, 20_000)) < rates
    ours = new_images(right_a, right_b)
    reference = welch(100 * right_a.mean(axis=1), 100 * right_b.mean(axis=1))
    assert (ours.estimate, ours.low, ours.high) == pytest.approx(
        (reference.estimate, reference.low, reference.high), rel=0.01
    )


def test_new_images_covers_what_the_seeds_alone_do_not():
    generator = np.random.default_rng(3)
    covered = of_seeds_alone = 0
    for _ in range(400):
        suits_a, suits_b = generator.beta(0.9, 0.1, (2, 300))
        right_a, right_b = (generator.random((8, 300)) < suits for suits in (suits_a, suits_b))
        ours = new_images(right_a, right_b)
        covered += ours.low <= 0 <= ours.high
        seeds = welch(right_a.mean(axis=1), right_b.mean(axis=1))
        of_seeds_alone += seeds.low <= 0 <= seeds.high
    assert 368 <= covered <= 392
    assert of_seeds_alone < 300


def test_new_images_of_one_seed_or_of_constant_values_bounds_nothing():
    right = np.random.default_rng(4).random((3, 50)) < 0.9
    assert new_images(right[:1], right) == Interval(pytest.approx(0, abs=20), -inf, inf)
    assert new_images(right[[0, 0]], right[[0, 0]]) == Interval(0.0, -inf, inf)


def test_overfitting_measures_each_half_from_the_others_lowest_epoch():
    validation = [[3, 1, 2, 4], [3, 2, 1, 5], [3, 0, 2, 4]]
    train = [[9, 7, 5, 3], [9, 6, 4, 1], [9, 8, 6, 4]]
    # seeds 0 and 2 from epoch 3 (lowest for seed 1), seed 1 from epoch 2 (lowest for 0 and 2)
    ours = overfitting(train, validation)
    assert ours.lowest_epoch == 2
    assert ours.validation_rise == mean_interval([2, 3, 2])
    assert ours.train_change == mean_interval([-2, -5, -2])
    assert ours.validation_rise.low > 0 > ours.train_change.low
    assert ours.overfits is False  # the training loss's interval reaches above 0


def test_overfitting_is_found_and_a_falling_loss_is_not_overfitting():
    epochs, generator = np.arange(10), np.random.default_rng(5)
    noise = generator.normal(0, 0.01, (5, 10))
    train = 1 - 0.05 * epochs + noise
    rising = 0.5 + 0.02 * (epochs - 4.0) ** 2 + noise
    found = overfitting(train, rising)
    assert (found.lowest_epoch, found.overfits) == (5, True)
    assert found.validation_rise.low < 0.5 < found.validation_rise.high
    falling = overfitting(train, 1 - 0.05 * epochs + noise)
    assert falling.lowest_epoch == 10
    assert falling.validation_rise == Interval(0.0, 0.0, 0.0)
    assert falling.overfits is False
    assert overfitting(1 + 0.05 * epochs + noise, rising).overfits is False


def test_overfitting_is_not_known_from_fewer_than_3_seeds():
    rising, falling = np.array([[1.0, 0, 2], [1, 0, 2.1]]), np.array([[3.0, 2, 1], [3, 2, 1.1]])
    assert overfitting(falling, rising).overfits is None
    alone = overfitting(falling[:1], rising[:1])
    assert alone.overfits is None
    assert alone.validation_rise == Interval(2.0, -inf, inf)


def test_overfitting_is_seldom_seen_in_noise():
    generator = np.random.default_rng(6)
    alarms = flattered = 0
    for _ in range(400):
        validation = generator.normal(0, 1, (10, 20))
        train = np.linspace(1, 0, 20) + generator.normal(0, 0.01, (10, 20))
        alarms += overfitting(train, validation).overfits
        lowest = validation.mean(axis=0).argmin()
        flattered += mean_interval(validation[:, -1] - validation[:, lowest]).low > 0
    assert alarms <= 24
    assert flattered > 40


@pytest.mark.parametrize("ask", [mean_interval, lambda v: welch(v, A), lambda v: welch(A, v)])
@pytest.mark.parametrize("bad", [nan, inf, -inf])
def test_a_value_that_is_not_a_number_is_refused(ask, bad):
    with pytest.raises(ValueError, match="not a finite number: leave out runs that diverged"):
        ask([90.0, bad, 90.1])


@pytest.mark.parametrize("ask", [welch, always_valid, probability_of_beating])
def test_no_values_are_refused(ask):
    with pytest.raises(ValueError, match=r"one or more numbers, not \(0,\)"):
        ask(A, [])
    with pytest.raises(ValueError, match=r"one or more numbers, not \(1, 5\)"):
        ask([A], B)


@pytest.mark.parametrize("confidence", [0.0, 1.0, 95])
def test_a_confidence_is_a_share(confidence):
    for ask in (welch, always_valid):
        with pytest.raises(ValueError, match="A confidence is between 0 and 1, not"):
            ask(A, B, confidence=confidence)
    with pytest.raises(ValueError, match="A confidence is between 0 and 1, not"):
        mean_interval(A, confidence)


@pytest.mark.parametrize("p_value", [-0.1, 1.1, nan])
def test_a_p_value_is_a_share(p_value):
    with pytest.raises(ValueError, match="A p-value is from 0 to 1, not"):
        holm([0.5, p_value])


@pytest.mark.parametrize("counts", [(3, 2, 0, 5), (0, 5, -1, 5), (0, 0, 1, 5)])
def test_failures_are_of_runs(counts):
    with pytest.raises(ValueError, match=r"of \d runs cannot have failed"):
        failures_differ(*counts)


def test_predictions_that_do_not_fit_are_refused():
    right = np.ones((3, 4), dtype=bool)
    with pytest.raises(ValueError, match="The images must be the same: A has 4, B has 3"):
        new_images(right, right[:, :3])
    with pytest.raises(ValueError, match="The images must be the same: A has 4, B has 2"):
        mcnemar(right[0], right[0, :2])
    with pytest.raises(ValueError, match=r"Predictions are \(seeds, images\), .* not \(4,\)"):
        new_images(right[0], right[0])
    with pytest.raises(ValueError, match=r"Predictions are \(images,\), .* not \(0,\)"):
        mcnemar(right[0, :0], right[0, :0])
    with pytest.raises(ValueError, match=r"correct \(True\) or wrong \(False\), not int64"):
        mcnemar(np.ones(4, dtype=np.int64), right[0])
    with pytest.raises(ValueError, match="One image tells nothing"):
        new_images(right[:, :1], right[:, :1])


def test_losses_that_do_not_fit_are_refused():
    losses = np.ones((3, 4))
    with pytest.raises(ValueError, match=r"differ in shape: \(3, 4\), \(3, 3\)"):
        overfitting(losses, losses[:, :3])
    with pytest.raises(ValueError, match=r"Losses are \(seeds, epochs\), .* not \(4,\)"):
        overfitting(losses[0], losses[0])
    with pytest.raises(ValueError, match="A loss is not a finite number"):
        overfitting(losses, np.where(losses == 1, nan, 0))
