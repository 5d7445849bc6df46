// The datapoints an alarm was decided on, against its threshold: a bar each, red where it
// breaches, a hollow mark where data is missing.
import type { Datapoint } from "../api";
import { clock, hourMinute, number } from "../format";

interface Props {
  points: Datapoint[];
  threshold: number | undefined;
  large?: boolean;
}

export function Strip({ points, threshold, large = false }: Props) {
  if (points.length === 0) return <span class="dim">–</span>;
  const shown = points.slice(large ? -60 : -12);
  const values = shown.flatMap((point) => (point.value === null ? [] : [point.value]));
  const top = Math.max(...values, threshold ?? 0, 0);
  const low = Math.min(...values, threshold ?? 0, 0);
  const size = top - low || 1;
  const height = large ? 72 : 22;
  const step = large ? Math.min(36, 300 / shown.length) : 8;
  const y = (value: number) => 2 + (1 - (value - low) / size) * (height - 4);
  const width = Math.max(shown.length * step, step);
  return (
    <figure class={`strip${large ? " large" : ""}`}>
      <svg width={width} height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={describe(shown, threshold)}>
        {shown.map((point, index) => {
          const x = index * step + step * 0.15;
          const title = <title>{`${clock(point.time_ms).slice(0, 8)}  ${point.value === null ? "missing" : number(point.value)}${point.breaching ? ", breaching" : ""}`}</title>;
          if (point.value === null) return <rect class="missing" x={x} y={height - 5} width={step * 0.7} height="3">{title}</rect>;
          const at = y(point.value);
          return <rect class={point.breaching ? "breach" : "fine"} x={x} y={Math.min(at, y(0)) - 1} width={step * 0.7} height={Math.abs(y(0) - at) + 2}>{title}</rect>;
        })}
        {threshold !== undefined && <line class="threshold" x1="0" x2={width} y1={y(threshold)} y2={y(threshold)} />}
      </svg>
      {large && (
        <figcaption class="dim">
          {hourMinute(shown[0]?.time_ms ?? 0)} – {hourMinute(shown.at(-1)?.time_ms ?? 0)}
          {threshold !== undefined && `, threshold ${number(threshold)}`}, last {lastText(shown)}
        </figcaption>
      )}
    </figure>
  );
}

function lastText(points: Datapoint[]): string {
  const value = points.at(-1)?.value;
  return value === null || value === undefined ? "missing" : number(value);
}

function describe(points: Datapoint[], threshold: number | undefined): string {
  const breaching = points.filter((point) => point.breaching).length;
  const missing = points.filter((point) => point.value === null).length;
  const against = threshold === undefined ? "" : ` against ${number(threshold)}`;
  return `${points.length} datapoints${against}: ${breaching} breaching, ${missing} missing`;
}
