import { useState } from "preact/hooks";
import { ask, Refused, type Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { forget } from "../lib/outbox";
import { Link, useTitle } from "../lib/router";
import { openCase, signOut, tokenNow } from "../lib/session";
import { Busy, Failure, Field, Heading, Moment, Pick, useLoad } from "../ui/parts";

type Own = Schemas["OwnData"];
interface Look {
  code: string;
  at: string;
  what: string;
  text: string;
}

/** Every time somebody of the city saw who the reporter is, newest first, from the histories of their cases. */
export function looksIn(data: Own): Look[] {
  return data.complaints
    .flatMap((one) =>
      (((one as Record<string, unknown>)["timeline"] ?? []) as { act: string; at: string; what: string; text: string }[])
        .filter(({ act }) => act === "reveal" || act === "unmask")
        .map(({ at, what, text }) => ({ code: one.code, at, what, text })),
    )
    .sort((a, b) => b.at.localeCompare(a.at));
}

/** What the city holds on somebody: to read and keep, to correct, to erase. With a secret link it is that one case. */
export function MyDataPage({ code, secret }: { code: string; secret: string }) {
  const t = useWords();
  const known = useCity();
  const chosen = useObservable(language);
  const [gone, setGone] = useState<Schemas["Erasure"] | null>(null);
  const { data, error, again } = useLoad(
    async (signal) => {
      const token = secret ? await openCase(code, secret, chosen) : tokenNow("citizen");
      if (!token) throw new Refused(401, null);
      return { token, own: await ask<Own>("/v1/me/data", { token, language: chosen, signal }) };
    },
    [code, secret, chosen],
  );
  useTitle(t("data_title"), known?.service ?? t("service"));
  if (gone) {
    return (
      <>
        <Heading key="gone">{t("data_erased")}</Heading>
        <p role="status">{t("data_erased_words", { n: gone.complaints })}</p>
        <p>
          {t("data_erased_by")} <Moment at={gone.by_at_the_latest} plain />
        </p>
      </>
    );
  }
  if (error instanceof Refused && (error.status === 401 || error.status === 404)) {
    return (
      <>
        <Heading>{t("data_title")}</Heading>
        <p>{t("data_sign_in")}</p>
        <p>
          <Link to="/masuk?ke=/data" class="button">
            {t("sign_in")}
          </Link>
        </p>
      </>
    );
  }
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return <Busy />;
  const { own, token } = data;
  const looks = looksIn(own);
  return (
    <>
      <Heading>{t("data_title")}</Heading>
      <p class="lead">{t("data_lead")}</p>
      <p>
        {t("data_holds", { n: own.complaints.length, m: own.joined.length })} {own.more && t("data_more")}
      </p>
      <p>
        <button type="button" onClick={() => save(own)}>
          {t("data_save")}
        </button>
      </p>
      <h2>{t("looks_title")}</h2>
      {looks.length === 0 ? (
        <p>{t("looks_none")}</p>
      ) : (
        <ul class="rows">
          {looks.map((one, index) => (
            <li key={index}>
              <p>{one.what}</p>
              {one.text && <p class="said">{one.text}</p>}
              <small>
                <Link to={secret ? `/k/${one.code}#${secret}` : `/k/${one.code}`}>{one.code}</Link> · <Moment at={one.at} />
              </small>
            </li>
          ))}
        </ul>
      )}
      {own.contact && !secret && <Correct contact={own.contact} token={token} onDone={again} />}
      <h2>{t("data_consent")}</h2>
      <p>{own.consent.text}</p>
      {own.notes.map((note) => (
        <p key={note} class="hint">
          {note}
        </p>
      ))}
      <Erase
        token={token}
        onDone={(erased) => {
          if (secret) void forget(code).catch(() => undefined);
          else signOut();
          setGone(erased);
        }}
      />
    </>
  );
}

/** Puts the copy into a file of the phone; nothing leaves it. */
function save(own: Own): void {
  const url = URL.createObjectURL(new Blob([JSON.stringify(own, null, 2)], { type: "application/json" }));
  const link = document.createElement("a");
  link.href = url;
  link.download = `data-saya-${own.made_at.slice(0, 10)}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}

function Correct({
  contact,
  token,
  onDone,
}: {
  contact: NonNullable<Own["contact"]>;
  token: string;
  onDone: () => void;
}) {
  const t = useWords();
  const [name, setName] = useState(contact.name);
  const [email, setEmail] = useState(contact.email);
  const [spoken, setSpoken] = useState(contact.language);
  const [error, setError] = useState<unknown>(null);
  const [told, setTold] = useState("");
  return (
    <>
      <h2>{t("data_contact")}</h2>
      {contact.phone && <p>{contact.phone}</p>}
      <p role="status" class={told ? "box" : "visually-hidden"}>
        {told}
      </p>
      {error !== null && <Failure error={error} />}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          setError(null);
          setTold("");
          const body: Schemas["Correction"] = { name: name.trim(), language: spoken as "id" | "en" };
          if (contact.phone) body.email = email.trim();
          ask("/v1/me/data", { method: "PUT", body, token, language: language.value }).then(() => {
            setTold(t("data_corrected"));
            onDone();
          }, setError);
        }}
      >
        <Field id="d-name" label={t("name_label")}>
          {(ids) => (
            <input {...ids} autoComplete="name" maxLength={100} value={name} onInput={(e) => setName(e.currentTarget.value)} />
          )}
        </Field>
        {contact.phone && (
          <Field id="d-email" label={t("data_email")}>
            {(ids) => (
              <input
                {...ids}
                type="email"
                autoComplete="email"
                maxLength={254}
                value={email}
                onInput={(e) => setEmail(e.currentTarget.value)}
              />
            )}
          </Field>
        )}
        <Field id="d-language" label={t("data_language")}>
          {(ids) => (
            <select {...ids} value={spoken} onChange={(e) => setSpoken(e.currentTarget.value)}>
              <option value="id">Indonesia</option>
              <option value="en">English</option>
            </select>
          )}
        </Field>
        <button>{t("data_correct")}</button>
      </form>
    </>
  );
}

function Erase({ token, onDone }: { token: string; onDone: (erased: Schemas["Erasure"]) => void }) {
  const t = useWords();
  const [sure, setSure] = useState(false);
  const [fault, setFault] = useState("");
  const [error, setError] = useState<unknown>(null);
  return (
    <details>
      <summary>{t("data_erase")}</summary>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!sure) {
            setFault(t("data_erase_fault"));
            return;
          }
          setFault("");
          setError(null);
          ask<Schemas["Erasure"]>("/v1/me/erasure", { body: { sure: true }, token, language: language.value }).then(
            onDone,
            setError,
          );
        }}
      >
        <p>{t("data_erase_lead")}</p>
        {error !== null && <Failure error={error} />}
        {fault && (
          <p class="fault" role="alert">
            {fault}
          </p>
        )}
        <Pick type="checkbox" name="sure" value="1" checked={sure} label={t("data_erase_sure")} onPick={setSure} />
        <button class="grave">{t("data_erase")}</button>
      </form>
    </details>
  );
}
