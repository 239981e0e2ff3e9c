import { useEffect, useRef, useState } from "preact/hooks";
import { ask, codePath, Refused, type OfficeCase, type Schemas } from "../api/client";
import { categoryOf, useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { Link } from "../lib/router";
import { tokenNow } from "../lib/session";
import { CaseHead, Facts } from "../track/PublicPage";
import { PromiseList, Timeline } from "../track/Story";
import { Busy, Failure, Heading, Moment, Status, useLoad } from "../ui/parts";
import { ActForm, nameOf } from "./ActForm";
import { openActs, type OfficeAct } from "./acts";
import { Around } from "./Around";
import { Inside } from "./Inside";
import { useKeys } from "./keys";
import { OfficePhotos } from "./OfficePhotos";
import { PublicText } from "./PublicText";
import { REFRESH } from "./refresh";
import { SplitForm } from "./SplitForm";
import { useDeskWords } from "./words";

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
  const refreshed = (words: string): void => {
    setTold(words);
    // Our own change is no news.
    version.current = null;
    again();
    onChanged();
  };
  // Where nobody left a contact there is nothing to look at.
  const may = data?.may.filter((act) => act !== "reveal" || data.reporter.known);
  const acts = may ? openActs(may) : { here: [], elsewhere: false };
  const send = async (act: OfficeAct, body: Record<string, unknown>): Promise<void> => {
    const answer = await ask<Partial<Schemas["Revealed"]>>(`/v1/office/complaints/${codePath(code)}/${act.path}`, {
      body,
      token,
      version: version.current ?? undefined,
      language: chosen,
    }).catch((refused: unknown) => {
      // Somebody was faster: what they did is shown at once, and the words typed here stay.
      if (refused instanceof Refused && refused.status === 412) again();
      throw refused;
    });
    if (act.act === "reveal" && answer.contact) setContact(answer.contact);
    setDoing(null);
    refreshed(d("done"));
  };
  const cancelTask = async (number: number, text: string): Promise<void> => {
    const path = `/v1/office/complaints/${codePath(code)}/tasks/${number}/cancellation`;
    await ask(path, { body: { text }, token, version: version.current ?? undefined, language: chosen });
    refreshed(d("done"));
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
      <OfficePhotos code={data.code} token={token} />
      <ActBar acts={acts.here} doing={doing} onBegin={begin} />
      {doing?.act === "split" && <SplitForm onSend={(body) => send(doing, body)} onCancel={() => setDoing(null)} />}
      {doing && doing.act !== "split" && known && (
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
      <Inside data={data} onCancelTask={cancelTask} />
      {data.may.includes("moderate") && <PublicText seen={data} token={token} onChanged={refreshed} />}
      <Around code={data.code} token={token} />
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
        return (
          <button
            key={act.act}
            type="button"
            class={`tiny plain${act.grave ? " grave" : ""}`}
            aria-pressed={doing?.act === act.act}
            aria-keyshortcuts={act.key}
            onClick={() => onBegin(act)}
          >
            {nameOf(act.act)}
            {act.key && <kbd aria-hidden="true">{act.key.toUpperCase()}</kbd>}
          </button>
        );
      })}
    </div>
  );
}
