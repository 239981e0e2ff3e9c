import type { Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { useWords } from "../lib/i18n";
import { Field, Pick } from "../ui/parts";
import type { StepProps } from "./FilePage";
import { personalIn, without } from "./personal";
import { TEXT_MOST } from "./draft";
import { Photos } from "./Photos";

type Question = Schemas["City"]["categories"][number]["questions"][number];

/** What is the matter: words first, then what kind of thing it is, as the words suggest or as somebody chooses. */
export function WhatStep({
  draft,
  change,
  fault,
  category,
  suggested,
}: StepProps & { suggested: Schemas["Suggestions"] | null }) {
  const t = useWords();
  const known = useCity();
  const found = personalIn(draft.text);
  const offered = (suggested?.suggestions ?? []).flatMap((one) => {
    const named = known?.categories.find((c) => c.id === one.category);
    return named ? [named] : [];
  });
  return (
    <>
      <Photos photos={draft.photos} onChange={(photos) => change({ photos })} />
      <Field id="text" label={t("text_label")} hint={t("text_hint")} fault={fault("text")}>
        {(ids) => (
          <textarea
            {...ids}
            value={draft.text}
            maxLength={TEXT_MOST}
            rows={5}
            required
            onInput={(event) => change({ text: event.currentTarget.value })}
          />
        )}
      </Field>
      <div role="status">
        {found.length > 0 && (
          <div class="box">
            <p>{t("personal_title")}</p>
            <ul>
              {found.map((piece) => (
                <li key={piece.at}>
                  {t(`personal_${piece.kind}`)}: <strong>{piece.words}</strong>{" "}
                  <button
                    type="button"
                    class="plain tiny"
                    aria-label={t("personal_drop_this", { words: piece.words })}
                    onClick={() => change({ text: without(draft.text, piece) })}
                  >
                    {t("personal_drop")}
                  </button>
                </li>
              ))}
            </ul>
          </div>
        )}
      </div>
      <div role="group" aria-labelledby="suggested" hidden={offered.length === 0}>
        <p id="suggested" class="hint">
          {t("suggested")}
        </p>
        <div class="chips">
          {offered.map((one) => (
            <button
              key={one.id}
              type="button"
              class="chip"
              aria-pressed={draft.category === one.id}
              onClick={() =>
                change(
                  draft.category === one.id ? { category: "", chosen: false } : { category: one.id, chosen: true },
                )
              }
            >
              {one.label}
            </button>
          ))}
        </div>
      </div>
      <Field id="category" label={t("category_label")} hint={t("category_hint")} fault={fault("category")}>
        {(ids) => (
          <select
            {...ids}
            value={draft.category}
            onChange={(event) => change({ category: event.currentTarget.value, chosen: true })}
          >
            <option value="">{t("category_none")}</option>
            {known?.groups.map((group) => (
              <optgroup key={group.id} label={group.label}>
                {known.categories
                  .filter((c) => c.group === group.id)
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
      {category && (
        <p class="hint">
          {t("promise_line", { reply: category.promise.first_reply, solved: category.promise.resolution })}
        </p>
      )}
      {category?.questions.map((question) =>
        question.variable ? (
        <Asked
          key={question.id}
          question={question}
          value={draft.answers[question.id]}
          fault={fault(`answers.${question.id}`)}
          onAnswer={(value) => change({ answers: { ...draft.answers, [question.id]: value } })}
        />
        ) : (
          <p key={question.id} class="box">
            {question.label}
          </p>
        ),
      )}
    </>
  );
}

function Asked({
  question,
  value,
  fault,
  onAnswer,
}: {
  question: Question;
  value: string | string[] | undefined;
  fault: string | undefined;
  onAnswer: (value: string | string[]) => void;
}) {
  const t = useWords();
  const id = `answers.${question.id}`;
  const label = question.required ? question.label : `${question.label} ${t("optional")}`;
  if (question.datatype === "singlevaluelist" || question.datatype === "multivaluelist") {
    const many = question.datatype === "multivaluelist";
    const chosen = Array.isArray(value) ? value : value ? [value] : [];
    return (
      <fieldset>
        <legend id={id} tabIndex={-1}>
          {label}
        </legend>
        {fault && <p class="fault">{fault}</p>}
        {question.values.map((one) => (
          <Pick
            key={one.id}
            type={many ? "checkbox" : "radio"}
            name={id}
            value={one.id}
            checked={chosen.includes(one.id)}
            label={one.label}
            onPick={(on) =>
              onAnswer(
                many ? (on ? [...chosen, one.id] : chosen.filter((other) => other !== one.id)) : one.id,
              )
            }
          />
        ))}
      </fieldset>
    );
  }
  const text = typeof value === "string" ? value : "";
  return (
    <Field id={id} label={label} fault={fault}>
      {(ids) =>
        question.datatype === "text" ? (
          <textarea {...ids} value={text} onInput={(event) => onAnswer(event.currentTarget.value)} />
        ) : question.datatype === "datetime" ? (
          <input
            {...ids}
            type="datetime-local"
            value={text}
            onInput={(event) => onAnswer(event.currentTarget.value)}
          />
        ) : (
          <input
            {...ids}
            inputMode={question.datatype === "number" ? "decimal" : "text"}
            value={text}
            onInput={(event) => onAnswer(event.currentTarget.value)}
          />
        )
      }
    </Field>
  );
}
