// Series of a widget as columns for the chart: one list of times, one column a series.
// Pure, so that gaps and stacking are tested without a canvas.
import type { Series } from "./api";

/** `null` is a gap; `undefined` means that another series has a point here and this has none. */
export type Column = (number | null | undefined)[];

export interface Columns {
  /** Seconds, ascending. */
  times: number[];
  columns: Column[];
}

/** Default colours of CloudWatch, in its order. */
export const PALETTE = [
  "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
];

/** The colour of the n-th series of a widget. */
export function color(series: Pick<Series, "color">, index: number): string {
  return series.color ?? PALETTE[index % PALETTE.length] ?? "#1f77b4";
}

/**
 * Puts series on one time axis. Where a series skips a period, a gap is written, so that
 * the line breaks instead of claiming data that is missing.
 */
export function align(list: Series[]): Columns {
  const maps = list.map((series) => withGaps(series));
  const times = [...new Set(maps.flatMap((map) => [...map.keys()]))].sort((a, b) => a - b);
  return {
    times: times.map((ms) => ms / 1000),
    columns: maps.map((map) => times.map((ms) => map.get(ms))),
  };
}

function withGaps({ points, period_s }: Series): Map<number, number | null> {
  const map = new Map<number, number | null>();
  const step = period_s ? period_s * 1000 : undefined;
  let before: number | undefined;
  for (const [ms, value] of [...points].sort((a, b) => a[0] - b[0])) {
    if (step && before !== undefined && ms - before > step * 1.5) map.set(before + step, null);
    map.set(ms, value);
    before = ms;
  }
  return map;
}

/** Each column becomes the sum of itself and those before it; a missing point adds nothing. */
export function stack({ times, columns }: Columns): Columns {
  const floor = times.map(() => 0);
  const stacked = columns.map((column) =>
    column.map((value, index) => {
      const sum = (floor[index] ?? 0) + (value ?? 0);
      floor[index] = sum;
      return sum;
    }),
  );
  return { times, columns: stacked };
}

/** The number that stands for a series: what the account says, else that of its last period. */
export function last(series: Series): number | undefined {
  if (series.value !== null) return series.value;
  let best: [number, number] | undefined;
  for (const point of series.points) if (!best || point[0] >= best[0]) best = point;
  return best?.[1];
}

export interface Span {
  min: number;
  max: number;
}

/** Room for data, annotations and the zero line, unless the widget fixes an edge. */
export function span(values: Span, fixed: { min?: number | null; max?: number | null } | null | undefined): Span {
  let { min, max } = values;
  if (!Number.isFinite(min) || !Number.isFinite(max)) [min, max] = [0, 1];
  if (min > 0) min = 0;
  if (max <= min) max = min + 1;
  const room = (max - min) * 0.08;
  return {
    min: fixed?.min ?? (min < 0 ? min - room : min),
    max: fixed?.max ?? max + room,
  };
}
