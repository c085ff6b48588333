import { expect, test } from "vitest";
import { tagsOf } from "./tagsOf";

test.each([
  ["", []],
  [" , ,", []],
  ["grain 7", ["grain 7"]],
  ["  thin   film ,K8, K8", ["thin film", "K8"]],
])("%j holds the tags %j", (text, tags) => expect(tagsOf(text)).toEqual(tags));
