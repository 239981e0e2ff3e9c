import { useEffect, useRef, useState } from "preact/hooks";

const STORED = "pintasan";

function remembered(): boolean {
  try {
    return localStorage.getItem(STORED) !== "0";
  } catch {
    return true;
  }
}

const enabled = { value: remembered() };

/** Whether a key was meant for the page: not typed into something, and with no other key held. */
export function forThePage(event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return false;
  const at = event.target as HTMLElement | null;
  return !at?.closest?.("input:not([type=checkbox]), textarea, select, [contenteditable], .maplibregl-canvas");
}

/** One-letter shortcuts, which can be turned off as some people's speech or hands press keys unasked. */
export function useKeys(actions: Record<string, () => void>): [boolean, (on: boolean) => void] {
  const [on, setOn] = useState(enabled.value);
  const latest = useRef(actions);
  latest.current = actions;
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (!enabled.value || !forThePage(event)) return;
      const act = latest.current[event.key.toLowerCase()];
      if (act) {
        event.preventDefault();
        act();
      }
    };
    addEventListener("keydown", press);
    return () => removeEventListener("keydown", press);
  }, []);
  return [
    on,
    (next) => {
      enabled.value = next;
      setOn(next);
      try {
        localStorage.setItem(STORED, next ? "1" : "0");
      } catch {
        // Then it holds for this visit.
      }
    },
  ];
}
