"""Signals that this process sends itself: they are handled before `raise_signal` returns."""

# ruff: noqa: PT012 - where the interrupt comes is what is tested
import signal
import threading

import pytest

from ceteris.lab.interrupts import asked_to_stop, finishing, interrupts, stop_if_asked

BOTH = (signal.SIGINT, signal.SIGTERM)


@pytest.mark.parametrize("number", BOTH)
def test_the_first_lets_work_be_finished_and_interrupts_then(number):
    done, said = [], []
    with pytest.raises(KeyboardInterrupt), interrupts(lambda: said.append("stopping")):
        with finishing():
            signal.raise_signal(number)
            done.append(asked_to_stop())
        done.append("too much")
    assert (done, said) == ([True], ["stopping"])
    assert not asked_to_stop()


@pytest.mark.parametrize("first", BOTH)
@pytest.mark.parametrize("second", BOTH)
def test_the_second_stops_at_once(first, second):
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts(), finishing():
        signal.raise_signal(first)
        done.append("still here")
        signal.raise_signal(second)
        done.append("too much")
    assert done == ["still here"]


@pytest.mark.parametrize("number", BOTH)
def test_where_nothing_is_being_finished_the_first_stops_at_once(number):
    with pytest.raises(KeyboardInterrupt), interrupts():
        signal.raise_signal(number)
        pytest.fail("it went on")


def test_a_step_is_the_place_to_stop_and_only_when_asked():
    with interrupts(), pytest.raises(KeyboardInterrupt), finishing():
        stop_if_asked()
        signal.raise_signal(signal.SIGINT)
        stop_if_asked()
        pytest.fail("it went on")


def test_an_outer_piece_of_work_is_finished_too():
    done = []
    with pytest.raises(KeyboardInterrupt), interrupts(), finishing():
        with finishing():
            signal.raise_signal(signal.SIGINT)
        done.append("the outer one")
    assert done == ["the outer one"]


def test_handlers_are_put_back_and_other_threads_leave_them_alone():
    before = [signal.getsignal(number) for number in BOTH]

    def elsewhere():
        with interrupts():
            seen.append([signal.getsignal(number) for number in BOTH])

    seen: list[object] = []
    with interrupts():
        assert [signal.getsignal(number) for number in BOTH] != before
    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert [signal.getsignal(number) for number in BOTH] == before
    assert seen == [before]
