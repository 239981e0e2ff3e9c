import { useState } from "preact/hooks";
import { ask, type Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { useTitle } from "../lib/router";
import { signOut, tokenNow } from "../lib/session";
import { day } from "../lib/time";
import { Failure, Faults, Field, Heading, type Fault } from "../ui/parts";
import { cityDay } from "./ActForm";
import { useColleagues } from "./colleagues";
import { Part } from "./Tabs";
import { useDeskWords } from "./words";

/** What an officer sets for themselves: who stands in while they are away. */
export function Self({ me, onChanged }: { me: Schemas["Officer"] | null; onChanged: () => void }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  const people = useColleagues(true, token);
  const today = cityDay(known?.utc_offset_minutes ?? 480);
  const [delegate, setDelegate] = useState("");
  const [from, setFrom] = useState(today);
  const [until, setUntil] = useState(today);
  const [faults, setFaults] = useState<Fault[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [told, setTold] = useState("");
  useTitle(d("tab_self"), known?.service ?? t("service"));
  const act = (path: string, body: unknown): void => {
    setError(null);
    setTold("");
    ask(path, { body, token, language: language.value }).then(() => {
      setTold(d("done"));
      onChanged();
    }, setError);
  };
  const others = people.filter((one) => one.id !== me?.id);
  const away = me?.absence;
  const stands = (me?.stands_in_for ?? []).map((id) => people.find((one) => one.id === id)?.name ?? id);
  return (
    <Part at="self" me={me}>
      <Heading>{me?.name ?? d("tab_self")}</Heading>
      {me && (
        <>
          <p>{me.title}</p>
          <p class="hint">
            {d("duties")}: {me.duties.map((one) => one.title).join(", ")}
          </p>
        </>
      )}
      <p role="status" class={told ? "box" : "visually-hidden"}>
        {told}
      </p>
      {stands.length > 0 && <p class="box">{d("self_for", { names: stands.join(", ") })}</p>}
      <h2>{d("self_title")}</h2>
      <p class="hint">{d("self_lead")}</p>
      {error !== null && <Failure error={error} />}
      {away && (
        <div class="box">
          <p>
            {d("self_now", { name: away.delegate.name, from: day(away.from, chosen), until: day(away.until, chosen) })}
          </p>
          <button type="button" onClick={() => act("/v1/office/me/absence-end", {})}>
            {d("self_back")}
          </button>
        </div>
      )}
      {others.length === 0 ? (
        <p>{d("self_alone")}</p>
      ) : (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            const found: Fault[] = delegate ? [] : [{ field: "delegate", words: `${d("self_who")}: ${d("fault_choose")}` }];
            setFaults(found);
            if (!found.length) act("/v1/office/me/absence", { delegate, from, until });
          }}
        >
          <Faults faults={faults} />
          <Field id="delegate" label={d("self_who")} fault={faults[0]?.words}>
            {(ids) => (
              <select {...ids} value={delegate} onChange={(event) => setDelegate(event.currentTarget.value)}>
                <option value="">{d("choose_one")}</option>
                {others.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.name}, {one.title}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <div class="grid">
            <Field id="away-from" label={d("self_from")}>
              {(ids) => <input {...ids} type="date" value={from} onInput={(e) => setFrom(e.currentTarget.value)} />}
            </Field>
            <Field id="away-until" label={d("self_until")}>
              {(ids) => (
                <input {...ids} type="date" min={from} value={until} onInput={(e) => setUntil(e.currentTarget.value)} />
              )}
            </Field>
          </div>
          <button>{d("self_save")}</button>
        </form>
      )}
      <p>
        <button type="button" class="plain" onClick={signOut}>
          {t("sign_out")}
        </button>
      </p>
    </Part>
  );
}
