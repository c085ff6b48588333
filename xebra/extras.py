"""Optional parts of the installation: which extra brings a missing package."""

EXTRAS = {
    "httpx": "client",
    "tritonclient": "triton",
    "torch": "train",
    "onnx": "train",
    "onnxscript": "train",
}
SERVICE = ("api", "worker", "db")  # packages of the checkout that are not in the wheel
WITHOUT_SERVICE = (
    "The service is not part of the package xebra. Run it from a checkout (./dev run) or from its containers."
)


def with_hint(error: ModuleNotFoundError) -> ModuleNotFoundError:
    """Return the error with what to install, where the missing package is an optional part of Xebra."""
    package = (error.name or "").partition(".")[0]
    if package in SERVICE:
        return ModuleNotFoundError(WITHOUT_SERVICE, name=error.name)
    if package in EXTRAS:
        message = f'{package} is not installed. Install it with: pip install "xebra[{EXTRAS[package]}]"'
        return ModuleNotFoundError(message, name=error.name)
    return error
