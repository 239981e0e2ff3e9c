import { useState } from "preact/hooks";
import { ask, codePath, Refused, type Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { go, Link, useTitle } from "../lib/router";
import { tokenNow } from "../lib/session";
import { day } from "../lib/time";
import { Busy, Failure, Field, Heading, Moment, Pick, Status, useLoad } from "../ui/parts";
import { Part } from "./Tabs";
import { useDeskWords } from "./words";

type Rows = Schemas["Work"]["work"];

/** What waits inside the city: cases given to this officer and tasks of their offices. */
export function Work({ me }: { me: Schemas["Officer"] | null }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  const [more, setMore] = useState<{ rows: Rows; cursor: string | null }>({ rows: [], cursor: null });
  useTitle(d("tab_work"), known?.service ?? t("service"));
  const page = (cursor: string | null, signal?: AbortSignal): Promise<Schemas["Work"]> =>
    ask("/v1/office/work", { token, language: chosen, query: { cursor: cursor ?? undefined }, signal });
  const { data, error, again } = useLoad(
    async (signal) => {
      const found = await page(null, signal);
      setMore({ rows: found.work, cursor: found.cursor });
      return found;
    },
    [token, chosen],
  );
  return (
    <Part at="work" me={me}>
      <Heading>{d("tab_work")}</Heading>
      <p class="hint">{d("work_lead")}</p>
      {error !== null && <Failure error={error} again={again} />}
      {!data && error === null && <Busy />}
      {data && more.rows.length === 0 && <p>{d("work_none")}</p>}
      <ul class="rows">
        {more.rows.map((row) => (
          <li key={`${row.code} ${row.task}`}>
            <Link to={row.task === null ? `/meja/${row.code}` : `/meja/tugas/${row.code}/${row.task}`} class="row">
              <span class="top">
                <Status text={row.task === null ? d("work_given") : d("work_task", { n: row.task })} />
                {row.late && <Status text={d("overdue_inside")} late />}
              </span>
              <span class="words">{row.category || t("unsorted")}</span>
              <small>
                {[row.area, row.task !== null && d("work_for", { office: row.main_office.short })].filter(Boolean).join(" · ")}
                <br />
                <span class="code-inline">{row.code}</span> · {d("due")} {day(row.due, chosen)}
              </small>
            </Link>
          </li>
        ))}
      </ul>
      {more.cursor && (
        <button
          type="button"
          class="plain"
          onClick={() =>
            void page(more.cursor).then((found) => setMore({ rows: [...more.rows, ...found.work], cursor: found.cursor }))
          }
        >
          {t("more")}
        </button>
      )}
    </Part>
  );
}

/** One task for the people of its office, and their answer to it. */
export function TaskPage({ me, code, number }: { me: Schemas["Officer"] | null; code: string; number: string }) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  const path = `/v1/office/tasks/${codePath(code)}/${encodeURIComponent(number)}`;
  const { data, error, again } = useLoad(
    (signal) => ask<Schemas["TaskCase"]>(path, { token, language: chosen, signal }),
    [path, token, chosen],
  );
  const [state, setState] = useState<"done" | "cannot">("done");
  const [text, setText] = useState("");
  const [fault, setFault] = useState("");
  const [failed, setFailed] = useState<unknown>(null);
  useTitle(code, known?.service ?? t("service"));
  if (error instanceof Refused && error.status === 404) {
    return (
      <Part at="work" me={me}>
        <Heading>{d("case_gone")}</Heading>
      </Part>
    );
  }
  if (!data) {
    return (
      <Part at="work" me={me}>
        {error !== null ? <Failure error={error} again={again} /> : <Busy />}
      </Part>
    );
  }
  const category = known?.categories.find((c) => c.id === data.category?.id);
  const send = (event: Event): void => {
    event.preventDefault();
    if (text.trim().length < 3) {
      setFault(t("fault_words", { n: 3 }));
      document.getElementById("task-answer")?.focus();
      return;
    }
    setFault("");
    setFailed(null);
    ask(`${path}/answer`, { body: { state, text: text.trim() }, token, version: data.version, language: chosen }).then(
      () => go("/meja/tugas"),
      (refused: unknown) => {
        setFailed(refused);
        again();
      },
    );
  };
  return (
    <Part at="work" me={me}>
      <Heading>{data.category?.label ?? t("unsorted")}</Heading>
      <p class="code">{data.code}</p>
      <div class="box">
        <p class="top">
          <strong>{d("work_task", { n: data.task.number })}</strong>
          <Status text={d(`task_${data.task.state}`)} good={data.task.state === "done"} />
          <small>
            {d("work_for", { office: data.main_office.name })} · {d("due")} {day(data.task.due, chosen)}
          </small>
        </p>
        <p class="said">{data.task.text}</p>
        {data.task.answer && <p class="said">{data.task.answer}</p>}
      </div>
      <p class="said">{data.text}</p>
      <dl>
        <dt>{d("place")}</dt>
        <dd>
          {[data.area, data.hamlet, data.place_words].filter(Boolean).join(", ") || "–"}
          {data.point && (
            <>
              {" "}
              <a href={`geo:${data.point.lat},${data.point.lon}`}>
                {data.point.lat.toFixed(5)}, {data.point.lon.toFixed(5)}
              </a>
            </>
          )}
        </dd>
        {Object.entries(data.answers as Record<string, unknown>).map(([id, value]) => (
          <div key={id}>
            <dt>{category?.questions.find((q) => q.id === id)?.label ?? id}</dt>
            <dd>{String(value)}</dd>
          </div>
        ))}
        <dt>{t("fact_filed")}</dt>
        <dd>
          <Moment at={data.filed_at} />
        </dd>
      </dl>
      {data.may.includes("task_reply") && (
        <form class="box" noValidate onSubmit={send}>
          <h2>{d("task_answer")}</h2>
          {failed !== null && <Failure error={failed} />}
          <fieldset>
            <legend>{d("task_result")}</legend>
            {(["done", "cannot"] as const).map((one) => (
              <Pick
                key={one}
                name="state"
                value={one}
                checked={state === one}
                label={d(`task_${one}`)}
                onPick={() => setState(one)}
              />
            ))}
          </fieldset>
          <Field
            id="task-answer"
            label={d("task_answer_words", { office: data.main_office.short })}
            fault={fault || undefined}
          >
            {(ids) => (
              <textarea
                {...ids}
                rows={3}
                maxLength={1000}
                value={text}
                onInput={(event) => setText(event.currentTarget.value)}
              />
            )}
          </Field>
          <button>{d("task_answer")}</button>
        </form>
      )}
    </Part>
  );
}
