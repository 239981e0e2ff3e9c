import { useEffect, useState } from "preact/hooks";
import { ask, type PublicCard } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords, type Key } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { inAddress, Link, useTitle } from "../lib/router";
import { CardRow } from "../ui/CardRow";
import { lazy } from "../ui/lazy";
import { Busy, Failure, Field, Heading } from "../ui/parts";

const SpotMap = lazy(() => import("./SpotMap").then((m) => m.SpotMap));

interface Page {
  complaints: PublicCard[];
  cursor: string | null;
}

interface Filters {
  area: string;
  category: string;
  status: string;
  near: { lat: number; lon: number } | null;
}

const STATES = ["received", "in_progress", "resolved", "closed", "rejected"] as const;
/** A page may be short and still go on; so many are asked for before a person must press again. */
const PAGES_AT_ONCE = 4;
const ENOUGH = 30;
/** More rows would make a cheap phone slow; the filters are the way on. */
const MOST = 400;

/** All public cases of the city. */
export function AroundPage() {
  const t = useWords();
  const known = useCity();
  useTitle(t("around_title"), known?.service ?? t("service"));
  return (
    <>
      <Heading>{t("around_title")}</Heading>
      <p class="hint">{t("around_lead")}</p>
      <PublicList within={{}} />
      {known && (
        <details>
          <summary>{t("around_places")}</summary>
          <h2>{t("around_areas")}</h2>
          <ul class="columns">
            {known.areas
              .filter((one) => one.parent === null)
              .map((one) => (
                <li key={one.code}>
                  <Link to={`/wilayah/${inAddress(one.code)}`}>{one.name}</Link>
                </li>
              ))}
          </ul>
          <h2>{t("around_offices")}</h2>
          <ul class="columns">
            {known.offices
              .filter((one) => !one.outside && !known.areas.some((area) => area.code === one.id))
              .map((one) => (
                <li key={one.id}>
                  <Link to={`/kantor/${one.id}`}>{one.name}</Link>
                </li>
              ))}
          </ul>
        </details>
      )}
    </>
  );
}

/** Public cases, those of an area or office alone where it is given, as a list and on a map; filters hold for both. */
export function PublicList({ within }: { within: { area?: string; office?: string } }) {
  const t = useWords();
  const known = useCity();
  const chosen = useObservable(language);
  const [filters, setFilters] = useState<Filters>({ area: "", category: "", status: "", near: null });
  const [rows, setRows] = useState<PublicCard[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [busy, setBusy] = useState(true);
  const [error, setError] = useState<unknown>(null);
  const [round, setRound] = useState(0);
  const [view, setView] = useState<"list" | "map">("list");
  const [picked, setPicked] = useState<PublicCard[]>([]);
  const [told, setTold] = useState("");

  const fetchMore = async (from: string | null, before: PublicCard[], signal?: AbortSignal): Promise<void> => {
    setBusy(true);
    setError(null);
    let found = before;
    let next = from;
    try {
      for (let page = 0; page < PAGES_AT_ONCE; page++) {
        const answer = await ask<Page>("/v1/complaints", {
          query: {
            area: within.area ?? filters.area,
            office: within.office,
            category: filters.category,
            status: filters.status,
            lat: filters.near?.lat,
            lon: filters.near?.lon,
            radius: filters.near ? 1500 : undefined,
            cursor: next ?? undefined,
          },
          language: chosen,
          signal,
        });
        found = [...found, ...answer.complaints];
        next = answer.cursor;
        setRows(found);
        setCursor(next);
        if (!next || found.length - before.length >= ENOUGH) break;
      }
    } catch (failed) {
      if (signal?.aborted) return;
      setError(failed);
    }
    setBusy(false);
  };
  useEffect(() => {
    const stop = new AbortController();
    setRows([]);
    setPicked([]);
    void fetchMore(null, [], stop.signal);
    return () => stop.abort();
  }, [filters, chosen, round, within.area, within.office]);

  const nearMe = (): void => {
    if (filters.near) {
      setFilters({ ...filters, near: null });
      return;
    }
    setTold(t("locating"));
    navigator.geolocation?.getCurrentPosition(
      (at) => {
        setTold("");
        setFilters({ ...filters, near: { lat: at.coords.latitude, lon: at.coords.longitude } });
      },
      () => setTold(t("locate_failed")),
      { timeout: 15_000, maximumAge: 60_000 },
    );
  };
  const areas = known?.areas ?? [];
  const districts = areas.filter((a) => a.kind === "kecamatan");
  const onMap = rows.filter((row) => row.point);
  const list = (cards: PublicCard[]) => (
    <ul class="rows long">
      {cards.map((card) => (
        <CardRow key={card.code} card={card} to={`/l/${card.code}`} />
      ))}
    </ul>
  );
  return (
    <>
      <div class="chips" role="group" aria-label={`${t("view_list")} / ${t("view_map")}`}>
        {(["list", "map"] as const).map((one) => (
          <button key={one} type="button" class="chip" aria-pressed={view === one} onClick={() => setView(one)}>
            {t(`view_${one}`)}
          </button>
        ))}
        {!within.area && !within.office && (
          <button type="button" class="chip" aria-pressed={filters.near !== null} onClick={nearMe}>
            {t("filter_near")}
          </button>
        )}
      </div>
      <details>
        <summary>
          {t("around_filters")}
          {filters.area || filters.category || filters.status ? " •" : ""}
        </summary>
        {!within.area && (
        <Field id="f-area" label={t("filter_area")}>
          {(ids) => (
            <select {...ids} value={filters.area} onChange={(e) => setFilters({ ...filters, area: e.currentTarget.value })}>
              <option value="">{t("filter_any")}</option>
              {districts.map((district) => (
                <optgroup key={district.code} label={district.name}>
                  <option value={district.code}>{`${district.name}: ${t("filter_any")}`}</option>
                  {areas
                    .filter((a) => a.parent === district.code)
                    .map((a) => (
                      <option key={a.code} value={a.code}>
                        {a.name}
                      </option>
                    ))}
                </optgroup>
              ))}
            </select>
          )}
        </Field>
        )}
        <Field id="f-category" label={t("filter_category")}>
          {(ids) => (
            <select
              {...ids}
              value={filters.category}
              onChange={(e) => setFilters({ ...filters, category: e.currentTarget.value })}
            >
              <option value="">{t("filter_any")}</option>
              {known?.groups.map((group) => (
                <optgroup key={group.id} label={group.label}>
                  {known.categories
                    .filter((c) => c.group === group.id && !c.sensitive)
                    .map((c) => (
                      <option key={c.id} value={c.id}>
                        {c.label}
                      </option>
                    ))}
                </optgroup>
              ))}
            </select>
          )}
        </Field>
        <Field id="f-status" label={t("filter_status")}>
          {(ids) => (
            <select
              {...ids}
              value={filters.status}
              onChange={(e) => setFilters({ ...filters, status: e.currentTarget.value })}
            >
              <option value="">{t("filter_any")}</option>
              {STATES.map((one) => (
                <option key={one} value={one}>
                  {t(`status_${one}` as Key)}
                </option>
              ))}
            </select>
          )}
        </Field>
      </details>
      <p role="status" class="hint">
        {told || (busy ? t("loading") : rows.length ? t("around_count", { n: rows.length }) : t("around_none"))}
      </p>
      {error !== null && <Failure error={error} again={() => setRound(round + 1)} />}
      {view === "map" ? (
        <>
          <SpotMap cards={onMap} onChoose={(cards) => setPicked(cards as PublicCard[])} />
          <p class="hint">{t("around_on_map", { n: onMap.length })}</p>
          <div aria-live="polite">{picked.length > 0 && list(picked)}</div>
        </>
      ) : (
        list(rows)
      )}
      {busy && rows.length === 0 && <Busy />}
      {cursor && !busy && rows.length < MOST && (
        <button type="button" class="plain" onClick={() => void fetchMore(cursor, rows)}>
          {t("more")}
        </button>
      )}
    </>
  );
}
