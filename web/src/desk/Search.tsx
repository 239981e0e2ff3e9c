import { useEffect, useState } from "preact/hooks";
import { ask, type Schemas, type StaffCard } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useTitle } from "../lib/router";
import { tokenNow } from "../lib/session";
import { Busy, Failure, Field, Heading } from "../ui/parts";
import { Row } from "./Row";
import { Part } from "./Tabs";
import { useDeskWords, type DeskKey } from "./words";

type Filter = Schemas["Filter"];
type State = Schemas["SearchState"];

const STATES: State[] = [
  "open",
  "ended",
  "received",
  "acknowledged",
  "in_progress",
  "referred",
  "scheduled",
  "reopened",
  "confirming",
  "resolved",
  "closed",
  "rejected",
  "appealed",
  "withdrawn",
];

type Wanted = Record<"text" | "phone" | "office" | "area" | "since" | "until" | "status", string>;
const EMPTY: Wanted = { text: "", phone: "", office: "", area: "", since: "", until: "", status: "" };

/** Only what was filled in. */
const given = (wanted: Partial<Wanted>): Record<string, string> =>
  Object.fromEntries(Object.entries(wanted).flatMap(([name, value]) => (value.trim() ? [[name, value.trim()]] : [])));

/** Cases that this officer may read, by words, code, phone, office, area, days and state; searches can be kept. */
export function Search({ me }: { me: Schemas["Officer"] | null }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const token = tokenNow("officer") ?? undefined;
  const [wanted, setWanted] = useState<Wanted>({ ...EMPTY });
  const [asked, setAsked] = useState<Record<string, string> | null>(null);
  const [rows, setRows] = useState<StaffCard[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [many, setMany] = useState(false);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [filters, setFilters] = useState<Filter[]>([]);
  const [name, setName] = useState("");
  const [told, setTold] = useState("");
  useTitle(d("search_title"), known?.service ?? t("service"));
  useEffect(() => {
    ask<Schemas["Filters"]>("/v1/office/filters", { token, language: language.value }).then(
      (found) => setFilters(found.filters),
      () => undefined,
    );
  }, [token]);
  const put = (part: Partial<Wanted>): void => setWanted((before) => ({ ...before, ...part }));
  const find = async (query: Record<string, string>, from: string | null, before: StaffCard[]): Promise<void> => {
    setBusy(true);
    setError(null);
    setTold("");
    try {
      const page = await ask<Schemas["FoundPage"]>("/v1/office/search", {
        body: from ? { ...query, cursor: from } : query,
        token,
        language: language.value,
      });
      setAsked(query);
      setRows([...before, ...(page.complaints as StaffCard[])]);
      setCursor(page.cursor);
      setMany(page.too_many);
    } catch (failed) {
      setError(failed);
    }
    setBusy(false);
  };
  const changeFilters = (work: Promise<Schemas["Filters"]>, words: string): void => {
    setError(null);
    work.then((found) => {
      setFilters(found.filters);
      setTold(words);
      setName("");
    }, setError);
  };
  const { phone: _, ...keepable } = given(wanted);
  return (
    <Part at="search" me={me}>
      <Heading>{d("search_title")}</Heading>
      {filters.length > 0 && (
        <section aria-labelledby="filters">
          <h2 id="filters">{d("filters")}</h2>
          <ul class="chips kept">
            {filters.map((one) => (
              <li key={one.id}>
                <button
                  type="button"
                  class="chip"
                  onClick={() => {
                    const next = { ...EMPTY, ...(one.query as Partial<Wanted>) };
                    setWanted(next);
                    void find(given(next), null, []);
                  }}
                >
                  {one.name}
                </button>
                <button
                  type="button"
                  class="plain tiny"
                  aria-label={d("filter_drop", { name: one.name })}
                  onClick={() =>
                    changeFilters(
                      ask(`/v1/office/filters/${encodeURIComponent(one.id)}`, {
                        method: "DELETE",
                        token,
                        language: language.value,
                      }),
                      "",
                    )
                  }
                >
                  <span aria-hidden="true">✕</span>
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      <form
        role="search"
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          void find(given(wanted), null, []);
        }}
      >
        <Field id="s-text" label={d("search_words")}>
          {(ids) => (
            <input {...ids} maxLength={100} value={wanted.text} onInput={(e) => put({ text: e.currentTarget.value })} />
          )}
        </Field>
        <div class="grid">
          <Field id="s-status" label={d("search_state")}>
            {(ids) => (
              <select {...ids} value={wanted.status} onChange={(e) => put({ status: e.currentTarget.value })}>
                <option value="">{d("search_any")}</option>
                {STATES.map((one) => (
                  <option key={one} value={one}>
                    {d(`s_${one}` as DeskKey)}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field id="s-office" label={d("office")}>
            {(ids) => (
              <select {...ids} value={wanted.office} onChange={(e) => put({ office: e.currentTarget.value })}>
                <option value="">{d("search_any")}</option>
                {known?.offices.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field id="s-area" label={d("area")}>
            {(ids) => (
              <select {...ids} value={wanted.area} onChange={(e) => put({ area: e.currentTarget.value })}>
                <option value="">{d("search_any")}</option>
                {known?.areas.map((one) => (
                  <option key={one.code} value={one.code}>
                    {one.name}
                  </option>
                ))}
              </select>
            )}
          </Field>
          <Field id="s-since" label={d("search_since")}>
            {(ids) => (
              <input {...ids} type="date" value={wanted.since} onInput={(e) => put({ since: e.currentTarget.value })} />
            )}
          </Field>
          <Field id="s-until" label={d("search_until")}>
            {(ids) => (
              <input {...ids} type="date" value={wanted.until} onInput={(e) => put({ until: e.currentTarget.value })} />
            )}
          </Field>
          <Field id="s-phone" label={d("search_phone")} hint={d("search_phone_hint")}>
            {(ids) => (
              <input
                {...ids}
                inputMode="tel"
                autoComplete="off"
                maxLength={30}
                value={wanted.phone}
                onInput={(e) => put({ phone: e.currentTarget.value })}
              />
            )}
          </Field>
        </div>
        <button disabled={busy}>{d("search_go")}</button>
      </form>
      {error !== null && <Failure error={error} />}
      <p role="status">
        {busy
          ? t("loading")
          : told || (asked && (rows.length ? d("search_found", { n: rows.length }) : !cursor && d("search_none"))) || ""}
      </p>
      {many && <p class="hint">{d("search_many")}</p>}
      {busy && !rows.length && <Busy />}
      <ul class="rows staff">
        {rows.map((row) => (
          <Row key={row.code} row={row} />
        ))}
      </ul>
      {asked && cursor && (
        <button type="button" class="plain" disabled={busy} onClick={() => void find(asked, cursor, rows)}>
          {t("more")}
        </button>
      )}
      {Object.keys(keepable).length > 0 && (
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            if (!name.trim()) return;
            changeFilters(
              ask("/v1/office/filters", {
                body: { name: name.trim(), query: keepable },
                token,
                language: language.value,
              }),
              d("filter_kept"),
            );
          }}
        >
          <Field id="s-name" label={d("filter_name")}>
            {(ids) => <input {...ids} maxLength={40} value={name} onInput={(e) => setName(e.currentTarget.value)} />}
          </Field>
          <button class="plain" disabled={!name.trim()}>
            {d("filter_keep")}
          </button>
        </form>
      )}
    </Part>
  );
}
