"""Every training task runs by the clock, can be stopped and resumed, and has the right targets."""

import dataclasses
import math
import subprocess
import sys

import pytest
import torch
from support.training_tasks import TASKS

from xebra.network.search import SearchConfig
from xebra.specimen.pairs import PairSource
from xebra.training.commands import train
from xebra.training.config import TrainingConfig
from xebra.training.refine_task import right_place
from xebra.training.run import Training, initialise
from xebra.training.search_task import close, right_shift, sampled_hypotheses
from xebra.training.tasks import trained, training_task
from xebra.weights import BUNDLED

SEARCH = SearchConfig()
TINY_RUN = TrainingConfig(minutes=0.02, batch=4, pool=4, validation=4)


@pytest.mark.parametrize("name", TASKS)
def test_a_checkpoint_goes_on_where_training_stopped(tmp_path, name):
    training = Training(tmp_path, TASKS[name](), TINY_RUN, "cpu", resume=False)
    before = {key: value.clone() for key, value in training.network.state_dict().items()}
    training.run()
    assert training.progress == 1 and training.step > 0
    assert any(not torch.equal(value, before[key]) for key, value in training.network.state_dict().items())
    longer = dataclasses.replace(TINY_RUN, minutes=2 * training.seconds / 60)
    resumed = Training(tmp_path, TASKS[name](), longer, "cpu", resume=True)
    assert (resumed.step, resumed.seconds) == (training.step, training.seconds)
    for key, value in resumed.network.state_dict().items():
        assert torch.equal(value, training.network.state_dict()[key])
    resumed.run()
    assert resumed.step > training.step
    assert len((tmp_path / "log.jsonl").read_text().splitlines()) == 2
    learnt = trained(torch.load(resumed.checkpoint))
    assert learnt.name == name and learnt.config == resumed.task.config
    assert not learnt.network.training


@pytest.mark.parametrize("name", TASKS)
def test_steps_on_the_same_pairs_reduce_the_loss(tmp_path, name):
    torch.manual_seed(1)
    training = Training(tmp_path, TASKS[name](), TINY_RUN, "cpu", resume=False)
    pairs = training.task.batch(PairSource(5, size=training.task.size, pool=2, renew=False), 4)
    training.step = 50  # past the slowest of the warm-up
    losses = [training._learn(pairs, torch.Generator().manual_seed(1)) for _ in range(12)]
    assert losses[-1] < 0.97 * losses[0]


def test_training_can_initialise_the_weights_of_another_run(tmp_path):
    first = TASKS["refine"]()
    torch.save({"network": first.network.state_dict()}, tmp_path / "first.pt")
    config = dataclasses.replace(TINY_RUN, init_from=str(tmp_path / "first.pt"))
    second = Training(tmp_path / "second", TASKS["refine"](), config, "cpu", resume=False)
    for key, value in second.network.state_dict().items():
        assert torch.equal(value, first.network.state_dict()[key])


def test_a_changed_network_begins_with_the_weights_that_fit_it():
    known, other = TASKS["search"]().network, TASKS["refine"]().network
    held = dict(known.state_dict())
    drawn = known.preference.detach().clone()
    del held["preference"]
    held["head.out.bias"] = torch.zeros(3)  # of a network with other features
    with torch.no_grad():
        held["sharpness"] = torch.tensor(7.0)
    assert initialise(known, held) == ["head.out.bias", "preference"]
    assert known.sharpness == 7 and known.preference == drawn
    with pytest.raises(ValueError, match="another kind of network"):
        initialise(other, {"heads.nothing": torch.zeros(1)})


def test_every_task_can_be_created_by_name():
    assert {name: training_task(name).name for name in TASKS} == {name: name for name in TASKS}


def test_both_tasks_of_the_default_network_go_on_from_its_weights(tmp_path):
    few = ["--batch", "2", "--pool", "2", "--validation", "2", "--folder", str(tmp_path)]
    assert train(["--minutes", "1e-6", "--init-from", str(BUNDLED / "pyramid"), *few]) == 0
    first = {name: torch.load(tmp_path / name / "checkpoint.pt") for name in ("search", "refine")}
    minutes = 3 * max(held["seconds"] for held in first.values()) / 60
    assert train(["--minutes", str(2 * minutes), "--resume", *few]) == 0
    for name, held in first.items():
        assert (held["task"], held["step"]) == (name, 1)
        bundled = torch.load(BUNDLED / "pyramid" / f"{name}.pt")["network"]
        for key, value in held["network"].items():
            assert torch.allclose(value, bundled[key], atol=1e-3)  # one step of the warm-up on
        assert torch.load(tmp_path / name / "checkpoint.pt")["step"] > 1


def test_the_first_sampled_hypothesis_is_right_and_the_others_count_as_wrong_unless_close():
    truth = torch.tensor([[3.1, 0.3, 0.1, 0.0], [-1.0, -0.6, 0.0, 0.2]])
    sampled = sampled_hypotheses(truth, SEARCH, torch.Generator().manual_seed(4))
    right = close(sampled, truth)
    assert right[:, 0].all() and not right[:, 1:].all()
    assert close(torch.tensor([[[3.1 - 2 * math.pi, 0.3]]]), truth[:1]).all()  # a full turn is none


def test_the_right_shift_of_the_right_hypothesis_is_the_true_one():
    truth = torch.tensor([[0.7, 0.2, 0.125, -0.25]])
    share = right_shift(truth[:, :2], truth, cells=16)[0]
    assert share.sum() == pytest.approx(1, abs=1e-5)
    row, column = divmod(int(share.argmax()), 17)
    assert (column - 8, row - 8) == (-2, 4)


def test_the_right_place_on_the_grid_is_the_one_nearest_the_truth():
    network = TASKS["refine"]().network
    evidence = torch.zeros(1, 2, 2, 17, 17)
    grid = network.grid(evidence)
    share = right_place(torch.stack([grid[2561], 5 * grid[0]]), network, evidence)
    assert int(share[0].argmax()) == 2561 and share[0].sum() == pytest.approx(1, abs=1e-4)
    assert not share[1].any()  # beyond the grid there is no right place


def test_training_needs_nothing_but_torch_and_numpy():
    """A machine with a GPU may have no other packages."""
    code = (
        "import sys\n"
        "class Nothing:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.split('.')[0] in sys.argv[1:]:\n"
        "            raise ModuleNotFoundError(name)\n"
        "sys.meta_path.insert(0, Nothing())\n"
        "import xebra.training.run, xebra.training.tasks, xebra.training.commands\n"
    )
    missing = ["scipy", "matplotlib", "tifffile", "imagecodecs", "onnxruntime", "onnx"]
    subprocess.run([sys.executable, "-c", code, *missing], check=True)
