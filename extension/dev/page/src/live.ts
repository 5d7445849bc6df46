// Keeps what is on the screen current: one event stream for the whole page, and a hook that
// asks again when the stream says that something of its kind has changed.
//
// A burst of changes is one question: a view asks at most once in half a second, never
// while its last question is unanswered, and not at all while the tab is hidden.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export type Kind = "log" | "trace" | "metric" | "alarm" | "notification" | "invocation" | "dashboard";
export type Connection = "connecting" | "live" | "disconnected";

const KINDS: Kind[] = ["log", "trace", "metric", "alarm", "notification", "invocation", "dashboard"];
const REST = 500;
const RETRY = 2000;

type Listener = (kind: Kind | "reconnected") => void;

const listeners = new Set<Listener>();
const watchers = new Set<(state: Connection) => void>();
let connection: Connection = "connecting";
let lost = false;

/**
 * Keeps the stream open while the page is in sight; called once, by the page's entry.
 *
 * A hidden page lets go of it: a browser grants one host six connections over all of its
 * tabs, and the seventh tab would find none left.
 */
export function connect(): void {
  let source: EventSource | undefined;
  let timer: number | undefined;
  const close = () => {
    clearTimeout(timer);
    source?.close();
    source = undefined;
    lost = true;
  };
  const open = () => {
    source?.close();
    source = new EventSource("/api/events");
    source.onopen = () => {
      report("live");
      // Whatever happened meanwhile was not told: ask for everything on the screen.
      if (lost) emit("reconnected");
      lost = false;
    };
    source.onerror = () => {
      close();
      report("disconnected");
      timer = window.setTimeout(open, RETRY);
    };
    for (const kind of KINDS) source.addEventListener(kind, () => emit(kind));
  };
  document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
  open();
}

function emit(kind: Kind | "reconnected"): void {
  for (const listener of listeners) listener(kind);
}

function report(state: Connection): void {
  connection = state;
  for (const watcher of watchers) watcher(state);
}

/** The state of the stream, for the header. */
export function useConnection(): Connection {
  const [state, setState] = useState(connection);
  useEffect(() => {
    watchers.add(setState);
    return () => void watchers.delete(setState);
  }, []);
  return state;
}

/** The wall clock, for "4 s ago" texts. */
export function useNow(everyMs = 5000): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => !document.hidden && setNow(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return now;
}

export interface Live<T> {
  data: T | undefined;
  error: string | undefined;
  reload: () => void;
}

interface Watch {
  kinds: Kind[];
  /** Another load belongs to another key: old data is dropped when it changes. */
  key: string;
  /** Ask also without an event, for views whose time axis moves. */
  everyMs?: number;
  /** Shortest time between two questions. */
  restMs?: number;
}

/** Loads now, and again whenever one of the kinds changes. */
export function useLive<T>(load: () => Promise<T>, { kinds, key, everyMs, restMs = REST }: Watch): Live<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: string }>({ key });
  const latest = useRef(load);
  latest.current = load;
  const ask = useRef<() => void>(() => undefined);

  useEffect(() => {
    let dead = false;
    let asking = false;
    let wanted = false;
    let timer: number | undefined;

    const run = async () => {
      timer = undefined;
      wanted = false;
      asking = true;
      try {
        const data = await latest.current();
        if (!dead) setState({ key, data });
      } catch (error) {
        if (!dead) setState((old) => ({ ...(old.key === key ? old : {}), key, error: text(error) }));
      }
      asking = false;
      if (wanted) plan();
    };
    const plan = (delay = restMs) => {
      wanted = true;
      if (dead || asking || timer !== undefined || document.hidden) return;
      timer = window.setTimeout(run, delay);
    };
    const onEvent: Listener = (kind) => (kind === "reconnected" || kinds.includes(kind)) && plan();
    const onShow = () => !document.hidden && wanted && plan(0);

    ask.current = () => plan(0);
    listeners.add(onEvent);
    document.addEventListener("visibilitychange", onShow);
    const beat = everyMs ? setInterval(() => plan(0), everyMs) : undefined;
    void run();
    return () => {
      dead = true;
      clearTimeout(timer);
      clearInterval(beat);
      listeners.delete(onEvent);
      document.removeEventListener("visibilitychange", onShow);
    };
  }, [key, everyMs, restMs, kinds.join()]);

  const current = state.key === key ? state : undefined;
  return {
    data: current?.data,
    error: current?.error,
    reload: useCallback(() => ask.current(), []),
  };
}

function text(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
