// The live tail: newest at the bottom as in a terminal, following until the reader scrolls
// up, filtered by text, function, level and ids.
import { useCallback, useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { get, type LogLine } from "../api";
import { plural } from "../format";
import { rowKeys, useKeys } from "../keys";
import { useLive } from "../live";
import { LogTable, useOpen } from "../logtable";
import { formatRoute, replace } from "../route";
import { Empty, Failure } from "../ui";

/** Lines of one question, and lines kept on the screen. */
const PAGE = 300;
const KEPT = 2000;
const LEVELS = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

type Params = Record<string, string>;

export function Logs({ params }: { params: Params }) {
  const [paused, setPaused] = useState(false);
  const tail = useTail(params, paused);
  const [open, toggle] = useOpen();
  const [selected, setSelected] = useState(-1);
  const box = useRef<HTMLDivElement>(null);
  const { follow, setFollow, onScroll } = useFollow(box, tail.lines, open.size > 0);

  const openLine = (id: number) => {
    setFollow(false);
    toggle(id);
  };
  const select = (index: number) => {
    setSelected(index);
    setFollow(index === tail.lines.length - 1);
    requestAnimationFrame(() => box.current?.querySelector(".selected")?.scrollIntoView({ block: "nearest" }));
  };
  useKeys({
    ...rowKeys(tail.lines.length, selected < 0 ? tail.lines.length : selected, select),
    Enter: () => {
      const line = tail.lines[selected];
      if (line) openLine(line.id);
    },
    p: () => setPaused(!paused),
    Escape: () => setSelected(-1),
  });

  return (
    <section class="fill" aria-label="Logs">
      <Filters params={params}>
        <button type="button" aria-pressed={paused} onClick={() => setPaused(!paused)}>{paused ? "Resume" : "Pause"}</button>
        <span class="dim count">{tail.loaded ? plural(tail.lines.length, "line") : ""}</span>
      </Filters>
      <Failure error={tail.error} />
      <div class="scroll" ref={box} onScroll={onScroll} tabIndex={0} aria-label="Log lines">
        {tail.lines.length > 0 && tail.more && (
          <button type="button" class="small older" onClick={() => void tail.older()}>Load older lines</button>
        )}
        {tail.lines.length > 0 && <LogTable lines={tail.lines} selected={selected} open={open} toggle={openLine} />}
        {tail.loaded && tail.lines.length === 0 && <NoLines filtered={Object.keys(params).length > 0} />}
      </div>
      {!follow && tail.lines.length > 0 && (
        <button type="button" class="jump" onClick={() => setFollow(true)}>↓ Newest</button>
      )}
    </section>
  );
}

function NoLines({ filtered }: { filtered: boolean }) {
  return filtered ? (
    <Empty>No line matches these filters. <a href="#/logs">Clear them</a></Empty>
  ) : (
    <Empty>
      <p>No log line yet. Lines appear here as soon as a function prints them.</p>
      <p>Invoke one: <code>aws lambda invoke --endpoint-url {location.origin} --function-name NAME out.json</code></p>
    </Empty>
  );
}

/** Lines that match, kept current by asking only for those after the last one known. */
function useTail(params: Params, paused: boolean) {
  const key = JSON.stringify(params);
  const kept = useRef<{ key: string; lines: LogLine[]; more: boolean }>({ key, lines: [], more: false });
  const wanted = useRef(key);
  wanted.current = key;
  const [, redraw] = useState(0);
  const query = { ...params, q: params.text, text: undefined };

  const load = async () => {
    const old = kept.current;
    const newest = old.key === key ? old.lines.at(-1) : undefined;
    if (newest && paused) return old.lines;
    if (!newest) {
      const { lines } = await get("logs", { ...query, limit: PAGE });
      // The filters may have changed while this was asked: a late answer is not kept.
      if (wanted.current !== key) return [];
      kept.current = { key, lines: sorted(lines), more: lines.length === PAGE };
      return kept.current.lines;
    }
    const { lines } = await get("logs", { ...query, after: newest.id, limit: 1000 });
    if (lines.length > 0 && wanted.current === key) {
      const all = [...kept.current.lines, ...sorted(lines).filter((line) => line.id > newest.id)];
      kept.current = { key, lines: all.slice(-KEPT), more: kept.current.more || all.length > KEPT };
    }
    return kept.current.lines;
  };

  const live = useLive(load, { kinds: ["log"], key });
  useEffect(() => {
    if (!paused) live.reload();
  }, [paused]);

  const older = useCallback(async () => {
    const first = kept.current.lines[0];
    if (!first) return;
    const { lines } = await get("logs", { ...query, before: first.id, limit: PAGE });
    kept.current = { key, lines: [...sorted(lines), ...kept.current.lines], more: lines.length === PAGE };
    redraw((turn) => turn + 1);
  }, [key]);

  const current = kept.current.key === key && live.data !== undefined;
  return {
    lines: current ? kept.current.lines : [],
    more: kept.current.more,
    loaded: current,
    error: live.error,
    older,
  };
}

function sorted(lines: LogLine[]): LogLine[] {
  return [...lines].sort((a, b) => a.id - b.id);
}

/** Sticks to the bottom while the reader is there and reads no opened line. */
function useFollow(box: { current: HTMLDivElement | null }, lines: LogLine[], reading: boolean) {
  const [follow, setFollow] = useState(true);
  const height = useRef(0);
  const top = useRef<number | undefined>(undefined);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    if (follow) element.scrollTop = element.scrollHeight;
    // Older lines came in above: keep what is being read where it is.
    else if (top.current !== undefined && lines[0] && lines[0].id < top.current) {
      element.scrollTop += element.scrollHeight - height.current;
    }
    height.current = element.scrollHeight;
    top.current = lines[0]?.id;
  }, [lines, follow]);
  const onScroll = () => {
    const element = box.current;
    if (element) setFollow(!reading && element.scrollHeight - element.scrollTop - element.clientHeight < 40);
  };
  return { follow, setFollow, onScroll };
}

function Filters({ params, children }: { params: Params; children: preact.ComponentChildren }) {
  const functions = useLive(() => get("functions"), { kinds: ["invocation"], key: "function-names" });
  const set = (key: string, value: string | undefined) => replace(formatRoute("logs", undefined, { ...params, [key]: value }));
  const names = functions.data?.functions.map((each) => each.name) ?? [];
  if (params.function && !names.includes(params.function)) names.push(params.function);
  return (
    <form class="filters" role="search" onSubmit={(event) => event.preventDefault()}>
      <SearchField label="Search text" value={params.text ?? ""} onChange={(text) => set("text", text)} />
      <Choice label="Function" value={params.function} options={names} onChange={(name) => set("function", name)} />
      <Choice label="Level" value={params.level} options={LEVELS} onChange={(level) => set("level", level)} />
      {(["correlation_id", "trace_id", "request_id"] as const).map((name) => params[name] && (
        <span class="chip" key={name}>
          {name.replace("_id", "")} <code>{params[name]}</code>
          <button type="button" aria-label={`Remove the ${name} filter`} onClick={() => set(name, undefined)}>×</button>
        </span>
      ))}
      <span class="grow" />
      {children}
    </form>
  );
}

/** A text filter that waits for a pause in typing before it asks. */
export function SearchField({ label, value, onChange }: { label: string; value: string; onChange: (text: string) => void }) {
  const [text, setText] = useState(value);
  const timer = useRef<number | undefined>(undefined);
  useEffect(() => setText(value), [value]);
  const onInput = (event: Event) => {
    const typed = (event.currentTarget as HTMLInputElement).value;
    setText(typed);
    clearTimeout(timer.current);
    timer.current = window.setTimeout(() => onChange(typed.trim()), 250);
  };
  return <input type="search" data-filter placeholder={`${label}  /`} aria-label={label} value={text} onInput={onInput} spellcheck={false} />;
}

interface ChoiceProps {
  label: string;
  value: string | undefined;
  options: string[];
  onChange: (value: string | undefined) => void;
}

function Choice({ label, value, options, onChange }: ChoiceProps) {
  return (
    <label class="choice">
      <span class="sr">{label}</span>
      <select value={value ?? ""} onChange={(event) => onChange(event.currentTarget.value || undefined)}>
        <option value="">{label}: any</option>
        {options.map((option) => <option key={option} value={option}>{option}</option>)}
      </select>
    </label>
  );
}
