// Routes, JSON pieces, chart columns.
import assert from "node:assert/strict";
import test from "node:test";
import type { Series } from "../src/api";
import { align, last, span, stack } from "../src/chartdata";
import { extras, parseObject, pieces } from "../src/json";
import { formatRoute, parseRoute } from "../src/route";

test("a route survives the address bar", () => {
  for (const [tab, item, params] of [
    ["logs", undefined, { text: "a b&c=d", level: "INFO" }],
    ["traces", "1-abc-def", { segment: "0123" }],
    ["alarms", "name with / and ? and %", {}],
    ["dashboards", "größe", { minutes: "15" }],
  ] as const) {
    assert.deepEqual(parseRoute(formatRoute(tab, item, params)), { tab, item, params });
  }
});

test("an address that cannot be read is the overview", () => {
  for (const hash of ["", "#", "#/", "#/nowhere", "#nothing?x"]) assert.equal(parseRoute(hash).tab, "overview");
  assert.equal(parseRoute("#/alarms/%E0%A4%A").item, "%E0%A4%A");
});

test("an unset filter leaves no trace in the address", () => {
  assert.equal(formatRoute("logs", undefined, { level: undefined, text: "" }), "#/logs");
});

test("pieces joined are the JSON with two spaces of indent", () => {
  for (const value of [{}, [], { a: 1, b: [true, null, "x\n\""], c: { d: [] } }, "s", 4.5, null, [[[1]]]]) {
    assert.equal(pieces(value).map((piece) => piece.text).join(""), JSON.stringify(value, null, 2));
  }
});

test("a very deep value is written and ends", () => {
  let value: unknown = 1;
  for (let depth = 0; depth < 500; depth += 1) value = [value];
  assert.ok(pieces(value).length < 1000);
});

test("extras are the fields that not every line carries", () => {
  const line = parseObject('{"level":"INFO","message":"m","size":3,"file":{"name":"a","tags":[1]},"long":"' + "x".repeat(200) + '"}');
  assert.deepEqual(extras(line ?? {}), [["size", "3"], ["file.name", "a"], ["file.tags", "[1]"], ["long", `${"x".repeat(119)}…`]]);
  assert.equal(parseObject("START RequestId"), undefined);
  assert.equal(parseObject("{broken"), undefined);
});

function series(points: [number, number][], period: number | null = 60): Series {
  return { id: "s", label: "s", color: null, axis: "left", value: null, period_s: period, points };
}

test("a skipped period is a gap and another series' time is not", () => {
  const { times, columns } = align([series([[0, 1], [60_000, 2], [240_000, 3]]), series([[90_000, 9]])]);
  assert.deepEqual(times, [0, 60, 90, 120, 240]);
  assert.deepEqual(columns, [[1, 2, undefined, null, 3], [undefined, undefined, 9, undefined, undefined]]);
});

test("a stack adds up and a missing point adds nothing", () => {
  const { columns } = stack({ times: [0, 1], columns: [[1, null], [2, 5], [undefined, 1]] });
  assert.deepEqual(columns, [[1, 0], [3, 5], [3, 6]]);
});

test("the last value is the newest, in whatever order points come", () => {
  assert.equal(last(series([[60, 2], [0, 1]])), 2);
  assert.equal(last(series([])), undefined);
});

test("an axis has room, shows zero, and keeps the widget's edges", () => {
  assert.deepEqual(span({ min: 5, max: 100 }, null), { min: 0, max: 108 });
  assert.deepEqual(span({ min: 5, max: 100 }, { min: 2, max: 50 }), { min: 2, max: 50 });
  assert.deepEqual(span({ min: Infinity, max: -Infinity }, null), { min: 0, max: 1.08 });
  assert.equal(span({ min: 0, max: 0 }, null).max > 0, true);
});
