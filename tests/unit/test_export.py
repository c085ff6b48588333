"""An exported network gives the same outputs as in torch."""

import numpy as np
import pytest
import torch
from support.training_tasks import TASKS

from xebra.engine import OnnxEngine
from xebra.errors import EngineFailed
from xebra.evaluation.export_and_calibrate import TOLERANCE, golden_difference
from xebra.training.export import OUTPUTS, channels, export_pyramid, write_graph
from xebra.weights import BUNDLED, weights


@pytest.fixture(scope="module", params=TASKS)
def learnt(request):
    torch.manual_seed(0)
    made = TASKS[request.param]()
    made.network.eval()
    return made


@pytest.fixture(scope="module")
def engine(learnt, tmp_path_factory):
    folder = tmp_path_factory.mktemp("weights")
    write_graph(learnt, 64, folder / learnt.name)
    return OnnxEngine(folder)


def test_a_network_has_the_same_outputs_in_torch_and_onnx(engine, learnt):
    assert golden_difference(engine, learnt.name) < TOLERANCE


def test_golden_pairs_are_new_to_training_and_each_has_its_answer(engine, learnt):
    golden = np.load(engine.folder / learnt.name / "golden.npz")
    assert golden["fixed"].shape == golden["moving"].shape == (4, channels(learnt), 64, 64)
    for name in OUTPUTS[learnt.name]:
        assert len(golden[name]) == 4 and np.isfinite(golden[name]).all()


def test_a_graph_takes_a_batch_of_any_size(engine, learnt):
    for count in (1, 3):
        views = np.random.default_rng(1).random((2, count, channels(learnt), 64, 64), np.float32)
        outputs = engine.run(learnt.name, fixed=views[0], moving=views[1])
        assert {len(values) for values in outputs.values()} == {count}


def test_an_engine_without_the_network_raises_an_error(engine):
    with pytest.raises(EngineFailed, match="no network 'other'"):
        engine.run("other", fixed=np.zeros((1, 1, 64, 64), np.float32))


def test_an_input_of_another_size_is_an_engine_failure_with_a_message(engine, learnt):
    wrong = np.zeros((1, channels(learnt), 32, 32), np.float32)
    with pytest.raises(EngineFailed, match=f"did not run the network '{learnt.name}'"):
        engine.run(learnt.name, fixed=wrong, moving=wrong)


def test_a_graph_names_no_file_of_the_machine_that_exported_it(engine, learnt):
    graphs = [engine.folder / learnt.name / "model.onnx", *BUNDLED.glob("*/model.onnx")]
    assert len(graphs) > 4
    assert [graph for graph in graphs if b".py" in graph.read_bytes()] == []


def test_a_checkpoint_of_another_task_is_refused(tmp_path):
    torch.save({"task": "paper"}, tmp_path / "checkpoint.pt")
    with pytest.raises(ValueError, match="holds a network for 'paper', not for 'search'"):
        export_pyramid(tmp_path / "checkpoint.pt", tmp_path / "checkpoint.pt", tmp_path / "pyramid")


@pytest.mark.parametrize("part", ["search", "refine"])
def test_weights_do_not_name_folders_of_the_machine_that_trained_them(part):
    stored = [
        torch.load(weights().folder / f"{part}.pt")["training_config"],
        weights().config["training"][part],
    ]
    for training in stored:
        assert not any("/" in str(value) for value in training.values())
