// Pretty JSON as coloured pieces, and the fields of a log line worth showing beside its
// message. Pure.

export interface Piece {
  kind: "key" | "string" | "number" | "word" | "mark";
  text: string;
}

/** Indents a value by two spaces and cuts it into pieces for colouring. */
export function pieces(value: unknown): Piece[] {
  const out: Piece[] = [];
  write(value, "", out, 0);
  return out;
}

const DEEPEST = 40;

function write(value: unknown, indent: string, out: Piece[], depth: number): void {
  if (typeof value === "string") out.push({ kind: "string", text: JSON.stringify(value) });
  else if (typeof value === "number") out.push({ kind: "number", text: String(value) });
  else if (typeof value !== "object" || value === null) out.push({ kind: "word", text: String(value) });
  else if (depth > DEEPEST) out.push({ kind: "mark", text: JSON.stringify(value) });
  else if (Array.isArray(value)) group("[", "]", value.map((item) => [undefined, item]), indent, out, depth);
  else group("{", "}", Object.entries(value), indent, out, depth);
}

function group(
  open: string,
  close: string,
  entries: [string | undefined, unknown][],
  indent: string,
  out: Piece[],
  depth: number,
): void {
  if (entries.length === 0) {
    out.push({ kind: "mark", text: open + close });
    return;
  }
  const inner = `${indent}  `;
  entries.forEach(([key, item], index) => {
    out.push({ kind: "mark", text: `${index === 0 ? open : ","}\n${inner}` });
    if (key !== undefined) out.push({ kind: "key", text: JSON.stringify(key) }, { kind: "mark", text: ": " });
    write(item, inner, out, depth + 1);
  });
  out.push({ kind: "mark", text: `\n${indent}${close}` });
}

/** Parses an object, or says that the text is none. */
export function parseObject(text: string): Record<string, unknown> | undefined {
  if (!text.startsWith("{")) return undefined;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

/** Fields every line carries; the list shows the others. */
const COMMON = new Set([
  "timestamp", "time", "level", "message", "msg", "target", "service", "request_id", "requestId",
  "correlation_id", "xray_trace_id", "cold_start", "function_name", "function", "function_version",
  "function_memory_size", "function_arn", "log_group", "log_stream", "span", "spans", "_aws",
]);

/** `key=value` pairs of a line beyond the common ones, nested objects by dotted keys. */
export function extras(line: Record<string, unknown>, limit = 12): [string, string][] {
  const out: [string, string][] = [];
  const visit = (prefix: string, value: unknown, depth: number) => {
    if (out.length >= limit) return;
    if (typeof value === "object" && value !== null && !Array.isArray(value) && depth < 3) {
      for (const [key, inner] of Object.entries(value)) visit(`${prefix}.${key}`, inner, depth + 1);
    } else {
      const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
      out.push([prefix, text.length > 120 ? `${text.slice(0, 119)}…` : text]);
    }
  };
  for (const [key, value] of Object.entries(line)) {
    if (!COMMON.has(key)) visit(key, value, 0);
  }
  return out;
}
