// The shape of a trace: nesting, order, range, closed branches, and traces that are broken.
import assert from "node:assert/strict";
import test from "node:test";
import type { Segment } from "../src/api";
import { health, layout, ticks } from "../src/waterfall";

function segment(id: string, parent: string | null, start: number, end: number | null, more: Partial<Segment> = {}): Segment {
  return {
    id, parent_id: parent, name: id, start, end, in_progress: end === null, error: false, fault: false,
    throttle: false, kind: "subsegment", namespace: null, origin: null, document: {}, ...more,
  };
}

/** Rows as `depth:id`. */
function shape(segments: Segment[], closed: string[] = []): string {
  return layout(segments, new Set(closed)).rows.map((row) => `${row.depth}:${row.segment.id}`).join(" ");
}

const TREE = [segment("c", "a", 3, 4), segment("a", null, 1, 9), segment("b", "a", 2, 3), segment("d", "b", 2.5, 3)];

test("children stand under their parent in order of start", () => {
  assert.equal(shape(TREE), "0:a 1:b 2:d 1:c");
});

test("a closed branch hides its descendants and counts them", () => {
  assert.equal(shape(TREE, ["a"]), "0:a");
  assert.equal(layout(TREE, new Set(["a"])).rows[0]?.hidden, 3);
  assert.equal(shape(TREE, ["b"]), "0:a 1:b 1:c");
});

test("a segment whose parent has not arrived stands at the top", () => {
  assert.equal(shape([segment("x", "missing", 1, 2), segment("y", "x", 1, 2)]), "0:x 1:y");
});

test("a ring of parents is drawn once each and ends", () => {
  const ring = [segment("a", "b", 1, 2), segment("b", "a", 1, 2), segment("self", "self", 1, 2)];
  const { rows } = layout(ring, new Set());
  assert.deepEqual(rows.map((row) => row.segment.id).sort(), ["a", "b", "self"]);
});

test("a branch below a ring is not lost", () => {
  const segments = [segment("a", "b", 1, 2), segment("b", "a", 1, 2), segment("leaf", "a", 1, 2)];
  assert.equal(layout(segments, new Set()).rows.length, 3);
});

test("bars are fractions of the whole range", () => {
  const { rows, startMs, endMs } = layout([segment("a", null, 10, 20), segment("b", "a", 12.5, 15)], new Set());
  assert.deepEqual([startMs, endMs], [10_000, 20_000]);
  assert.equal(rows[1]?.offset, 0.25);
  assert.equal(rows[1]?.width, 0.25);
  assert.equal(rows[1]?.durationMs, 2500);
});

test("a segment in progress reaches to the end of what is known", () => {
  const { rows } = layout([segment("a", null, 0, null), segment("b", "a", 1, 4)], new Set());
  assert.equal(rows[0]?.width, 1);
});

test("a trace that is only a moment long has finite bars", () => {
  const { rows } = layout([segment("a", null, 5, 5), segment("b", null, 5, null)], new Set());
  for (const row of rows) assert.ok(Number.isFinite(row.offset) && Number.isFinite(row.width));
  assert.deepEqual(layout([], new Set()).rows, []);
});

test("rows of one segment share a hue and another segment has another", () => {
  const segments = [
    segment("s1", null, 0, 9, { kind: "segment" }), segment("t", "s1", 1, 2),
    segment("s2", "t", 1, 2, { kind: "segment" }), segment("u", "s2", 1, 2),
  ];
  assert.deepEqual(layout(segments, new Set()).rows.map((row) => row.owner), [0, 0, 1, 1]);
});

test("a chain of five thousand segments needs no deep stack", () => {
  const chain = Array.from({ length: 5000 }, (_, at) => segment(`${at}`, at === 0 ? null : `${at - 1}`, at, at + 1));
  assert.equal(layout(chain, new Set()).rows.at(-1)?.depth, 4999);
});

test("the worst flag decides the colour", () => {
  assert.equal(health({ fault: true, error: true, throttle: true }), "fault");
  assert.equal(health({ fault: false, error: true, throttle: true }), "throttle");
  assert.equal(health({ fault: false, error: true, throttle: false }), "error");
  assert.equal(health({ fault: false, error: false, throttle: false }), "ok");
});

test("ticks are round and begin at zero", () => {
  assert.deepEqual(ticks(180, 6), [0, 50, 100, 150]);
  assert.deepEqual(ticks(1000, 5), [0, 200, 400, 600, 800, 1000]);
  assert.deepEqual(ticks(0, 5), [0]);
  assert.deepEqual(ticks(Number.NaN, 5), [0]);
});
