import { describe, expect, it } from "vitest";
import type { Place, Result } from "../api/types";
import { likelyPlaces, placeParameter, shownPlace } from "./likelyPlaces";

const place = (probability: number): Place => ({
  probability,
  fixed_from_moving: [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
});
const result = (verdict: Result["verdict"], ...probabilities: number[]) =>
  ({ verdict, places: probabilities.map(place) }) as Result;

describe("likelyPlaces", () => {
  it("leaves out improbable places but not the result's", () => {
    expect(likelyPlaces(result("review", 0.004, 0.7, 0.29, 0.003)).map((each) => each.probability)).toEqual([
      0.004, 0.7, 0.29,
    ]);
  });

  it("is empty for a refused result", () => {
    expect(likelyPlaces(result("refuse", 0.5, 0.5))).toEqual([]);
  });
});

describe("shownPlace", () => {
  const places = [place(0.6), place(0.4)];

  it.each([0, 1])("is read back, %d", (index) => {
    expect(shownPlace(places, placeParameter(index))).toBe(index);
  });

  it.each([null, "", "0", "1", "3", "1.5", "-1", "two"])("is the result's for %s", (text) => {
    expect(shownPlace(places, text)).toBe(0);
  });
});
