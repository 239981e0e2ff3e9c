import "fake-indexeddb/auto";
import { afterEach } from "vitest";

// What jsdom lacks and every browser of the last years has.
globalThis.scrollTo = (() => undefined) as typeof scrollTo;
Object.defineProperty(globalThis, "matchMedia", {
  value: () => ({ matches: false, addEventListener: () => undefined }),
  configurable: true,
});

if (typeof HTMLCanvasElement !== "undefined") {
  HTMLCanvasElement.prototype.getContext = (() => null) as typeof HTMLCanvasElement.prototype.getContext;
}

afterEach(() => {
  if (typeof document === "undefined") return;
  document.body.innerHTML = "";
  sessionStorage.clear();
  localStorage.clear();
});
