// Numbers and durations as people read them.
import assert from "node:assert/strict";
import test from "node:test";
import { ago, bytes, duration, number, plural } from "../src/format";

function check<T>(render: (value: T) => string, cases: [T, string][]): void {
  for (const [value, text] of cases) assert.equal(render(value), text, `of ${String(value)}`);
}

test("a duration has the unit that keeps it short", () => {
  check(duration, [
    [0, "0 ms"], [0.04, "0.04 ms"], [0.42, "0.4 ms"], [1.25, "1.3 ms"], [9.94, "9.9 ms"], [12.4, "12 ms"],
    [999.4, "999 ms"], [999.6, "1.00 s"], [1500, "1.50 s"], [12_340, "12.3 s"], [59_994, "60.0 s"],
    [60_000, "1 m 00 s"], [125_000, "2 m 05 s"], [3_599_600, "1 h 00 m"], [3_780_000, "1 h 03 m"],
    [-1500, "−1.50 s"], [Number.NaN, "–"], [Infinity, "–"],
  ]);
});

test("a number keeps three digits that matter", () => {
  check(number, [
    [0, "0"], [0.25, "0.25"], [0.001234, "0.00123"], [17, "17"], [99.987, "99.99"], [123.44, "123.4"], [1204, "1,204"],
    [9999.6, "10,000"], [12_340, "12.34k"], [4_560_000, "4.56M"], [2e9, "2G"], [-12_340, "-12.34k"], [Number.NaN, "–"], [100, "100"],
  ]);
});

test("a distance in time is told from now", () => {
  const now = Date.UTC(2026, 0, 1);
  check((ms: number) => ago(ms, now), [[now - 500, "just now"], [now - 12_000, "12 s ago"], [now - 240_000, "4 min ago"], [now - 3 * 3_600_000, "3 h ago"]]);
});

test("sizes and counts carry their noun", () => {
  check(bytes, [[999, "999 B"], [12_400, "12.4 kB"], [3_000_000, "3 MB"]]);
  assert.equal(plural(1, "line"), "1 line");
  assert.equal(plural(0, "line"), "0 lines");
  assert.equal(plural(1200, "entry", "entries"), "1,200 entries");
});
