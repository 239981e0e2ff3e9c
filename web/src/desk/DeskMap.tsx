import { useState } from "preact/hooks";
import { ask, type Schemas, type StaffCard } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { useTitle } from "../lib/router";
import { tokenNow } from "../lib/session";
import { lazy } from "../ui/lazy";
import { Busy, Failure, Heading, useLoad } from "../ui/parts";
import { listsFor } from "./Desk";
import { Row } from "./Row";
import { Part } from "./Tabs";
import { useDeskWords } from "./words";

const SpotMap = lazy(() => import("../around/SpotMap").then((m) => m.SpotMap));

type Page = Schemas["DeskMap"];
type Pinned = StaffCard & { point?: { lat: number; lon: number } };

/** Open cases of one's own ground or office on a map; four pages of the list at most, the most urgent first. */
const PAGES = 4;

export function DeskMap({ me }: { me: Schemas["Officer"] | null }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  const lists = me ? listsFor(me.duties).filter((one) => one === "area" || one === "office") : [];
  const [wanted, setWanted] = useState<"area" | "office" | "">("");
  const which = wanted || (lists.includes("area") ? "area" : "office");
  const [picked, setPicked] = useState<Pinned[]>([]);
  useTitle(d("map_title"), known?.service ?? t("service"));
  const { data, error, again } = useLoad(
    async (signal) => {
      const rows: Pinned[] = [];
      let cursor: string | undefined;
      for (let page = 0; page < PAGES; page++) {
        const found = await ask<Page>("/v1/office/map", {
          token,
          language: chosen,
          query: { which, cursor, limit: 50 },
          signal,
        });
        const spots = new Map(found.points.map((one) => [one.code, { lat: one.lat, lon: one.lon }]));
        rows.push(
          ...(found.complaints as StaffCard[]).map((row) => {
            const point = spots.get(row.code);
            return point ? { ...row, point } : row;
          }),
        );
        if (!found.cursor) break;
        cursor = found.cursor;
      }
      return rows;
    },
    [token, chosen, which],
  );
  const rows = data ?? [];
  const pinned = rows.filter((row) => row.point);
  const shown = picked.length ? picked : rows;
  return (
    <Part at="map" me={me}>
      <Heading>{d("map_title")}</Heading>
      {lists.length > 1 && (
        <div class="chips" role="group" aria-label={d("which")}>
          {lists.map((one) => (
            <button
              key={one}
              type="button"
              class="chip"
              aria-pressed={which === one}
              onClick={() => {
                setPicked([]);
                setWanted(one as "area" | "office");
              }}
            >
              {d(`which_${one}`)}
            </button>
          ))}
        </div>
      )}
      {error !== null && <Failure error={error} again={again} />}
      {!data && error === null && <Busy />}
      {data && (
        <>
          <p class="hint">{d("map_lead")}</p>
          <SpotMap cards={pinned} label={d("map_label_desk")} onChoose={(cards) => setPicked(cards as Pinned[])} />
          {pinned.length < rows.length && <p class="hint">{d("map_without", { n: rows.length - pinned.length })}</p>}
          <p role="status" class="hint">
            {rows.length ? d("search_found", { n: shown.length }) : d("empty")}
          </p>
          <ul class="rows staff">
            {shown.map((row) => (
              <Row key={row.code} row={row} />
            ))}
          </ul>
        </>
      )}
    </Part>
  );
}
