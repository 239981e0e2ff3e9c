import { useEffect, useRef, useState } from "preact/hooks";
import { ask, codePath, Refused, type Act, type JoinedCase, type OwnCase, type Schemas } from "../api/client";
import { answerOf, sendPhotos } from "../api/photos";
import { Photos } from "../file/Photos";
import { useCity } from "../lib/city";
import { language, useWords, type Key } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { forget, mine, remember } from "../lib/outbox";
import { go, Link, useTitle } from "../lib/router";
import { openCase, tokenNow } from "../lib/session";
import { Alarm, Busy, Failure, Field, Heading, Moment, Pick, useLoad } from "../ui/parts";
import { CaseHead, Facts } from "./PublicPage";
import { Gallery } from "./Gallery";
import { Share, Slip } from "./Share";
import { PromiseList, Timeline } from "./Story";

type Seen = { own: OwnCase; joined: null; token: string } | { own: null; joined: JoinedCase; token: string };

/** A case for whoever filed or joined it, by its secret or as somebody signed in. */
export function OwnPage({ code, secret, fresh }: { code: string; secret: string; fresh: boolean }) {
  const t = useWords();
  const known = useCity();
  const chosen = useObservable(language);
  const [notice, setNotice] = useState("");
  const { data, error, busy, again } = useLoad<Seen>(
    async (signal) => {
      const key = secret || (await mine().catch(() => [])).find((one) => one.code === code)?.secret || "";
      const token = key ? await openCase(code, key, chosen) : tokenNow("citizen");
      if (!token) throw new Refused(401, null);
      const asked = { token, language: chosen, signal };
      try {
        const own = await ask<OwnCase>(`/v1/me/complaints/${codePath(code)}`, asked);
        return { own, joined: null, token };
      } catch (failed) {
        if (!(failed instanceof Refused) || failed.status !== 404) throw failed;
        const joined = await ask<JoinedCase>(`/v1/me/joins/${codePath(code)}`, asked);
        return { own: null, joined, token };
      }
    },
    [code, secret, chosen],
  );
  const shown = data?.own ?? data?.joined;
  useTitle(shown?.code ?? code, known?.service ?? t("service"));
  useEffect(() => {
    // Whoever opened a secret link on this phone finds the case again on the first screen.
    if (!shown || !secret) return;
    void mine().then((cases) => {
      if (cases.some((one) => one.code === shown.code)) return;
      const words = data?.own?.text.slice(0, 80) ?? shown.category?.label ?? "";
      void remember({ code: shown.code, secret, words, at: shown.filed_at, joined: !data?.own });
    });
  }, [shown, secret]);
  if (error instanceof Refused && (error.status === 401 || error.status === 404)) {
    return (
      <>
        <Heading>{t("not_opened")}</Heading>
        <p>{t("not_opened_words")}</p>
        <p>
          <Link to={`/masuk?ke=/k/${code}`} class="button">
            {t("sign_in")}
          </Link>{" "}
          <Link to={`/l/${code}`} class="button plain">
            {t("open_public")}
          </Link>
        </p>
      </>
    );
  }
  if (error !== null && !data) return <Failure error={error} again={again} />;
  if (!data || !shown) return busy ? <Busy /> : null;
  const done = (words: string): void => {
    setNotice(words);
    again();
    scrollTo(0, 0);
  };
  return (
    <>
      <Heading>{fresh ? t(data.own ? "filed_title" : "joined_title") : (shown.category?.label ?? t("unsorted"))}</Heading>
      <p class="code">{shown.code}</p>
      <p role="status" class={notice ? "box" : "visually-hidden"}>
        {notice}
      </p>
      {fresh && (
        <div class="box">
          <p>{t(secret ? "filed_keep" : "filed_sms")}</p>
        </div>
      )}
      {data.own?.emergency && <Alarm call={data.own.emergency} />}
      {data.own?.emergency?.callback_notice && <p class="hint">{data.own.emergency.callback_notice}</p>}
      <CaseHead data={shown} />
      <div class="box">
        <h2>{t("next_step")}</h2>
        <p>{shown.next_step}</p>
      </div>
      {data.own ? <OwnActs data={data.own} token={data.token} onDone={done} /> : null}
      {data.joined ? <JoinedActs data={data.joined} token={data.token} onDone={done} /> : null}
      {shown.text && <p class="said">{shown.text}</p>}
      <Gallery
        path={data.own ? `/v1/me/complaints/${codePath(shown.code)}/photos` : `/v1/complaints/${codePath(shown.code)}/photos`}
        token={data.own ? data.token : undefined}
      />
      <dl>
        <Facts data={shown} />
        {data.own?.place.words && (
          <div>
            <dt>{t("where_title")}</dt>
            <dd>{data.own.place.words}</dd>
          </div>
        )}
      </dl>
      <PromiseList promised={shown.promised} />
      {data.own?.reopens_on && <p class="hint">{t("reopens_on", { day: data.own.reopens_on })}</p>}
      {data.own?.closes_at && (
        <p class="hint">
          {t("closes_at")} <Moment at={data.own.closes_at} />
        </p>
      )}
      {data.own?.ombudsman && (
        <p class="box">
          {t("ombudsman")} {data.own.ombudsman.name}, {data.own.ombudsman.contact}
        </p>
      )}
      {data.own?.screening.text && <p class="hint">{t("screening", { text: data.own.screening.text })}</p>}
      {data.own && <p class="hint">{t(`publication_${data.own.publication}_hint`)}</p>}
      <Timeline lines={shown.timeline} />
      <p>
        <Share code={shown.code} words={shown.status_text} />
      </p>
      <Slip code={shown.code} />
      {secret && (
        <details>
          <summary>{t("on_this_phone")}</summary>
          <p>{t("on_this_phone_words")}</p>
          <p>
            <Link to={`/data/${shown.code}#${secret}`}>{t("data_title")}</Link>
          </p>
          <button type="button" class="plain" onClick={() => void forget(shown.code).then(() => go(""))}>
            {t("forget")}
          </button>
        </details>
      )}
    </>
  );
}

interface ActsProps<T> {
  data: T;
  token: string;
  onDone: (words: string) => void;
}

/** One act of the reporter: how it is called, what is asked, where it goes. */
interface Doing {
  act: Act;
  title: Key;
  lead?: Key;
  label: Key;
  path: string;
  least: number;
  most: number;
  done: Key;
  grave?: boolean;
}

const DOINGS: Doing[] = [
  { act: "message", title: "act_message", lead: "act_message_lead", label: "act_message_label", path: "messages", least: 3, most: 1000, done: "done_message" },
  { act: "reopen", title: "act_reopen", lead: "act_reopen_lead", label: "act_reopen_label", path: "reopening", least: 3, most: 1000, done: "done_reopen" },
  { act: "appeal", title: "act_appeal", lead: "act_appeal_lead", label: "act_appeal_label", path: "appeal", least: 3, most: 1000, done: "done_appeal" },
  { act: "edit", title: "act_edit", lead: "act_edit_lead", label: "text_label", path: "text", least: 10, most: 5000, done: "done_edit" },
];

function OwnActs({ data, token, onDone }: ActsProps<OwnCase>) {
  const t = useWords();
  const [askReopen, setAskReopen] = useState(data.ask_reopen);
  const [photos, setPhotos] = useState<Blob[]>([]);
  const uploaded = useRef(new Map<Blob, string>());
  const base = `/v1/me/complaints/${codePath(data.code)}`;
  const may = (act: Act): boolean => data.may.includes(act);
  const send = async (path: string, body: unknown, words: string): Promise<unknown> => {
    const answer = await ask<Schemas["State"]>(`${base}/${path}`, {
      body,
      token,
      language: language.value,
      method: path === "text" ? "PUT" : "POST",
    });
    onDone(words);
    return answer;
  };
  const question = data.question;
  return (
    <>
      {question && may("answer") && (
        <section class="box" aria-labelledby="question">
          <h2 id="question">{t("question_title")}</h2>
          <p class="said">{question.text}</p>
          <p class="hint">
            {t("question_until")} <Moment at={question.until} />
          </p>
          <Photos photos={photos} onChange={setPhotos} />
          <Words
            id="answer"
            label={t("answer_label")}
            least={1}
            most={1000}
            button={t("answer_send")}
            onSend={async (text) => {
              const ids = await sendPhotos(photos, answerOf(data.code, token), language.value, uploaded.current);
              const body = { question: question.number, text };
              await send("answers", ids.length ? { ...body, photos: ids } : body, t("done_answer"));
            }}
          />
        </section>
      )}
      {may("confirm") && (
        <Button
          words={t("act_confirm")}
          big
          onPress={() => send("confirmation", {}, t("done_confirm"))}
        />
      )}
      {askReopen && may("reopen") && (
        <p class="box bad" role="alert">
          {t("ask_reopen")}
        </p>
      )}
      {may("rate") && (
        <Rating
          onSend={async (score, words) => {
            const body = words ? { score, words } : { score };
            const answer = (await send("rating", body, t("done_rate"))) as Schemas["Rated"];
            setAskReopen(answer.ask_reopen);
          }}
        />
      )}
      {DOINGS.filter((one) => may(one.act)).map((one) => (
        <details key={one.act} open={one.act === "reopen" && askReopen}>
          <summary>{t(one.title)}</summary>
          {one.lead && <p>{t(one.lead)}</p>}
          <Words
            id={`act-${one.act}`}
            label={t(one.label)}
            least={one.least}
            most={one.most}
            button={t(one.title)}
            start={one.act === "edit" ? data.text : ""}
            onSend={(text) => send(one.path, { text }, t(one.done))}
          />
        </details>
      ))}
      {may("withdraw") && (
        <Withdraw onSend={(body) => send("withdrawal", body, t("done_withdraw"))} />
      )}
      {data.continued && <p class="box">{data.continued}</p>}
    </>
  );
}

function JoinedActs({ data, token, onDone }: ActsProps<JoinedCase>) {
  const t = useWords();
  const base = `/v1/me/joins/${codePath(data.code)}`;
  const send = async (path: string, body: unknown, words: string): Promise<void> => {
    await ask(`${base}/${path}`, { body, token, language: language.value });
    onDone(words);
  };
  return (
    <>
      {data.may.includes("rate") && (
        <Rating onSend={(score, words) => send("rating", words ? { score, words } : { score }, t("done_rate"))} />
      )}
      {data.may.includes("no") && (
        <details>
          <summary>{t("act_reopen")}</summary>
          <Words
            id="act-no"
            label={t("act_reopen_label")}
            least={3}
            most={1000}
            button={t("act_reopen")}
            onSend={(text) => send("reopening", { text }, t("done_reopen"))}
          />
        </details>
      )}
    </>
  );
}

export function Button({ words, big, onPress }: { words: string; big?: boolean; onPress: () => Promise<unknown> }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  return (
    <>
      {error !== null && <Failure error={error} />}
      <button
        type="button"
        class={big ? "big" : undefined}
        disabled={busy}
        onClick={() => {
          setBusy(true);
          setError(null);
          onPress()
            .catch(setError)
            .finally(() => setBusy(false));
        }}
      >
        {words}
      </button>
    </>
  );
}

/** A text and its button; says what is wrong beside it. */
export function Words({
  id,
  label,
  least,
  most,
  button,
  start = "",
  onSend,
}: {
  id: string;
  label: string;
  least: number;
  most: number;
  button: string;
  start?: string;
  onSend: (text: string) => Promise<unknown>;
}) {
  const t = useWords();
  const [text, setText] = useState(start);
  const [fault, setFault] = useState<string>();
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  return (
    <form
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (text.trim().length < least) {
          setFault(t("fault_words", { n: least }));
          document.getElementById(id)?.focus();
          return;
        }
        setBusy(true);
        setError(null);
        setFault(undefined);
        onSend(text.trim())
          .catch(setError)
          .finally(() => setBusy(false));
      }}
    >
      {error !== null && <Failure error={error} />}
      <Field id={id} label={label} fault={fault}>
        {(ids) => (
          <textarea
            {...ids}
            maxLength={most}
            rows={3}
            value={text}
            onInput={(event) => setText(event.currentTarget.value)}
          />
        )}
      </Field>
      <button disabled={busy}>{button}</button>
    </form>
  );
}

function Rating({ onSend }: { onSend: (score: number, words: string) => Promise<unknown> }) {
  const t = useWords();
  const [score, setScore] = useState(0);
  const [words, setWords] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [fault, setFault] = useState("");
  return (
    <form
      class="box"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (!score) {
          setFault(t("fault_score"));
          document.getElementById("score-1")?.focus();
          return;
        }
        setError(null);
        onSend(score, words.trim()).catch(setError);
      }}
    >
      {error !== null && <Failure error={error} />}
      <fieldset>
        <legend>{t("rate_title")}</legend>
        {fault && <p class="fault">{fault}</p>}
        <p class="hint">{t("rate_hint")}</p>
        <div class="stars">
          {[1, 2, 3, 4, 5].map((one) => (
            <label key={one}>
              <input
                id={`score-${one}`}
                type="radio"
                name="score"
                value={one}
                checked={score === one}
                onChange={() => setScore(one)}
              />
              {one}
            </label>
          ))}
        </div>
      </fieldset>
      <Field id="rate-words" label={`${t("rate_words")} ${t("optional")}`}>
        {(ids) => (
          <textarea
            {...ids}
            rows={2}
            maxLength={1000}
            value={words}
            onInput={(event) => setWords(event.currentTarget.value)}
          />
        )}
      </Field>
      <button>{t("rate_send")}</button>
    </form>
  );
}

const REASONS = ["solved", "mistake", "elsewhere", "asked_to", "other"] as const;

function Withdraw({ onSend }: { onSend: (body: Schemas["Withdrawal"]) => Promise<unknown> }) {
  const t = useWords();
  const [reason, setReason] = useState<(typeof REASONS)[number] | null>(null);
  const [text, setText] = useState("");
  const [error, setError] = useState<unknown>(null);
  const [fault, setFault] = useState("");
  return (
    <details>
      <summary>{t("act_withdraw")}</summary>
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!reason) {
            setFault(t("fault_reason"));
            return;
          }
          setError(null);
          onSend(text.trim() ? { reason, text: text.trim() } : { reason }).catch(setError);
        }}
      >
        <p>{t("act_withdraw_lead")}</p>
        {error !== null && <Failure error={error} />}
        <fieldset>
          <legend>{t("withdraw_reason")}</legend>
          {fault && (
            <p class="fault" role="alert">
              {fault}
            </p>
          )}
          {REASONS.map((one) => (
            <Pick
              key={one}
              name="reason"
              value={one}
              checked={reason === one}
              label={t(`withdraw_${one}`)}
              onPick={() => setReason(one)}
            />
          ))}
        </fieldset>
        <Field id="withdraw-text" label={`${t("withdraw_words")} ${t("optional")}`}>
          {(ids) => (
            <textarea
              {...ids}
              rows={2}
              maxLength={300}
              value={text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <button class="grave">{t("act_withdraw")}</button>
      </form>
    </details>
  );
}
