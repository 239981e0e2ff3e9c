import { sendPhoto } from "../api/photos";
import { ask, Offline, randomKey, Refused, type Filed, type Problem, type Report } from "../api/client";
import { allRows, dropRow, getValue, putRow, putValue } from "./db";

/** A report that is written and waits on the phone until it has been received. */
export interface Waiting {
  id: string;
  /** Fixed with the body: however often it is sent, it is one report. */
  key: string;
  body: Report;
  /** Shrunk photos; each has its id once the bucket has it. */
  photos: { blob: Blob; id: string | null }[];
  language: string;
  /** Filed by somebody signed in; then only a page with their token sends it. */
  signedIn: boolean;
  queuedAt: number;
  tries: number;
  firstTriedAt: number | null;
  /** Not before this moment (milliseconds). */
  notBefore: number;
  state: "waiting" | "refused" | "sign-in";
  problem: Problem | null;
}

/** A case that was filed or joined from this phone, with what opens it. */
export interface Mine {
  code: string;
  secret: string | null;
  words: string;
  at: string;
  joined: boolean;
}

export interface Sent {
  row: Waiting;
  filed: Filed;
}

/** The service remembers a key for thirty days; later a repeat might be a second report. */
const KEY_LASTS = 29 * 86_400_000;
const FIRST_WAIT = 5_000;
const LONGEST_WAIT = 15 * 60_000;

export function pause(tries: number, retryAfter: number | null): number {
  return retryAfter !== null ? retryAfter * 1000 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(tries, 10));
}

export async function enqueue(
  body: Report,
  language: string,
  signedIn: boolean,
  now: number,
  photos: readonly Blob[] = [],
): Promise<Waiting> {
  const row: Waiting = {
    id: randomKey(),
    key: randomKey(),
    body: { ...body, client_time: new Date(now).toISOString() },
    photos: photos.map((blob) => ({ blob, id: null })),
    language,
    signedIn,
    queuedAt: now,
    tries: 0,
    firstTriedAt: null,
    notBefore: 0,
    state: "waiting",
    problem: null,
  };
  await putRow(row);
  return row;
}

export const waiting = (): Promise<Waiting[]> =>
  allRows<Waiting>().then((rows) => rows.sort((a, b) => a.queuedAt - b.queuedAt));

export const discard = (id: string): Promise<unknown> => dropRow(id);

export const mine = (): Promise<Mine[]> => getValue<Mine[]>("mine").then((kept) => kept ?? []);

export async function remember(one: Mine): Promise<void> {
  const others = (await mine()).filter((known) => known.code !== one.code);
  await putValue("mine", [one, ...others].slice(0, 200));
}

export async function forget(code: string): Promise<void> {
  await putValue(
    "mine",
    (await mine()).filter((known) => known.code !== code),
  );
}

let queue: Promise<unknown> = Promise.resolve();

/** One sender at a time, over all tabs and the service worker where the browser has locks. */
function alone<T>(act: () => Promise<T>): Promise<T> {
  if (typeof navigator !== "undefined" && navigator.locks) {
    return navigator.locks.request("outbox", act) as Promise<T>;
  }
  const next = queue.then(act, act);
  queue = next.catch(() => undefined);
  return next;
}

/**
 * The photos go first, each remembered as soon as it is there; then the body names them all and never changes again, so
 * that a repeat under the same key is the same report. A photo that the bucket refuses is left out: the words matter more.
 */
async function withPhotos(row: Waiting): Promise<Waiting> {
  if (!row.photos?.length || row.body.photos) return row;
  const photos: Waiting["photos"] = [];
  for (const [index, photo] of row.photos.entries()) {
    let id = photo.id;
    if (id === null) {
      try {
        id = await sendPhoto(photo.blob, { draft: row.key }, row.language);
      } catch (error) {
        if (!(error instanceof Refused) || error.passing) throw error;
        continue;
      }
    }
    photos.push({ ...photo, id });
    await putRow({ ...row, photos: [...photos, ...row.photos.slice(index + 1)] } as Waiting);
  }
  const ids = photos.flatMap(({ id }) => id ?? []);
  const ready: Waiting = { ...row, photos, body: ids.length ? { ...row.body, photos: ids } : row.body };
  await putRow(ready);
  return ready;
}

/**
 * Send what waits and may be sent now. A report leaves the phone's store only after the service has answered with its
 * code; whatever happens before that is repeated with the same key.
 */
export function flush(now: () => number, token: string | null): Promise<Sent[]> {
  return alone(async () => {
    const sent: Sent[] = [];
    for (const row of await waiting()) {
      if (row.state === "refused" || row.notBefore > now() || (row.signedIn && !token)) continue;
      if (row.firstTriedAt !== null && now() - row.firstTriedAt > KEY_LASTS) {
        await putRow({ ...row, state: "refused" } as Waiting);
        continue;
      }
      let tried: Waiting = { ...row, tries: row.tries + 1, firstTriedAt: row.firstTriedAt ?? now() };
      await putRow(tried);
      try {
        tried = await withPhotos(tried);
        const filed = await ask<Filed>(row.signedIn ? "/v1/me/complaints" : "/v1/complaints", {
          body: tried.body,
          key: row.key,
          language: row.language,
          token: row.signedIn ? (token ?? undefined) : undefined,
        });
        await remember({
          code: filed.code,
          secret: filed.secret ?? null,
          words: row.body.text.slice(0, 80),
          at: filed.filed_at,
          joined: false,
        });
        await dropRow(row.id);
        sent.push({ row: tried, filed });
      } catch (error) {
        // What was already put into the bucket is in the store, not in `tried`.
        tried = (await waiting()).find((one) => one.id === row.id) ?? tried;
        if (error instanceof Offline) {
          await putRow({ ...tried, notBefore: now() + pause(tried.tries, null) } as Waiting);
          break;
        }
        if (!(error instanceof Refused)) throw error;
        if (error.passing) {
          await putRow({ ...tried, notBefore: now() + pause(tried.tries, error.retryAfter) } as Waiting);
        } else if (error.status === 401) {
          await putRow({ ...tried, state: "sign-in" } as Waiting);
        } else {
          await putRow({ ...tried, state: "refused", problem: error.problem } as Waiting);
        }
      }
    }
    return sent;
  });
}
