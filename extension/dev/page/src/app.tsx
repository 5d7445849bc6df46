// The frame: header with tabs and the state of the live stream, the view below it.
import { useEffect, useState } from "preact/hooks";
import { get } from "./api";
import { HELP, useKeys } from "./keys";
import { useConnection, useLive } from "./live";
import { TABS, type Tab, formatRoute, go, useRoute } from "./route";
import { Alarms } from "./tabs/alarms";
import { Dashboards } from "./tabs/dashboards";
import { Logs } from "./tabs/logs";
import { Overview } from "./tabs/overview";
import { Trace } from "./tabs/trace";
import { Traces } from "./tabs/traces";

const TITLES: Record<Tab, string> = {
  overview: "Overview",
  logs: "Logs",
  traces: "Traces",
  dashboards: "Dashboards",
  alarms: "Alarms",
};

export function App() {
  const route = useRoute();
  const [help, setHelp] = useState(false);
  const title = route.item ? `${route.item} · ${TITLES[route.tab]}` : TITLES[route.tab];
  useEffect(() => {
    document.title = `${title} · obs dev`;
  }, [title]);
  useKeys({
    "?": () => setHelp(!help),
    "/": () => document.querySelector<HTMLElement>("[data-filter]")?.focus(),
    ...Object.fromEntries(TABS.map((tab, index) => [String(index + 1), () => go(formatRoute(tab))])),
  });
  return (
    <>
      <a class="skip" href="#main" onClick={(event) => skip(event)}>Skip to content</a>
      <header class="top">
        <a class="brand" href="#/overview"><img src="/assets/icon.svg" alt="" width="20" height="20" />obs dev</a>
        <nav aria-label="Views">
          {TABS.map((tab) => (
            <a key={tab} href={formatRoute(tab)} aria-current={tab === route.tab ? "page" : undefined}>
              {TITLES[tab]}
              {tab === "alarms" && <AlarmCount />}
            </a>
          ))}
        </nav>
        <span class="grow" />
        <LiveLight />
        <button type="button" class="quiet" aria-expanded={help} title="Keyboard shortcuts" onClick={() => setHelp(!help)}>
          <kbd>?</kbd><span class="sr">Keyboard shortcuts</span>
        </button>
      </header>
      <main id="main" tabIndex={-1}>
        {route.tab === "overview" && <Overview />}
        {route.tab === "logs" && <Logs params={route.params} />}
        {route.tab === "traces" && (route.item ? <Trace key={route.item} id={route.item} params={route.params} /> : <Traces params={route.params} />)}
        {route.tab === "dashboards" && <Dashboards item={route.item} params={route.params} />}
        {route.tab === "alarms" && <Alarms item={route.item} />}
      </main>
      {help && <Help close={() => setHelp(false)} />}
    </>
  );
}

function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function AlarmCount() {
  const { data } = useLive(() => get("alarms"), { kinds: ["alarm"], key: "alarm-count" });
  const firing = data?.alarms.filter((alarm) => alarm.state === "ALARM").length ?? 0;
  return firing > 0 ? <span class="badge" aria-label={`${firing} in ALARM`}>{firing}</span> : null;
}

function LiveLight() {
  const state = useConnection();
  const text = { connecting: "connecting", live: "live", disconnected: "disconnected, trying again" }[state];
  return <span class={`light ${state}`} role="status"><i aria-hidden="true" />{text}</span>;
}

function Help({ close }: { close: () => void }) {
  useEffect(() => {
    const before = document.activeElement as HTMLElement | null;
    document.getElementById("help-close")?.focus();
    return () => before?.focus();
  }, []);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    event.stopPropagation();
    close();
  };
  return (
    <div class="veil" onClick={close} onKeyDown={onKeyDown}>
      <div class="panel help" role="dialog" aria-modal="true" aria-labelledby="help-title" onClick={(event) => event.stopPropagation()}>
        <h2 id="help-title">Keyboard</h2>
        <dl class="pairs">{HELP.map(([keys, what]) => <><dt><kbd>{keys}</kbd></dt><dd>{what}</dd></>)}</dl>
        <button type="button" id="help-close" onClick={close}>Close</button>
      </div>
    </div>
  );
}
