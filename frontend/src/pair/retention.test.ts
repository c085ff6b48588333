import { expect, test } from "vitest";
import { retentionWords } from "./retention";

test.each([
  [null, "without a time limit"],
  [1, "a day after"],
  [30, "30 days after"],
  [0.5, "0.5 days after"],
])("a retention time of %j days is stated", (days, words) => expect(retentionWords(days)).toContain(words));

test("a retention time that is not known is not stated", () =>
  expect(retentionWords(undefined)).not.toContain("Otherwise"));
