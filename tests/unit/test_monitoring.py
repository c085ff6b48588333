"""The alert rules are valid and fire when they should; the dashboard is well-formed."""

from __future__ import annotations

import itertools
import json

import pytest
import yaml
from support.prometheus import FOLDER, RULES, promtool

DASHBOARD = json.loads((FOLDER / "dashboard.json").read_text())
HTTP = "xebra_http_request_duration_seconds"
UP = 'up{job="xebra",instance="a"}'
FAILING = {f'{HTTP}_count{{status="500"}}': "0+1x40", f'{HTTP}_count{{status="200"}}': "0+50x40"}
SLOW = {
    f'{HTTP}_bucket{{method="GET",le="2.5"}}': "0+9x40",
    f'{HTTP}_bucket{{method="GET",le="10"}}': "0+10x40",
    f'{HTTP}_bucket{{method="GET",le="+Inf"}}': "0+10x40",
}
FIRES = {  # series of each alert, with one sample a minute
    "XebraApiDown": {UP: "0x40"},
    "XebraPartSilent": {'xebra_silent_seconds{part="relay"}': "3x20 100x20"},
    "XebraQueueOld": {'xebra_oldest_queued_seconds{instrument="sem"}': "1000x40"},
    "XebraJobsFailBySystemFault": {'xebra_recent_jobs{outcome="failed_system"}': "1x40"},
    "XebraJobsRetried": {"xebra_recent_retries": "30x40"},
    "XebraInstrumentChanged": {'xebra_drift_changed{instrument="sem"}': "0x10 1x30"},
    "XebraServerErrors": FAILING,
    "XebraReadsSlow": SLOW,
}
GOOD = {  # a service without faults
    UP: "1x40",
    'xebra_silent_seconds{part="relay"}': "3x40",
    'xebra_oldest_queued_seconds{instrument="sem"}': "20x40",
    'xebra_recent_jobs{outcome="accept"}': "100x40",
    'xebra_recent_jobs{outcome="failed_input"}': "5x40",
    "xebra_recent_retries": "2x40",
    'xebra_drift_changed{instrument="sem"}': "0x40",
    f'{HTTP}_count{{status="200"}}': "0+50x40",
    f'{HTTP}_count{{status="404"}}': "0+50x40",
    f'{HTTP}_bucket{{method="GET",le="2.5"}}': "0+10x40",
    f'{HTTP}_bucket{{method="GET",le="+Inf"}}': "0+10x40",
}


def rules() -> list[dict]:
    return yaml.safe_load(RULES.read_text())["groups"][0]["rules"]


def firing(tmp_path, given: dict[str, str], alert: str, fires: bool) -> str:
    """Return the differences that promtool finds for one alert after half an hour."""
    samples = [{"series": name, "values": values} for name, values in given.items()]
    expected = [{"exp_labels": {}}] if fires else []
    test = {"interval": "1m", "input_series": samples}
    test["promql_expr_test"] = [
        {
            "expr": f'count(ALERTS{{alertname="{alert}",alertstate="firing"}})',
            "eval_time": "30m",
            "exp_samples": [{"labels": "{}", "value": 1}] if expected else [],
        }
    ]
    file = tmp_path / "test.yaml"
    file.write_text(yaml.safe_dump({"rule_files": [str(RULES)], "tests": [test]}))
    ran = promtool("test", "rules", file)
    return "" if ran.returncode == 0 else ran.stdout + ran.stderr


def test_rules_are_valid():
    checked = promtool("check", "rules", RULES)
    assert checked.returncode == 0, checked.stdout + checked.stderr


@pytest.mark.parametrize("alert", [rule["alert"] for rule in rules()])
def test_alert_fires_for_its_fault_only(tmp_path, alert):
    assert not firing(tmp_path, FIRES[alert], alert, fires=True)
    assert not firing(tmp_path, GOOD, alert, fires=False)


def test_every_alert_states_severity_and_action():
    for rule in rules():
        assert rule["labels"]["severity"] in ("warning", "critical")
        assert set(rule["annotations"]) == {"summary", "action"}


def test_panels_have_ids_and_places_of_their_own():
    panels = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    cells = [
        (x, y)
        for place in (panel["gridPos"] for panel in panels)
        for x, y in itertools.product(
            range(place["x"], place["x"] + place["w"]), range(place["y"], place["y"] + place["h"])
        )
    ]
    assert len(set(cells)) == len(cells) and max(x for x, _ in cells) < 24


def test_panels_use_the_chosen_data_source():
    (choice,) = DASHBOARD["templating"]["list"]
    for panel in DASHBOARD["panels"]:
        assert panel["datasource"]["uid"] == f"${{{choice['name']}}}"
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
