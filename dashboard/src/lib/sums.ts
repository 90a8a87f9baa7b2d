/** Rounding for tables whose rows must add up to the total that stands below them. */

/**
 * Rounds each value to `digits` so that the rounded values add up to the rounded total (largest remainder method).
 * A row moves by less than one unit of the last digit.
 */
export function roundToSum(values: readonly number[], total: number, digits = 1): number[] {
  const unit = 10 ** digits;
  const scaled = values.map((value) => value * unit);
  const floors = scaled.map((value) => Math.floor(value + 1e-9));
  let missing = Math.round(total * unit) - sum(floors);
  const byRemainder = scaled
    .map((value, index) => ({ index, rest: value - (floors[index] ?? 0) }))
    .toSorted((a, b) => b.rest - a.rest || a.index - b.index);
  const result = [...floors];
  for (const { index, rest } of byRemainder) {
    if (missing <= 0 || rest <= 1e-9) break;
    result[index] = (result[index] ?? 0) + 1;
    missing -= 1;
  }
  return result.map((value) => value / unit);
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** Whether the parts add up to the whole, to within half of what is shown. */
export function addsUp(parts: readonly number[], whole: number): boolean {
  return Math.abs(sum(parts) - whole) < 0.005;
}
