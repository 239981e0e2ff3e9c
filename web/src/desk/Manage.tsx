import { useState } from "preact/hooks";
import { ask, Refused, type Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { Link, useTitle } from "../lib/router";
import { tokenNow } from "../lib/session";
import { day } from "../lib/time";
import { Busy, Failure, Field, Heading, Moment, Status, useLoad } from "../ui/parts";
import { Part, rolesOf } from "./Tabs";
import { useDeskWords, type DeskKey } from "./words";

const PARTS = ["rules", "vacant", "people", "messages", "looks", "bans"] as const;
type ManagePart = (typeof PARTS)[number];

/** What each duty looks after; rules and vacant posts are for everybody who works here. */
export function partsFor(roles: ReadonlySet<string>): ManagePart[] {
  return PARTS.filter((part) => {
    if (part === "people" || part === "messages") return roles.has("administrator");
    if (part === "looks") return roles.has("auditor");
    if (part === "bans") return roles.has("triage");
    return true;
  });
}

function useAsked<T>(path: string, query: Record<string, string | undefined> = {}) {
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  return useLoad(
    (signal) => ask<T>(path, { token, language: chosen, query, signal }),
    [path, token, chosen, ...Object.values(query)],
  );
}

/** What is looked after: people, vacant posts, rules, messages, looks at identities, bans. */
export function Manage({ me, part }: { me: Schemas["Officer"] | null; part: string }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  useTitle(d("manage_title"), known?.service ?? t("service"));
  const parts = partsFor(rolesOf(me));
  const at = parts.find((one) => one === part) ?? parts[0]!;
  return (
    <Part at="manage" me={me}>
      <Heading key={at}>{d(`manage_${at}`)}</Heading>
      <div class="chips">
        {parts.map((one) => (
          <Link
            key={one}
            to={`/meja/kelola/${one}`}
            class={`chip button${one === at ? "" : " plain"}`}
            aria-current={one === at ? "page" : undefined}
          >
            {d(`manage_${one}`)}
          </Link>
        ))}
      </div>
      {at === "people" && <People office={me?.office ?? ""} />}
      {at === "looks" && <Looks />}
      {at === "vacant" && <Vacant />}
      {at === "rules" && <Rules />}
      {at === "messages" && <Messages />}
      {at === "bans" && <Bans />}
    </Part>
  );
}

function People({ office }: { office: string }) {
  const d = useDeskWords();
  const known = useCity();
  const [chosen, setChosen] = useState("");
  const [failed, setFailed] = useState<unknown>(null);
  const at = chosen || office;
  const { data, error, again } = useAsked<Schemas["Officers"]>("/v1/office/officers", { office: at || undefined });
  const act = (id: string, path: string, sure: string): void => {
    if (!confirm(sure)) return;
    setFailed(null);
    ask(`/v1/office/officers/${encodeURIComponent(id)}/${path}`, {
      body: {},
      token: tokenNow("officer") ?? undefined,
      language: language.value,
    }).then(again, setFailed);
  };
  return (
    <>
      <p class="hint">{d("people_lead")}</p>
      <Field id="m-office" label={d("office")}>
        {(ids) => (
          <select {...ids} value={at} onChange={(event) => setChosen(event.currentTarget.value)}>
            {known?.offices
              .filter((one) => !one.outside)
              .map((one) => (
                <option key={one.id} value={one.id}>
                  {one.name}
                </option>
              ))}
          </select>
        )}
      </Field>
      {failed !== null && <Failure error={failed} />}
      {error !== null && <Failure error={error} again={again} />}
      {!data && error === null && <Busy />}
      {data?.officers.length === 0 && <p>{d("people_none")}</p>}
      <ul class="rows">
        {data?.officers.map((one) => (
          <li key={one.id}>
            <p class="top">
              <strong>{one.name}</strong>
              {one.disabled && <Status text={d("people_closed")} late />}
            </p>
            <p>
              {one.title}
              <br />
              <small>{one.duties.map((duty) => duty.title).join(", ")}</small>
            </p>
            {!one.disabled && (
              <p class="acts">
                <button
                  type="button"
                  class="tiny plain"
                  aria-label={`${d("people_reset")}: ${one.name}`}
                  onClick={() => act(one.id, "sign-in-reset", d("people_reset_sure", { name: one.name }))}
                >
                  {d("people_reset")}
                </button>
                <button
                  type="button"
                  class="tiny plain grave"
                  aria-label={`${d("people_close")}: ${one.name}`}
                  onClick={() => act(one.id, "disabling", d("people_close_sure", { name: one.name }))}
                >
                  {d("people_close")}
                </button>
              </p>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

function Looks() {
  const d = useDeskWords();
  const [month, setMonth] = useState("");
  const { data, error, again } = useAsked<Schemas["Looks"]>("/v1/office/looks", { month: month || undefined });
  return (
    <>
      <p class="hint">{d("looks_lead")}</p>
      <Field id="m-month" label={d("month")}>
        {(ids) => <input {...ids} type="month" value={month} onInput={(event) => setMonth(event.currentTarget.value)} />}
      </Field>
      {error !== null && <Failure error={error} again={again} />}
      {!data && error === null && <Busy />}
      {data?.looks.length === 0 && <p>{d("none_found")}</p>}
      <ul class="rows">
        {data?.looks.map((one, index) => (
          <li key={index}>
            <p class="top">
              <strong>{one.officer.name}</strong> <Status text={d(`look_${one.kind}`)} late={one.kind === "hidden"} />
            </p>
            {one.reason && <p class="said">{one.reason}</p>}
            <small>
              <Link to={`/meja/${one.code}`}>{one.code}</Link> · <Moment at={one.at} />
            </small>
          </li>
        ))}
      </ul>
    </>
  );
}

function Vacant() {
  const d = useDeskWords();
  const { data, error, again } = useAsked<Schemas["VacantPosts"]>("/v1/office/posts/vacant");
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return <Busy />;
  return (
    <>
      <p class="hint">{d("vacant_lead")}</p>
      {data.posts.length === 0 && <p>{d("none_found")}</p>}
      <ul class="rows">
        {data.posts.map((one) => (
          <li key={one.post}>
            {one.title} <small>{one.post}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

function Rules() {
  const d = useDeskWords();
  const chosen = useObservable(language);
  const { data, error, again } = useAsked<Schemas["Rules"]>("/v1/office/rules");
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return <Busy />;
  const level = new Map(data.levels.map((one) => [one.id, one]));
  return (
    <>
      <p class="hint">{d("rules_lead")}</p>
      <ul class="rows">
        {data.categories.map((one) => (
          <li key={one.id}>
            <p class="top">
              <strong>{one.label}</strong>
              <Status text={one.level} />
              {level.get(one.level)?.danger && <Status text={d("rule_danger")} late />}
            </p>
            <small>
              {one.office ?? d("rule_area")}
              <br />
              {d("rule_now")}: {d("rule_first")} <Moment at={one.first_reply_by} plain />, {d("rule_solved")}{" "}
              <Moment at={one.resolution_by} plain />
            </small>
          </li>
        ))}
      </ul>
      <h2>{d("rule_levels")}</h2>
      <ul class="rows">
        {data.levels.map((one) => (
          <li key={one.id}>
            <strong>{one.id}</strong>: {d("rule_first")} {one.first_reply}, {d("rule_solved")} {one.resolution}
          </li>
        ))}
      </ul>
      <h2>{d("rule_ladders")}</h2>
      {data.ladders.map((one) => (
        <section key={one.id}>
          <h3>{one.id}</h3>
          <ol>
            {one.rungs.map((rung, index) => (
              <li key={index}>
                {rung.label} <small>{d("rule_waits", { span: rung.waits })}</small>
              </li>
            ))}
          </ol>
        </section>
      ))}
      <h2>{d("rule_days")}</h2>
      <ul class="columns">
        {data.holidays.map((one) => (
          <li key={one.day}>
            {day(one.day, chosen)} <small>{one.calendars.join(", ")}</small>
          </li>
        ))}
      </ul>
    </>
  );
}

function Messages() {
  const d = useDeskWords();
  const chosen = useObservable(language);
  const [find, setFind] = useState("");
  const { data, error, again } = useAsked<Schemas["MessageTemplates"]>("/v1/office/message-templates");
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return <Busy />;
  const shown = data.templates.filter((one) => one.language === chosen && one.name.includes(find.trim().toLowerCase()));
  return (
    <>
      <p class="hint">{d("messages_lead")}</p>
      <Field id="m-find" label={d("messages_find")}>
        {(ids) => <input {...ids} autoComplete="off" value={find} onInput={(event) => setFind(event.currentTarget.value)} />}
      </Field>
      <ul class="rows long">
        {shown.map((one) => (
          <li key={`${one.name} ${one.part}`}>
            <p class="top">
              <strong>{one.name}</strong>
              <Status text={one.part} />
              {one.sms_units !== null && <small>{d("messages_units", { n: one.sms_units })}</small>}
            </p>
            <p class="said">{one.preview}</p>
          </li>
        ))}
      </ul>
    </>
  );
}

function Bans() {
  const d = useDeskWords();
  const [failed, setFailed] = useState<unknown>(null);
  const { data, error, again } = useAsked<Schemas["Bans"]>("/v1/office/bans");
  if (error instanceof Refused && error.status === 404) return <p>{d("not_yours")}</p>;
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return <Busy />;
  return (
    <>
      <p class="hint">{d("ban_hint")}</p>
      {failed !== null && <Failure error={failed} />}
      {data.bans.length === 0 && <p>{d("none_found")}</p>}
      <ul class="rows">
        {data.bans.map((one) => (
          <li key={one.id}>
            <p class="top">
              <Link to={`/meja/${one.code}`}>{one.code}</Link> <Status text={d(`ban_${one.by}` as DeskKey)} />
            </p>
            <p class="said">{one.reason}</p>
            <small>
              {d("bans_until")} <Moment at={one.until} plain />
            </small>{" "}
            <button
              type="button"
              class="tiny plain"
              aria-label={d("ban_end_this", { code: one.code })}
              onClick={() => {
                setFailed(null);
                ask(`/v1/office/bans/${encodeURIComponent(one.id)}`, {
                  method: "DELETE",
                  token: tokenNow("officer") ?? undefined,
                  language: language.value,
                }).then(again, setFailed);
              }}
            >
              {d("ban_end")}
            </button>
          </li>
        ))}
      </ul>
    </>
  );
}
