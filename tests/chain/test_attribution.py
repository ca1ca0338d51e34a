"""Shapley: the laws, and a slow obvious twin."""

from __future__ import annotations

from itertools import permutations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from fourwalls.chain.attribution import shapley, worth_of

PLAYERS = 3
GAMES = arrays(np.float64, (1 << PLAYERS, 4), elements=st.integers(-5, 5).map(float))


def slow_shapley(worth: np.ndarray, players: int) -> np.ndarray:
    """The definition: the mean of what a player adds over all orders of arrival."""
    values = np.zeros((players, worth.shape[1]))
    orders = list(permutations(range(players)))
    for order in orders:
        coalition = 0
        for player in order:
            values[player] += worth[coalition | 1 << player] - worth[coalition]
            coalition |= 1 << player
    return values / len(orders)


@given(GAMES)
def test_equals_the_mean_over_all_orders(worth: np.ndarray) -> None:
    np.testing.assert_allclose(shapley(worth, PLAYERS), slow_shapley(worth, PLAYERS), atol=1e-12)


@given(GAMES)
def test_adds_up_to_the_whole(worth: np.ndarray) -> None:
    np.testing.assert_allclose(shapley(worth, PLAYERS).sum(axis=0), worth[-1] - worth[0], atol=1e-12)


@given(GAMES)
def test_who_adds_nothing_gets_nothing(worth: np.ndarray) -> None:
    idle = worth.copy()
    for coalition in range(1 << PLAYERS):
        idle[coalition | 1] = idle[coalition & ~1]
    assert not shapley(idle, PLAYERS)[0].any()


@given(GAMES)
def test_alike_players_get_alike(worth: np.ndarray) -> None:
    def swapped(coalition: int) -> int:
        first, second = coalition & 1, coalition >> 1 & 1
        return coalition & ~3 | first << 1 | second

    symmetric = worth + worth[[swapped(c) for c in range(1 << PLAYERS)]]
    values = shapley(symmetric, PLAYERS)
    np.testing.assert_allclose(values[0], values[1], atol=1e-12)


def test_glove_game() -> None:
    """Textbook: one left glove and two right ones; the pair is worth 1. Values 2/3, 1/6, 1/6 (Shapley and Shubik)."""
    worth = np.array([[float(bool(c & 1) and bool(c & 6))] for c in range(8)])
    np.testing.assert_allclose(shapley(worth, 3)[:, 0], [2 / 3, 1 / 6, 1 / 6])


def test_worth_of_picks_each_games_own_coalition() -> None:
    worth = np.array([[False, False], [True, False], [False, True], [True, True]])
    assert worth_of(worth, np.array([1, 2])).tolist() == [True, True]
    assert worth_of(worth, np.array([2, 1])).tolist() == [False, False]
