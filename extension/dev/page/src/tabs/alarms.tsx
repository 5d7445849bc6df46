// Alarms with their states, what they were decided on, and the notifications they sent.
import { useState } from "preact/hooks";
import { type Alarm, type Notification, get } from "../api";
import { dateTime, number, plural } from "../format";
import { rowKeys, useKeys } from "../keys";
import { useLive } from "../live";
import { formatRoute, go, replace } from "../route";
import { Ago, Copy, Empty, Failure, Json, State } from "../ui";
import { parseObject } from "../json";
import { Delivery } from "./overview";
import { Strip } from "./strip";

const ORDER = { ALARM: 0, INSUFFICIENT_DATA: 1, OK: 2 };

export function Alarms({ item }: { item: string | undefined }) {
  const { data, error } = useLive(() => get("alarms"), { kinds: ["alarm", "metric"], key: "alarms" });
  const notifications = useLive(() => get("notifications", { limit: 100 }), { kinds: ["notification"], key: "notifications" });
  const alarms = [...(data?.alarms ?? [])].sort((a, b) => (ORDER[a.state] ?? 3) - (ORDER[b.state] ?? 3) || a.name.localeCompare(b.name));
  const chosen = alarms.find((alarm) => alarm.name === item);
  const choose = (name: string | undefined) => replace(formatRoute("alarms", name));
  useKeys({
    ...rowKeys(alarms.length, alarms.findIndex((alarm) => alarm.name === item), (index) => choose(alarms[index]?.name)),
    Escape: () => choose(undefined),
  });
  return (
    <section class="alarms" aria-label="Alarms">
      <Failure error={error} />
      {item && data && !chosen && <Failure error={`There is no alarm named ${item}.`} />}
      <div class={`split${chosen ? " chosen" : ""}`}>
        <div class="panel">
          <h2>Alarms <span class="dim">{alarms.length}</span></h2>
          {data && alarms.length === 0 && <Empty>No alarm yet. <code>obs apply</code> creates those of <code>alarms/</code>.</Empty>}
          {alarms.length > 0 && <List alarms={alarms} chosen={item} />}
        </div>
        {chosen && <Detail alarm={chosen} close={() => choose(undefined)} />}
      </div>
      <Notifications list={notifications.data?.notifications} error={notifications.error} />
    </section>
  );
}

function List({ alarms, chosen }: { alarms: Alarm[]; chosen: string | undefined }) {
  return (
    <table class="rows alarm-rows">
      <thead><tr><th scope="col">State</th><th scope="col">Alarm</th><th scope="col">Condition</th><th scope="col">Datapoints</th><th scope="col">Since</th></tr></thead>
      <tbody>
        {alarms.map((alarm) => {
          const href = formatRoute("alarms", alarm.name === chosen ? undefined : alarm.name);
          return (
            <tr key={alarm.name} class={`click${alarm.name === chosen ? " selected" : ""}`}
              onClick={(event) => !(event.target as HTMLElement).closest("a") && go(href)}>
              <td><State state={alarm.state} /></td>
              <td class="name"><a href={href}>{alarm.name}</a>{alarm.kind === "composite" && <span class="dim"> composite</span>}</td>
              <td class="condition">{alarm.condition ?? alarm.rule}</td>
              <td class="strip-cell"><Strip points={alarm.evaluation} threshold={alarm.metric?.threshold ?? undefined} /></td>
              <td class="dim"><Ago ms={alarm.since_ms} /></td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

function Detail({ alarm, close }: { alarm: Alarm; close: () => void }) {
  const metric = alarm.metric;
  return (
    <aside class="panel side" aria-label={`Alarm ${alarm.name}`}>
      <header><h2>{alarm.name}</h2><button type="button" class="quiet" aria-label="Close the panel" onClick={close}>×</button></header>
      <p><State state={alarm.state} /> <span class="dim">since {dateTime(alarm.since_ms)}</span></p>
      {alarm.description && <p>{alarm.description}</p>}
      <section class="part"><h3>Reason</h3><p>{alarm.reason || "–"}</p></section>
      {alarm.condition && <section class="part"><h3>Condition</h3><p>{alarm.condition}</p></section>}
      {alarm.rule && <section class="part"><h3>Rule</h3><pre class="rule">{alarm.rule}</pre></section>}
      {alarm.evaluation.length > 0 && (
        <section class="part">
          <h3>Evaluated datapoints</h3>
          <Strip large points={alarm.evaluation} threshold={metric?.threshold ?? undefined} />
        </section>
      )}
      {metric && <Metric metric={metric} />}
      <section class="part">
        <h3>Actions</h3>
        {!alarm.actions_enabled && <p><b>Actions are switched off.</b></p>}
        {alarm.actions.length === 0 && <p class="dim">None: this alarm tells nobody.</p>}
        <ul class="plain-list">{alarm.actions.map((each) => <li><State state={each.state} /> <code class="wrap">{each.arn}</code></li>)}</ul>
      </section>
      <section class="part">
        <h3>History</h3>
        {alarm.history.length === 0 && <p class="dim">No transition yet.</p>}
        <ol class="history">
          {alarm.history.map((each) => (
            <li><time>{dateTime(each.time_ms)}</time> {each.from} → <b>{each.to}</b><p class="dim">{each.reason}</p></li>
          ))}
        </ol>
      </section>
      <p><code class="wrap">{alarm.arn}</code> <Copy text={alarm.arn} /></p>
    </aside>
  );
}

function Metric({ metric }: { metric: NonNullable<Alarm["metric"]> }) {
  const dimensions = Object.entries(metric.dimensions ?? {});
  return (
    <section class="part">
      <h3>Metric</h3>
      <dl class="pairs">
        {metric.namespace && <><dt>Name</dt><dd>{metric.namespace} / {metric.name}</dd></>}
        {dimensions.map(([name, value]) => <><dt>{name}</dt><dd>{value}</dd></>)}
        {metric.statistic && <><dt>Statistic</dt><dd>{metric.statistic}</dd></>}
        {metric.period_s && <><dt>Period</dt><dd>{plural(metric.period_s, "second")}</dd></>}
        {typeof metric.threshold === "number" && <><dt>Threshold</dt><dd>{number(metric.threshold)}</dd></>}
        {metric.expressions?.map((each) => <><dt>{each.id}</dt><dd><code class="wrap">{each.text}</code></dd></>)}
      </dl>
    </section>
  );
}

function Notifications({ list, error }: { list: Notification[] | undefined; error: string | undefined }) {
  const [open, setOpen] = useState<string | undefined>(undefined);
  return (
    <div class="panel">
      <h2>Notifications <span class="dim">{list?.length ?? 0}</span></h2>
      <Failure error={error} />
      {list && list.length === 0 && <Empty>None sent yet. An alarm's action on a topic with a subscription sends one.</Empty>}
      {list && list.length > 0 && (
        <table class="rows">
          <thead><tr><th scope="col">Time</th><th scope="col">Status</th><th scope="col">Subject</th><th scope="col">Topic</th><th scope="col">To</th><th scope="col" class="num">Attempts</th></tr></thead>
          <tbody>
            {list.map((each, index) => {
              const key = `${each.time_ms}/${each.subscription}/${index}`;
              const isOpen = open === key;
              return (
                <>
                  <tr key={key} class="click" onClick={() => setOpen(isOpen ? undefined : key)}>
                    <td class="time">
                      <button type="button" class="twist" aria-expanded={isOpen} aria-label="Show the message" onClick={(event) => { event.stopPropagation(); setOpen(isOpen ? undefined : key); }} />
                      {dateTime(each.time_ms)}
                    </td>
                    <td><Delivery status={each.status} /></td>
                    <td>{each.subject ?? <span class="dim">no subject</span>}</td>
                    <td>{each.topic.split(":").at(-1)}</td>
                    <td><span class="dim">{each.protocol}</span> {each.subscription.startsWith("arn:") ? each.subscription.split(":").at(-1) : each.subscription}</td>
                    <td class="num">{each.attempts}</td>
                  </tr>
                  {isOpen && <tr key={`${key}/message`} class="detail"><td colSpan={6}><Message text={each.message} problem={each.problem} /></td></tr>}
                </>
              );
            })}
          </tbody>
        </table>
      )}
    </div>
  );
}

function Message({ text, problem }: { text: string; problem: string | null }) {
  const parsed = parseObject(text);
  return (
    <div class="detail-box">
      <div class="links">{problem && <b class="bad">{problem}</b>}<span class="grow" /><Copy text={text} label="Copy message" /></div>
      {parsed ? <Json value={parsed} /> : <pre class="json">{text}</pre>}
    </div>
  );
}
