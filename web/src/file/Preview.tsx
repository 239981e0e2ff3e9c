import { useCity } from "../lib/city";
import { useWords, type Key } from "../lib/i18n";
import { personalIn } from "./personal";
import type { StepProps } from "./FilePage";

/** Everything once more before it is sent, each part with the way back to it. */
export function Preview({ draft, category, onMend }: StepProps & { onMend: (step: number) => void }) {
  const t = useWords();
  const known = useCity();
  const area = known?.areas.find((a) => a.code === draft.area);
  const hamlet = area?.hamlets.find((h) => h.id === draft.hamlet)?.name;
  const hidden = category?.sensitive || category?.sheltered || draft.publication === "private";
  const mend = (step: number, what: Key) => (
    <button type="button" class="plain tiny" aria-label={`${t("mend")}: ${t(what)}`} onClick={() => onMend(step)}>
      {t("mend")}
    </button>
  );
  const where = [hamlet, area?.name, draft.words, draft.lat !== null ? t("point_kept") : ""].filter(Boolean);
  return (
    <>
      <p>{t("check_lead")}</p>
      <dl>
        <dt>
          {t("text_label")} {mend(0, "text_label")}
        </dt>
        <dd class="said">{draft.text}</dd>
        {draft.photos.length > 0 && <dd>{t("photo_count", { n: draft.photos.length })}</dd>}
        {personalIn(draft.text).length > 0 && <dd class="fault">{t("personal_still")}</dd>}
        <dt>
          {t("category_label")} {mend(0, "category_label")}
        </dt>
        <dd>{category?.label ?? t("category_none")}</dd>
        {category?.place !== "none" && (
          <>
            <dt>
              {t("where_title")} {mend(1, "where_title")}
            </dt>
            <dd>{where.length ? where.join(", ") : t("where_none")}</dd>
          </>
        )}
        <dt>
          {t("who_title")} {mend(2, "who_title")}
        </dt>
        <dd>
          {draft.contact === "phone"
            ? `${draft.phone}${draft.name ? `, ${draft.name}` : ""} – ${t(`identity_${draft.identity}`)}`
            : t("who_none")}
        </dd>
        <dt>{t("publication_title")}</dt>
        <dd>{t(hidden ? "publication_private" : "publication_public")}</dd>
        {draft.about && (
          <>
            <dt>{t("about_title")}</dt>
            <dd>{draft.aboutWords || t("about_yes")}</dd>
          </>
        )}
      </dl>
      {category && (
        <p class="box">
          {t("promise_line", { reply: category.promise.first_reply, solved: category.promise.resolution })}
        </p>
      )}
    </>
  );
}
