"""Threads of a kernel. Expected values: what was asked of torch before."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import torch

from matlab_compat.engine import threads
from matlab_compat.engine.threads import WORTH_THREADS, threads_for_steps

X = torch.zeros(1)


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


@pytest.mark.skipif(threads._openmp() is None, reason="torch computes without OpenMP")
def test_few_weights_run_in_one_thread() -> None:
    with threads_for_steps(X, WORTH_THREADS - 1):
        assert torch.get_num_threads() == 1
    assert torch.get_num_threads() == 2


def test_many_weights_run_in_all_threads() -> None:
    with threads_for_steps(X, WORTH_THREADS):
        assert torch.get_num_threads() == 2


def test_the_number_comes_back_after_an_error() -> None:
    with pytest.raises(ZeroDivisionError), threads_for_steps(X, 1):
        raise ZeroDivisionError
    assert torch.get_num_threads() == 2


def test_other_threads_of_python_keep_their_number() -> None:
    with ThreadPoolExecutor(1) as pool:
        pool.submit(torch.set_num_threads, 2).result()
        with threads_for_steps(X, 1):
            assert pool.submit(torch.get_num_threads).result() == 2
