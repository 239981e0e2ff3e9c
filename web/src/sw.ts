/// <reference lib="webworker" />
import { flush } from "./lib/outbox";

/**
 * Keeps the app on the phone and sends what waits. Pages and code come from the phone where it has them; of the API
 * only the city's profile is kept, by the app itself. Nothing of a case is ever kept here.
 */
declare const self: ServiceWorkerGlobalScope;
declare const __SHELL__: string[];
declare const __STAMP__: string;

const SHELL = `shell-${__STAMP__}`;
/** Files with a hash in their name that were not in the shell: the map, the desk. */
const LATER = "later";
const LATER_MOST = 40;

self.addEventListener("install", (event) => {
  event.waitUntil(
    caches
      .open(SHELL)
      // The browser's own cache must not hand us yesterday's page.
      .then((cache) => cache.addAll(__SHELL__.map((url) => new Request(url, { cache: "reload" }))))
      .then(() => self.skipWaiting()),
  );
});

self.addEventListener("activate", (event) => {
  event.waitUntil(
    caches
      .keys()
      .then((names) =>
        Promise.all(names.filter((name) => name.startsWith("shell-") && name !== SHELL).map((n) => caches.delete(n))),
      )
      .then(() => self.clients.claim()),
  );
});

async function page(request: Request): Promise<Response> {
  const cache = await caches.open(SHELL);
  const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), 3000));
  const fresh = fetch(request)
    .then((answer) => (answer.ok ? answer : undefined))
    .catch(() => undefined);
  // A slow network gets three seconds; then what the phone has is better than a white screen.
  const answer = (await Promise.race([fresh, late])) ?? (await cache.match("/app/")) ?? (await fresh);
  return answer ?? Response.error();
}

async function file(request: Request): Promise<Response> {
  const kept = await caches.match(request);
  if (kept) return kept;
  const answer = await fetch(request);
  if (answer.ok && new URL(request.url).pathname.startsWith("/app/assets/")) {
    const cache = await caches.open(LATER);
    await cache.put(request, answer.clone());
    const keys = await cache.keys();
    await Promise.all(keys.slice(0, Math.max(0, keys.length - LATER_MOST)).map((key) => cache.delete(key)));
  }
  return answer;
}

self.addEventListener("fetch", (event) => {
  const url = new URL(event.request.url);
  if (event.request.method !== "GET" || url.origin !== location.origin || !url.pathname.startsWith("/app/")) return;
  event.respondWith(event.request.mode === "navigate" ? page(event.request) : file(event.request));
});

interface SyncEvent extends ExtendableEvent {
  tag: string;
}

self.addEventListener("sync" as never, (event: SyncEvent) => {
  if (event.tag !== "outbox") return;
  event.waitUntil(
    flush(Date.now, null).then(async () => {
      for (const client of await self.clients.matchAll()) client.postMessage("outbox");
    }),
  );
});
