import { useRef, useState } from "preact/hooks";
import { ask, randomKey, type Filed, type Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useTitle } from "../lib/router";
import { tokenNow } from "../lib/session";
import { Failure, Faults, Field, Heading, Pick, type Fault } from "../ui/parts";
import { Slip } from "../track/Share";
import { Part } from "./Tabs";
import { useDeskWords } from "./words";

const EMPTY = { text: "", category: "", area: "", words: "", phone: "", name: "" };

/** The operator's form: a report for somebody on the phone or at the counter, whose messages go to that person. */
export function Caller({ me }: { me: Schemas["Officer"] | null }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const [said, setSaid] = useState({ ...EMPTY });
  const [agreed, setAgreed] = useState(false);
  const [faults, setFaults] = useState<Fault[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<Filed | null>(null);
  const key = useRef(randomKey());
  useTitle(d("caller_title"), known?.service ?? t("service"));
  const put = (part: Partial<typeof EMPTY>): void => setSaid((before) => ({ ...before, ...part }));
  const faultAt = (field: string): string | undefined => faults.find((one) => one.field === field)?.words;
  const category = known?.categories.find((one) => one.id === said.category);
  const send = async (): Promise<void> => {
    const found: Fault[] = [];
    if (said.text.trim().length < 10) found.push({ field: "c-text", words: t("fault_text_short") });
    if (!said.area && category?.place !== "none") found.push({ field: "c-area", words: t("fault_place") });
    if (!agreed) found.push({ field: "c-agreed", words: `${d("caller_consent")}?` });
    setFaults(found);
    if (found.length) return;
    setBusy(true);
    setError(null);
    const phone = said.phone.trim();
    try {
      const filed = await ask<Filed>("/v1/office/complaints", {
        token: tokenNow("officer") ?? undefined,
        key: key.current,
        language: language.value,
        body: {
          text: said.text.trim(),
          ...(said.category ? { category: said.category } : {}),
          ...(said.area ? { place: { area: said.area, ...(said.words.trim() ? { words: said.words.trim() } : {}) } } : {}),
          ...(phone ? { contact: { phone, ...(said.name.trim() ? { name: said.name.trim() } : {}) } } : {}),
          consent: true,
        },
      });
      setDone(filed);
    } catch (failed) {
      setError(failed);
    }
    setBusy(false);
  };
  if (done) {
    return (
      <Part at="caller" me={me}>
        <Heading>{d("caller_title")}</Heading>
        <div class="box" role="status">
          <p>{d("caller_done")}</p>
          <p class="code">{done.code}</p>
        </div>
        {done.secret && (
          <>
            <p>{d("caller_secret")}</p>
            <p class="said">{`${location.origin}/k/${done.code}/${done.secret}`}</p>
          </>
        )}
        <Slip code={done.code} />
        <button
          type="button"
          onClick={() => {
            key.current = randomKey();
            setSaid({ ...EMPTY });
            setAgreed(false);
            setDone(null);
          }}
        >
          {d("caller_again")}
        </button>
      </Part>
    );
  }
  return (
    <Part at="caller" me={me}>
      <Heading>{d("caller_title")}</Heading>
      <p class="hint">{d("caller_lead")}</p>
      {error !== null && <Failure error={error} />}
      <Faults faults={faults} />
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void send();
        }}
      >
        <Field id="c-text" label={d("caller_text")} fault={faultAt("c-text")}>
          {(ids) => (
            <textarea {...ids} rows={5} maxLength={5000} value={said.text} onInput={(e) => put({ text: e.currentTarget.value })} />
          )}
        </Field>
        <div class="grid">
          <Field id="c-category" label={d("category")}>
            {(ids) => (
              <select {...ids} value={said.category} onChange={(e) => put({ category: e.currentTarget.value })}>
                <option value="">{d("caller_sorted")}</option>
                {known?.categories.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.label}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field id="c-area" label={d("area")} fault={faultAt("c-area")}>
            {(ids) => (
              <select {...ids} value={said.area} onChange={(e) => put({ area: e.currentTarget.value })}>
                <option value="">{d("choose_one")}</option>
                {known?.areas
                  .filter((one) => one.parent !== null)
                  .map((one) => (
                    <option key={one.code} value={one.code}>
                      {one.name}
                    </option>
                  ))}
              </select>
            )}
          </Field>
          <Field id="c-words" label={d("caller_words")}>
            {(ids) => <input {...ids} maxLength={300} value={said.words} onInput={(e) => put({ words: e.currentTarget.value })} />}
          </Field>
          <Field id="c-phone" label={`${d("caller_phone")} ${t("optional")}`}>
            {(ids) => (
              <input
                {...ids}
                inputMode="tel"
                autoComplete="off"
                maxLength={30}
                value={said.phone}
                onInput={(e) => put({ phone: e.currentTarget.value })}
              />
            )}
          </Field>
          <Field id="c-name" label={`${d("caller_name")} ${t("optional")}`}>
            {(ids) => (
              <input
                {...ids}
                autoComplete="off"
                maxLength={100}
                value={said.name}
                onInput={(e) => put({ name: e.currentTarget.value })}
              />
            )}
          </Field>
        </div>
        {known && <p class="hint">{known.consent.text}</p>}
        <Pick
          type="checkbox"
          name="c-agreed"
          value="1"
          checked={agreed}
          label={d("caller_consent")}
          onPick={setAgreed}
        />
        <button disabled={busy}>{d("caller_send")}</button>
      </form>
    </Part>
  );
}
