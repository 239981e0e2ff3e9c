import { observable } from "./observable";
import { flush, waiting, type Sent, type Waiting } from "./outbox";
import { tokenNow } from "./session";

/** What waits on this phone; the screens draw it. */
export const outbox = observable<Waiting[]>([]);
/** What this page sent since it was opened, by the row's id. */
export const sent = observable<Sent[]>([]);
export const online = observable(navigator.onLine);

const told = typeof BroadcastChannel === "undefined" ? null : new BroadcastChannel("outbox");

export async function refreshOutbox(): Promise<void> {
  outbox.set(await waiting().catch(() => []));
}

export async function sendNow(): Promise<void> {
  try {
    const done = await flush(Date.now, tokenNow("citizen"));
    if (done.length) {
      sent.set([...sent.value, ...done]);
      told?.postMessage("changed");
    }
  } finally {
    await refreshOutbox();
  }
}

/** Ask the browser to send even when this page is closed meanwhile; where it cannot, the next visit does. */
export async function askForSync(): Promise<void> {
  try {
    const ready = (await navigator.serviceWorker?.ready) as
      | (ServiceWorkerRegistration & { sync?: { register(tag: string): Promise<void> } })
      | undefined;
    await ready?.sync?.register("outbox");
  } catch {
    // Not every browser has it.
  }
}

export function startSending(): void {
  const tell = (): void => {
    online.set(navigator.onLine);
    if (navigator.onLine) void sendNow();
  };
  addEventListener("online", tell);
  addEventListener("offline", tell);
  addEventListener("visibilitychange", () => document.visibilityState === "visible" && tell());
  told?.addEventListener("message", () => void refreshOutbox());
  navigator.serviceWorker?.addEventListener("message", () => void refreshOutbox());
  setInterval(() => outbox.value.some((row) => row.state === "waiting") && void sendNow(), 15_000);
  void refreshOutbox().then(() => (outbox.value.length > 0 ? sendNow() : undefined));
}
