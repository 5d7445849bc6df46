// A timeSeries widget: lines or stacked areas by uPlot, legend and tooltip by us.
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import type { HorizontalAnnotation, Series, Widget } from "../api";
import { type Columns, align, color, span, stack } from "../chartdata";
import { hourMinute, number } from "../format";

interface Props {
  widget: Widget;
  startMs: number;
  endMs: number;
}

interface Hover {
  left: number;
  top: number;
  index: number;
}

const ALARM_COLOR = "#d13212";
const BAND_COLOR = "#687078";

export function Chart({ widget, startMs, endMs }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const [hidden, setHidden] = useState<ReadonlySet<string>>(new Set());
  const [hover, setHover] = useState<Hover | undefined>(undefined);
  const shown = widget.series.filter((series) => !hidden.has(series.id));
  const raw = align(shown);
  // What changes the chart's shape builds it anew; what changes only its data does not.
  const shape = JSON.stringify([shown.map((each) => [each.id, each.label, each.color, each.axis]), widget.stacked, widget.y_axis, widget.annotations]);

  const theme = useTheme();
  const view = useRef({ raw, startMs, endMs });
  view.current = { raw, startMs, endMs };

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const options = chartOptions({ widget, shown, theme, window: () => view.current, onHover: setHover });
    const chart = new uPlot({ ...options, ...size(element) }, plotData(view.current.raw, widget.stacked), element);
    plot.current = chart;
    const observer = new ResizeObserver(() => chart.setSize(size(element)));
    observer.observe(element);
    return () => {
      observer.disconnect();
      chart.destroy();
      plot.current = undefined;
      setHover(undefined);
    };
  }, [shape, theme]);

  useEffect(() => {
    plot.current?.setData(plotData(raw, widget.stacked));
  }, [widget, startMs, endMs]);

  const toggle = (id: string) => {
    const next = new Set(hidden);
    if (!next.delete(id)) next.add(id);
    setHidden(next);
  };
  const unit = [widget.y_axis.left?.label, widget.y_axis.right?.label];
  return (
    <div class={`chart legend-${widget.legend}`}>
      <div class="axis-labels"><span>{unit[0]}</span><span>{unit[1]}</span></div>
      <div class="plot" ref={box} role="img" aria-label={describe(widget)}>
        {hover && <Tooltip hover={hover} raw={raw} shown={shown} all={widget.series} width={box.current?.clientWidth ?? 0} />}
      </div>
      {widget.legend !== "hidden" && (
        <ul class="legend">
          {widget.series.map((series, index) => (
            <li key={series.id}>
              <button type="button" aria-pressed={!hidden.has(series.id)} title={series.label} onClick={() => toggle(series.id)}>
                <i style={{ background: color(series, index) }} />{series.label}
              </button>
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}

function describe(widget: Widget): string {
  return `Chart of ${widget.series.map((series) => series.label).join(", ")}`;
}

function Tooltip({ hover, raw, shown, all, width }: { hover: Hover; raw: Columns; shown: Series[]; all: Series[]; width: number }) {
  const time = raw.times[hover.index];
  if (time === undefined) return null;
  const side = hover.left > width / 2 ? { right: `${width - hover.left + 12}px` } : { left: `${hover.left + 12}px` };
  return (
    <div class="tooltip" style={{ ...side, top: "4px" }}>
      <b>{hourMinute(time * 1000)}</b>
      {shown.map((series, index) => {
        const value = raw.columns[index]?.[hover.index];
        if (value === null || value === undefined) return null;
        return <div key={series.id}><i style={{ background: color(series, all.indexOf(series)) }} /><span>{series.label}</span><b>{number(value)}</b></div>;
      })}
    </div>
  );
}

function size(element: HTMLElement): { width: number; height: number } {
  return { width: Math.max(element.clientWidth, 60), height: Math.max(element.clientHeight, 40) };
}

function plotData(raw: Columns, stacked: boolean): uPlot.AlignedData {
  const { times, columns } = stacked ? stack(raw) : raw;
  // The last of a stack covers the others unless it is drawn first.
  return [times, ...(stacked ? [...columns].reverse() : columns)] as uPlot.AlignedData;
}

interface Theme {
  ink: string;
  line: string;
  panel: string;
}

/** Canvas has no style sheet: the theme's colours are read, and read again when it changes. */
function useTheme(): Theme {
  const [theme, setTheme] = useState(readTheme);
  useEffect(() => {
    const query = matchMedia("(prefers-color-scheme: dark)");
    const onChange = () => setTheme(readTheme());
    query.addEventListener("change", onChange);
    return () => query.removeEventListener("change", onChange);
  }, []);
  return theme;
}

function readTheme(): Theme {
  const style = getComputedStyle(document.documentElement);
  return { ink: style.getPropertyValue("--dim").trim(), line: style.getPropertyValue("--grid").trim(), panel: style.getPropertyValue("--panel").trim() };
}

interface Setup {
  widget: Widget;
  shown: Series[];
  theme: Theme;
  window: () => { startMs: number; endMs: number };
  onHover: (hover: Hover | undefined) => void;
}

function chartOptions({ widget, shown, theme, window, onHover }: Setup): Omit<uPlot.Options, "width" | "height"> {
  const font = "11px system-ui, sans-serif";
  const sides = shown.some((series) => series.axis === "right") ? (["left", "right"] as const) : (["left"] as const);
  const axes: uPlot.Axis[] = [
    { stroke: theme.ink, grid: { show: false }, ticks: { stroke: theme.line, size: 4 }, font, size: 26, space: 64, values: (_, times) => times.map((time) => hourMinute(time * 1000)) },
    ...sides.map((side): uPlot.Axis => ({
      scale: side,
      side: side === "left" ? 3 : 1,
      stroke: theme.ink,
      grid: { show: side === "left", stroke: theme.line, width: 1 },
      ticks: { show: false },
      font,
      size: 44,
      space: 28,
      values: (_, values) => values.map((value) => (value === null ? "" : number(value))),
    })),
  ];
  const series = shown.map((each) => line(each, widget));
  return {
    legend: { show: false },
    padding: [6, sides.length > 1 ? 0 : 12, 0, 0],
    cursor: { y: false, points: { size: 7 }, drag: { x: false, y: false }, sync: { key: "dashboard" } },
    scales: {
      x: { time: true, range: () => [window().startMs / 1000, window().endMs / 1000] },
      ...Object.fromEntries(sides.map((side) => [side, { range: (_: uPlot, min: number, max: number) => edges(widget, side, min, max) }])),
    },
    axes,
    series: [{}, ...(widget.stacked ? series.reverse() : series)],
    hooks: {
      drawClear: [(chart) => bands(chart, widget), (chart) => uprightBands(chart, widget)],
      draw: [(chart) => annotations(chart, widget, theme)],
      setCursor: [(chart) => {
        const { idx, left = -1, top = 0 } = chart.cursor;
        onHover(typeof idx === "number" && left >= 0 ? { index: idx, left: left + chart.bbox.left / devicePixelRatio, top } : undefined);
      }],
    },
  };
}

function line(series: Series, widget: Widget): uPlot.Series {
  const stroke = color(series, widget.series.indexOf(series));
  return {
    label: series.label,
    scale: series.axis,
    stroke,
    width: 1.6,
    // A layer of a stack is opaque, so that the layer beneath does not shine through.
    ...(widget.stacked ? { fill: stroke } : {}),
    // A lone datapoint has no line and no area.
    points: { show: series.points.length === 1 || (!widget.stacked && series.points.length <= 40), size: 5, fill: stroke },
  };
}

function edges(widget: Widget, side: "left" | "right", min: number, max: number): [number, number] {
  const values = widget.annotations.horizontal
    .filter((each) => (each.axis ?? "left") === side)
    .flatMap((each) => [each.value, ...(typeof each.to === "number" ? [each.to] : [])]);
  const all = [min, max].filter((value) => value !== null && Number.isFinite(value)).concat(values);
  const fitted = span({ min: Math.min(...all), max: Math.max(...all) }, widget.y_axis[side]);
  return [fitted.min, fitted.max];
}

/** Shades what lies above, below or between annotations, behind the lines. */
function bands(chart: uPlot, widget: Widget): void {
  const { ctx, bbox } = chart;
  for (const each of widget.annotations.horizontal) {
    const at = place(chart, each, each.value);
    const to = typeof each.to === "number" ? place(chart, each, each.to)
      : each.fill === "above" ? bbox.top
      : each.fill === "below" ? bbox.top + bbox.height
      : undefined;
    if (at === undefined || to === undefined) continue;
    ctx.save();
    ctx.globalAlpha = 0.1;
    ctx.fillStyle = each.color ?? ALARM_COLOR;
    ctx.fillRect(bbox.left, Math.min(at, to), bbox.width, Math.abs(to - at));
    ctx.restore();
  }
}

/** Shades what lies before, after or between upright annotations. */
function uprightBands(chart: uPlot, widget: Widget): void {
  const { ctx, bbox } = chart;
  const edge = (ms: number) => Math.min(Math.max(chart.valToPos(ms / 1000, "x", true), bbox.left), bbox.left + bbox.width);
  for (const each of widget.annotations.vertical) {
    const at = edge(each.time_ms);
    const to = typeof each.to_ms === "number" ? edge(each.to_ms)
      : each.fill === "before" ? bbox.left
      : each.fill === "after" ? bbox.left + bbox.width
      : undefined;
    if (to === undefined) continue;
    ctx.save();
    ctx.globalAlpha = 0.08;
    ctx.fillStyle = each.color ?? BAND_COLOR;
    ctx.fillRect(Math.min(at, to), bbox.top, Math.abs(to - at), bbox.height);
    ctx.restore();
  }
}

function place(chart: uPlot, each: HorizontalAnnotation, value: number): number | undefined {
  const scale = each.axis ?? "left";
  if (!chart.scales[scale]) return undefined;
  const { top, height } = chart.bbox;
  const at = chart.valToPos(value, scale, true);
  return Number.isFinite(at) ? Math.min(Math.max(at, top), top + height) : undefined;
}

function annotations(chart: uPlot, widget: Widget, theme: Theme): void {
  const { ctx, bbox } = chart;
  const dot = devicePixelRatio;
  ctx.save();
  ctx.lineWidth = 1.5 * dot;
  ctx.font = `${11 * dot}px system-ui, sans-serif`;
  for (const each of widget.annotations.horizontal) {
    for (const value of typeof each.to === "number" ? [each.value, each.to] : [each.value]) {
      const y = place(chart, each, value);
      if (y === undefined) continue;
      stroke(ctx, each.color ?? ALARM_COLOR, [bbox.left, y], [bbox.left + bbox.width, y]);
    }
    const y = place(chart, each, each.value);
    if (!each.label || y === undefined) continue;
    const above = y - bbox.top > 16 * dot;
    ctx.textAlign = "right";
    write(ctx, theme, each.label, [bbox.left + bbox.width - 4 * dot, above ? y - 5 * dot : y + 14 * dot]);
  }
  for (const each of widget.annotations.vertical) {
    const x = chart.valToPos(each.time_ms / 1000, "x", true);
    if (x < bbox.left || x > bbox.left + bbox.width) continue;
    stroke(ctx, each.color ?? theme.ink, [x, bbox.top], [x, bbox.top + bbox.height]);
    ctx.textAlign = "left";
    if (each.label) write(ctx, theme, each.label, [x + 4 * dot, bbox.top + 12 * dot]);
  }
  ctx.restore();
}

/** Text with a rim, so that a line beneath does not strike it through. */
function write(ctx: CanvasRenderingContext2D, theme: Theme, text: string, [x, y]: [number, number]): void {
  ctx.save();
  ctx.setLineDash([]);
  ctx.lineWidth = 4 * devicePixelRatio;
  ctx.lineJoin = "round";
  ctx.strokeStyle = theme.panel;
  ctx.globalAlpha = 0.85;
  ctx.strokeText(text, x, y);
  ctx.globalAlpha = 1;
  ctx.fillStyle = theme.ink;
  ctx.fillText(text, x, y);
  ctx.restore();
}

function stroke(ctx: CanvasRenderingContext2D, style: string, from: [number, number], to: [number, number]): void {
  ctx.strokeStyle = style;
  ctx.setLineDash([5 * devicePixelRatio, 4 * devicePixelRatio]);
  ctx.beginPath();
  ctx.moveTo(...from);
  ctx.lineTo(...to);
  ctx.stroke();
}
