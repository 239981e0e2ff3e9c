import { ask, codePath, Offline, Refused, type Schemas } from "./client";

type Link = Schemas["PhotoLink"];

/** Where a photo is for: a report that is still to be sent (its key), or a case that somebody may act on. */
export type PhotoFor = { draft: string } | { path: string; token: string | undefined };

export const proofOf = (code: string, token: string | undefined): PhotoFor => ({
  path: `/v1/office/complaints/${codePath(code)}/photos`,
  token,
});
export const answerOf = (code: string, token: string | undefined): PhotoFor => ({
  path: `/v1/me/complaints/${codePath(code)}/photos`,
  token,
});

/**
 * Put one photo straight into the bucket and answer its id, which the report or the act then names.
 * Throws as `ask` does; a bucket that refuses is Refused, one that does not answer Offline.
 */
export async function sendPhoto(photo: Blob, to: PhotoFor, language: string): Promise<string> {
  const type = "image/jpeg" as const;
  const link = await ("draft" in to
    ? ask<Link>("/v1/photos", { body: { type, draft: to.draft }, language })
    : ask<Link>(to.path, { body: { type }, token: to.token, language }));
  const form = new FormData();
  for (const [name, value] of Object.entries(link.fields)) form.append(name, value);
  // S3 takes what stands before the file and nothing after it.
  form.append("file", photo);
  let answer: Response;
  try {
    answer = await fetch(link.url, { method: "POST", body: form, credentials: "omit" });
  } catch {
    throw new Offline("bucket");
  }
  if (!answer.ok) throw new Refused(answer.status, null);
  return link.id;
}

/** All of them, each sent once: what failed on the way is taken up where it stopped. */
export async function sendPhotos(
  photos: readonly Blob[],
  to: PhotoFor,
  language: string,
  known: Map<Blob, string>,
): Promise<string[]> {
  const ids: string[] = [];
  for (const photo of photos) {
    const id = known.get(photo) ?? (await sendPhoto(photo, to, language));
    known.set(photo, id);
    ids.push(id);
  }
  return ids;
}
