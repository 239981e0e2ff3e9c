import { ask, Offline, Refused, type Schemas } from "./client";

type Link = Schemas["PhotoLink"];

/**
 * Put one photo straight into the bucket and answer its id; the report that is sent under the key `draft` names it.
 * Throws as `ask` does; a bucket that refuses is Refused, one that does not answer Offline.
 */
export async function sendPhoto(photo: Blob, draft: string, language: string): Promise<string> {
  const link = await ask<Link>("/v1/photos", { body: { type: "image/jpeg", draft }, language });
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
