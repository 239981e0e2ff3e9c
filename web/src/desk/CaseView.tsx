import { useEffect, useRef, useState } from "preact/hooks";
import { ask, codePath, Refused, type OfficeCase, type Schemas } from "../api/client";
import { categoryOf, useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { Link } from "../lib/router";
import { tokenNow } from "../lib/session";
import { CaseHead, Facts } from "../track/PublicPage";
import { Gallery } from "../track/Gallery";
import { PromiseList, Timeline } from "../track/Story";
import { Busy, Failure, Field, Heading, Moment, Pick, Status, useLoad } from "../ui/parts";
import { bodyOf, missing, openActs, type Given, type OfficeAct } from "./acts";
import { useKeys } from "./keys";
import { REFRESH } from "./Desk";
import { isDeskKey, useDeskWords } from "./words";

/** One case on one screen, with what this officer may do now. */
export function CaseView({ code, onChanged }: { code: string; keys: boolean; onChanged: () => void }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  const [doing, setDoing] = useState<OfficeAct | null>(null);
  const [told, setTold] = useState("");
  const [contact, setContact] = useState<Schemas["Revealed"]["contact"] | null>(null);
  const version = useRef<number | null>(null);
  const { data, error, busy, again } = useLoad(
    (signal) => ask<OfficeCase>(`/v1/office/complaints/${codePath(code)}`, { token, language: chosen, signal }),
    [code, token, chosen],
  );
  useEffect(() => {
    if (!data) return;
    if (version.current !== null && version.current < data.version && !told) setTold(d("changed"));
    version.current = data.version;
  }, [data]);
  useEffect(() => {
    const clock = setInterval(() => document.visibilityState === "visible" && again(), REFRESH);
    return () => clearInterval(clock);
  }, []);
  const acts = data ? openActs(data.may) : { here: [], elsewhere: false };
  const send = async (act: OfficeAct, body: Record<string, unknown>): Promise<void> => {
    const answer = await ask<Partial<Schemas["Revealed"]>>(`/v1/office/complaints/${codePath(code)}/${act.path}`, {
      body,
      token,
      version: version.current ?? undefined,
      language: chosen,
    });
    if (act.act === "reveal" && answer.contact) setContact(answer.contact);
    setDoing(null);
    setTold(d("done"));
    // Our own change is no news.
    version.current = null;
    again();
    onChanged();
  };
  const begin = (act: OfficeAct): void => {
    setTold("");
    setDoing(act);
  };
  useKeys({
    ...Object.fromEntries(acts.here.flatMap((act) => (act.key ? [[act.key, () => begin(act)]] : []))),
    escape: () => setDoing(null),
  });

  if (error instanceof Refused && error.status === 404) {
    return (
      <>
        <Heading>{d("case_gone")}</Heading>
        <Link to="/meja">{d("back")}</Link>
      </>
    );
  }
  if (!data) return error !== null ? <Failure error={error} again={again} /> : busy ? <Busy /> : null;
  const place = data.place;
  const area = known?.areas.find((a) => a.code === place.area);
  const category = categoryOf(known, data.category?.id ?? "");
  return (
    <>
      <p class="narrow-only">
        <Link to="/meja">← {d("back")}</Link>
      </p>
      <Heading>{data.category?.label ?? t("unsorted")}</Heading>
      <p class="code">{data.code}</p>
      <p role="status" class={told ? "box" : "visually-hidden"}>
        {told}
      </p>
      {error !== null && <Failure error={error} again={again} />}
      <CaseHead data={data} />
      {data.emergency && (
        <div class="box sos">
          <h2>
            {d("danger")} <Status text={data.emergency.state_text} late />
          </h2>
          {data.emergency.dial.map((one) => (
            <p key={one.number}>
              <a href={`tel:${one.number}`}>{one.number}</a> {one.label}
            </p>
          ))}
        </div>
      )}
      <p class="said">{data.text}</p>
      <Gallery path={`/v1/office/complaints/${codePath(data.code)}/photos`} token={token} />
      <ActBar acts={acts.here} doing={doing} onBegin={begin} />
      {doing && known && (
        <ActForm
          key={doing.act}
          act={doing}
          seen={data}
          token={token}
          onSend={(body) => send(doing, body)}
          onCancel={() => setDoing(null)}
        />
      )}
      {acts.elsewhere && (
        <p class="hint">
          <a href={`/o/${data.code.slice(4).replace("-", "")}`}>{d("elsewhere")}</a>
        </p>
      )}
      {contact && (
        <div class="box" role="status">
          <h2>{d("contact")}</h2>
          {contact.name && <p>{contact.name}</p>}
          {contact.phone && (
            <p>
              <a href={`tel:${contact.phone}`}>{contact.phone}</a>
            </p>
          )}
          {contact.email && (
            <p>
              <a href={`mailto:${contact.email}`}>{contact.email}</a>
            </p>
          )}
        </div>
      )}
      <div class="two">
        <dl>
          <Facts data={data} />
          <dt>{d("place")}</dt>
          <dd>
            {[area?.name, place.words].filter(Boolean).join(", ") || "–"}
            {place.lat !== null && (
              <>
                {" "}
                <a href={`geo:${place.lat},${place.lon}`}>
                  {place.lat.toFixed(5)}, {place.lon?.toFixed(5)}
                </a>
              </>
            )}
          </dd>
          {data.media_url && (
            <>
              <dt>{d("media_url")}</dt>
              <dd>
                <a href={data.media_url} rel="noreferrer nofollow">
                  {data.media_url}
                </a>
              </dd>
            </>
          )}
          <dt>{d("reporter")}</dt>
          <dd>{d(data.reporter.known ? `reporter_${data.reporter.contact}` : "reporter_none")}</dd>
          {Object.keys(data.answers).length > 0 && (
            <>
              <dt>{d("answers")}</dt>
              {Object.entries(data.answers).map(([id, value]) => (
                <dd key={id}>
                  {category?.questions.find((q) => q.id === id)?.label ?? id}: {String(value)}
                </dd>
              ))}
            </>
          )}
          {data.suggested.length > 0 && !data.category && (
            <>
              <dt>{d("suggested")}</dt>
              <dd>{data.suggested.map((id) => categoryOf(known, id)?.label ?? id).join(", ")}</dd>
            </>
          )}
        </dl>
        <PromiseList promised={data.promised} />
      </div>
      <Timeline lines={data.timeline} />
      {data.messages.length > 0 && (
        <details>
          <summary>{d("messages")}</summary>
          <ul>
            {data.messages.map((one, index) => (
              <li key={index}>
                {one.channel} · {one.template} · {one.state} · <Moment at={one.at} />
              </li>
            ))}
          </ul>
        </details>
      )}
    </>
  );
}

function ActBar({
  acts,
  doing,
  onBegin,
}: {
  acts: OfficeAct[];
  doing: OfficeAct | null;
  onBegin: (act: OfficeAct) => void;
}) {
  const d = useDeskWords();
  if (!acts.length) return null;
  return (
    <div class="acts" role="group" aria-label={d("acts")}>
      {acts.map((act) => {
        const words = `a_${act.act}`;
        return (
          <button
            key={act.act}
            type="button"
            class={`tiny plain${act.grave ? " grave" : ""}`}
            aria-pressed={doing?.act === act.act}
            aria-keyshortcuts={act.key}
            onClick={() => onBegin(act)}
          >
            {isDeskKey(words) ? d(words) : act.act}
            {act.key && <kbd aria-hidden="true">{act.key.toUpperCase()}</kbd>}
          </button>
        );
      })}
    </div>
  );
}

function ActForm({
  act,
  seen,
  token,
  onSend,
  onCancel,
}: {
  act: OfficeAct;
  seen: OfficeCase;
  token: string | undefined;
  onSend: (body: Record<string, unknown>) => Promise<void>;
  onCancel: () => void;
}) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const form = useRef<HTMLFormElement>(null);
  const [given, setGiven] = useState<Given>((): Given =>
    act.act === "sort" ? { category: seen.category?.id ?? seen.suggested[0] ?? "", area: seen.place.area ?? "" } : {},
  );
  const [faults, setFaults] = useState<string[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  const [templates, setTemplates] = useState<Schemas["ReplyTemplates"]["templates"]>([]);
  useEffect(() => {
    form.current?.querySelector<HTMLElement>("select, textarea, input, button")?.focus();
    if (!["reply", "ask", "resolve"].includes(act.act)) return;
    ask<Schemas["ReplyTemplates"]>(`/v1/office/complaints/${codePath(seen.code)}/reply-templates`, {
      token,
      language: language.value,
    }).then(
      (found) => setTemplates(found.templates.filter((one) => one.act === act.act)),
      () => undefined, // A beginning is a help, not a need.
    );
  }, []);
  const put = (name: string, value: string | boolean): void => setGiven((before) => ({ ...before, [name]: value }));
  const words = `a_${act.act}`;
  return (
    <form
      ref={form}
      class="box"
      noValidate
      onKeyDown={(event) => {
        if (event.key === "Escape") onCancel();
        if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) event.currentTarget.requestSubmit();
      }}
      onSubmit={(event) => {
        event.preventDefault();
        const found = missing(act, given);
        setFaults(found);
        if (found[0]) {
          document.getElementById(`do-${found[0]}`)?.focus();
          return;
        }
        setBusy(true);
        setError(null);
        onSend(bodyOf(act, given, Boolean(seen.accusation?.sealed)))
          .catch(setError)
          .finally(() => setBusy(false));
      }}
    >
      {error !== null && <Failure error={error} />}
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
      {act.asks.map((one) => {
        const id = `do-${one.name}`;
        const value = given[one.name];
        const label = one.required ? d(one.label) : `${d(one.label)} ${t("optional")}`;
        const fault = faults.includes(one.name) ? t("fault_words", { n: one.least ?? 1 }) : undefined;
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
        const text = typeof value === "string" ? value : "";
        return (
          <Field key={id} id={id} label={label} fault={fault}>
            {(ids) =>
              one.kind === "choice" ? (
                <select {...ids} value={text} onChange={(event) => put(one.name, event.currentTarget.value)}>
                  <option value="">{d("none")}</option>
                  {known &&
                    one.choices?.(known, seen).map((choice) => (
                      <option key={choice.value} value={choice.value}>
                        {choice.label}
                      </option>
                    ))}
                </select>
              ) : one.kind === "line" ? (
                <input {...ids} maxLength={300} value={text} onInput={(e) => put(one.name, e.currentTarget.value)} />
              ) : (
                <textarea
                  {...ids}
                  rows={3}
                  maxLength={1000}
                  value={text}
                  onInput={(event) => put(one.name, event.currentTarget.value)}
                />
              )
            }
          </Field>
        );
      })}
      <button disabled={busy} class={act.grave ? "grave" : undefined}>
        {isDeskKey(words) ? d(words) : act.act}
      </button>{" "}
      <button type="button" class="plain" onClick={onCancel}>
        {d("cancel")}
      </button>
    </form>
  );
}
