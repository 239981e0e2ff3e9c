import { useEffect, useRef, useState } from "preact/hooks";
import { ask, codePath, Refused, type OfficeCase, type Schemas, type StaffCard } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { go, Link, useTitle } from "../lib/router";
import { signOut, tokenNow } from "../lib/session";
import { tidyCode } from "../track/TrackPage";
import { Busy, Failure, GOOD, Heading, Moment, Status, useLoad } from "../ui/parts";
import { CaseView } from "./CaseView";
import { useKeys } from "./keys";
import { useDeskWords } from "./words";
import "./desk.css";

const LISTS = ["office", "area", "screening", "emergency", "top"] as const;
type Which = (typeof LISTS)[number];
/** Milliseconds after which what is on the screen is asked for again, while somebody looks at it. */
export const REFRESH = 30_000;

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

export function Desk({ code, onSignOut }: { code: string; onSignOut: () => void }) {
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
  const [told, setTold] = useState("");
  const find = useRef<HTMLInputElement>(null);
  useTitle(d("title"), known?.service ?? t("service"));

  const me = useLoad(
    (signal) => ask<Schemas["Officer"]>("/v1/office/me", { token, language: chosen, signal }),
    [token, chosen],
  );
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

  const acknowledgeAll = async (): Promise<void> => {
    let done = 0;
    let failed = 0;
    // One after the other, each in a transaction of its own: a case that somebody changed meanwhile is passed over.
    for (const one of marked) {
      try {
        const seen = await ask<OfficeCase>(`/v1/office/complaints/${codePath(one)}`, { token, language: chosen });
        if (!seen.may.includes("acknowledge")) throw new Refused(409, null);
        const path = `/v1/office/complaints/${codePath(one)}/acknowledgement`;
        await ask(path, { token, body: {}, version: seen.version, language: chosen });
        done++;
      } catch {
        failed++;
      }
    }
    setTold(d("bulk_done", { n: done, m: failed }));
    setMarked(new Set());
    list.again();
  };

  if (me.error instanceof Refused && me.error.status === 401) {
    return (
      <>
        <Heading>{d("title")}</Heading>
        <Failure error={me.error} again={() => signOut()} />
      </>
    );
  }
  const lists = me.data ? listsFor(me.data.duties) : (["office"] as Which[]);
  return (
    <div class={code ? "desk open" : "desk"}>
      <section class="inbox" aria-labelledby="inbox">
        {code ? <h2 id="inbox">{d("title")}</h2> : <Heading id="inbox">{d("title")}</Heading>}
        {me.data && (
          <p class="hint">
            {d("as", { name: me.data.name, title: me.data.title })}{" "}
            <button type="button" class="plain tiny" onClick={onSignOut}>
              {t("sign_out")}
            </button>
          </p>
        )}
        <form
          role="search"
          class="find"
          onSubmit={(event) => {
            event.preventDefault();
            const wanted = tidyCode(find.current?.value ?? "");
            if (wanted) go(`/meja/${wanted}`);
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
        <p role="status" class={told ? "box" : "visually-hidden"}>
          {told}
        </p>
        {marked.size > 0 && (
          <p class="box">
            {d("marked", { n: marked.size })}{" "}
            <button type="button" class="tiny" onClick={() => void acknowledgeAll()}>
              {d("bulk_acknowledge")}
            </button>
          </p>
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
  );
}

function Row({
  row,
  open,
  marked,
  onMark,
  onFocus,
}: {
  row: StaffCard;
  open: boolean;
  marked: boolean;
  onMark: () => void;
  onFocus: () => void;
}) {
  const t = useWords();
  const d = useDeskWords();
  return (
    <li class={open ? "here" : undefined}>
      <input type="checkbox" checked={marked} aria-label={d("mark", { code: row.code })} onChange={onMark} />
      <Link
        to={`/meja/${row.code}`}
        class="row"
        id={`case-${row.code}`}
        aria-current={open ? "true" : undefined}
        onFocus={onFocus}
      >
        <span class="top">
          {row.emergency && !row.emergency.acknowledged && <Status text={row.emergency.state_text} late />}
          <Status text={row.status_text} good={GOOD.has(row.status)} />
          {row.late && <Status text={row.three_times_late ? d("late_3") : t("late")} late />}
          {row.level > 0 && <Status text={d("level", { n: row.level })} />}
          {row.private && <Status text={d("private")} />}
          {row.sealed && <Status text={d("sealed")} />}
          {row.question && <Status text={d(`question_${row.question}`)} />}
          {row.asks_date && <Status text={d("asks_date")} />}
          {row.joined > 0 && <small>{d("joined", { n: row.joined })}</small>}
        </span>
        <span class="words">{row.excerpt || row.category?.label || t("unsorted")}</span>
        <small>
          {[row.category?.label, row.area?.name].filter(Boolean).join(" · ")}
          <br />
          <span class="code-inline">{row.code}</span>
          {row.due && (
            <>
              {" · "}
              {d("due")} <Moment at={row.due} />
            </>
          )}
        </small>
      </Link>
    </li>
  );
}
