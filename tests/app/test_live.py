import io

from rich.console import Console

from ceteris.app.live import Board
from ceteris.lab.events import Elsewhere, Ended, EpochDone, Retried, Started, Stepped
from ceteris.study.manifest import Plan
from ceteris.study.record import Epoch

ROW = Epoch(1, 0.5, 0.8, 0.6, 0.75, 0.1, 2.0, 123.0)


def board(ran, out, after):
    plan = Plan.from_json((ran / "store" / "studies" / "tiny-full" / "plan.json").read_bytes())
    return plan, Board(plan, set(), out, after)


def tell_all(plan, shown):
    for trial in plan.trials:
        shown.tell(Started(trial.key))
        shown.tell(Stepped(trial.key, 1, 1, 2))
        shown.tell(EpochDone(trial.key, ROW, 3))
        shown.tell(Ended(trial.key, "finished", "", (("top1", 0.75),)))


def test_plain_lines_in_a_log_file(ran):
    text, blocks = io.StringIO(), []
    plan, shown = board(ran, Console(file=text, width=100), blocks.append)
    with shown:
        tell_all(plan, shown)
        shown.tell(Started(plan.trials[0].key, 2))
        shown.tell(Started(plan.trials[1].key, 0, "torch 1 is now 2"))
        shown.tell(Retried(plan.trials[0].key, "its process was ended by SIGKILL"))
        shown.tell(Elsewhere(plan.trials[2].key))
    lines = text.getvalue().splitlines()
    assert lines[0] == "relu, seed 0: started"
    assert lines[1] == "relu, seed 0: epoch 1/3, loss 0.500, validation 75.0 %, 123 images/s"
    assert lines[2].startswith("[1/4] relu, seed 0: finished, test top1 75.00 %")
    assert "going on after epoch 2" in lines[-5]
    assert "begins again, as its checkpoint was made otherwise: torch 1 is now 2" in lines[-4]
    assert "going on from the last checkpoint" in lines[-2]
    assert lines[-1] == "relu, seed 1: another run has it under way, or was cut off in it: left for last"
    assert blocks == plan.study.seeds
    assert "\x1b" not in text.getvalue()


def test_a_live_board_on_a_terminal(ran):
    text = io.StringIO()
    plan, shown = board(ran, Console(file=text, width=80, force_terminal=True), lambda seed: None)
    with shown:
        tell_all(plan, shown)
        shown.tell(Started(plan.trials[0].key))
        picture = io.StringIO()
        Console(file=picture, width=80).print(shown._picture())
    assert "relu, seed 0" in picture.getvalue()
    assert "all trials" in picture.getvalue()
    assert "4/4" in picture.getvalue()


def test_time_left_follows_the_predicted_prices(ran, monkeypatch):
    plan, shown = board(ran, Console(file=io.StringIO()), lambda seed: None)
    monkeypatch.setattr("time.monotonic", lambda: shown.started + 10)
    prices = shown.prices
    shown.tell(Started(plan.trials[0].key))
    shown.tell(Ended(plan.trials[0].key, "finished"))
    done = prices[plan.trials[0].key]
    assert abs(shown.seconds_left() - 10 * (sum(prices.values()) - done) / done) < 1e-6
