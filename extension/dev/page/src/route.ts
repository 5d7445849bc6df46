// Where the reader is: tab, selected item and filters, kept in the URL's fragment, so that
// back, forward, reload and a link sent to a colleague all lead to the same view.
import { useEffect, useState } from "preact/hooks";

export const TABS = ["overview", "logs", "traces", "dashboards", "alarms"] as const;
export type Tab = (typeof TABS)[number];

export interface Route {
  tab: Tab;
  /** The selected trace, dashboard or alarm. */
  item: string | undefined;
  /** Filters and ranges; an absent key is an unset filter. */
  params: Record<string, string>;
}

/** Reads `#/tab/item?key=value`; whatever cannot be read becomes the overview. */
export function parseRoute(hash: string): Route {
  const text = hash.replace(/^#?\/?/, "");
  const question = text.indexOf("?");
  const path = question < 0 ? text : text.slice(0, question);
  const [first = "", ...rest] = path.split("/");
  const tab = TABS.find((name) => name === first) ?? "overview";
  const params: Record<string, string> = {};
  if (question >= 0) {
    for (const [key, value] of new URLSearchParams(text.slice(question + 1))) {
      if (value !== "") params[key] = value;
    }
  }
  const item = rest.join("/");
  return { tab, item: item === "" ? undefined : decode(item), params };
}

/** Writes the fragment of a route; unset filters leave no trace in it. */
export function formatRoute(tab: Tab, item?: string, params: Record<string, string | undefined> = {}): string {
  const query = new URLSearchParams();
  for (const key of Object.keys(params).sort()) {
    const value = params[key];
    if (value) query.set(key, value);
  }
  const tail = query.toString();
  return `#/${tab}${item ? `/${encodeURIComponent(item)}` : ""}${tail ? `?${tail}` : ""}`;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The current route, following the address bar. */
export function useRoute(): Route {
  const [route, setRoute] = useState(() => parseRoute(location.hash));
  useEffect(() => {
    const follow = () => setRoute(parseRoute(location.hash));
    addEventListener("hashchange", follow);
    return () => removeEventListener("hashchange", follow);
  }, []);
  return route;
}

/** Goes to a route as a link would: back returns. */
export function go(hash: string): void {
  location.hash = hash;
}

/** Changes the route in place, for typing in a filter: back does not undo letter by letter. */
export function replace(hash: string): void {
  history.replaceState(null, "", hash);
  dispatchEvent(new HashChangeEvent("hashchange"));
}
