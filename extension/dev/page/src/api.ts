// The JSON that /api answers, and the one way to ask for it.

export interface LogLine {
  id: number;
  time_ms: number;
  function: string;
  request_id: string | null;
  level: string | null;
  message: string | null;
  correlation_id: string | null;
  xray_trace_id: string | null;
  /** The raw line as the process printed it. */
  line: string;
}

export interface TraceSummary {
  trace_id: string;
  name: string;
  start_ms: number;
  duration_ms: number | null;
  segments: number;
  error: boolean;
  fault: boolean;
  throttle: boolean;
  functions: string[];
  correlation_ids: string[];
}

export interface Segment {
  id: string;
  parent_id: string | null;
  name: string;
  /** Seconds since the epoch, as X-Ray documents write it. */
  start: number;
  end: number | null;
  in_progress: boolean;
  error: boolean;
  fault: boolean;
  throttle: boolean;
  kind: "segment" | "subsegment";
  namespace: string | null;
  origin: string | null;
  document: Record<string, unknown>;
}

export interface Trace {
  trace_id: string;
  segments: Segment[];
  logs: LogLine[];
  /** Traces this one is linked with: it names them, or they name it. */
  links: { trace_id: string; id: string; direction: "to" | "from" }[];
}

export type AlarmState = "OK" | "ALARM" | "INSUFFICIENT_DATA";

export interface Datapoint {
  time_ms: number;
  /** `null` where the data is missing. */
  value: number | null;
  breaching: boolean;
}

export interface AlarmMetric {
  namespace?: string | null;
  name?: string | null;
  dimensions?: Record<string, string>;
  statistic?: string | null;
  unit?: string | null;
  period_s?: number | null;
  threshold?: number | null;
  comparison?: string | null;
  expressions?: { id: string; text: string; label?: string | null }[];
}

export interface Alarm {
  name: string;
  arn: string;
  kind: "metric" | "composite";
  description: string | null;
  state: AlarmState;
  reason: string;
  /** When the state or its reason last changed. */
  updated_ms: number;
  /** When the state last changed. */
  since_ms: number;
  /** The condition in words, for a metric alarm. */
  condition: string | null;
  /** The rule, for a composite alarm. */
  rule: string | null;
  metric: AlarmMetric | null;
  evaluation: Datapoint[];
  actions_enabled: boolean;
  actions: { state: AlarmState; arn: string }[];
  history: { time_ms: number; from: string; to: string; reason: string }[];
}

export interface Notification {
  time_ms: number;
  topic: string;
  subscription: string;
  protocol: string;
  status: string;
  attempts: number;
  subject: string | null;
  message: string;
  /** Why the last attempt failed. */
  problem: string | null;
}

export interface Environment {
  id: string;
  /** init, idle, invoking, resetting, shutting-down, ended */
  state: string;
  pid: number | null;
  extension_pid: number | null;
  invocations: number;
  tmp: string;
}

export interface LambdaFunction {
  name: string;
  environments: Environment[];
  invocations: number;
  errors: number;
  timeouts: number;
  /** Calls turned away at the concurrency limit. */
  throttles: number;
  /** Lines, segments and metrics that the store did not take. */
  lost: number;
}

export interface Summary {
  invocations: number;
  errors: number;
  log_lines: number;
  segments: number;
  points_received: number;
  points_emf: number;
  metrics_rejected: number;
  alarms_fired: number;
  notifications_delivered: number;
  notifications_failed: number;
}

export interface Fault {
  id: number;
  /** The rule as `obs dev --fault` takes it. */
  fault: string;
  /** Requests that it fits. */
  seen: number;
  /** Of these, those it made fail. */
  struck: number;
  /** False once its count or its time is spent. */
  active: boolean;
}

export interface RequestRow {
  time_ms: number;
  service: string;
  operation: string;
  protocol: string;
  status: number;
  write: boolean;
}

export interface Series {
  id: string;
  label: string;
  /** `#rrggbb`; absent leaves the choice to the page. */
  color: string | null;
  axis: "left" | "right";
  /** What views of one number show: the last period's, or the whole range's. */
  value: number | null;
  /** Length of a datapoint's period, for seeing gaps. */
  period_s: number | null;
  points: [number, number][];
}

export interface AxisOptions {
  label?: string | null;
  min?: number | null;
  max?: number | null;
}

export interface HorizontalAnnotation {
  value: number;
  /** The other edge of a band. */
  to?: number | null;
  to_label?: string | null;
  label?: string | null;
  color?: string | null;
  fill?: "above" | "below" | "none" | null;
  axis?: "left" | "right";
}

export interface VerticalAnnotation {
  time_ms: number;
  to_ms?: number | null;
  to_label?: string | null;
  fill?: string | null;
  label?: string | null;
  color?: string | null;
}

export interface Widget {
  index: number;
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  title: string | null;
  view: string | null;
  stacked: boolean;
  sparkline: boolean;
  legend: "bottom" | "right" | "hidden";
  background: "solid" | "transparent";
  y_axis: { left?: AxisOptions | null; right?: AxisOptions | null };
  series: Series[];
  alarms: { name: string; state: AlarmState | null; updated_ms: number | null }[];
  markdown: string | null;
  annotations: { horizontal: HorizontalAnnotation[]; vertical: VerticalAnnotation[] };
  /** Why there is nothing to see. */
  hint: string | null;
  /** Why the widget cannot be drawn. */
  error: string | null;
}

export interface Dashboard {
  name: string;
  body: string;
  start_ms: number;
  end_ms: number;
  widgets: Widget[];
  /** Why the body cannot be read. */
  error: string | null;
}

export interface Api {
  summary: Summary;
  functions: { functions: LambdaFunction[] };
  faults: { faults: Fault[] };
  requests: { requests: RequestRow[] };
  logs: { lines: LogLine[] };
  traces: { traces: TraceSummary[] };
  dashboards: { dashboards: { name: string; modified_ms: number }[] };
  alarms: { alarms: Alarm[] };
  notifications: { notifications: Notification[] };
}

type Query = Record<string, string | number | undefined>;

/** Asks a listing of the local account. */
export function get<K extends keyof Api>(what: K, query: Query = {}): Promise<Api[K]> {
  return ask(`/api/${what}${queryString(query)}`) as Promise<Api[K]>;
}

/** Asks for one trace with its segments and log lines. */
export function getTrace(id: string): Promise<Trace> {
  return ask(`/api/traces/${encodeURIComponent(id)}`) as Promise<Trace>;
}

/** Asks for one dashboard, evaluated over the last `minutes`. */
export function getDashboard(name: string, minutes: number): Promise<Dashboard> {
  return ask(`/api/dashboards/${encodeURIComponent(name)}${queryString({ minutes })}`) as Promise<Dashboard>;
}

/** Ends every environment as Lambda would. */
export function spinDown(): Promise<{ environments: number }> {
  return ask("/api/spin-down", "POST") as Promise<{ environments: number }>;
}

/** Makes requests fail from now on; the answer to a bad rule says what was expected. */
export function addFault(fault: string): Promise<{ id: number }> {
  return ask("/api/faults", "POST", { fault }) as Promise<{ id: number }>;
}

/** Takes one rule away, or all of them. */
export function removeFault(id?: number): Promise<{ removed: number }> {
  return ask(id === undefined ? "/api/faults" : `/api/faults/${id}`, "DELETE") as Promise<{ removed: number }>;
}

function queryString(query: Query): string {
  const parts = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parts.set(key, String(value));
  }
  const text = parts.toString();
  return text ? `?${text}` : "";
}

async function ask(path: string, method = "GET", input?: unknown): Promise<unknown> {
  const json = { "content-type": "application/json" };
  const sent = input === undefined ? {} : { body: JSON.stringify(input) };
  const headers = { accept: "application/json", ...(input === undefined ? {} : json) };
  const response = await fetch(path, { method, headers, ...sent }).catch(() => {
    throw new Error("The local account does not answer. What is shown here may be old.");
  });
  const body: unknown = await response.json().catch(() => undefined);
  if (!response.ok) throw new Error(errorText(body) ?? `${path} answered ${response.status}`);
  return body;
}

function errorText(body: unknown): string | undefined {
  if (typeof body === "object" && body !== null && "error" in body) return String(body.error);
  return undefined;
}
