import { useEffect, useRef, useState } from "preact/hooks";
import { ask, codePath, type OfficeCase, type Schemas } from "../api/client";
import { proofOf, sendPhotos } from "../api/photos";
import { Photos } from "../file/Photos";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { Failure, Faults, Field, Pick, type Fault } from "../ui/parts";
import { REVEAL_WITH_REASON, bodyOf, missing, type Asked, type Given, type OfficeAct } from "./acts";
import { useColleagues } from "./colleagues";
import { deskSay, isDeskKey, useDeskWords } from "./words";

export const nameOf = (act: string): string => {
  const words = `a_${act}`;
  return isDeskKey(words) ? deskSay(words) : act;
};

/** Today in the city, as a day field writes it. */
export function cityDay(offsetMinutes: number, now = Date.now()): string {
  return new Date(now + offsetMinutes * 60_000).toISOString().slice(0, 10);
}

interface Props {
  act: OfficeAct;
  seen: OfficeCase;
  token: string | undefined;
  onSend: (body: Record<string, unknown>) => Promise<void>;
  onCancel: () => void;
}

/** What an act asks before it is sent; what is missing is said at once, each with the way to its field. */
export function ActForm({ act, seen, token, onSend, onCancel }: Props) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const form = useRef<HTMLFormElement>(null);
  const [given, setGiven] = useState<Given>((): Given => {
    if (act.act === "sort") return { category: seen.category?.id ?? seen.suggested[0] ?? "", area: seen.place.area ?? "" };
    if (act.act === "release_draft") return { text: seen.draft?.text ?? "" };
    return {};
  });
  const [photos, setPhotos] = useState<Blob[]>([]);
  const sent = useRef(new Map<Blob, string>());
  const [faults, setFaults] = useState<string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [templates, setTemplates] = useState<Schemas["ReplyTemplates"]["templates"]>([]);
  const asks = act.act === "reveal" && seen.reporter.contact === "may_be_unmasked" ? REVEAL_WITH_REASON : act.asks;
  const [reasons, setReasons] = useState<Schemas["Rules"]["date_reasons"]>([]);
  const people = useColleagues(asks.some(({ kind }) => kind === "person" || kind === "people"), token);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("select, textarea, input, button")?.focus();
    if (act.act === "schedule") {
      ask<Schemas["Rules"]>("/v1/office/rules", { token, language: language.value }).then(
        (found) => setReasons(found.date_reasons),
        setError,
      );
    }
    const drafting = act.act === "draft" ? "reply" : act.act;
    if (!["reply", "ask", "resolve"].includes(drafting)) return;
    ask<Schemas["ReplyTemplates"]>(`/v1/office/complaints/${codePath(seen.code)}/reply-templates`, {
      token,
      language: language.value,
    }).then(
      (found) => setTemplates(found.templates.filter((one) => one.act === drafting)),
      () => undefined, // A beginning is a help, not a need.
    );
  }, []);
  const put = (name: string, value: Given[string]): void => setGiven((before) => ({ ...before, [name]: value }));
  const faultOf = (one: Asked): string =>
    one.kind === "choice" || one.kind === "person" || one.kind === "day"
      ? d("fault_choose")
      : t("fault_words", { n: one.least ?? 1 });
  const named: Fault[] = asks
    .filter(({ name }) => faults.includes(name))
    .map((one) => ({ field: `do-${one.name}`, words: `${d(one.label)}: ${faultOf(one)}` }));
  const send = async (): Promise<void> => {
    const body = bodyOf({ ...act, asks }, given, Boolean(seen.accusation?.sealed));
    if (photos.length) {
      body["photos"] = await sendPhotos(photos, proofOf(seen.code, token), language.value, sent.current);
    }
    await onSend(body);
  };
  return (
    <form
      ref={form}
      class="box"
      noValidate
      aria-label={nameOf(act.act)}
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        const found = missing({ ...act, asks }, given);
        setFaults(found);
        if (found.length) return;
        setBusy(true);
        setError(null);
        send()
          .catch(setError)
          .finally(() => setBusy(false));
      }}
    >
      <h2>{nameOf(act.act)}</h2>
      {error !== null && <Failure error={error} />}
      <Faults faults={named} />
      {templates.length > 0 && (
        <Field id="do-template" label={d("templates")}>
          {(ids) => (
            <select
              {...ids}
              onChange={(event) => {
                const chosen = templates.find((one) => one.id === event.currentTarget.value);
                if (chosen) put("text", chosen.text);
              }}
            >
              <option value="">{d("template_none")}</option>
              {templates.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.label}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {asks.map((one) => {
        const id = `do-${one.name}`;
        const value = given[one.name];
        const label = one.required ? d(one.label) : `${d(one.label)} ${t("optional")}`;
        const fault = faults.includes(one.name) ? faultOf(one) : undefined;
        if (one.kind === "photos") {
          return (
            <fieldset key={id}>
              <legend>{label}</legend>
              <Photos photos={photos} onChange={setPhotos} />
            </fieldset>
          );
        }
        if (one.kind === "tick") {
          return (
            <Pick
              key={id}
              type="checkbox"
              name={id}
              value="1"
              checked={value === true}
              label={d(one.label)}
              onPick={(on) => put(one.name, on)}
            />
          );
        }
        if (one.kind === "people") {
          const chosen = Array.isArray(value) ? value : [];
          if (!people.length) return null;
          return (
            <details key={id}>
              <summary>{label}</summary>
              {people.map((person) => (
                <Pick
                  key={person.id}
                  type="checkbox"
                  name={id}
                  value={person.id}
                  checked={chosen.includes(person.id)}
                  label={person.name}
                  hint={person.title}
                  onPick={(on) => put(one.name, on ? [...chosen, person.id] : chosen.filter((x) => x !== person.id))}
                />
              ))}
            </details>
          );
        }
        const text = typeof value === "string" ? value : "";
        const choices =
          one.kind === "person"
            ? people.map((person) => ({ value: person.id, label: `${person.name}, ${person.title}` }))
            : one.kind === "choice" && act.act === "schedule"
              ? reasons.map((reason) => ({ value: reason.id, label: reason.label }))
              : known && one.kind === "choice"
                ? (one.choices?.(known, seen) ?? [])
                : null;
        return (
          <Field key={id} id={id} label={label} hint={one.hint && d(one.hint)} fault={fault}>
            {(ids) =>
              choices ? (
                <select {...ids} value={text} onChange={(event) => put(one.name, event.currentTarget.value)}>
                  <option value="">{d("none")}</option>
                  {choices.map((choice) => (
                    <option key={choice.value} value={choice.value}>
                      {choice.label}
                    </option>
                  ))}
                </select>
              ) : one.kind === "day" ? (
                <input
                  {...ids}
                  type="date"
                  min={cityDay(known?.utc_offset_minutes ?? 480)}
                  value={text}
                  onInput={(event) => put(one.name, event.currentTarget.value)}
                />
              ) : one.kind === "line" ? (
                <input
                  {...ids}
                  maxLength={one.most ?? 300}
                  value={text}
                  onInput={(event) => put(one.name, event.currentTarget.value)}
                />
              ) : (
                <textarea
                  {...ids}
                  rows={3}
                  maxLength={one.most ?? 1000}
                  value={text}
                  onInput={(event) => put(one.name, event.currentTarget.value)}
                />
              )
            }
          </Field>
        );
      })}
      <button disabled={busy} class={act.grave ? "grave" : undefined}>
        {nameOf(act.act)}
      </button>{" "}
      <button type="button" class="plain" onClick={onCancel}>
        {d("cancel")}
      </button>
    </form>
  );
}
