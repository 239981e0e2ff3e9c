import { useCity } from "../lib/city";
import { useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { session } from "../lib/session";
import { Field, Pick } from "../ui/parts";
import type { StepProps } from "./FilePage";

/** Who reports, and who may see what: each choice with the sentence that says what it means. */
export function WhoStep({ draft, change, fault, category }: StepProps) {
  const t = useWords();
  const known = useCity();
  const signedIn = useObservable(session)?.as === "citizen";
  const numbers = category?.questions.some((q) => q.variable && q.values.length === 0 && q.datatype !== "datetime");
  return (
    <>
      <fieldset>
        <legend>{t("who_title")}</legend>
        <Pick
          name="contact"
          value="none"
          checked={draft.contact === "none"}
          label={t(signedIn ? "who_signed_in" : "who_none")}
          hint={t(signedIn ? "who_signed_in_hint" : "who_none_hint")}
          onPick={() => change({ contact: "none" })}
        />
        <Pick
          name="contact"
          value="phone"
          checked={draft.contact === "phone"}
          label={t("who_phone")}
          hint={t("who_phone_hint")}
          onPick={() => change({ contact: "phone" })}
        />
      </fieldset>
      {draft.contact === "phone" && (
        <>
          <Field id="contact.phone" label={t("phone_label")} fault={fault("contact.phone")}>
            {(ids) => (
              <input
                {...ids}
                type="tel"
                autoComplete="tel"
                maxLength={40}
                value={draft.phone}
                onInput={(event) => change({ phone: event.currentTarget.value })}
              />
            )}
          </Field>
          <Field id="contact.name" label={`${t("name_label")} ${t("optional")}`}>
            {(ids) => (
              <input
                {...ids}
                autoComplete="name"
                maxLength={100}
                value={draft.name}
                onInput={(event) => change({ name: event.currentTarget.value })}
              />
            )}
          </Field>
          <fieldset>
            <legend>{t("identity_title")}</legend>
            {(["hidden", "shown"] as const).map((one) => (
              <Pick
                key={one}
                name="identity"
                value={one}
                checked={draft.identity === one}
                label={t(`identity_${one}`)}
                hint={t(`identity_${one}_hint`)}
                onPick={() => change({ identity: one })}
              />
            ))}
            <p class="hint">{t("identity_emergency")}</p>
          </fieldset>
          {known && (
            <p class="hint">
              {known.consent.text} <a href="/data-pribadi">{t("consent_more")}</a>
            </p>
          )}
        </>
      )}
      {category?.sensitive || category?.sheltered ? (
        <p class="box">{t("always_private")}</p>
      ) : (
        <fieldset>
          <legend>{t("publication_title")}</legend>
          {(["public", "private"] as const).map((one) => (
            <Pick
              key={one}
              name="publication"
              value={one}
              checked={draft.publication === one}
              label={t(`publication_${one}`)}
              hint={t(`publication_${one}_hint`)}
              onPick={() => change({ publication: one })}
            />
          ))}
        </fieldset>
      )}
      {numbers && (
        <Pick
          type="checkbox"
          name="share"
          value="1"
          checked={draft.share}
          label={t("share_agency")}
          hint={t("share_agency_hint")}
          onPick={(on) => change({ share: on })}
        />
      )}
      <fieldset>
        <legend>{t("about_title")}</legend>
        <Pick
          type="checkbox"
          name="about"
          value="1"
          checked={draft.about}
          label={t("about_yes")}
          hint={t("about_hint")}
          onPick={(on) => change({ about: on })}
        />
        {draft.about && (
          <Field id="about.words" label={`${t("about_words")} ${t("optional")}`}>
            {(ids) => (
              <input
                {...ids}
                maxLength={300}
                value={draft.aboutWords}
                onInput={(event) => change({ aboutWords: event.currentTarget.value })}
              />
            )}
          </Field>
        )}
      </fieldset>
    </>
  );
}
