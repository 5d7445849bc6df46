// Log lines as a table whose rows open to the whole line; used by the live tail and below
// a trace.
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { LogLine } from "./api";
import { clock, dateTime } from "./format";
import { extras, parseObject } from "./json";
import { formatRoute } from "./route";
import { Copy, Json } from "./ui";

interface Props {
  lines: LogLine[];
  /** Row under the keyboard's cursor. */
  selected?: number;
  open: ReadonlySet<number>;
  toggle: (id: number) => void;
}

/** Open rows of a table, by line id. */
export function useOpen(): [ReadonlySet<number>, (id: number) => void] {
  const [open, setOpen] = useState<ReadonlySet<number>>(new Set());
  const toggle = (id: number) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  return [open, toggle];
}

/** Characters of a function's name that the column shows at most. */
const NAME = 24;

export function LogTable({ lines, selected = -1, open, toggle }: Props) {
  const longest = lines.reduce((most, line) => Math.max(most, line.function.length), 8);
  return (
    <table class="logs">
      <thead>
        <tr>
          <th scope="col"><span class="sr">Open</span></th><th scope="col">Time</th><th scope="col">Level</th>
          <th scope="col" style={{ width: `${Math.min(longest, NAME) * 7.3 + 18}px` }}>Function</th><th scope="col">Message</th>
        </tr>
      </thead>
      <tbody>
        {lines.map((line, index) => (
          <Row key={line.id} line={line} open={open.has(line.id)} selected={index === selected} toggle={toggle} />
        ))}
      </tbody>
    </table>
  );
}

interface RowProps {
  line: LogLine;
  open: boolean;
  selected: boolean;
  toggle: (id: number) => void;
}

function Row({ line, open, selected, toggle }: RowProps) {
  const parsed = useMemo(() => parseObject(line.line), [line.line]);
  const level = line.level?.toUpperCase() ?? "";
  // Selecting text in a row must not open it.
  const onClick = () => getSelection()?.isCollapsed !== false && toggle(line.id);
  return (
    <>
      <tr class={`line level-${level.toLowerCase()}${selected ? " selected" : ""}`} onClick={onClick}>
        <td class="opener">
          <button type="button" class="twist" aria-expanded={open} aria-label="Show the whole line" onClick={(event) => { event.stopPropagation(); toggle(line.id); }} />
        </td>
        <td class="time"><time title={dateTime(line.time_ms)}>{clock(line.time_ms)}</time></td>
        <td class="level">{level}</td>
        <td class="function" title={line.function}>{line.function}</td>
        <td class="message">
          <span class={parsed || open ? "" : "plain"}>{line.message ?? line.line}</span>
          {parsed && extras(parsed).map(([key, value]) => <span class="extra"> <b>{key}</b>={value}</span>)}
        </td>
      </tr>
      {open && <tr class="detail"><td colSpan={5}><Detail line={line} parsed={parsed} /></td></tr>}
    </>
  );
}

function Detail({ line, parsed }: { line: LogLine; parsed: Record<string, unknown> | undefined }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.scrollIntoView({ block: "nearest" }), []);
  return (
    <div class="detail-box" ref={box}>
      <div class="links">
        {line.correlation_id && (
          <span>correlation <a href={formatRoute("logs", undefined, { correlation_id: line.correlation_id })}>{line.correlation_id}</a></span>
        )}
        {line.xray_trace_id && (
          <span>trace <a href={formatRoute("traces", line.xray_trace_id)}>{line.xray_trace_id}</a></span>
        )}
        {line.request_id && (
          <span>request <a href={formatRoute("logs", undefined, { request_id: line.request_id })}>{line.request_id}</a></span>
        )}
        <span class="grow" />
        <Copy text={line.line} label="Copy line" />
      </div>
      {parsed ? <Json value={parsed} /> : <pre class="json">{line.line}</pre>}
    </div>
  );
}
