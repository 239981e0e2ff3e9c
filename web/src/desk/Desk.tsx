import { useEffect, useRef, useState } from "preact/hooks";
import { ask, Refused, type Schemas, type StaffCard } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { go, useTitle } from "../lib/router";
import { tokenNow } from "../lib/session";
import { tidyCode } from "../track/TrackPage";
import { Busy, Failure, Heading, useLoad } from "../ui/parts";
import { Bulk } from "./Bulk";
import { CaseView } from "./CaseView";
import { useKeys } from "./keys";
import { REFRESH } from "./refresh";
import { Row } from "./Row";
import { Tabs } from "./Tabs";
import { useDeskWords } from "./words";

const LISTS = ["office", "area", "screening", "emergency", "top"] as const;
type Which = (typeof LISTS)[number];

interface Page {
  complaints: StaffCard[];
  cursor: string | null;
}

/** Which lists an officer's duties give: triage reads texts and emergencies, heads of areas their ground. */
export function listsFor(duties: readonly { post: string }[]): Which[] {
  const roles = new Set(duties.map(({ post }) => post.split("@")[0]));
  const has = (...names: string[]): boolean => names.some((name) => roles.has(name));
  return LISTS.filter((list) => {
    if (list === "area") return has("village_head", "district_head", "hamlet_head");
    if (list === "screening" || list === "emergency") return has("triage");
    if (list === "top") return has("secretary", "mayor");
    return true;
  });
}

export function Desk({ code, me }: { code: string; me: Schemas["Officer"] | null }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  const [which, setWhich] = useState<Which>("office");
  const [late, setLate] = useState<"" | "1" | "3">("");
  const [rows, setRows] = useState<StaffCard[]>([]);
  const [cursor, setCursor] = useState<string | null>(null);
  const [at, setAt] = useState(0);
  const [marked, setMarked] = useState<ReadonlySet<string>>(new Set());
  const [bulk, setBulk] = useState<string[] | null>(null);
  const find = useRef<HTMLInputElement>(null);
  useTitle(d("title"), known?.service ?? t("service"));

  const list = useLoad(
    async (signal) => {
      const page = await ask<Page>("/v1/office/complaints", {
        token,
        language: chosen,
        query: { which, late: which === "screening" || which === "emergency" ? undefined : late },
        signal,
      });
      setRows(page.complaints);
      setCursor(page.cursor);
      return page;
    },
    [token, chosen, which, late],
  );
  useEffect(() => {
    setAt(0);
    setMarked(new Set());
  }, [which, late]);
  // What others did appears by itself; a longer list that somebody unrolled is left alone until they act.
  useEffect(() => {
    const clock = setInterval(() => {
      if (document.visibilityState === "visible" && rows.length <= 50) list.again();
    }, REFRESH);
    return () => clearInterval(clock);
  }, [rows.length, which, late]);

  const more = async (): Promise<void> => {
    const page = await ask<Page>("/v1/office/complaints", {
      token,
      language: chosen,
      query: { which, late: late || undefined, cursor: cursor ?? undefined },
    });
    setRows([...rows, ...page.complaints]);
    setCursor(page.cursor);
  };
  const mark = (one: string): void => {
    const next = new Set(marked);
    if (!next.delete(one)) next.add(one);
    setMarked(next);
  };
  const move = (by: number): void => {
    const next = Math.max(0, Math.min(rows.length - 1, at + by));
    setAt(next);
    document.getElementById(`case-${rows[next]?.code}`)?.focus();
  };
  const [keys, setKeys] = useKeys({
    j: () => move(code || document.activeElement?.id.startsWith("case-") ? 1 : 0),
    k: () => move(-1),
    x: () => rows[at] && mark(rows[at].code),
    "/": () => find.current?.focus(),
  });

  const lists = me ? listsFor(me.duties) : (["office"] as Which[]);
  return (
    <>
    <Tabs at="inbox" me={me} />
    <div class={code ? "desk open" : "desk"}>
      <section class="inbox" aria-labelledby="inbox">
        {code ? <h2 id="inbox">{d("title")}</h2> : <Heading id="inbox">{d("title")}</Heading>}
        {me && <p class="hint">{d("as", { name: me.name, title: me.title })}</p>}
        <form
          role="search"
          class="find"
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = tidyCode(find.current?.value ?? "");
            go(wanted ? `/meja/${wanted}` : "/meja/cari");
          }}
        >
          <label for="find">{d("find")}</label>
          <input id="find" ref={find} autoComplete="off" maxLength={40} aria-keyshortcuts="/" />
        </form>
        <div class="chips" role="group" aria-label={d("which")}>
          {lists.map((one) => (
            <button key={one} type="button" class="chip" aria-pressed={which === one} onClick={() => setWhich(one)}>
              {d(`which_${one}`)}
            </button>
          ))}
        </div>
        {which !== "screening" && which !== "emergency" && (
          <div class="chips" role="group" aria-label={d("due")}>
            {(["", "1", "3"] as const).map((one) => (
              <button key={one} type="button" class="chip" aria-pressed={late === one} onClick={() => setLate(one)}>
                {d(one ? `late_${one}` : "late_any")}
              </button>
            ))}
          </div>
        )}
        {bulk ? (
          <Bulk
            codes={bulk}
            token={token}
            onDone={() => {
              setMarked(new Set());
              list.again();
            }}
            onClose={() => setBulk(null)}
          />
        ) : (
          marked.size > 0 && (
            <p class="box">
              <button type="button" class="tiny" onClick={() => setBulk([...marked])}>
                {d("bulk_act")} ({marked.size})
              </button>
            </p>
          )
        )}
        {list.error instanceof Refused && list.error.status === 404 ? (
          <p>{d("not_yours")}</p>
        ) : (
          list.error !== null && <Failure error={list.error} again={list.again} />
        )}
        {!list.data && list.busy && <Busy />}
        {list.data && rows.length === 0 && <p>{d(cursor ? "short_page" : "empty")}</p>}
        <ul class="rows staff">
          {rows.map((row, index) => (
            <Row
              key={row.code}
              row={row}
              open={row.code === code}
              marked={marked.has(row.code)}
              onMark={() => mark(row.code)}
              onFocus={() => setAt(index)}
            />
          ))}
        </ul>
        {cursor && (
          <button type="button" class="plain" onClick={() => void more()}>
            {t("more")}
          </button>
        )}
        <details>
          <summary>{d("keys")}</summary>
          <label class="pick">
            <input type="checkbox" checked={keys} onChange={(event) => setKeys(event.currentTarget.checked)} />
            <span>{d("keys_on")}</span>
          </label>
          <p>{d("keys_help")}</p>
        </details>
      </section>
      <section class="case" aria-label={code || d("choose")}>
        {code ? (
          <CaseView key={code} code={code} keys={keys} onChanged={list.again} />
        ) : (
          <p class="hint wide-only">{d("choose")}</p>
        )}
      </section>
    </div>
    </>
  );
}
