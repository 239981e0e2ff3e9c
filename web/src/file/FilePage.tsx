import { useEffect, useRef, useState } from "preact/hooks";
import { ask, type Call, type Offer, type Schemas } from "../api/client";
import { categoryOf, loadCity, useCity, type Category } from "../lib/city";
import { dropValue, getValue, putValue } from "../lib/db";
import { language, useWords, type Key } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { discard, enqueue, type Waiting } from "../lib/outbox";
import { go, Link, useTitle } from "../lib/router";
import { askForSync, outbox, refreshOutbox, sendNow, sent } from "../lib/sending";
import { tokenNow } from "../lib/session";
import { Alarm, Busy, Failure, Faults, Heading, type Fault } from "../ui/parts";
import { dangerIn } from "./danger";
import { EMPTY, faultsOf, reportOf, type Draft, type FormFault } from "./draft";
import { NearbyOffers } from "./NearbyOffers";
import { Preview } from "./Preview";
import { WhatStep } from "./WhatStep";
import { WhereStep } from "./WhereStep";
import { WhoStep } from "./WhoStep";

const SLOT = "draft";
const STEPS: Key[] = ["step_what", "step_where", "step_who", "step_check"];

/** What the steps are given: the draft so far, how to change it, and what is wrong with it. */
export interface StepProps {
  draft: Draft;
  change: (part: Partial<Draft>) => void;
  fault: (field: string) => string | undefined;
  category: Category | undefined;
}

export function FilePage() {
  const t = useWords();
  const spoken = useObservable(language);
  const known = useCity();
  const [draft, setDraft] = useState<Draft | null>(null);
  const [faults, setFaults] = useState<FormFault[]>([]);
  const [queued, setQueued] = useState<Waiting | null>(null);
  const [suggested, setSuggested] = useState<Schemas["Suggestions"] | null>(null);
  const [offers, setOffers] = useState<Offer[]>([]);
  const sending = useRef(false);
  useTitle(t("file_title"), known?.service ?? t("service"));

  useEffect(() => {
    getValue<Draft>(SLOT).then(
      (kept) => setDraft({ ...EMPTY, ...kept }),
      () => setDraft({ ...EMPTY }),
    );
  }, []);

  const change = (part: Partial<Draft>): void => {
    // What is being mended is no longer called wrong; the next press checks again.
    setFaults((before) => before.filter((f) => !Object.keys(part).some((name) => f.field.includes(name))));
    setDraft((before) => {
      const after = { ...(before ?? EMPTY), ...part };
      void putValue(SLOT, after).catch(() => undefined);
      return after;
    });
  };

  // Words suggest while they are typed: half a second after the last key.
  const text = draft?.text ?? "";
  useEffect(() => {
    if (text.trim().length < 8) {
      setSuggested(null);
      return;
    }
    const stop = new AbortController();
    const wait = setTimeout(() => {
      ask<Schemas["Suggestions"]>("/v1/suggestions", {
        body: { text: text.slice(0, 5000) },
        language: spoken,
        signal: stop.signal,
      }).then(
        (found) => stop.signal.aborted || setSuggested(found),
        () => undefined, // Nobody needs a suggestion to report.
      );
    }, 500);
    return () => {
      clearTimeout(wait);
      stop.abort();
    };
  }, [text, spoken]);

  const lat = draft?.lat ?? null;
  const lon = draft?.lon ?? null;
  const chosen = draft?.category ?? "";
  useEffect(() => {
    setOffers([]);
    if (!chosen || lat === null || lon === null) return;
    const stop = new AbortController();
    ask<Schemas["Offers"]>("/v1/nearby", {
      query: { category: chosen, lat, lon },
      language: spoken,
      signal: stop.signal,
    }).then(
      (found) => stop.signal.aborted || setOffers(found.complaints),
      () => undefined,
    );
    return () => stop.abort();
  }, [chosen, lat, lon, spoken]);

  if (queued) return <Outcome row={queued} onAnother={() => setQueued(null)} />;
  if (!draft) return <Busy />;
  if (!known) {
    return (
      <>
        <Heading>{t("file_title")}</Heading>
        <Busy />
        <button type="button" class="plain" onClick={() => void loadCity()}>
          {t("try_again")}
        </button>
      </>
    );
  }

  const category = categoryOf(known, draft.category);
  const call = callFor(draft, category, suggested, known.emergency_numbers, t);
  const step = Math.min(draft.step, STEPS.length - 1);
  const fault = (field: string): string | undefined => {
    const found = faults.find((f) => f.field === field);
    return found && t(found.code as Key);
  };
  const named: Fault[] = faults.map((f) => ({ field: f.field, words: t(f.code as Key) }));

  const move = (to: number): void => {
    const found = to > step ? faultsOf(draft, category, step).filter((f) => f.step <= step) : [];
    setFaults(found);
    if (found.length) return;
    change({ step: to });
    scrollTo(0, 0);
  };

  const send = async (): Promise<void> => {
    if (sending.current) return;
    const found = faultsOf(draft, category, STEPS.length);
    if (found.length) {
      setFaults(found);
      change({ step: Math.min(...found.map((f) => f.step)) });
      return;
    }
    sending.current = true;
    try {
      const body = reportOf(draft, category, spoken, known.utc_offset_minutes);
      if (body.contact) body.consent_version = known.consent.version;
      const signedIn = draft.contact === "none" && tokenNow("citizen") !== null;
      const row = await enqueue(body, spoken, signedIn, Date.now(), draft.photos);
      await dropValue(SLOT).catch(() => undefined);
      setDraft({ ...EMPTY });
      setQueued(row);
      await refreshOutbox();
      void askForSync();
      void sendNow();
    } finally {
      sending.current = false;
    }
  };

  const props: StepProps = { draft, change, fault, category };
  return (
    <>
      <Heading key={step}>{t("file_title")}</Heading>
      <ol class="steps" aria-label={t("steps")}>
        {STEPS.map((name, index) => (
          <li key={name} class={index < step ? "done" : undefined} aria-current={index === step ? "step" : undefined}>
            {t(name)}
          </li>
        ))}
      </ol>
      {call && <Alarm call={call} />}
      <Faults
        faults={named}
        onGo={(field) => {
          const where = faults.find((f) => f.field === field);
          if (where && where.step !== step) change({ step: where.step });
        }}
      />
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (step === STEPS.length - 1) void send();
          else move(step + 1);
        }}
      >
        {step === 0 && <WhatStep {...props} suggested={suggested} />}
        {step === 1 && <WhereStep {...props} />}
        {step <= 1 && offers.length > 0 && <NearbyOffers offers={offers} />}
        {step === 2 && <WhoStep {...props} />}
        {step === 3 && <Preview {...props} onMend={(to) => change({ step: to })} />}
        <div class="walk">
          {step > 0 && (
            <button type="button" class="plain" onClick={() => move(step - 1)}>
              {t("back")}
            </button>
          )}
          <button type="submit">{step === STEPS.length - 1 ? t("send") : t("next")}</button>
        </div>
      </form>
      <p class="hint">{t("draft_kept")}</p>
    </>
  );
}

type Numbers = Schemas["City"]["emergency_numbers"];

/** Whom to call first: what an answer or the category says, then what the service or the phone reads in the words. */
function callFor(
  draft: Draft,
  category: Category | undefined,
  suggested: Schemas["Suggestions"] | null,
  numbers: Numbers,
  t: (key: Key, values?: Record<string, string | number>) => string,
): Call | null {
  const general = numbers.find((n) => n.id === "general") ?? numbers[0];
  const make = (number: string, label: string): Call => ({
    number,
    label,
    tel: `tel:${number}`,
    notice: t("alarm_notice", { number }),
    others:
      general && general.number !== number
        ? [{ number: general.number, label: general.label, tel: `tel:${general.number}` }]
        : [],
  });
  for (const question of category?.questions ?? []) {
    const given = draft.answers[question.id];
    for (const one of Array.isArray(given) ? given : [given]) {
      const number = one === undefined ? undefined : question.dangers[one];
      if (number) return make(number, numbers.find((n) => n.number === number)?.label ?? "");
    }
  }
  if (suggested?.emergency) return suggested.emergency;
  if (category?.emergency) {
    return make(category.emergency, numbers.find((n) => n.number === category.emergency)?.label ?? "");
  }
  const danger = dangerIn(draft.text);
  const found = danger ? (numbers.find((n) => n.id === danger) ?? general) : undefined;
  return found ? make(found.number, found.label) : null;
}

/** After sending: on its way, kept for later, or received. */
function Outcome({ row, onAnother }: { row: Waiting; onAnother: () => void }) {
  const t = useWords();
  const done = useObservable(sent).find((one) => one.row.id === row.id);
  const rows = useObservable(outbox);
  const now = rows.find((one) => one.id === row.id);
  useEffect(() => {
    if (!done) return;
    const { code, secret } = done.filed;
    go(secret ? `/k/${code}?baru=1#${secret}` : `/l/${code}`, true);
  }, [done]);
  if (now?.state === "refused") {
    return (
      <>
        <Heading>{t("refused_title")}</Heading>
        <div class="box bad" role="alert">
          <p>{now.problem?.errors?.map((f) => f.reason).join("; ") || now.problem?.title || t("refused_old")}</p>
        </div>
        <button type="button" onClick={() => void reportToDraft(now).then(onAnother)}>
          {t("mend")}
        </button>
      </>
    );
  }
  if (now && now.tries > 0 && now.state === "waiting") {
    return (
      <>
        <Heading>{t("kept_title")}</Heading>
        <div class="box" role="status">
          <p>{t("kept_words")}</p>
        </div>
        <p>
          <button type="button" onClick={() => void sendNow()}>
            {t("send_now")}
          </button>{" "}
          <Link to="" class="button plain">
            {t("to_start")}
          </Link>
        </p>
      </>
    );
  }
  return (
    <>
      <Heading>{t("sending_title")}</Heading>
      {done || now ? <Busy words="sending" /> : <Failure error={null} again={() => void sendNow()} />}
    </>
  );
}

/** A refused report becomes the draft again; it is sent under a new key, as what it is: another text. */
export async function reportToDraft(row: Waiting): Promise<void> {
  const body = row.body;
  const answers: Draft["answers"] = {};
  for (const [name, value] of Object.entries(body.answers ?? {})) {
    answers[name] = Array.isArray(value) ? value : String(value);
  }
  const draft: Draft = {
    ...EMPTY,
    text: body.text,
    category: body.category ?? "",
    chosen: Boolean(body.category),
    photos: row.photos.map(({ blob }) => blob),
    answers,
    lat: body.place?.lat ?? null,
    lon: body.place?.lon ?? null,
    area: body.place?.area ?? "",
    hamlet: body.place?.hamlet ?? "",
    words: body.place?.words ?? "",
    contact: body.contact?.phone ? "phone" : "none",
    phone: body.contact?.phone ?? "",
    name: body.contact?.name ?? "",
    identity: body.identity ?? "hidden",
    publication: body.publication ?? "public",
    about: body.about_staff !== undefined,
    aboutWords: body.about_staff?.words ?? "",
    share: body.share_with_agency ?? false,
  };
  await putValue(SLOT, draft);
  await discard(row.id);
  await refreshOutbox();
  go("/lapor");
}
