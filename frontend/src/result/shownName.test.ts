import { describe, expect, it } from "vitest";
import type { Registration } from "../api/types";
import { shownName } from "./shownName";

function registration(selected: string | null, channel: string | null = null): Registration {
  const result = selected === null ? null : { moving: { selected } };
  const settings = { moving_channel: channel, moving_frame: null };
  return { moving_name: "eds.bcf", settings, result } as Registration;
}

describe("shownName", () => {
  it("names the image in the file without the reason of a default", () => {
    const reason = "HAADF (the electron image beside Fe Ka and 3 more)";
    expect(shownName(registration(reason), "moving")).toBe("eds.bcf: HAADF");
    expect(shownName(registration("Phase (I)"), "moving")).toBe("eds.bcf: Phase (I)");
    expect(shownName(registration(""), "moving")).toBe("eds.bcf");
  });

  it("shows the requested image until there is a result", () => {
    expect(shownName(registration(null, "2"), "moving")).toBe("eds.bcf: image 2");
    expect(shownName(registration(null), "moving")).toBe("eds.bcf");
  });
});
