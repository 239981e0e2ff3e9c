import { useState } from "preact/hooks";
import { ask, codePath, Refused, type OfficeCase, type Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { language } from "../lib/i18n";
import { Failure, Field, Moment, Status, wordsOf } from "../ui/parts";
import { nameOf } from "./ActForm";
import { useDeskWords } from "./words";

const ACTS = ["acknowledge", "release", "hide", "sort", "merge"] as const;
type Many = (typeof ACTS)[number];

interface Result {
  code: string;
  refused: string;
}

/**
 * One act on all that were ticked. Each case goes by the version that it has now and in a transaction of its own: one
 * that somebody changed meanwhile is told and passed over. All but acknowledging can be taken back for ten minutes.
 */
export function Bulk({
  codes,
  token,
  onDone,
  onClose,
}: {
  codes: string[];
  token: string | undefined;
  onDone: () => void;
  onClose: () => void;
}) {
  const d = useDeskWords();
  const known = useCity();
  const [act, setAct] = useState<Many>("acknowledge");
  const [category, setCategory] = useState("");
  const [reason, setReason] = useState("");
  const [master, setMaster] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [results, setResults] = useState<Result[] | null>(null);
  const [undo, setUndo] = useState<{ id: string; until: string } | null>(null);
  const asked = { token, language: language.value };

  const read = (code: string): Promise<OfficeCase> => ask(`/v1/office/complaints/${codePath(code)}`, asked);
  const acknowledge = async (): Promise<Result[]> => {
    const found: Result[] = [];
    for (const code of codes) {
      try {
        const seen = await read(code);
        if (!seen.may.includes("acknowledge")) throw new Refused(409, null);
        await ask(`/v1/office/complaints/${codePath(code)}/acknowledgement`, { ...asked, body: {}, version: seen.version });
        found.push({ code, refused: "" });
      } catch (failed) {
        found.push({ code, refused: wordsOf(failed) });
      }
    }
    return found;
  };
  const told = (done: Schemas["ManyDone"]): Result[] =>
    done.results.map((one) => ({
      code: one.code,
      refused: one.refused
        ? (one.refused.errors as { reason?: string }[]).map((each) => each.reason).filter(Boolean).join("; ") ||
          one.refused.title
        : "",
    }));
  const many = async (): Promise<Result[]> => {
    const cases = await Promise.all(codes.map(async (code) => ({ code, version: (await read(code)).version })));
    const said =
      act === "sort" ? { category } : act === "merge" ? { master } : act === "hide" && reason ? { reason } : {};
    const done = await ask<Schemas["ManyDone"]>("/v1/office/bulk", { ...asked, body: { act, cases, said } });
    setUndo({ id: done.id, until: done.undo_until });
    return told(done);
  };
  const run = (work: Promise<Result[]>): void => {
    setBusy(true);
    setError(null);
    work
      .then((found) => {
        setResults(found);
        onDone();
      })
      .catch(setError)
      .finally(() => setBusy(false));
  };
  if (results) {
    return (
      <div class="box" role="status">
        <ul>
          {results.map((one) => (
            <li key={one.code}>
              <span class="code-inline">{one.code}</span> <Status text={one.refused || d("bulk_ok")} late={Boolean(one.refused)} />
            </li>
          ))}
        </ul>
        {error !== null && <Failure error={error} />}
        {undo && (
          <p>
            <button
              type="button"
              class="plain tiny"
              disabled={busy}
              onClick={() =>
                run(
                  ask<Schemas["ManyDone"]>(`/v1/office/bulk/${encodeURIComponent(undo.id)}/undo`, {
                    ...asked,
                    body: {},
                  }).then((done) => {
                    setUndo(null);
                    return told(done);
                  }),
                )
              }
            >
              {d("bulk_undo")}
            </button>{" "}
            <small>
              {d("bulk_undo_until")} <Moment at={undo.until} plain />
            </small>
          </p>
        )}
        <button type="button" class="tiny" onClick={onClose}>
          {d("bulk_close")}
        </button>
      </div>
    );
  }
  const ready = act === "sort" ? category !== "" : act === "merge" ? master.trim() !== "" : true;
  return (
    <form
      class="box"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) run(act === "acknowledge" ? acknowledge() : many());
      }}
    >
      <p role="status">{d("marked", { n: codes.length })}</p>
      {error !== null && <Failure error={error} />}
      <Field id="bulk-act" label={d("bulk_act")}>
        {(ids) => (
          <select {...ids} value={act} onChange={(event) => setAct(event.currentTarget.value as Many)}>
            {ACTS.map((one) => (
              <option key={one} value={one}>
                {nameOf(one)}
              </option>
            ))}
          </select>
        )}
      </Field>
      {act === "sort" && (
        <Field id="bulk-category" label={d("category")}>
          {(ids) => (
            <select {...ids} value={category} onChange={(event) => setCategory(event.currentTarget.value)}>
              <option value="">{d("choose_one")}</option>
              {known?.categories.map((one) => (
                <option key={one.id} value={one.id}>
                  {one.label}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      {act === "hide" && (
        <Field id="bulk-reason" label={d("reason")}>
          {(ids) => (
            <input {...ids} maxLength={300} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          )}
        </Field>
      )}
      {act === "merge" && (
        <Field id="bulk-master" label={d("master")}>
          {(ids) => (
            <input {...ids} maxLength={40} value={master} onInput={(event) => setMaster(event.currentTarget.value)} />
          )}
        </Field>
      )}
      <button class="tiny" disabled={busy || !ready}>
        {d("bulk_go")}
      </button>{" "}
      <button type="button" class="plain tiny" onClick={onClose}>
        {d("cancel")}
      </button>
    </form>
  );
}
