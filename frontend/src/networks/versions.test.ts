import { expect, test } from "vitest";
import { changesOf, heldOut, problemOf, stateOf, type Version } from "./versions";

const VERSION: Version = {
  id: "v",
  state: "candidate",
  weights_sha256: null,
  archive_sha256: null,
  parent_id: null,
  previous_id: null,
  parent_sha256: null,
  labels_sha256: null,
  label_count: 20,
  seed: 0,
  minutes: 10,
  scores: null,
  certificate: null,
  acceptable: true,
  reasons: null,
  progress: 0.256,
  message: null,
  actor: "sem/1",
  created_at: "2026-01-01T00:00:00Z",
  changed_at: "2026-01-01T00:00:00Z",
};

test("a version offers what its state allows", () => {
  expect(changesOf(VERSION)).toContain("promote");
  expect(changesOf({ ...VERSION, state: "active" })).toEqual([]);
  expect(changesOf({ ...VERSION, state: "running" })).toEqual(["cancel"]);
  expect(changesOf({ ...VERSION, state: "failed" })).toEqual([]);
});

test("held-out labels are counted where the report has counts", () => {
  const scores = { held_out: { parent: { right: 12, pairs: 20 }, candidate: { right: 17, pairs: 20 } } };
  expect(heldOut({ ...VERSION, scores })).toBe("12 → 17 of 20");
  expect(heldOut(VERSION)).toBe("–");
  expect(heldOut({ ...VERSION, scores: { held_out: { parent: 0.4, candidate: 0.5 } } })).toBe("–");
});

test("the reason is shown where a version failed or is not acceptable", () => {
  expect(problemOf(VERSION)).toBeNull();
  expect(problemOf({ ...VERSION, acceptable: false, reasons: ["one", "two"] })).toBe("one; two");
  expect(problemOf({ ...VERSION, state: "failed", message: "stopped" })).toBe("stopped");
});

test("a running adaptation shows its progress", () => {
  expect(stateOf({ ...VERSION, state: "running" })).toBe("running, 26 %");
});
