// Checks that a program is codesearch and new enough.

/** The oldest server that works with this extension. */
export const MINIMUM = "0.1.0";

/** The version in the output of `codesearch --version`, or undefined if another program printed it. */
export function parseVersion(output: string): string | undefined {
  return /^codesearch (\d+\.\d+\.\d+\S*)\s*$/.exec(output.trim())?.[1];
}

/** Negative if `a` is older than `b`. Compares only the three numbers: 0.2.0.dev1 equals 0.2.0. */
export function compareVersions(a: string, b: string): number {
  const numbers = (text: string): number[] => text.split(".", 3).map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < 3; i++) {
    const difference = (left[i] ?? 0) - (right[i] ?? 0);
    if (difference !== 0) {
      return difference;
    }
  }
  return 0;
}
