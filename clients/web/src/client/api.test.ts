import { describe, expect, it } from "vitest";
import { mayLead } from "./api.js";

describe("mayLead", () => {
  it("takes addresses that are as good as home", () => {
    expect(mayLead("https://home", "https://b")).toBe(true);
    expect(mayLead("http://home", "http://b:8080/live")).toBe(true);
    expect(mayLead("http://home", "https://b")).toBe(true);
  });

  it("keeps the token from addresses without encryption, and from what is none", () => {
    expect(mayLead("https://home", "http://b")).toBe(false);
    for (const none of ["", "b", "//b", "ftp://b", "javascript:x"])
      expect(mayLead("http://home", none)).toBe(false);
  });
});
