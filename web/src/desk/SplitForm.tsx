import { useEffect, useRef, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { useWords } from "../lib/i18n";
import { Failure, Faults, Field, type Fault } from "../ui/parts";
import { cityDay, nameOf } from "./ActForm";
import { useDeskWords } from "./words";

type Wanted = Schemas["TaskWanted"];

/** As many as the service takes in one act. */
const MOST = 10;
const EMPTY: Wanted = { office: "", text: "", due: "" };

/** Parts of a case for several offices at once: all are given, or none. */
export function SplitForm({
  onSend,
  onCancel,
}: {
  onSend: (body: Record<string, unknown>) => Promise<void>;
  onCancel: () => void;
}) {
  const t = useWords();
  const d = useDeskWords();
  const known = useCity();
  const form = useRef<HTMLFormElement>(null);
  const [rows, setRows] = useState<Wanted[]>([{ ...EMPTY }]);
  const [faults, setFaults] = useState<Fault[]>([]);
  const [error, setError] = useState<unknown>(null);
  const [busy, setBusy] = useState(false);
  useEffect(() => form.current?.querySelector<HTMLElement>("select")?.focus(), []);
  const put = (at: number, part: Partial<Wanted>): void =>
    setRows((before) => before.map((row, index) => (index === at ? { ...row, ...part } : row)));
  const check = (): Fault[] =>
    rows.flatMap((row, index) => {
      const found: Fault[] = [];
      const name = d("task_n", { n: index + 1, office: "" }).replace(/[:\s]+$/, "");
      if (!row.office) found.push({ field: `task-office-${index}`, words: `${name}, ${d("office")}: ${d("fault_choose")}` });
      if (row.text.trim().length < 3) {
        found.push({ field: `task-text-${index}`, words: `${name}, ${d("task_words")}: ${t("fault_words", { n: 3 })}` });
      }
      if (!row.due) found.push({ field: `task-due-${index}`, words: `${name}, ${d("internal_due")}: ${d("fault_choose")}` });
      return found;
    });
  const faultAt = (field: string): string | undefined => faults.find((one) => one.field === field)?.words;
  return (
    <form
      ref={form}
      class="box"
      noValidate
      aria-label={nameOf("split")}
      onKeyDown={(event) => event.key === "Escape" && onCancel()}
      onSubmit={(event) => {
        event.preventDefault();
        const found = check();
        setFaults(found);
        if (found.length) return;
        setBusy(true);
        setError(null);
        onSend({ tasks: rows.map((row) => ({ ...row, text: row.text.trim() })) })
          .catch(setError)
          .finally(() => setBusy(false));
      }}
    >
      <h2>{nameOf("split")}</h2>
      {error !== null && <Failure error={error} />}
      <Faults faults={faults} />
      {rows.map((row, index) => (
        <fieldset key={index}>
          <legend>{d("task_n", { n: index + 1, office: "" }).replace(/[:\s]+$/, "")}</legend>
          <Field id={`task-office-${index}`} label={d("office")} fault={faultAt(`task-office-${index}`)}>
            {(ids) => (
              <select {...ids} value={row.office} onChange={(e) => put(index, { office: e.currentTarget.value })}>
                <option value="">{d("choose_one")}</option>
                {known?.offices
                  .filter((o) => !o.outside)
                  .map((o) => (
                    <option key={o.id} value={o.id}>
                      {o.name}
                    </option>
                  ))}
              </select>
            )}
          </Field>
          <Field id={`task-text-${index}`} label={d("task_words")} fault={faultAt(`task-text-${index}`)}>
            {(ids) => (
              <textarea
                {...ids}
                rows={2}
                maxLength={1000}
                value={row.text}
                onInput={(e) => put(index, { text: e.currentTarget.value })}
              />
            )}
          </Field>
          <Field id={`task-due-${index}`} label={d("internal_due")} fault={faultAt(`task-due-${index}`)}>
            {(ids) => (
              <input
                {...ids}
                type="date"
                min={cityDay(known?.utc_offset_minutes ?? 480)}
                value={row.due}
                onInput={(e) => put(index, { due: e.currentTarget.value })}
              />
            )}
          </Field>
          {rows.length > 1 && (
            <button
              type="button"
              class="plain tiny"
              onClick={() => setRows(rows.filter((_, other) => other !== index))}
            >
              {d("task_less", { n: index + 1 })}
            </button>
          )}
        </fieldset>
      ))}
      {rows.length < MOST && (
        <p>
          <button type="button" class="plain tiny" onClick={() => setRows([...rows, { ...EMPTY }])}>
            {d("task_more")}
          </button>
        </p>
      )}
      <button disabled={busy}>{nameOf("split")}</button>{" "}
      <button type="button" class="plain" onClick={onCancel}>
        {d("cancel")}
      </button>
    </form>
  );
}
