import { useRef, useState } from "preact/hooks";
import { ask, codePath, randomKey, type Offer, type Schemas } from "../api/client";
import { language, useWords } from "../lib/i18n";
import { remember } from "../lib/outbox";
import { go, Link } from "../lib/router";
import { Failure, Moment, Status } from "../ui/parts";

/** Open cases close by: joining one is quicker, and tells the office that it matters to more than one. */
export function NearbyOffers({ offers }: { offers: Offer[] }) {
  const t = useWords();
  return (
    <section class="box" aria-labelledby="nearby">
      <h2 id="nearby">{t("nearby_title")}</h2>
      <p>{t("nearby_lead")}</p>
      <ul class="rows">
        {offers.map((one) => (
          <li key={one.code}>
            <p class="top">
              <Status text={one.status_text} /> <small>{t("metres", { n: one.distance_m })}</small>
              {one.joined > 0 && <small>{t("joined_n", { n: one.joined })}</small>}
            </p>
            <p>
              {one.excerpt || one.category?.label}
              <br />
              <small>
                <Moment at={one.filed_at} />
              </small>
            </p>
            <Join code={one.code} words={one.excerpt || (one.category?.label ?? "")} />{" "}
            <Link to={`/l/${one.code}`}>{t("look")}</Link>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** "Saya juga": once per person; without a contact the key of this very button joins once. */
export function Join({ code, words }: { code: string; words: string }) {
  const t = useWords();
  const key = useRef(randomKey());
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const join = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      const done = await ask<Schemas["Joined"]>(`/v1/complaints/${codePath(code)}/joins`, {
        body: { language: language.value },
        key: key.current,
        language: language.value,
      });
      await remember({ code: done.code, secret: done.secret, words, at: new Date().toISOString(), joined: true });
      go(done.secret ? `/k/${done.code}?baru=1#${done.secret}` : `/l/${done.code}`);
    } catch (failed) {
      setError(failed);
      setBusy(false);
    }
  };
  return (
    <>
      {error !== null && <Failure error={error} />}
      <button type="button" class="plain" disabled={busy} onClick={() => void join()}>
        {t("join")}
      </button>
    </>
  );
}
