// What one segment or subsegment says of itself.
import type { ComponentChildren } from "preact";
import { duration } from "../format";
import { formatRoute } from "../route";
import { Copy, Json } from "../ui";
import type { Row } from "../waterfall";
import { Result } from "./traces";

type Document = Record<string, unknown>;

export function SegmentPanel({ row, startMs, close }: { row: Row; startMs: number; close: () => void }) {
  const { segment } = row;
  const document = segment.document;
  return (
    <aside class="panel side" aria-label={`Segment ${segment.name}`}>
      <header>
        <h2>{segment.name}</h2>
        <button type="button" class="quiet" aria-label="Close the panel" onClick={close}>×</button>
      </header>
      <p><Result health={row.health} />{segment.in_progress && <span class="result running">In progress</span>}</p>
      <dl class="pairs">
        <dt>Kind</dt><dd>{segment.kind}{segment.namespace ? `, ${segment.namespace}` : ""}</dd>
        {segment.origin && <><dt>Origin</dt><dd>{segment.origin}</dd></>}
        <dt>Begins</dt><dd>+{duration(segment.start * 1000 - startMs)}</dd>
        <dt>Lasts</dt><dd>{segment.in_progress ? "in progress" : duration(row.durationMs)}</dd>
        <dt>Id</dt><dd><code>{segment.id}</code></dd>
      </dl>
      <Cause cause={document.cause} />
      <Pairs title="Annotations" value={document.annotations} link />
      <Pairs title="HTTP" value={document.http} />
      <Pairs title="AWS" value={document.aws} />
      <Pairs title="SQL" value={document.sql} />
      <Tree title="Metadata" value={document.metadata} />
      <Tree title="Links" value={document.links} />
      <details>
        <summary>Whole document</summary>
        <p><Copy text={JSON.stringify(document, null, 2)} label="Copy document" /></p>
        <Json value={document} />
      </details>
    </aside>
  );
}

function isObject(value: unknown): value is Document {
  return typeof value === "object" && value !== null;
}

function Cause({ cause }: { cause: unknown }) {
  if (typeof cause === "string") return <Part title="Cause"><p>Recorded on <code>{cause}</code></p></Part>;
  if (!isObject(cause)) return null;
  const exceptions = Array.isArray(cause.exceptions) ? cause.exceptions.filter(isObject) : [];
  return (
    <Part title="Cause">
      {exceptions.map((exception) => (
        <div class="exception">
          <b>{String(exception.type ?? "Exception")}</b>
          <p>{String(exception.message ?? "")}</p>
          {Array.isArray(exception.stack) && (
            <ol class="stack">{exception.stack.filter(isObject).map((frame) => <li><code>{frameText(frame)}</code></li>)}</ol>
          )}
        </div>
      ))}
    </Part>
  );
}

function frameText(frame: Document): string {
  const place = frame.path ? ` ${String(frame.path)}${frame.line ? `:${String(frame.line)}` : ""}` : "";
  return `${String(frame.label ?? "")}${place}`;
}

/** A flat or nested object as `a.b value` pairs. */
function Pairs({ title, value, link = false }: { title: string; value: unknown; link?: boolean }) {
  if (!isObject(value) || Object.keys(value).length === 0) return null;
  return (
    <Part title={title}>
      <dl class="pairs">
        {flat(value).map(([key, text]) => (
          <>
            <dt>{key}</dt>
            <dd>{link && key === "correlation_id" ? <a href={formatRoute("logs", undefined, { correlation_id: text })}>{text}</a> : text}</dd>
          </>
        ))}
      </dl>
    </Part>
  );
}

function flat(value: Document, prefix = "", depth = 0): [string, string][] {
  return Object.entries(value).flatMap(([key, inner]): [string, string][] => {
    const name = prefix ? `${prefix}.${key}` : key;
    if (isObject(inner) && !Array.isArray(inner) && depth < 3) return flat(inner, name, depth + 1);
    return [[name, typeof inner === "string" ? inner : (JSON.stringify(inner) ?? "")]];
  });
}

function Tree({ title, value }: { title: string; value: unknown }) {
  if (!isObject(value) || Object.keys(value).length === 0) return null;
  return <Part title={title}><Json value={value} /></Part>;
}

function Part({ title, children }: { title: string; children: ComponentChildren }) {
  return <section class="part"><h3>{title}</h3>{children}</section>;
}
