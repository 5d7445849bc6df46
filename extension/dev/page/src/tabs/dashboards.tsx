// An applied dashboard on CloudWatch's grid of 24 columns, drawn from local data.
import { useEffect } from "preact/hooks";
import { type Widget as WidgetData, get, getDashboard } from "../api";
import { dateTime } from "../format";
import { useLive } from "../live";
import { formatRoute, replace } from "../route";
import { Empty, Failure, stateMark, stateText } from "../ui";
import { Chart } from "../widgets/chart";
import { Bars, Gauge, Pie, SingleValue, Table } from "../widgets/figures";
import { Text } from "../widgets/text";

const RANGES: [number, string][] = [[5, "5m"], [15, "15m"], [60, "1h"], [180, "3h"]];
const DEFAULT_RANGE = 15;

/** The time axis moves on by itself; fresh data comes by event, sooner than this. */
const BEAT = 15_000;

export function Dashboards({ item, params }: { item: string | undefined; params: Record<string, string> }) {
  const { data, error } = useLive(() => get("dashboards"), { kinds: ["dashboard"], key: "dashboards" });
  const names = data?.dashboards.map((each) => each.name) ?? [];
  const name = item ?? names[0];
  const minutes = RANGES.find(([each]) => String(each) === params.minutes)?.[0] ?? DEFAULT_RANGE;
  const first = names[0];
  useEffect(() => {
    if (!item && first) replace(formatRoute("dashboards", first, params));
  }, [item, first]);
  return (
    <section class="dashboards" aria-label="Dashboards">
      <div class="bar-top">
        <nav class="pills" aria-label="Applied dashboards">
          {names.map((each) => (
            <a key={each} href={formatRoute("dashboards", each, params)} aria-current={each === name ? "page" : undefined}>{each}</a>
          ))}
        </nav>
        <span class="grow" />
        <div class="segmented" role="group" aria-label="Range">
          {RANGES.map(([each, label]) => (
            <button type="button" key={each} aria-pressed={each === minutes} onClick={() => replace(formatRoute("dashboards", name, { minutes: String(each) }))}>{label}</button>
          ))}
        </div>
      </div>
      <Failure error={error} />
      {data && names.length === 0 && <Empty>No dashboard yet. <code>obs apply</code> puts those of <code>dashboards/</code> here.</Empty>}
      {name && <Grid name={name} minutes={minutes} />}
    </section>
  );
}

function Grid({ name, minutes }: { name: string; minutes: number }) {
  const { data, error } = useLive(() => getDashboard(name, minutes), {
    kinds: ["metric", "dashboard", "alarm"], key: `${name}?${minutes}`, everyMs: BEAT,
  });
  const widgets = [...(data?.widgets ?? [])].sort((a, b) => a.y - b.y || a.x - b.x);
  return (
    <>
      <Failure error={error} />
      <Failure error={data?.error ?? undefined} />
      {data && !data.error && widgets.length === 0 && <Empty>This dashboard has no widget.</Empty>}
      <div class="grid">
        {data && widgets.map((widget) => <Widget key={`${name}/${widget.index}`} widget={widget} startMs={data.start_ms} endMs={data.end_ms} />)}
      </div>
    </>
  );
}

interface WidgetProps {
  widget: WidgetData;
  startMs: number;
  endMs: number;
}

function Widget({ widget, startMs, endMs }: WidgetProps) {
  const style = {
    gridColumn: `${widget.x + 1} / span ${Math.min(widget.width, 24 - widget.x)}`,
    gridRow: `${widget.y + 1} / span ${widget.height}`,
    // Narrow windows have no room for 24 columns; the style sheet falls back on these.
    "--span": widget.width > 12 ? "2" : "1",
    "--tall": `${widget.height}`,
  };
  const clear = widget.type === "text" && widget.background === "transparent";
  return (
    <article class={`widget${clear ? " clear" : ""} ${widget.type}`} style={style} aria-label={widget.title ?? `${widget.type} widget`}>
      {widget.title && <h2 title={widget.title}>{widget.title}</h2>}
      <div class="widget-body"><Body widget={widget} startMs={startMs} endMs={endMs} /></div>
    </article>
  );
}

function Body({ widget, startMs, endMs }: WidgetProps) {
  if (widget.error) return <p class="widget-note" role="note"><b>Not drawn.</b> {widget.error}</p>;
  if (widget.type === "text") return <Text source={widget.markdown ?? ""} />;
  if (widget.type === "alarm") return <AlarmList widget={widget} />;
  if (widget.type !== "metric") return <p class="widget-note" role="note">{widget.hint ?? `A ${widget.type} widget cannot be drawn here.`}</p>;
  const empty = widget.series.every((series) => series.points.length === 0);
  if (empty) return <p class="widget-note" role="note">{widget.hint ?? "No datapoint in this range."}</p>;
  return (
    <>
      <View widget={widget} startMs={startMs} endMs={endMs} />
      {widget.hint && <p class="widget-hint" title={widget.hint}>{widget.hint}</p>}
    </>
  );
}

function View({ widget, startMs, endMs }: WidgetProps) {
  switch (widget.view) {
    case "singleValue": return <SingleValue widget={widget} />;
    case "gauge": return <Gauge widget={widget} />;
    case "bar": return <Bars widget={widget} />;
    case "pie": return <Pie widget={widget} />;
    case "table": return <Table widget={widget} />;
    default: return <Chart widget={widget} startMs={startMs} endMs={endMs} />;
  }
}

function AlarmList({ widget }: { widget: WidgetData }) {
  if (widget.alarms.length === 0) return <p class="widget-note">{widget.hint ?? "No alarm is in a chosen state."}</p>;
  return (
    <ul class="alarm-grid">
      {[...widget.alarms].sort((a, b) => rank(a.state) - rank(b.state)).map((alarm) => (
        <li key={alarm.name}>
          <a class={alarm.state ?? ""} href={formatRoute("alarms", alarm.name)} title={`${alarm.name}: ${stateText(alarm.state)}${alarm.updated_ms ? ` since ${dateTime(alarm.updated_ms)}` : ""}`}>
            <i aria-hidden="true">{stateMark(alarm.state)}</i><span>{alarm.name}</span><span class="sr">{stateText(alarm.state)}</span>
          </a>
        </li>
      ))}
    </ul>
  );
}

/** What needs attention comes first; within a state the widget's own order stays. */
function rank(state: string | null): number {
  return state === "ALARM" ? 0 : state === "OK" ? 2 : 1;
}
