"""The widgets: a form each, and the work in a thread, so that napari stays usable."""

# Annotations are not postponed: magicgui evaluates them.

from magicgui import magic_factory
from napari.layers import Image
from napari.qt.threading import FunctionWorker, thread_worker
from napari.types import LayerDataTuple
from napari.utils.notifications import show_info, show_warning

from napari_xebra import layers, results

SERVICE = {"label": "service", "tooltip": "address such as http://host:8000; empty: in this process"}
MIRROR = {"choices": ["no", "yes", "try"], "tooltip": "is one image mirrored? try: test both"}
RESAMPLED = {"label": "resample", "tooltip": "on the grid of the fixed layer, instead of an affine"}


@magic_factory(
    call_button="Register",
    mirror=MIRROR,
    resampled=RESAMPLED,
    service=SERVICE,
    api_key={"label": "API key", "tooltip": "where the service needs one"},
)
def register_layers(
    fixed: Image,
    moving: Image,
    mirror: results.Mirror = "no",
    resampled: bool = False,
    service: str = "",
    api_key: str = "",
) -> FunctionWorker[LayerDataTuple]:
    """Register the moving layer with the fixed one and add it as a layer on the fixed one."""

    @thread_worker(connect={"returned": _announce})
    def work() -> LayerDataTuple:
        pair = layers.image_of(fixed), layers.image_of(moving)
        result = (
            results.by_service(service, api_key, *pair, mirror) if service else results.local(*pair, mirror)
        )
        return layers.registered_layer(fixed, moving, result, resampled=resampled)

    return work()


@magic_factory(call_button="Apply")
def apply_to_channel(registered: Image, channel: Image) -> LayerDataTuple:
    """Add a further channel of the moving scan where a registered layer lies."""
    return layers.channel_layer(registered, channel)


def _announce(layer: LayerDataTuple) -> None:
    """Show the verdict and its reason."""
    result = layer[1]["metadata"][layers.RESULT]
    show = show_info if result["verdict"] == "accept" else show_warning
    show(f"{result['verdict']}: {result['reason']}")
