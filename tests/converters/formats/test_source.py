"""Readable PyTorch packages: what is written runs without this project and computes the same.

Expected values: the engine's own module, which other tests hold against definitions and ONNX
Runtime; for the real U-Net ONNX Runtime itself. ruff and Python's compiler judge the text.
"""

from __future__ import annotations

import ast
import doctest
import subprocess
import sys
import types
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file

import matlab_compat as m
from converters.convert import save
from converters.examples import example_inputs
from converters.formats import Options, Prepared, python_style
from converters.formats.base import outputs_of
from converters.formats.source import SourcePackage, source_of
from converters.formats.source.texts import RUFF as RUFF_SETTINGS
from converters.formats.source.texts import model_text
from converters.load import load_network
from matlab_compat.engine.precision import torch_dtype
from matlab_compat.errors import UnsupportedLayerError
from matlab_compat.layers import Layer
from matlab_compat.network import Network
from matlab_compat.network.building import connectLayers, dlnetwork, layerGraph
from tests.cli import child
from tests.cli.command import forked
from tests.real import NETWORK_FILES, REAL, file_id
from tests.truth.cases import onnx_outputs, variable
from tests.truth.networks import cropped, networks

RUFF = [sys.executable, "-m", "ruff", "check", "--isolated", "--quiet"]
#: Of the real networks the biggest are left out: they have the same layers as the others.
MOST_LEARNABLES = 20_000_000


def written(model: Layer | Network) -> tuple[str, dict[str, torch.Tensor]]:
    """The text of model.py and the weights."""
    network, _, source = source_of(Prepared(model))
    assert source.refused == []
    text = model_text(source, f"{network.kind}.", "torch.float32", network.Classes or ())
    return text, source.state


def executed(text: str, state: dict[str, torch.Tensor]) -> torch.nn.Module:
    """The model of that text with these weights."""
    module = types.ModuleType("written_model")
    sys.modules[module.__name__] = module  # dataclasses look their module up
    try:
        exec(compile(text, "model.py", "exec"), module.__dict__)
        model: torch.nn.Module = module.__dict__["Network"]()
    finally:
        del sys.modules[module.__name__]
    missing, unexpected = model.load_state_dict(state, strict=False)
    own = dict(model.named_parameters(remove_duplicate=False))
    loaded = {id(own[name]) for name in state if name in own}
    assert unexpected == []
    assert all(id(own[name]) in loaded for name in missing)  # shared with one that is there
    return model.eval()


def check(model: Layer | Network, dtype: str = "single", largest: int | None = None) -> str:
    """The written text computes what the engine computes; the text.

    Of images of more than ``largest`` rows and columns only so many are taken.
    """
    text, state = written(model)
    assert "matlab_compat" not in text
    assert {n.name for n in ast.walk(ast.parse(text)) if isinstance(n, ast.alias)} >= {"nn"}
    given = cropped(model, example_inputs(model), largest) if largest else example_inputs(model)
    inputs = tuple(x.to(torch_dtype(dtype)) for x in given)
    expected = Prepared(model, Options(dtype=dtype)).run(inputs)
    actual = outputs_of(executed(text, state).to(torch_dtype(dtype)), inputs)
    assert len(actual) == len(expected)
    for a, e in zip(actual, expected, strict=True):
        np.testing.assert_allclose(a, e, rtol=1e-5, atol=1e-6 * max(1, float(np.abs(e).max())))
    return text


def ready(layer: Layer, channels: int = 4) -> Layer:
    return layer.initialize(channels, seed=0)


# --- families of layers --------------------------------------------------------------------

LAYERS: dict[str, Layer] = {
    "conv": ready(m.convolution2dLayer([3, 2], 5, Stride=2, Padding=1)),
    "conv1d causal": ready(m.convolution1dLayer(3, 5, Padding="causal")),
    "conv3d": ready(m.convolution3dLayer(3, 5, Padding=1)),
    "conv same": ready(m.convolution2dLayer([3, 4], 5, Padding="same", Stride=2)),
    "conv uneven": ready(m.convolution2dLayer(3, 5, Padding=[0, 1, 2, 0], DilationFactor=2)),
    "conv value": ready(m.convolution2dLayer(3, 5, Padding=[0, 1, 2, 0], PaddingValue=2.5)),
    "conv mirrored": ready(
        m.convolution2dLayer(3, 5, Padding=[0, 1, 2, 0], PaddingValue="symmetric-include-edge")
    ),
    "grouped conv": ready(m.groupedConvolution2dLayer(3, 2, 4, Padding="same")),
    "transposed conv": ready(m.transposedConv2dLayer([3, 4], 5, Stride=2, Cropping=[1, 0, 2, 1])),
    "transposed conv same": ready(m.transposedConv2dLayer(4, 5, Stride=3, Cropping="same")),
    "transposed conv1d": ready(m.transposedConv1dLayer(3, 5, Stride=2, Cropping=1)),
    "transposed conv3d": ready(m.transposedConv3dLayer(3, 5, Stride=2, Cropping=1)),
    "fully connected": ready(m.fullyConnectedLayer(5)),
    "batch norm": ready(m.batchNormalizationLayer()),
    "batch norm, two decays": ready(m.batchNormalizationLayer(MeanDecay=0.3)),
    "group norm": ready(m.groupNormalizationLayer(2)),
    "layer norm": ready(m.layerNormalizationLayer()),
    "instance norm": ready(m.instanceNormalizationLayer()),
    "cross channel norm": m.crossChannelNormalizationLayer(4),
    "dropout": m.dropoutLayer(0.3),
    "spatial dropout": m.spatialDropoutLayer(),
    "max pool": m.maxPooling2dLayer(3, Stride=2, Padding=1),
    "max pool uneven": m.maxPooling2dLayer(3, Stride=2, Padding=[0, 1, 0, 1]),
    "max pool same": m.maxPooling2dLayer(3, Stride=2, Padding="same"),
    "max pool with indices": m.maxPooling2dLayer(2, Stride=2, HasUnpoolingOutputs=True),
    "mean pool": m.averagePooling2dLayer(3, Stride=2, Padding=1),
    "mean pool of the inside": m.averagePooling2dLayer(
        3, Stride=2, Padding=[0, 1, 0, 1], PaddingValue="mean"
    ),
    "global mean": m.globalAveragePooling2dLayer(),
    "global max over time": m.globalMaxPooling1dLayer(),
    "adaptive mean": m.adaptiveAveragePooling2dLayer(4),
    "relu": m.reluLayer(),
    "leaky relu": m.leakyReluLayer(0.2),
    "clipped relu": m.clippedReluLayer(3),
    "elu": m.eluLayer(),
    "prelu": ready(m.preluLayer()),
    "gelu": m.geluLayer(Approximation="tanh"),
    "swish": m.swishLayer(),
    "softplus": m.softplusLayer(),
    "softmax": m.softmaxLayer(),
    "addition": m.additionLayer(3),
    "multiplication": m.multiplicationLayer(2),
    "concatenation": m.concatenationLayer(1, 2),
    "depth concatenation": m.depthConcatenationLayer(2),
    "flatten": m.flattenLayer(),
    "lstm": ready(m.lstmLayer(5)),
    "lstm last": ready(m.lstmLayer(5, OutputMode="last")),
    "lstm with states": ready(m.lstmLayer(5, HasStateOutputs=True)),
    "lstm softsign": ready(m.lstmLayer(5, StateActivationFunction="softsign")),
    "bilstm": ready(m.bilstmLayer(5)),
    "bilstm last": ready(m.bilstmLayer(5, OutputMode="last")),
    "gru": ready(m.gruLayer(5)),
    "gru last": ready(m.gruLayer(5, OutputMode="last")),
    "gru, reset before": ready(m.gruLayer(5, ResetGateMode="before-multiplication")),
    "self-attention": ready(m.selfAttentionLayer(2, 4)),
    "attention": m.attentionLayer(2),
    "position embedding": ready(m.positionEmbeddingLayer(4, 9)),
    "resize": m.resize2dLayer(Scale=2),
    "resize bilinear": m.resize2dLayer(OutputSize=[5, 7], Method="bilinear"),
    "crop": m.crop2dLayer("centercrop"),
    "depth to space": m.depthToSpace2dLayer([2, 1]),
    "space to depth": m.spaceToDepthLayer([2, 2]),
}


FUNCTIONS = [
    m.functionLayer(text)
    for text in ("@(X) -X.^2 + exp(-X.^2)", "@(X) (2*X).^-1.5 - (X + 1).^X./3")
]


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_written_as_source_computes_the_same(name: str) -> None:
    check(LAYERS[name])


@pytest.mark.slow
def test_the_text_of_every_layer_passes_ruffs_default_rules_and_its_format(tmp_path: Path) -> None:
    pytest.importorskip("ruff")
    models = [*LAYERS.values(), *FUNCTIONS, unet(), named(), sequence_of_images()]
    (tmp_path / "ruff.toml").write_text(RUFF_SETTINGS)
    for i, model in enumerate(models):
        (tmp_path / f"model_{i}.py").write_text(written(model)[0], encoding="utf-8")
    formatted = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--diff", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert formatted.returncode == 0, formatted.stdout
    done = subprocess.run(
        [*RUFF, "--select", "E4,E7,E9,F,I", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("function", "line"),
    [
        ("@(X) .001*X", "x = 0.001 * x"),
        ("@(X) exp(-X.^2)", "x = torch.exp(-(x**2.0))"),
        ("@(X) X./sum(X.^2+1,1)", ".sum((0,), keepdim=True)"),
        ("@(X) (X+1).*(X-1)./(X.*X+3)", "x = (x + 1.0) * (x - 1.0) / (x * x + 3.0)"),
        ("@(X) X - mean(X,[1 2])", ".mean((0, 1), keepdim=True)"),
    ],
)
def test_a_function_becomes_a_line_of_python(function: str, line: str) -> None:
    assert line in check(m.functionLayer(function))


def test_a_function_that_python_text_does_not_cover_is_refused() -> None:
    why = SourcePackage().refusal(Prepared(m.functionLayer("@(X) max(X,[],1)", Name="f")))
    assert why.startswith("these cannot be written as source: layer 'f': the function @(X)")


def sequence_of_images() -> Network:
    """Layers of space applied to every time step, then a recurrent layer."""
    return Network(
        [
            m.sequenceInputLayer([8, 6, 2], Normalization="none"),
            m.convolution2dLayer(3, 3, Padding="same"),
            m.maxPooling2dLayer(2, Stride=2),
            m.flattenLayer(),
            m.lstmLayer(4, OutputMode="last"),
            m.fullyConnectedLayer(2),
        ]
    ).initialize(seed=0)


def test_layers_of_space_run_on_every_time_step() -> None:
    check(sequence_of_images())


def unet() -> Network:
    """One step down and up, with a skip; names that Python cannot have."""
    graph = layerGraph(
        [
            m.imageInputLayer([8, 6, 1], Name="in put", Normalization="zscore", Mean=0.5,
                              StandardDeviation=2.0),
            m.convolution2dLayer(3, 4, Padding="same", Name="enc/conv"),
            m.reluLayer(Name="class"),
            m.maxPooling2dLayer(2, Stride=2, Name="x"),
            m.transposedConv2dLayer(3, 4, Stride=2, Cropping="same", Name="up"),
            m.depthConcatenationLayer(2, Name="skip"),
            m.convolution2dLayer(1, 2, Name='out"""\n#'),
        ]
    )  # fmt: skip
    return dlnetwork(connectLayers(graph, "class", "skip/in2")).initialize(seed=0)


def named() -> Network:
    """A classifier with an input for each way of normalizing, and names of classes."""
    inputs = {
        "centred": {"Normalization": "zerocenter", "Mean": 0.5},
        "scaled": {"Normalization": "rescale-zero-one", "Min": [[-1.0]], "Max": [[3.0]]},
        "both": {"Normalization": "rescale-symmetric", "Min": [[0.0]], "Max": [[255.0]]},
    }
    rest = [
        m.additionLayer(3, Name="add"),
        m.fullyConnectedLayer(2, Name="fc"),
        m.softmaxLayer(Name="softmax"),
        m.classificationLayer(Name="out", Classes=["cat's", 'dog "Rex"']),
    ]
    layers = [m.imageInputLayer([4, 3, 1], Name=name, **how) for name, how in inputs.items()]
    names = [layer.Name for layer in rest]
    pairs = [*((name, f"add/in{i}") for i, name in enumerate(inputs, 1)), *pairwise(names)]
    return Network([*layers, *rest], pairs, kind="DAGNetwork").initialize(seed=0)


def test_a_network_reads_as_a_person_would_write_it() -> None:
    text = check(unet())
    assert "self.enc_conv = nn.Conv2d(1, 4, kernel_size=3, padding=1)" in text
    assert "self.up = nn.ConvTranspose2d(4, 4, kernel_size=3, stride=2)" in text
    assert "x = (x - self.in_put_mean) / self.in_put_standard_deviation" in text
    assert "x = self.up(x)[:, :, :-1, :-1]" in text
    assert "torch.cat([x, layer_class], 1)" in text
    assert "# enc/conv: convolution2dLayer (4 3×3×1 convolutions" in text


def test_what_the_input_layers_do_is_a_line_each() -> None:
    text = check(named())
    assert "centred - self.centred_mean" in text
    assert "(scaled - self.scaled_min) / self.scaled_range" in text
    assert "2 * ((both - self.both_min) / self.both_range) - 1" in text
    assert "class Normalization" not in text


def test_the_names_of_the_classes_are_in_the_code() -> None:
    lines: dict[str, object] = {}
    text = written(named())[0]
    assert text.index("CLASSES = [") < text.index("class Network(")
    exec(text[text.index("CLASSES = [") : text.index("class Network(")], lines)
    assert lines["CLASSES"] == ["cat's", 'dog "Rex"']


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("unet", "Unet"),
        ("my_seg-net.v2", "MySegNetV2"),
        ("2nd", "Network"),
        ("none", "Network"),
        ("tensor", "Tensor_2"),
        ("", "Network"),
    ],
)
def test_the_class_is_called_as_the_file(file: str, name: str) -> None:
    assert source_of(Prepared(m.reluLayer(), name=file)).written.name == name


def test_the_size_of_the_input_matters_to_same_padding_with_a_stride_alone() -> None:
    strided = ready(m.convolution2dLayer(3, 5, Padding="same", Stride=2))
    assert "pad_same" in check(strided)
    assert "F.pad(x, (0, 1, 1, 1))" in check(ready(m.convolution2dLayer([3, 2], 5, Padding="same")))


def test_the_examples_of_the_style_hold() -> None:
    result = doctest.testmod(python_style)
    assert (result.failed, result.attempted > 3) == (0, True)


@pytest.mark.parametrize("values", ["f({0}, 1), {0}", "({0}, f(1, 2), {0})"])
def test_several_values_on_a_line_each_are_the_same_values(values: str) -> None:
    text = f"x = {values.format('a' * 50)}"
    lines = list(python_style.statement(text, ""))
    assert len(lines) > 3
    assert ast.dump(ast.parse("\n".join(lines))) == ast.dump(ast.parse(text))


def test_a_nested_network_becomes_a_class_of_its_own() -> None:
    inner = Network([m.convolution2dLayer(3, 2, Name="conv"), m.reluLayer(Name="act")])
    outer = Network(
        [m.imageInputLayer([8, 6, 1], Normalization="none"), m.networkLayer(inner, Name="block")]
    ).initialize(seed=0)
    text = check(outer)
    assert "class BlockNetwork(nn.Module):" in text
    assert set(written(outer)[1]) == {"block.conv.weight", "block.conv.bias"}


# --- the package ---------------------------------------------------------------------------


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("source") / "net"
    done = save(unet(), folder)
    assert done.exit_code == 0
    assert [output.verdict for output in done.outputs] == ["equal"]
    return folder


@pytest.mark.slow
def test_the_package_has_its_files_and_no_word_of_this_project(package: Path) -> None:
    names = {path.name for path in package.iterdir()}
    assert names == {
        "model.py",
        "weights.safetensors",
        "README.md",
        "verify.py",
        "example.safetensors",
        "ruff.toml",
    }
    texts = [(package / name).read_text(encoding="utf-8") for name in names if "safe" not in name]
    assert not any("matlab_compat" in text for text in texts)
    assert set(load_file(package / "weights.safetensors")) >= {"enc_conv.weight", "up.bias"}


@pytest.mark.slow
def test_the_python_files_compile_and_pass_ruff(package: Path) -> None:
    pytest.importorskip("ruff")
    files = [str(package / name) for name in ("model.py", "verify.py")]
    subprocess.run([sys.executable, "-m", "py_compile", *files], check=True)
    assert subprocess.run([*RUFF, "--select", "E4,E7,E9,F", *files], check=False).returncode == 0


def test_the_readme_has_sizes_in_both_orders_and_the_parity(package: Path) -> None:
    text = (package / "README.md").read_text(encoding="utf-8")
    assert "N,C,H,W = (2, 1, 8, 6) | 8×6×1×2 | SSCB" in text
    assert "largest difference" in text


def verified(package: Path) -> int:
    return forked(child.run_script, str(package / "verify.py")).returncode


@pytest.mark.slow
@pytest.mark.usefixtures("forked_packages")
def test_verify_passes_and_notices_other_weights(tmp_path: Path) -> None:
    from safetensors.torch import save_file

    folder = tmp_path / "net"
    save(ready(m.convolution2dLayer(3, 2), 3), folder)
    assert verified(folder) == 0
    weights = load_file(folder / "weights.safetensors")
    weights["conv.bias"] += 0.01
    save_file(weights, folder / "weights.safetensors")
    assert verified(folder) == 1


@pytest.mark.slow
@pytest.mark.usefixtures("forked_packages")
def test_double_and_half_are_run_in_their_precision(tmp_path: Path) -> None:
    for dtype in ("double", "half"):
        done = save(ready(m.convolution2dLayer(3, 2), 3), tmp_path / dtype, options=Options(dtype))
        assert [output.verdict for output in done.outputs] == ["equal"]
        assert {t.dtype for t in load_file(tmp_path / dtype / "weights.safetensors").values()} == {
            torch.float64 if dtype == "double" else torch.float16
        }


@pytest.mark.slow
@pytest.mark.usefixtures("forked_packages")
def test_a_package_that_would_import_this_project_does_not_run(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("import matlab_compat\n")
    with pytest.raises(Exception, match=r"does not run: .*matlab_compat"):
        SourcePackage().run(tmp_path, (torch.zeros(1),), Options())


def test_a_layer_that_cannot_be_written_is_refused_with_the_reason(tmp_path: Path) -> None:
    class Own(m.layers.ReLULayer):
        def _build(self, formats: tuple[str, ...]) -> torch.nn.Module:
            class Foreign(torch.nn.Module):
                pass

            return Foreign()

    with pytest.raises(UnsupportedLayerError, match=r"layer 'mine'.*Foreign comes from"):
        save(Own(Name="mine"), tmp_path / "net")
    assert list(tmp_path.iterdir()) == []


def test_names_that_python_reads_otherwise_keep_their_weights() -> None:
    for name in ("\ufb01x", "x\u00b2", "class", "1st", "a b"):
        check(ready(m.convolution2dLayer(3, 2, Name=name)))


# --- real networks -------------------------------------------------------------------------


@pytest.mark.real
@pytest.mark.parametrize("file", NETWORK_FILES, ids=file_id)
def test_every_real_network_computes_the_same_as_source(file: Path) -> None:
    ran = 0
    for _, network in networks(file):
        size = sum(value.size for value in network.Learnables["Value"])
        if not network.unsupported and network.Initialized and size < MOST_LEARNABLES:
            # Where 60 convolutions follow each other, single shows in which order each adds up.
            check(network, "double" if network.shared else "single", largest=64)
            ran += 1
    if not ran:
        pytest.skip("no trained network of that size")


UNET = REAL / "reedchen19__cyclegan_verasonics"


@pytest.mark.real
@pytest.mark.usefixtures("forked_packages")
def test_the_package_of_a_real_unet_agrees_with_onnx_runtime(tmp_path: Path) -> None:
    image = variable(UNET / "verasonics__external_process__test_input_img.mat", "data")
    image = (image - image.min()) / (image.max() - image.min()) * 2 - 1
    model = onnx.load(UNET / "verasonics__tensorflow_to_matlab__unet_113.onnx")
    (expected,) = onnx_outputs(model, image[None, :, :, None])  # N,H,W,C
    network = load_network(next(iter(sorted(UNET.glob("*custom_onnx_unet113*.mat")))))
    assert save(network, tmp_path / "unet", check=False).exit_code == 0
    x = torch.from_numpy(np.ascontiguousarray(image[None, None], np.float32))
    (actual,) = SourcePackage().run(tmp_path / "unet", (x,), Options())
    result: NDArray[Any] = actual[0, 0] - expected[0, ..., 0]
    assert result.shape == (512, 512)
    assert np.abs(result).max() <= 3e-6 * np.abs(expected).max()
