"""The example of a registration in the OpenAPI document."""

from typing import Any

from api.images.schemas import PATH as IMAGES

PATH = "/api/v1/registrations"
FIXED, MOVING = "2c1743a3-91d5-4b9c-a8f8-5ab7c6c2e1d0", "7f0a5d54-1e0c-4c8e-9a55-0d6d1a3b9e11"
ID = "b1a7f7e4-6f0e-4a39-9e0c-3a2f7f5d9c10"
SHA = "9f2b5c1e0a7d4f83b6e8c2d1a0f4957386bc1d2e3f405162738495a6b7c8d9e0"

RESULT: dict[str, Any] = {
    "scale": 1.19,
    "angle_deg": 6.18,
    "shift_px": [-34.9, -22.7],
    "shift_um": [-0.4362, -0.2838],
    "intervals": {"scale": 0.0011, "angle_deg": 0.06, "shift_px": [0.42, 0.39]},
    "covariance": [
        [2.2e-7, 0.0, 0.0, 0.0],
        [0.0, 2.9e-7, 0.0, 0.0],
        [0.0, 0.0, 0.046, 0.0],
        [0.0, 0.0, 0.0, 0.04],
    ],
    "transform_model": "similarity",
    "model_reason": None,
    "field": None,
    "stretch": None,
    "mirror": False,
    "fixed_from_moving": [[1.1831, -0.1281, -41.8], [0.1281, 1.1831, -62.4], [0.0, 0.0, 1.0]],
    "moving_from_fixed": [[0.8354, 0.0905, 40.57], [-0.0905, 0.8354, 48.35], [0.0, 0.0, 1.0]],
    "expected_corner_error_px": 1.4,
    "expected_corner_error_um": 0.0175,
    "verdict": "accept",
    "reason": "two independent estimates agree to 0.6 px",
    "correction": None,
    "fixed": {
        "name": "grains_bse.tif",
        "shape": [512, 512],
        "dtype": "uint16",
        "pixel_spacing_um": 0.0125,
        "pixel_spacing_xy_um": None,
        "spacing_source": "OME metadata",
        "selected": "",
        "sha256": SHA,
    },
    "moving": {
        "name": "grains_fe.tif",
        "shape": [512, 512],
        "dtype": "float32",
        "pixel_spacing_um": None,
        "pixel_spacing_xy_um": None,
        "spacing_source": None,
        "selected": "",
        "sha256": SHA,
    },
    "model": {"name": "paper", "weights_sha256": SHA, "engine": "onnxruntime 1.32.0 cpu"},
    "timings_s": {"read": 0.004, "estimate": 0.062},
    "search": {
        "angles_deg": [0.0, 120.0, 240.0],
        "scales": [1.0, 2.0],
        "scores": [[11.5, 4.1, 4.4], [5.2, 4.0, 4.3]],
    },
    "places": [],
    "usable_area": {
        "fixed": {"runs": [240640, 21504], "excluded": [{"name": "data bar", "share": 0.082}]},
        "moving": {"runs": [262144], "excluded": []},
    },
}
SUCCEEDED: dict[str, Any] = {
    "id": ID,
    "state": "succeeded",
    "fixed_image_id": FIXED,
    "moving_image_id": MOVING,
    "fixed_name": "grains_bse.tif",
    "moving_name": "grains_fe.tif",
    "priority": "bulk",
    "batch_id": None,
    "settings": {
        "network": None,
        "fixed_channel": None,
        "fixed_frame": None,
        "moving_channel": None,
        "moving_frame": None,
        "fixed_spacing_um": None,
        "moving_spacing_um": None,
        "mirror": "no",
        "model": "similarity",
        "prior": None,
        "fixed_tilt": None,
        "moving_tilt": None,
        "fixed_mask": None,
        "moving_mask": None,
        "fixed_mask_image_id": None,
        "moving_mask_image_id": None,
    },
    "created_at": "2026-03-01T09:30:00.000Z",
    "started_at": "2026-03-01T09:30:00.021Z",
    "finished_at": "2026-03-01T09:30:00.128Z",
    "attempt": 1,
    "failure": None,
    "result": RESULT,
    "prediction": None,
    "links": {
        "self": f"{PATH}/{ID}",
        "fixed_preview": f"{IMAGES}/{FIXED}/preview",
        "moving_preview": f"{IMAGES}/{MOVING}/preview",
        "registered": f"{PATH}/{ID}/registered",
        "registered_preview": f"{PATH}/{ID}/registered/preview",
        "picture": f"{PATH}/{ID}/picture",
        "events": f"{PATH}/{ID}/events",
        "corrections": f"{PATH}/{ID}/corrections",
        "transform": f"{PATH}/{ID}/transform",
    },
}
