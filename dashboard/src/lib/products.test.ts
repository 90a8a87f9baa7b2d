import { describe, expect, test } from "vitest";
import { gainText, ownersText, reasonText, restText, worthText } from "./products";

const worth = (at_3: number) => ({ at_3 });
const figures = { cases: 1412, ours: worth(0.342), popular: worth(0.2107), gain_low: 0.041, gain_high: 0.1321 };

describe("products in words", () => {
  test("a reason is said in counts", () => {
    expect(reasonText("API access", { product: "Reports", owners: 14, both: 11 })).toBe("11 of 14 accounts that own Reports also own API access");
    expect(reasonText("API access", { product: "Reports", owners: 1014, both: 1 })).toBe("1 of 1,014 accounts that own Reports also owns API access");
  });
  test("what is not listed is said as its share, and not at all where all is listed", () => {
    expect(restText({ rest: 0.1, score: 1 })).toBe("The rest, 10%, comes from other products that it owns");
    expect(restText({ rest: 0.001, score: 1 })).toContain("less than 1%");
    expect(restText({ rest: 0, score: 1 })).toBeUndefined();
    expect(restText({ rest: 0, score: 0 })).toBeUndefined();
  });
  test("what the lists were worth stands beside what most own", () => {
    expect(worthText(figures)).toBe("In 1,412 cases an account took something new within 90 days. One of the first three told was taken in 34.2%; of the list of what most accounts own, in 21.1%.");
  });
  test.each([[0.041, 0.132, "surely better"], [-0.02, 0.05, "not surely better"], [-0.2, -0.1, "surely worse"]])("a gain of %s to %s is %s", (low, high, said) => {
    const text = gainText({ ...figures, gain_low: low, gain_high: high });
    expect(text.endsWith(`, so ${said}.`)).toBe(true);
  });
  test("signs stand at both ends of the gain", () => {
    expect(gainText(figures)).toContain("+0.041 to +0.132");
    expect(gainText({ ...figures, gain_low: -0.02 })).toContain("−0.020 to +0.132");
  });
  test("owners are counted, left out where nothing was counted, and what nobody buys is said", () => {
    expect(ownersText({ owners: 1, sold: true })).toBe("1 owner");
    expect(ownersText({ owners: 1200, sold: true })).toBe("1,200 owners");
    expect(ownersText({ owners: 3, sold: false })).toBe("3 owners, no longer bought");
    expect(ownersText({ owners: null, sold: true })).toBe("");
  });
});
