"""Decisions of people, search by names, and images that are renamed and deleted."""

from __future__ import annotations

import io
from xml.etree import ElementTree

import imagecodecs
import pytest
from support.service import QUICK, Service, speckle

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def job(service: Service) -> dict:
    pixels = speckle(seed=81)
    fixed, moving = (
        service.upload(pixels, f"Review 100%_{kind}.tif", pixel_spacing_um=0.01) for kind in "ab"
    )
    return service.wait(service.submit(fixed, moving, **QUICK))


def listed(service: Service, query: str) -> list[str]:
    return [each["id"] for each in service.get(f"/api/v1/registrations?limit=200&{query}")["items"]]


def test_decision_counts_until_it_is_withdrawn_or_the_position_corrected(service, job):
    for decision in ("accept", "reject"):
        made = service.client.post(job["links"]["reviews"], json={"decision": decision, "note": "seen"})
        assert made.status_code == 201, made.text
        stored = service.get(job["links"]["self"])["review"]
        assert stored == made.json() and (stored["decision"], stored["note"]) == (decision, "seen")
        assert job["id"] in listed(service, f"review={decision}")
    assert job["id"] not in listed(service, "review=accept") + listed(service, "review=none")
    matrix = {"fixed_from_moving": job["result"]["fixed_from_moving"]}
    service.client.post(job["links"]["corrections"], json=matrix).raise_for_status()
    assert service.get(job["links"]["self"])["review"] is None, "it was on another position"
    assert job["id"] in listed(service, "review=none")
    service.client.post(job["links"]["reviews"], json={"decision": "accept"})
    service.client.post(job["links"]["reviews"], json={"decision": "withdraw"})
    assert service.get(job["links"]["self"])["review"] is None
    answer = service.client.post(job["links"]["reviews"], json={"decision": "maybe"})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")


@pytest.mark.parametrize(
    ("words", "found"),
    [("review 100%_A", True), ("REVIEW", True), ("100%_a 100%_b", True), ("100x_a", False), ("1__%", False)],
)
def test_registrations_and_images_are_searched_by_words(service, job, words, found):
    images = service.client.get("/api/v1/images", params={"search": words.split()[-1], "limit": 200}).json()
    ids = {each["id"] for each in images["items"]}
    assert bool(ids & {job["fixed_image_id"], job["moving_image_id"]}) == found
    answer = service.client.get("/api/v1/registrations", params={"search": words, "limit": 200})
    assert (job["id"] in [each["id"] for each in answer.json()["items"]]) == found


def test_image_is_renamed_and_deleted_unless_a_registration_has_it(service, job):
    image = service.upload(speckle(seed=82), "typo.tif", modality="BSE")
    renamed = service.client.patch(image["links"]["self"], json={"name": "grains.tif"}).json()
    assert (renamed["name"], renamed["modality"]) == ("grains.tif", "BSE")
    assert service.client.patch(image["links"]["self"], json={"name": "a/b"}).status_code == 422
    service.client.get(image["links"]["preview"]).raise_for_status()
    assert service.client.delete(image["links"]["self"]).status_code == 204
    assert service.client.get(image["links"]["content"]).status_code == 404
    assert service.client.delete(image["links"]["self"]).status_code == 404
    refused = service.client.delete(f"/api/v1/images/{job['fixed_image_id']}")
    assert (refused.status_code, refused.json()["type"]) == (409, "/problems/image-in-use")


def test_picture_is_an_overlay_alone_in_other_colours_and_other_formats(service, job):
    def picture(**choice: object) -> bytes:
        answer = service.client.get(job["links"]["picture"], params=choice)
        return answer.raise_for_status().content

    plain = imagecodecs.png_decode(picture(content="overlay", scale_bar=False, colors="cyan-red"))
    assert plain.shape[0] == plain.shape[1] == 2048
    assert abs(plain[..., 1].astype(int) - plain[..., 2]).max() == 0, "green and blue are those of cyan"
    svg = ElementTree.parse(io.BytesIO(picture(format="svg", status=False))).getroot()
    texts = ["".join(text.itertext()) for text in svg.iter(f"{SVG}text")]
    assert "Overlay" in texts and "Review 100%_a.tif" in texts and not any("angle" in text for text in texts)
    assert picture(format="pdf", content="registered").startswith(b"%PDF")


def test_tags_are_added_removed_found_and_in_the_table_of_a_batch(service, job):
    def change(**tags: list[str]) -> dict:
        return service.client.patch(job["links"]["self"], json=tags).raise_for_status().json()

    assert change(add_tags=["slab 7", "\N{GREEK SMALL LETTER ALPHA}"])["tags"] == [
        "slab 7",
        "\N{GREEK SMALL LETTER ALPHA}",
    ]
    both = change(add_tags=["slab 7", "K8"], remove_tags=["never there"])
    assert sorted(both["tags"]) == sorted({"slab 7", "\N{GREEK SMALL LETTER ALPHA}", "K8"})
    assert listed(service, "tag=slab%207") == [job["id"]] and listed(service, "tag=slab") == []
    assert listed(service, "tag=slab%207&verdict=corrected&search=review") == [job["id"]]
    assert change(remove_tags=["slab 7", "K8"])["tags"] == ["\N{GREEK SMALL LETTER ALPHA}"]
    assert service.get(job["links"]["self"])["tags"] == ["\N{GREEK SMALL LETTER ALPHA}"]


@pytest.mark.parametrize("tag", ["", " a", "a ", "a,b", "a\x00", "a" * 51])
def test_tag_that_cannot_be_written_in_a_list_is_refused(service, job, tag):
    answer = service.client.patch(job["links"]["self"], json={"add_tags": [tag]})
    assert (answer.status_code, answer.json()["type"]) == (422, "/problems/request-invalid")


def test_tags_of_one_registration_are_limited(service, job):
    made = service.submit({"id": job["fixed_image_id"]}, {"id": job["moving_image_id"]}, **QUICK)
    path, many = made["links"]["self"], [f"tag {number}" for number in range(20)]
    assert sorted(service.client.patch(path, json={"add_tags": many}).json()["tags"]) == sorted(many)
    refused = service.client.patch(path, json={"add_tags": ["one more"]})
    assert (refused.status_code, refused.json()["type"]) == (422, "/problems/too-many-tags")
    exchanged = service.client.patch(path, json={"add_tags": ["one more"], "remove_tags": many[:1]})
    assert len(exchanged.json()["tags"]) == 20
    assert service.client.patch("/api/v1/registrations/none", json={}).status_code == 404
