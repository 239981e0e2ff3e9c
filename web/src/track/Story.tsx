import { useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { useWords, type Key } from "../lib/i18n";
import { Moment, Status } from "../ui/parts";

type Promises = Schemas["Promises"];

const PROMISES: [keyof Promises, Key][] = [
  ["first_reply", "promise_first_reply"],
  ["resolution", "promise_resolution"],
  ["redo", "promise_redo"],
  ["appeal", "promise_appeal"],
];

/** What was promised by when, and what became of it. */
export function PromiseList({ promised, now = Date.now() }: { promised: Promises; now?: number }) {
  const t = useWords();
  return (
    <dl class="promises">
      {PROMISES.map(([name, words]) => {
        const one = promised[name];
        if (!one) return null;
        const late = !one.done_at && !one.paused && new Date(one.due).getTime() < now;
        return (
          <div key={name}>
            <dt>{t(words)}</dt>
            <dd>
              {one.done_at ? (
                <>
                  {t("kept_on")} <Moment at={one.done_at} plain />{" "}
                  {one.done_at > one.due && <Status text={t("was_late")} late />}
                </>
              ) : (
                <>
                  <Moment at={one.due} /> {late && <Status text={t("late")} late />}
                  {one.paused && <small> {t("paused")}</small>}
                </>
              )}
              {one.was && (
                <small>
                  <br />
                  {t("promised_first")} <Moment at={one.was} plain />
                </small>
              )}
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

interface Line {
  at: string;
  what: string;
  text: string;
}

/** The newest first, as people ask "what now?"; the beginning is one press away when it is long. */
export function Timeline({ lines }: { lines: readonly Line[] }) {
  const t = useWords();
  const [all, setAll] = useState(false);
  const newest = [...lines].reverse();
  const shown = all ? newest : newest.slice(0, 8);
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">{t("timeline")}</h2>
      <ol class="line" reversed>
        {shown.map((line, index) => (
          <li key={`${line.at}${index}`}>
            <p>{line.what}</p>
            {line.text && <p class="said">{line.text}</p>}
            <small>
              <Moment at={line.at} />
            </small>
          </li>
        ))}
      </ol>
      {shown.length < newest.length && (
        <button type="button" class="plain" onClick={() => setAll(true)}>
          {t("timeline_all", { n: newest.length })}
        </button>
      )}
    </section>
  );
}
