// The account at a glance: what ran, what was counted, what is wrong.
import { useState } from "preact/hooks";
import { type Alarm, type Environment, type LambdaFunction, type Notification, type RequestRow, type Summary, get, spinDown } from "../api";
import { clock, count, dateTime, plural } from "../format";
import { useLive } from "../live";
import { formatRoute } from "../route";
import { Ago, Empty, Failure, State } from "../ui";
import { Faults } from "./faults";

export function Overview() {
  const load = async () => {
    const [summary, functions, alarms, notifications, requests, faults] = await Promise.all([
      get("summary"), get("functions"), get("alarms"), get("notifications", { limit: 6 }), get("requests", { limit: 12 }), get("faults"),
    ]);
    return { summary, ...functions, ...alarms, ...notifications, ...requests, ...faults };
  };
  const kinds = ["log", "trace", "metric", "alarm", "notification", "invocation", "dashboard"] as const;
  const { data, error, reload } = useLive(load, { kinds: [...kinds], key: "overview", restMs: 1000 });
  if (!data) return <Failure error={error} />;
  return (
    <section class="overview" aria-label="Overview">
      <Failure error={error} />
      <Counts summary={data.summary} />
      <div class="columns">
        <div>
          <Functions functions={data.functions} reload={reload} />
          <Requests list={data.requests} />
        </div>
        <div>
          <Firing alarms={data.alarms} />
          <Notifications list={data.notifications} />
          <Faults faults={data.faults} reload={reload} />
        </div>
      </div>
    </section>
  );
}

function Counts({ summary }: { summary: Summary }) {
  const tiles: [string, number, string, string?][] = [
    ["Invocations", summary.invocations, "#/traces"],
    ["Errors", summary.errors, "#/traces", "bad"],
    ["Log lines", summary.log_lines, "#/logs"],
    ["Segments", summary.segments, "#/traces"],
    ["Points received", summary.points_received, "#/dashboards"],
    ["Points by EMF", summary.points_emf, "#/dashboards"],
    ["Points rejected", summary.metrics_rejected, "#/dashboards", "bad"],
    ["Alarms fired", summary.alarms_fired, "#/alarms"],
    ["Notified", summary.notifications_delivered, "#/alarms"],
    ["Not notified", summary.notifications_failed, "#/alarms", "bad"],
  ];
  return (
    <ul class="tiles" aria-label="Counts">
      {tiles.map(([name, value, href, bad]) => (
        <li key={name}><a href={href} class={bad && value > 0 ? "bad" : ""}><b>{count(value)}</b><span>{name}</span></a></li>
      ))}
    </ul>
  );
}

function Firing({ alarms }: { alarms: Alarm[] }) {
  const firing = alarms.filter((alarm) => alarm.state === "ALARM");
  return (
    <div class="panel">
      <h2><a href="#/alarms">Alarms</a> <span class="dim">{firing.length} of {alarms.length} in alarm</span></h2>
      {alarms.length === 0 && <Empty>No alarm yet. <code>obs apply</code> creates those of <code>alarms/</code>.</Empty>}
      {alarms.length > 0 && firing.length === 0 && <Empty>No alarm is in ALARM.</Empty>}
      <ul class="plain-list">
        {firing.map((alarm) => (
          <li key={alarm.name}>
            <State state={alarm.state} /> <a href={formatRoute("alarms", alarm.name)}><b>{alarm.name}</b></a> <span class="dim"><Ago ms={alarm.since_ms} /></span>
            <p class="dim">{alarm.reason}</p>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Functions({ functions, reload }: { functions: LambdaFunction[]; reload: () => void }) {
  const [text, setText] = useState("");
  const running = functions.reduce((sum, each) => sum + each.environments.length, 0);
  const end = async () => {
    setText("Ending…");
    try {
      const { environments } = await spinDown();
      setText(`${plural(environments, "environment")} ended.`);
    } catch (error) {
      setText(error instanceof Error ? error.message : String(error));
    }
    reload();
  };
  return (
    <div class="panel">
      <h2>
        Functions <span class="dim">{functions.length}, counted since <code>obs dev</code> started</span><span class="grow" />
        <span class="dim" role="status">{text}</span>
        <button type="button" class="small" disabled={running === 0} onClick={() => void end()} title="SHUTDOWN, two seconds, then the end: as Lambda does">End environments</button>
      </h2>
      {functions.length === 0 ? <Empty>No function is configured.</Empty> : (
        <table class="rows">
          <thead><tr><th scope="col">Function</th><th scope="col" class="num">Invocations</th><th scope="col" class="num">Errors</th><th scope="col" class="num">Timeouts</th><th scope="col" class="num">Throttles</th><th scope="col">Environments</th></tr></thead>
          <tbody>
            {functions.map((each) => (
              <tr key={each.name}>
                <td>
                  <a href={formatRoute("logs", undefined, { function: each.name })}>{each.name}</a>
                  {each.lost > 0 && <span class="bad"> {each.lost} not stored</span>}
                </td>
                <td class="num">{count(each.invocations)}</td>
                <td class={`num${each.errors > 0 ? " bad" : ""}`}>{count(each.errors)}</td>
                <td class={`num${each.timeouts > 0 ? " bad" : ""}`}>{count(each.timeouts)}</td>
                <td class={`num${each.throttles > 0 ? " bad" : ""}`}>{count(each.throttles)}</td>
                <td>{each.environments.length > 0 ? each.environments.map((one) => <EnvironmentChip one={one} />) : <span class="dim">none</span>}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

function EnvironmentChip({ one }: { one: Environment }) {
  const pids = [one.pid && `handler ${one.pid}`, one.extension_pid && `extension ${one.extension_pid}`].filter(Boolean).join(", ");
  return (
    <span class="chip" title={`${one.id}\n/tmp is ${one.tmp}\n${pids}`}>
      <i class={`dot env-${one.state}`} aria-hidden="true" />{one.state.replace("-", " ")} · {plural(one.invocations, "invocation")}
      {one.pid !== null && <span class="dim">pid {one.pid}</span>}
    </span>
  );
}

function Notifications({ list }: { list: Notification[] }) {
  return (
    <div class="panel">
      <h2><a href="#/alarms">Latest notifications</a></h2>
      {list.length === 0 && <Empty>None sent yet.</Empty>}
      <ul class="plain-list">
        {list.slice(0, 6).map((each) => (
          <li>
            <Delivery status={each.status} /> {each.subject ?? each.topic.split(":").at(-1)} <span class="dim"><Ago ms={each.time_ms} /></span>
          </li>
        ))}
      </ul>
    </div>
  );
}

const DELIVERY: Record<string, string> = { delivered: "ok", captured: "ok", failed: "fault", unconfirmed: "error" };

/** Whether a notification arrived: colour and word. */
export function Delivery({ status }: { status: string }) {
  const kind = DELIVERY[status] ?? "running";
  return <span class={`result ${kind}`}>{status}</span>;
}

function Requests({ list }: { list: RequestRow[] }) {
  return (
    <div class="panel">
      <h2>Latest API requests</h2>
      {list.length === 0 ? <Empty>None yet. Set <code>AWS_ENDPOINT_URL={location.origin}</code> for any AWS SDK or tool.</Empty> : (
        <table class="rows">
          <thead><tr><th scope="col">Time</th><th scope="col">Service</th><th scope="col">Operation</th><th scope="col">Protocol</th><th scope="col">Changes</th><th scope="col" class="num">Status</th></tr></thead>
          <tbody>
            {list.map((each) => (
              <tr>
                <td class="time"><time title={dateTime(each.time_ms)}>{clock(each.time_ms)}</time></td>
                <td>{each.service}</td><td>{each.operation}</td><td class="dim">{each.protocol}</td><td>{each.write ? "configuration" : ""}</td>
                <td class={`num${each.status >= 400 ? " bad" : ""}`}>{each.status}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}
