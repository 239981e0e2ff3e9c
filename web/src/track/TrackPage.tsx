import { useState } from "preact/hooks";
import { ask, type PublicCard } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { go, Link, useTitle } from "../lib/router";
import { session, signOut, tokenNow } from "../lib/session";
import { CardRow } from "../ui/CardRow";
import { Busy, Failure, Field, Heading, useLoad } from "../ui/parts";

/** A code as people write it: any case, with or without dashes and the city's letters; null where it cannot be one. */
export function tidyCode(typed: string): string | null {
  const bare = typed.toUpperCase().replace(/[^0-9A-Z]/g, "");
  if (bare.length === 13 && /^[A-Z]{3}/.test(bare)) {
    return `${bare.slice(0, 3)}-${bare.slice(3, 8)}-${bare.slice(8)}`;
  }
  return bare.length === 10 ? bare : null;
}

/** What somebody may have put in: a code, or a whole link from an SMS. */
export function target(typed: string): string | null {
  const link = /\/([lk])\/([0-9A-Za-z-]{10,16})(?:[/#]([0-9a-z]{8,40}))?/.exec(typed);
  if (link?.[2]) {
    const code = tidyCode(link[2]);
    if (code) return link[1] === "k" && link[3] ? `/k/${code}#${link[3]}` : `/l/${code}`;
  }
  const code = typed.includes("/") ? null : tidyCode(typed);
  return code && `/l/${code}`;
}

export function TrackPage() {
  const t = useWords();
  const known = useCity();
  const who = useObservable(session);
  const [typed, setTyped] = useState("");
  const [fault, setFault] = useState<string>();
  useTitle(t("track_title"), known?.service ?? t("service"));
  return (
    <>
      <Heading>{t("track_title")}</Heading>
      <form
        role="search"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          const to = target(typed);
          if (to) go(to);
          else {
            setFault(t("code_fault"));
            document.getElementById("code")?.focus();
          }
        }}
      >
        <Field id="code" label={t("code_label")} hint={t("code_hint")} fault={fault}>
          {(ids) => (
            <input
              {...ids}
              autoComplete="off"
              autoCapitalize="characters"
              spellcheck={false}
              maxLength={200}
              value={typed}
              onInput={(event) => setTyped(event.currentTarget.value)}
            />
          )}
        </Field>
        <button>{t("track")}</button>
      </form>
      {who?.as === "citizen" ? (
        <Signed />
      ) : (
        <>
          <h2>{t("by_phone_title")}</h2>
          <p>{t("by_phone_lead")}</p>
          <p>
            <Link to="/masuk?ke=/lacak" class="button plain">
              {t("sign_in")}
            </Link>
          </p>
        </>
      )}
    </>
  );
}

function Signed() {
  const t = useWords();
  const chosen = useObservable(language);
  const [more, setMore] = useState<{ rows: PublicCard[]; cursor: string | null }>({ rows: [], cursor: null });
  const { data, error, busy, again } = useLoad(
    async (signal) => {
      const page = await ask<{ complaints: PublicCard[]; cursor: string | null }>("/v1/me/complaints", {
        token: tokenNow("citizen") ?? undefined,
        language: chosen,
        signal,
      });
      setMore({ rows: page.complaints, cursor: page.cursor });
      return page;
    },
    [chosen],
  );
  const next = async (): Promise<void> => {
    const page = await ask<{ complaints: PublicCard[]; cursor: string | null }>("/v1/me/complaints", {
      token: tokenNow("citizen") ?? undefined,
      language: chosen,
      query: { cursor: more.cursor ?? undefined },
    });
    setMore({ rows: [...more.rows, ...page.complaints], cursor: page.cursor });
  };
  return (
    <section aria-labelledby="signed">
      <h2 id="signed">{t("signed_title")}</h2>
      {busy && <Busy />}
      {error !== null && <Failure error={error} again={again} />}
      {data && more.rows.length === 0 && <p>{t("none_yet")}</p>}
      <ul class="rows">
        {more.rows.map((card) => (
          <CardRow key={card.code} card={card} to={`/k/${card.code}`} />
        ))}
      </ul>
      {more.cursor && (
        <button type="button" class="plain" onClick={() => void next()}>
          {t("more")}
        </button>
      )}
      <p>
        <button type="button" class="plain" onClick={signOut}>
          {t("sign_out")}
        </button>
      </p>
    </section>
  );
}
