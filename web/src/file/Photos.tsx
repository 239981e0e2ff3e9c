import { useEffect, useState } from "preact/hooks";
import { useWords } from "../lib/i18n";
import { PHOTOS_MOST, shrink } from "./photo";

/** Photos first, as people do: taken or chosen, shrunk on the phone before anything is sent. */
export function Photos({ photos, onChange }: { photos: Blob[]; onChange: (photos: Blob[]) => void }) {
  const t = useWords();
  const [told, setTold] = useState("");
  const [urls, setUrls] = useState<string[]>([]);
  useEffect(() => {
    const made = photos.map((photo) => URL.createObjectURL(photo));
    setUrls(made);
    return () => made.forEach((url) => URL.revokeObjectURL(url));
  }, [photos]);
  const add = async (files: FileList | null): Promise<void> => {
    const room = PHOTOS_MOST - photos.length;
    const added: Blob[] = [];
    let unread = false;
    setTold(t("photo_busy"));
    for (const file of [...(files ?? [])].slice(0, room)) {
      try {
        added.push(await shrink(file));
      } catch {
        unread = true;
      }
    }
    setTold(unread ? t("photo_unread") : "");
    if (added.length) onChange([...photos, ...added]);
  };
  return (
    <div class="field">
      <ul class="shots">
        {urls.map((url, index) => (
          <li key={url}>
            <img src={url} alt={t("photo_n", { n: index + 1 })} />
            <button
              type="button"
              class="plain tiny"
              aria-label={`${t("personal_drop")}: ${t("photo_n", { n: index + 1 })}`}
              onClick={() => onChange(photos.filter((_, other) => other !== index))}
            >
              {t("personal_drop")}
            </button>
          </li>
        ))}
      </ul>
      {photos.length < PHOTOS_MOST && (
        <label class="button plain photo">
          <span aria-hidden="true">📷</span> {t("photo_add")}
          <input
            type="file"
            accept="image/*"
            multiple
            class="visually-hidden"
            onChange={(event) => {
              const input = event.currentTarget;
              void add(input.files).then(() => (input.value = ""));
            }}
          />
        </label>
      )}
      <p class="hint">{t("photo_hint")}</p>
      <p role="status" class="fault">
        {told}
      </p>
    </div>
  );
}
