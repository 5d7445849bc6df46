// Small pieces that several views share.
import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { AlarmState } from "./api";
import { ago, dateTime } from "./format";
import { pieces } from "./json";
import { useNow } from "./live";

const STATE_TEXT: Record<AlarmState, string> = {
  OK: "OK",
  ALARM: "In alarm",
  INSUFFICIENT_DATA: "Insufficient data",
};

const STATE_MARK: Record<AlarmState, string> = { OK: "✓", ALARM: "▲", INSUFFICIENT_DATA: "…" };

/** A state in words; an alarm that is not there has none. */
export function stateText(state: AlarmState | null): string {
  return state === null ? "Unknown alarm" : STATE_TEXT[state];
}

/** A state as one sign, beside its colour. */
export function stateMark(state: AlarmState | null): string {
  return state === null ? "?" : STATE_MARK[state];
}

/** An alarm's state in AWS's colours; the mark and the word say it without colour too. */
export function State({ state }: { state: AlarmState | null }) {
  return <span class={`state ${state ?? ""}`}><i aria-hidden="true">{stateMark(state)}</i>{stateText(state)}</span>;
}

/** A time as its distance from now, the full date on hover. */
export function Ago({ ms }: { ms: number }) {
  const now = useNow();
  return <time dateTime={new Date(ms).toISOString()} title={dateTime(ms)}>{ago(ms, Math.max(now, ms))}</time>;
}

/** Says plainly that there is nothing yet, and how something would get here. */
export function Empty({ children }: { children: ComponentChildren }) {
  return <div class="empty">{children}</div>;
}

/** A question that failed: what the account answered, beside whatever was known before. */
export function Failure({ error }: { error: string | undefined }) {
  return error ? <p class="failure" role="alert">{error}</p> : null;
}

/** Puts a text on the clipboard and says so for a moment. */
export function Copy({ text, label = "Copy" }: { text: string; label?: string }) {
  const [done, setDone] = useState(false);
  useEffect(() => {
    const timer = done ? setTimeout(() => setDone(false), 1500) : undefined;
    return () => clearTimeout(timer);
  }, [done]);
  const copy = (event: Event) => {
    event.stopPropagation();
    void navigator.clipboard.writeText(text).then(() => setDone(true));
  };
  return <button type="button" class="small" onClick={copy}>{done ? "Copied" : label}</button>;
}

/** A value as indented, coloured JSON. */
export function Json({ value }: { value: unknown }) {
  return (
    <pre class="json">
      {pieces(value).map((piece) => (piece.kind === "mark" ? piece.text : <span class={piece.kind}>{piece.text}</span>))}
    </pre>
  );
}

/** A long id: the tail that tells it from its neighbours stays readable. */
export function shortId(id: string): string {
  return id.length > 14 ? `…${id.slice(-8)}` : id;
}
