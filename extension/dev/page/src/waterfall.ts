// Lays a trace out as rows on one time axis. Pure: segments in, rows out, so that the shape
// of a waterfall is tested without a browser.
import type { Segment } from "./api";

export type Health = "ok" | "error" | "fault" | "throttle";

export interface Row {
  segment: Segment;
  depth: number;
  /** Start and length as fractions of the trace's range. */
  offset: number;
  width: number;
  durationMs: number;
  children: number;
  /** Descendants that a closed row hides, itself not counted. */
  hidden: number;
  health: Health;
  /** Index of the segment (not subsegment) that the row belongs to: rows of one share a hue. */
  owner: number;
}

export interface Waterfall {
  rows: Row[];
  startMs: number;
  endMs: number;
}

/** The worst thing that a segment says of itself; a throttle outranks the error it also is. */
export function health(segment: Pick<Segment, "error" | "fault" | "throttle">): Health {
  if (segment.fault) return "fault";
  if (segment.throttle) return "throttle";
  return segment.error ? "error" : "ok";
}

/**
 * Nests segments under their parents in order of start. A segment whose parent has not
 * arrived stands at the top; a ring of parents is broken where it is entered.
 */
export function layout(segments: Segment[], closed: ReadonlySet<string>): Waterfall {
  const { startMs, endMs } = range(segments);
  const span = Math.max(endMs - startMs, 0.001);
  const { roots, children } = nest(segments);
  const rows: Row[] = [];
  const seen = new Set<string>();
  let owners = -1;

  // An explicit stack: a deep trace must not be a deep recursion.
  const stack = roots.map((segment) => ({ segment, depth: 0, owner: -1 })).reverse();
  for (let entry = stack.pop(); entry; entry = stack.pop()) {
    const { segment, depth } = entry;
    if (seen.has(segment.id)) continue;
    seen.add(segment.id);
    const owner = segment.kind === "segment" || entry.owner < 0 ? ++owners : entry.owner;
    const below = (children.get(segment.id) ?? []).filter((child) => !seen.has(child.id));
    const isClosed = closed.has(segment.id) && below.length > 0;
    const from = segment.start * 1000;
    const to = segment.end === null ? endMs : segment.end * 1000;
    rows.push({
      segment,
      depth,
      owner,
      offset: clamp((from - startMs) / span),
      width: clamp((to - from) / span),
      durationMs: Math.max(to - from, 0),
      children: below.length,
      hidden: isClosed ? hide(segment.id, children, seen) : 0,
      health: health(segment),
    });
    if (!isClosed) {
      for (const child of below.reverse()) stack.push({ segment: child, depth: depth + 1, owner });
    }
  }
  return { rows, startMs, endMs };
}

function range(segments: Segment[]): { startMs: number; endMs: number } {
  let startMs = Infinity;
  let endMs = -Infinity;
  for (const { start, end } of segments) {
    startMs = Math.min(startMs, start * 1000);
    endMs = Math.max(endMs, (end ?? start) * 1000);
  }
  return segments.length === 0 ? { startMs: 0, endMs: 0 } : { startMs, endMs };
}

function nest(segments: Segment[]): { roots: Segment[]; children: Map<string, Segment[]> } {
  const sorted = [...segments].sort((a, b) => a.start - b.start || (b.end ?? Infinity) - (a.end ?? Infinity));
  const byId = new Map(sorted.map((segment) => [segment.id, segment]));
  const children = new Map<string, Segment[]>();
  const roots: Segment[] = [];
  for (const segment of sorted) {
    const parent = segment.parent_id === null ? undefined : byId.get(segment.parent_id);
    if (!parent || inRing(segment, byId)) {
      roots.push(segment);
    } else {
      const siblings = children.get(parent.id);
      if (siblings) siblings.push(segment);
      else children.set(parent.id, [segment]);
    }
  }
  return { roots, children };
}

/** Whether following parents from here leads back here. */
function inRing(segment: Segment, byId: Map<string, Segment>): boolean {
  let slow: Segment | undefined = segment;
  for (let steps = 0; slow && steps <= byId.size; steps += 1) {
    slow = slow.parent_id === null ? undefined : byId.get(slow.parent_id);
    if (slow?.id === segment.id) return true;
  }
  return false;
}

function hide(id: string, children: Map<string, Segment[]>, seen: Set<string>): number {
  let hidden = 0;
  const stack = [...(children.get(id) ?? [])];
  for (let segment = stack.pop(); segment; segment = stack.pop()) {
    if (seen.has(segment.id)) continue;
    seen.add(segment.id);
    hidden += 1;
    stack.push(...(children.get(segment.id) ?? []));
  }
  return hidden;
}

function clamp(fraction: number): number {
  return Math.min(Math.max(fraction, 0), 1);
}

/** About `wanted` round steps over a length, zero included: 0, 50, 100, 150. */
export function ticks(length: number, wanted: number): number[] {
  if (!(length > 0)) return [0];
  const rough = length / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((unit) => unit * power).find((size) => size >= rough) ?? rough;
  const marks: number[] = [];
  for (let index = 0; index * step <= length * 1.0001; index += 1) marks.push(index * step);
  return marks;
}
