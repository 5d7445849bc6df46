// The metric views that show one value a series: number, gauge, bar, pie and table.
import type { Series, Widget } from "../api";
import { color, last } from "../chartdata";
import { number } from "../format";

interface Props {
  widget: Widget;
}

interface Figure {
  series: Series;
  value: number | undefined;
  color: string;
}

function figures(widget: Widget): Figure[] {
  return widget.series.map((series, index) => ({ series, value: last(series), color: color(series, index) }));
}

export function SingleValue({ widget }: Props) {
  return (
    <ul class="singles">
      {figures(widget).map(({ series, value, color }) => (
        <li key={series.id}>
          {widget.sparkline && <Spark series={series} color={color} />}
          <b>{value === undefined ? "–" : number(value)}</b>
          <span title={series.label}><i style={{ background: color }} />{series.label}</span>
        </li>
      ))}
    </ul>
  );
}

function Spark({ series, color }: { series: Series; color: string }) {
  const { points } = series;
  if (points.length < 2) return null;
  const times = points.map(([ms]) => ms);
  const values = points.map(([, value]) => value);
  const [from, to] = [Math.min(...times), Math.max(...times)];
  const [low, high] = [Math.min(...values, 0), Math.max(...values)];
  const path = points
    .map(([ms, value]) => `${((ms - from) / (to - from)) * 100},${38 - ((value - low) / (high - low || 1)) * 36}`)
    .join(" ");
  return (
    <svg class="spark" viewBox="0 0 100 40" preserveAspectRatio="none" aria-hidden="true">
      <polyline points={path} fill="none" stroke={color} stroke-width="1.5" vector-effect="non-scaling-stroke" />
    </svg>
  );
}

export function Gauge({ widget }: Props) {
  const min = widget.y_axis.left?.min ?? 0;
  const max = widget.y_axis.left?.max ?? 100;
  return (
    <ul class="gauges">
      {figures(widget).map(({ series, value, color }) => {
        const share = value === undefined ? 0 : Math.min(Math.max((value - min) / (max - min || 1), 0), 1);
        return (
          <li key={series.id}>
            <svg viewBox="0 0 120 70" role="img" aria-label={`${series.label}: ${value ?? "no value"} of ${min} to ${max}`}>
              <path class="track" d={arc(1)} />
              {share > 0 && <path d={arc(share)} stroke={color} />}
              {widget.annotations.horizontal.map((each) => <Mark at={(each.value - min) / (max - min || 1)} color={each.color ?? "#d13212"} />)}
              <text x="60" y="58" class="big">{value === undefined ? "–" : number(value)}</text>
              <text x="10" y="69">{number(min)}</text>
              <text x="110" y="69" class="end">{number(max)}</text>
            </svg>
            <span title={series.label}>{series.label}</span>
          </li>
        );
      })}
    </ul>
  );
}

function arc(share: number): string {
  const angle = Math.PI * (1 - share);
  return `M10 58A50 50 0 0 1 ${60 + 50 * Math.cos(angle)} ${58 - 50 * Math.sin(angle)}`;
}

function Mark({ at, color }: { at: number; color: string }) {
  if (!(at >= 0 && at <= 1)) return null;
  const angle = Math.PI * (1 - at);
  const [x, y] = [Math.cos(angle), Math.sin(angle)];
  return <path class="mark" d={`M${60 + 43 * x} ${58 - 43 * y}L${60 + 57 * x} ${58 - 57 * y}`} stroke={color} />;
}

export function Bars({ widget }: Props) {
  const list = figures(widget);
  const most = Math.max(...list.map(({ value }) => value ?? 0), Number.MIN_VALUE);
  return (
    <ul class="bars">
      {list.map(({ series, value, color }) => (
        <li key={series.id}>
          <span title={series.label}>{series.label}</span>
          <span class="lane"><i style={{ background: color, width: `${Math.max(((value ?? 0) / most) * 100, 0)}%` }} /></span>
          <b>{value === undefined ? "–" : number(value)}</b>
        </li>
      ))}
    </ul>
  );
}

export function Pie({ widget }: Props) {
  const list = figures(widget);
  const sum = list.reduce((total, { value }) => total + Math.max(value ?? 0, 0), 0);
  let from = 0;
  return (
    <div class="pie">
      <svg viewBox="-1.05 -1.05 2.1 2.1" role="img" aria-label={`Shares of ${list.map(({ series }) => series.label).join(", ")}`}>
        {list.map(({ series, value, color }) => {
          const share = sum > 0 ? Math.max(value ?? 0, 0) / sum : 0;
          const slice = wedge(from, from + share);
          from += share;
          return share >= 0.9999 ? <circle key={series.id} r="1" fill={color} /> : <path key={series.id} d={slice} fill={color} />;
        })}
      </svg>
      <ul class="legend">
        {list.map(({ series, value, color }) => (
          <li key={series.id}><span><i style={{ background: color }} />{series.label} <b>{value === undefined ? "–" : number(value)}</b></span></li>
        ))}
      </ul>
    </div>
  );
}

function wedge(from: number, to: number): string {
  const at = (share: number) => `${Math.sin(share * 2 * Math.PI)} ${-Math.cos(share * 2 * Math.PI)}`;
  return `M0 0L${at(from)}A1 1 0 ${to - from > 0.5 ? 1 : 0} 1 ${at(to)}Z`;
}

export function Table({ widget }: Props) {
  return (
    <table class="rows">
      <thead>
        <tr><th scope="col">Series</th><th scope="col" class="num">Min</th><th scope="col" class="num">Max</th><th scope="col" class="num">Sum</th><th scope="col" class="num">Avg</th><th scope="col" class="num">Last</th></tr>
      </thead>
      <tbody>
        {widget.series.map((series, index) => {
          const values = series.points.map(([, value]) => value);
          const sum = values.reduce((total, value) => total + value, 0);
          const show = (value: number | undefined) => <td class="num">{value === undefined || values.length === 0 ? "–" : number(value)}</td>;
          return (
            <tr key={series.id}>
              <th scope="row"><i class="swatch" style={{ background: color(series, index) }} />{series.label}</th>
              {show(Math.min(...values))}{show(Math.max(...values))}{show(sum)}{show(sum / values.length)}{show(last(series))}
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}
