import { useState } from "preact/hooks";
import { ask, codePath, type Schemas } from "../api/client";
import { language } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { Link } from "../lib/router";
import { Words } from "../track/OwnPage";
import { Failure, Status, useLoad } from "../ui/parts";
import { Boxes, type Box } from "./Boxes";
import { useDeskWords } from "./words";

type Photos = Schemas["OfficePhotos"];
type Photo = Photos["photos"][number];

/** All photos of a case, each proof beside what was reported; whoever decides what is shown decides here. */
export function OfficePhotos({ code, token }: { code: string; token: string | undefined }) {
  const d = useDeskWords();
  const chosen = useObservable(language);
  const base = `/v1/office/complaints/${codePath(code)}/photos`;
  const { data, error, again } = useLoad(
    (signal) => ask<Photos>(base, { token, language: chosen, signal }),
    [code, token, chosen],
  );
  const [doing, setDoing] = useState<{ id: string; act: "hiding" | "redaction" } | null>(null);
  const [failed, setFailed] = useState<unknown>(null);
  const decide = async (photo: Photo, act: string, body: unknown): Promise<void> => {
    setFailed(null);
    await ask(`${base}/${encodeURIComponent(photo.id)}/${act}`, {
      body,
      token,
      version: photo.version,
      language: chosen,
    });
    setDoing(null);
    again();
  };
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data?.photos.length) return null;
  return (
    <section aria-labelledby="office-photos">
      <h2 id="office-photos">{d("photos")}</h2>
      {failed !== null && <Failure error={failed} again={again} />}
      <ul class="album">
        {data.photos.map((photo, index) => {
          const pair = data.pairs.find((one) => one.proof === photo.id);
          const what = `${d(`photo_of_${photo.of}`)} ${index + 1}`;
          return (
            <li key={photo.id}>
              {doing?.id === photo.id && doing.act === "redaction" && photo.large ? (
                <Boxes
                  picture={photo.large}
                  start={photo.boxes}
                  onSave={(boxes: Box[]) => decide(photo, "redaction", { boxes })}
                  onCancel={() => setDoing(null)}
                />
              ) : (
                <>
                  {photo.small && photo.large ? (
                    <a href={photo.large.jpeg} rel="noreferrer">
                      <picture>
                        <source srcSet={photo.small.webp} type="image/webp" />
                        <img src={photo.small.jpeg} loading="lazy" alt={what} />
                      </picture>
                    </a>
                  ) : (
                    <p class="hint">{photo.reason?.text ?? d("photo_wait")}</p>
                  )}
                  <p class="top">
                    <small>{what}</small>
                    {photo.screening && <Status text={photo.screening.text} good={photo.screening.state === "released"} />}
                    {pair?.metres != null && <small>{d("photo_metres", { n: pair.metres })}</small>}
                    {pair?.minutes != null && <small>{d("photo_minutes", { n: pair.minutes })}</small>}
                    {pair?.same_picture && <Status text={d("photo_same")} late />}
                    {data.seen_before
                      .filter((one) => one.photo === photo.id)
                      .map((one) => (
                        <Link key={one.code} to={`/meja/${one.code}`}>
                          {d("photo_used", { code: one.code })}
                        </Link>
                      ))}
                  </p>
                  {photo.original !== null && photo.state === "fit" && (
                    <p class="acts">
                      {photo.screening?.state !== "released" && (
                        <button
                          type="button"
                          class="tiny plain"
                          aria-label={`${d("photo_release")}: ${what}`}
                          onClick={() => void decide(photo, "release", {}).catch(setFailed)}
                        >
                          {d("photo_release")}
                        </button>
                      )}
                      {photo.screening?.state !== "hidden" && (
                        <button
                          type="button"
                          class="tiny plain"
                          aria-label={`${d("photo_hide")}: ${what}`}
                          onClick={() => setDoing({ id: photo.id, act: "hiding" })}
                        >
                          {d("photo_hide")}
                        </button>
                      )}
                      {photo.large && (
                        <button
                          type="button"
                          class="tiny plain"
                          aria-label={`${d("photo_boxes")}: ${what}`}
                          onClick={() => setDoing({ id: photo.id, act: "redaction" })}
                        >
                          {d("photo_boxes")}
                        </button>
                      )}
                      <a href={photo.original}>{d("photo_original")}</a>
                    </p>
                  )}
                  {doing?.id === photo.id && doing.act === "hiding" && (
                    <Words
                      id={`hide-${photo.id}`}
                      label={d("photo_hide_why")}
                      least={3}
                      most={300}
                      button={d("photo_hide")}
                      onSend={(reason) => decide(photo, "hiding", { reason })}
                    />
                  )}
                </>
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
