import { formatMoney, sumCents } from "./money";

describe("money", () => {
  it("shows cents as euros", () => {
    expect(formatMoney(1250)).toBe("€12.50");
  });

  it("adds up without errors of floating point", () => {
    expect(sumCents([10, 20])).toBe(30);
  });
});
