// Numbers, times and durations as people read them. Pure, so that the same value looks the
// same on every tab.

/** `0.4 ms`, `12 ms`, `1.50 s`, `2 m 05 s`, `1 h 03 m`. */
export function duration(ms: number): string {
  if (!Number.isFinite(ms)) return "–";
  const sign = ms < 0 ? "−" : "";
  const size = Math.abs(ms);
  if (size === 0) return "0 ms";
  if (size < 1) return `${sign}${trim(size, size < 0.1 ? 2 : 1)} ms`;
  if (size < 9.95) return `${sign}${trim(size, 1)} ms`;
  if (size < 999.5) return `${sign}${Math.round(size)} ms`;
  if (size < 59_995) return `${sign}${(size / 1000).toFixed(size < 9_995 ? 2 : 1)} s`;
  const seconds = Math.round(size / 1000);
  if (seconds < 3600) return `${sign}${Math.floor(seconds / 60)} m ${pad(seconds % 60)} s`;
  const minutes = Math.round(seconds / 60);
  return `${sign}${Math.floor(minutes / 60)} h ${pad(minutes % 60)} m`;
}

/** A number for an axis or a tile: `0`, `0.25`, `17`, `1,204`, `12.3k`, `4.56M`. */
export function number(value: number): string {
  if (!Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  for (const [limit, suffix] of [[1e12, "T"], [1e9, "G"], [1e6, "M"], [1e4, "k"]] as const) {
    if (size >= limit) return `${trim(value / (suffix === "k" ? 1e3 : limit), 2)}${suffix}`;
  }
  if (size >= 1000) return Math.round(value).toLocaleString("en-US");
  if (size >= 100) return trim(value, 1);
  if (size >= 1 || size === 0) return trim(value, 2);
  return trimZeros(value.toPrecision(3));
}

/** A whole count with separators. */
export function count(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}

/** `12.4 kB`, in powers of 1000. */
export function bytes(value: number): string {
  if (value < 1000) return `${value} B`;
  if (value < 1e6) return `${trim(value / 1e3, 1)} kB`;
  return `${trim(value / 1e6, 1)} MB`;
}

/** Local wall-clock time with milliseconds. */
export function clock(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}.${String(at.getMilliseconds()).padStart(3, "0")}`;
}

/** Local wall-clock time to the minute. */
export function hourMinute(ms: number): string {
  const at = new Date(ms);
  return `${pad(at.getHours())}:${pad(at.getMinutes())}`;
}

/** Date and time to the second, local. */
export function dateTime(ms: number): string {
  const at = new Date(ms);
  return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())} ${pad(at.getHours())}:${pad(at.getMinutes())}:${pad(at.getSeconds())}`;
}

/** `just now`, `12 s ago`, `4 min ago`, `3 h ago`, then the date. */
export function ago(ms: number, now: number): string {
  const seconds = Math.floor((now - ms) / 1000);
  if (seconds < 2) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3600)} h ago`;
  return dateTime(ms);
}

/** `1 line`, `2 lines`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

function trim(value: number, digits: number): string {
  return trimZeros(value.toFixed(digits));
}

function trimZeros(text: string): string {
  return text.includes(".") && !text.includes("e") ? text.replace(/\.?0+$/, "") : text;
}

function pad(value: number): string {
  return String(value).padStart(2, "0");
}
