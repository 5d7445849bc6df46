// One trace: waterfall, the chosen segment beside it, the trace's log lines below.
//
// Only the rows in sight are in the document, so a trace of a thousand segments scrolls
// like one of ten.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { getTrace, type Trace as TraceData } from "../api";
import { dateTime, duration, plural } from "../format";
import { rowKeys, useKeys } from "../keys";
import { useLive } from "../live";
import { LogTable, useOpen } from "../logtable";
import { formatRoute, go, replace } from "../route";
import { Copy, Empty, Failure } from "../ui";
import { type Row, type Waterfall, health, layout, ticks } from "../waterfall";
import { SegmentPanel } from "./segment";
import { Result } from "./traces";

const ROW = 28;
const SPARE = 8;

export function Trace({ id, params }: { id: string; params: Record<string, string> }) {
  const { data, error } = useLive(() => getTrace(id), { kinds: ["trace", "log"], key: id });
  const [open, toggleLine] = useOpen();
  useKeys({ Escape: () => (params.segment ? replace(formatRoute("traces", id)) : go("#/traces")) });
  return (
    <section class="trace" aria-label="Trace">
      <p class="crumbs"><a href="#/traces">← Traces</a></p>
      <Failure error={error} />
      {data && <Head trace={data} />}
      {data && data.segments.length > 0 && <Chart trace={data} chosen={params.segment} />}
      {data && (
        <div class="panel">
          <h2>Log lines <span class="dim">{data.logs.length}</span></h2>
          {data.logs.length > 0
            ? <LogTable lines={data.logs} open={open} toggle={toggleLine} />
            : <Empty>No log line carries this trace id.</Empty>}
        </div>
      )}
    </section>
  );
}

function Head({ trace }: { trace: TraceData }) {
  const { startMs, endMs } = layout(trace.segments, new Set());
  const root = trace.segments.find((segment) => segment.parent_id === null) ?? trace.segments[0];
  const running = trace.segments.some((segment) => segment.in_progress);
  const worst = health({
    error: trace.segments.some((segment) => segment.error),
    fault: trace.segments.some((segment) => segment.fault),
    throttle: trace.segments.some((segment) => segment.throttle),
  });
  return (
    <header class="trace-head">
      <h1>{root?.name ?? "Trace"} <Result health={worst} />{running && <span class="result running">In progress</span>}</h1>
      <p class="dim">
        {startMs > 0 && <>{dateTime(startMs)} · {duration(endMs - startMs)} · </>}
        {plural(trace.segments.length, "segment")} · <code>{trace.trace_id}</code> <Copy text={trace.trace_id} />
        {" "}<a href={formatRoute("logs", undefined, { trace_id: trace.trace_id })}>in the live tail</a>
      </p>
      {trace.links.length > 0 && (
        <p>
          {trace.links.map((link) => (
            <span class="link">
              {link.direction === "to" ? "links to" : "linked from"}{" "}
              <a class="mono" href={formatRoute("traces", link.trace_id, { segment: link.id })}>{link.trace_id}</a>
            </span>
          ))}
        </p>
      )}
    </header>
  );
}

function Chart({ trace, chosen }: { trace: TraceData; chosen: string | undefined }) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const fall = useMemo(() => layout(trace.segments, closed), [trace.segments, closed]);
  const index = fall.rows.findIndex((row) => row.segment.id === chosen);
  const row = fall.rows[index];
  const choose = (segment: string | undefined) => replace(formatRoute("traces", trace.trace_id, { segment }));
  const setOpen = (id: string, open: boolean) => {
    const next = new Set(closed);
    if (open) next.delete(id);
    else next.add(id);
    setClosed(next);
  };
  useKeys({
    ...rowKeys(fall.rows.length, index, (to) => choose(fall.rows[to]?.segment.id)),
    Enter: () => choose(row ? undefined : fall.rows[0]?.segment.id),
    h: () => row && setOpen(row.segment.id, false),
    ArrowLeft: () => row && setOpen(row.segment.id, false),
    l: () => row && setOpen(row.segment.id, true),
    ArrowRight: () => row && setOpen(row.segment.id, true),
  });
  return (
    <div class={`split${row ? " chosen" : ""}`}>
      <div class="panel fall">
        <Axis fall={fall} />
        <Rows fall={fall} index={index} closed={closed} choose={choose} setOpen={setOpen} />
      </div>
      {row && <SegmentPanel row={row} startMs={fall.startMs} close={() => choose(undefined)} />}
    </div>
  );
}

function Axis({ fall }: { fall: Waterfall }) {
  const length = fall.endMs - fall.startMs;
  return (
    <div class="fall-row fall-axis" aria-hidden="true">
      <span class="fall-name">Segment</span>
      <span class="fall-lane">
        {ticks(length, 6).filter((at) => at < length * 0.97).map((at) => (
          <i style={{ left: `${(at / Math.max(length, 0.001)) * 100}%` }}>{duration(at)}</i>
        ))}
      </span>
    </div>
  );
}

interface RowsProps {
  fall: Waterfall;
  index: number;
  closed: ReadonlySet<string>;
  choose: (id: string | undefined) => void;
  setOpen: (id: string, open: boolean) => void;
}

function Rows({ fall, index, closed, choose, setOpen }: RowsProps) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const measure = () => box.current && setView({ top: box.current.scrollTop, height: box.current.clientHeight });
  useEffect(() => {
    measure();
    addEventListener("resize", measure);
    return () => removeEventListener("resize", measure);
  }, [fall.rows.length]);
  useEffect(() => {
    const element = box.current;
    if (!element || index < 0) return;
    const top = index * ROW;
    if (top < element.scrollTop) element.scrollTop = top;
    else if (top + ROW > element.scrollTop + element.clientHeight) element.scrollTop = top + ROW - element.clientHeight;
  }, [index]);
  const first = Math.max(Math.floor(view.top / ROW) - SPARE, 0);
  const last = Math.min(Math.ceil((view.top + view.height) / ROW) + SPARE, fall.rows.length);
  return (
    <div class="fall-rows" ref={box} onScroll={measure} role="tree" aria-label="Segments" tabIndex={0}>
      <div class="fall-sheet" style={{ height: `${fall.rows.length * ROW}px` }}>
        {fall.rows.slice(first, last).map((row, at) => (
          <Bar key={row.segment.id} row={row} top={(first + at) * ROW} chosen={first + at === index}
            closed={closed.has(row.segment.id)} choose={choose} setOpen={setOpen} />
        ))}
      </div>
    </div>
  );
}

interface BarProps {
  row: Row;
  top: number;
  chosen: boolean;
  closed: boolean;
  choose: (id: string | undefined) => void;
  setOpen: (id: string, open: boolean) => void;
}

function Bar({ row, top, chosen, closed, choose, setOpen }: BarProps) {
  const { segment } = row;
  const text = segment.in_progress ? "in progress" : duration(row.durationMs);
  return (
    <div class={`fall-row${chosen ? " selected" : ""}`} style={{ top: `${top}px` }} role="treeitem" aria-level={row.depth + 1}
      aria-selected={chosen} aria-expanded={row.children > 0 ? !closed : undefined} onClick={() => choose(chosen ? undefined : segment.id)}>
      <span class="fall-name" style={{ paddingLeft: `${6 + Math.min(row.depth, 14) * 14}px` }} title={segment.name}>
        {row.children > 0
          ? <button type="button" class="twist" aria-expanded={!closed} tabIndex={-1} aria-label={closed ? "Open branch" : "Close branch"}
              onClick={(event) => { event.stopPropagation(); setOpen(segment.id, closed); }} />
          : <i class="twist-space" />}
        <i class={`dot hue-${row.owner % 6} ${row.health}`} aria-hidden="true" />
        <b class={segment.kind === "segment" ? "strong" : ""}>{segment.name}</b>
        {row.hidden > 0 && <span class="dim"> +{row.hidden}</span>}
        {row.health !== "ok" && <span class={`mark ${row.health}`}>{row.health}</span>}
      </span>
      <span class="fall-lane">
        <i class={`bar hue-${row.owner % 6} ${row.health}${segment.in_progress ? " running" : ""}${segment.kind === "segment" ? " whole" : ""}`}
          style={{ left: `${row.offset * 100}%`, width: `max(3px, ${row.width * 100}%)` }} />
        <span class="fall-text" style={{ left: `calc(${(row.offset + row.width) * 100}% + 8px)` }}>{text}</span>
      </span>
    </div>
  );
}
