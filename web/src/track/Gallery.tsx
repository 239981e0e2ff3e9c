import { useEffect, useState } from "preact/hooks";
import { ask, type Schemas } from "../api/client";
import { useWords } from "../lib/i18n";

type Shown = Schemas["PublicPhotos"]["photos"][number];

/** Released photos of a case, the office's proof beside what was reported; nothing where there are none. */
export function Gallery({ path, token }: { path: string; token?: string }) {
  const t = useWords();
  const [photos, setPhotos] = useState<Shown[]>([]);
  useEffect(() => {
    const stop = new AbortController();
    ask<{ photos: Partial<Shown>[] }>(path, { token, signal: stop.signal }).then(
      (found) => setPhotos(found.photos.filter((one): one is Shown => Boolean(one.large && one.small))),
      () => undefined, // A case reads well without them.
    );
    return () => stop.abort();
  }, [path, token]);
  if (!photos.length) return null;
  return (
    <section aria-labelledby="photos">
      <h2 id="photos">{t("photos_title")}</h2>
      <ul class="shots">
        {photos.map((one) => (
          <li key={one.large.jpeg}>
            <a href={one.large.jpeg} rel="noreferrer">
              <picture>
                <source srcSet={one.small.webp} type="image/webp" />
                <img src={one.small.jpeg} loading="lazy" alt={t(`photo_${one.of}`)} />
              </picture>
            </a>
            <small>{t(`photo_${one.of}`)}</small>
          </li>
        ))}
      </ul>
    </section>
  );
}
