// The list of traces, newest first.
import { useRef, useState } from "preact/hooks";
import { get, type TraceSummary } from "../api";
import { clock, count, dateTime, duration, plural } from "../format";
import { rowKeys, useKeys } from "../keys";
import { useLive } from "../live";
import { formatRoute, go, replace } from "../route";
import { Copy, Empty, Failure, shortId } from "../ui";
import { type Health, health } from "../waterfall";
import { SearchField } from "./logs";

const PAGE = 200;

export function Traces({ params }: { params: Record<string, string> }) {
  const q = params.q ?? "";
  const { data, error } = useLive(() => get("traces", { q, limit: PAGE }), { kinds: ["trace"], key: `traces?${q}` });
  const traces = data?.traces ?? [];
  const [selected, setSelected] = useState(-1);
  const box = useRef<HTMLDivElement>(null);
  const select = (index: number) => {
    setSelected(index);
    requestAnimationFrame(() => box.current?.querySelector(".selected")?.scrollIntoView({ block: "nearest" }));
  };
  useKeys({
    ...rowKeys(traces.length, selected, select),
    Enter: () => {
      const trace = traces[selected];
      if (trace) go(formatRoute("traces", trace.trace_id));
    },
    Escape: () => setSelected(-1),
  });
  return (
    <section class="fill" aria-label="Traces">
      <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
        <SearchField label="Name, function, trace or correlation id" value={q} onChange={(text) => replace(formatRoute("traces", undefined, { q: text }))} />
        <span class="grow" />
        <span class="dim count">{data ? `${plural(traces.length, "trace")}${traces.length === PAGE ? ", newest first" : ""}` : ""}</span>
      </form>
      <Failure error={error} />
      <div class="scroll" ref={box}>
        {traces.length > 0 && <List traces={traces} selected={selected} />}
        {data && traces.length === 0 && (
          q ? <Empty>No trace matches “{q}”. <a href="#/traces">Clear the filter</a></Empty>
            : <Empty>No trace yet. A sampled invocation shows up here with its first segment.</Empty>
        )}
      </div>
    </section>
  );
}

function List({ traces, selected }: { traces: TraceSummary[]; selected: number }) {
  const longest = Math.max(...traces.map((trace) => trace.duration_ms ?? 0), 1);
  return (
    <table class="rows traces">
      <thead>
        <tr>
          <th scope="col">Started</th><th scope="col">Name</th><th scope="col">Result</th><th scope="col">Duration</th>
          <th scope="col" class="num">Segments</th><th scope="col">Functions</th><th scope="col">Correlation id</th><th scope="col">Trace id</th>
        </tr>
      </thead>
      <tbody>
        {traces.map((trace, index) => <Line key={trace.trace_id} trace={trace} longest={longest} selected={index === selected} />)}
      </tbody>
    </table>
  );
}

function Line({ trace, longest, selected }: { trace: TraceSummary; longest: number; selected: boolean }) {
  const href = formatRoute("traces", trace.trace_id);
  const result = health(trace);
  const length = trace.duration_ms === null ? undefined : `${Math.max((trace.duration_ms / longest) * 100, 1)}%`;
  const onClick = (event: MouseEvent) => {
    if (!(event.target as HTMLElement).closest("a, button") && getSelection()?.isCollapsed !== false) go(href);
  };
  return (
    <tr class={`click${selected ? " selected" : ""}`} onClick={onClick}>
      <td class="time"><time title={dateTime(trace.start_ms)}>{clock(trace.start_ms)}</time></td>
      <td class="name"><a href={href}>{trace.name || "(no name yet)"}</a></td>
      <td><Result health={result} /></td>
      <td class="length">
        <span class="lengthbar" aria-hidden="true"><i class={result} style={{ width: length ?? "0" }} /></span>
        {trace.duration_ms === null ? <span class="dim">in progress</span> : duration(trace.duration_ms)}
      </td>
      <td class="num">{count(trace.segments)}</td>
      <td>{trace.functions.join(", ")}</td>
      <td class="mono">
        {trace.correlation_ids.map((id) => <a href={formatRoute("logs", undefined, { correlation_id: id })} title={id}>{shortId(id)} </a>)}
      </td>
      <td class="mono"><span title={trace.trace_id}>{shortId(trace.trace_id)}</span> <Copy text={trace.trace_id} /></td>
    </tr>
  );
}

const RESULTS: Record<Health, string> = { ok: "OK", error: "Error", fault: "Fault", throttle: "Throttled" };

/** How a trace or a segment ended: colour and word. */
export function Result({ health }: { health: Health }) {
  return <span class={`result ${health}`}>{RESULTS[health]}</span>;
}
