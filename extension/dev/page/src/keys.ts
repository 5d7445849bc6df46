// Keyboard: one listener a view, silent while the reader types into a field.
import { useEffect, useRef } from "preact/hooks";

export type Keymap = Record<string, (event: KeyboardEvent) => void>;

/** Every key of the page, for the help panel. */
export const HELP: [string, string][] = [
  ["1 – 5", "go to a tab"],
  ["/", "focus the filter"],
  ["j  k  or  ↓  ↑", "next, previous row"],
  ["Enter", "open the row"],
  ["h  l  or  ←  →", "close, open the branch of a trace"],
  ["p", "pause, resume the live tail"],
  ["Esc", "leave the filter, go back"],
  ["?", "show or hide this help"],
];

/** Calls the action of a key while the view is on the screen. */
export function useKeys(map: Keymap): void {
  const latest = useRef(map);
  latest.current = map;
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
      const target = event.target as HTMLElement;
      const typing = target.matches("input, select, textarea");
      if (typing && event.key !== "Escape") return;
      if (typing) {
        target.blur();
        event.preventDefault();
        return;
      }
      // A focused link or button answers Enter by itself.
      if (event.key === "Enter" && target.matches("a, button, summary")) return;
      const action = latest.current[event.key];
      if (!action) return;
      event.preventDefault();
      action(event);
    };
    document.addEventListener("keydown", onKey);
    return () => document.removeEventListener("keydown", onKey);
  }, []);
}

/** `j` and `k` with their arrows over a list of rows. */
export function rowKeys(length: number, selected: number, select: (index: number) => void): Keymap {
  const to = (index: number) => () => length > 0 && select(Math.min(Math.max(index, 0), length - 1));
  return {
    j: to(selected + 1),
    ArrowDown: to(selected + 1),
    k: to(selected - 1),
    ArrowUp: to(selected - 1),
    Home: to(0),
    End: to(length - 1),
  };
}
