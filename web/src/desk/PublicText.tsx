import { useState } from "preact/hooks";
import { ask, codePath, type OfficeCase, type Schemas } from "../api/client";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { Busy, Failure, Field, Moment, Pick, Status, useLoad } from "../ui/parts";
import { useDeskWords } from "./words";

type Side = Schemas["PublicSide"];

/** For triage: what the public reads of a case, what was found in its words, and who changed what. */
export function PublicText({
  seen,
  token,
  onChanged,
}: {
  seen: OfficeCase;
  token: string | undefined;
  onChanged: (told: string) => void;
}) {
  const d = useDeskWords();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{d("public_side")}</summary>
      {open && <Sheet seen={seen} token={token} onChanged={onChanged} />}
    </details>
  );
}

function Sheet({
  seen,
  token,
  onChanged,
}: {
  seen: OfficeCase;
  token: string | undefined;
  onChanged: (told: string) => void;
}) {
  const t = useWords();
  const d = useDeskWords();
  const chosen = useObservable(language);
  const base = `/v1/office/complaints/${codePath(seen.code)}`;
  const [text, setText] = useState<string | null>(null);
  const [reason, setReason] = useState("");
  const [fault, setFault] = useState("");
  const [failed, setFailed] = useState<unknown>(null);
  const [by, setBy] = useState<Side["bannable"]>([]);
  const [days, setDays] = useState("30");
  const [why, setWhy] = useState("");
  const { data, error, busy, again } = useLoad(
    (signal) => ask<Side>(`${base}/public-text`, { token, language: chosen, signal }),
    [seen.code, seen.version, chosen],
  );
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return busy ? <Busy /> : null;
  const act = (path: string, body: unknown, method: "POST" | "PUT" = "POST"): void => {
    setFailed(null);
    ask(`${base}/${path}`, { body, method, token, version: path === "bans" ? undefined : seen.version, language: chosen })
      .then(() => {
        setText(null);
        setReason("");
        setWhy("");
        again();
        onChanged(d("done"));
      })
      .catch(setFailed);
  };
  return (
    <>
      {failed !== null && <Failure error={failed} again={() => onChanged("")} />}
      {data.personal.length > 0 && (
        <>
          <h3>{d("public_found")}</h3>
          <ul>
            {data.personal.map((one) => (
              <li key={one.start}>
                {one.label}: <strong>{one.words}</strong> <small>{d(`effect_${one.effect}`)}</small>
              </li>
            ))}
          </ul>
        </>
      )}
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (reason.trim().length < 3) {
            setFault(t("fault_words", { n: 3 }));
            document.getElementById("public-why")?.focus();
            return;
          }
          setFault("");
          act("public-text", { text: (text ?? data.public_text).trim(), reason: reason.trim() }, "PUT");
        }}
      >
        <Field id="public-text" label={d("public_text")}>
          {(ids) => (
            <textarea
              {...ids}
              rows={5}
              maxLength={5000}
              value={text ?? data.public_text}
              onInput={(event) => setText(event.currentTarget.value)}
            />
          )}
        </Field>
        <Field id="public-why" label={d("public_why")} fault={fault || undefined}>
          {(ids) => (
            <input {...ids} maxLength={300} value={reason} onInput={(event) => setReason(event.currentTarget.value)} />
          )}
        </Field>
        <button>{d("public_save")}</button>{" "}
        {data.history.length > 0 && (
          <button type="button" class="plain" onClick={() => act("public-text/undo", {})}>
            {d("public_undo")}
          </button>
        )}
      </form>
      {data.history.length > 0 && (
        <>
          <h3>{d("public_history")}</h3>
          <ol class="line" reversed>
            {[...data.history].reverse().map((one, index) => (
              <li key={index}>
                <p>
                  {one.what} <small>{one.officer}</small>
                </p>
                {one.reason && <p class="said">{one.reason}</p>}
                <small>
                  <Moment at={one.at} />
                </small>
              </li>
            ))}
          </ol>
        </>
      )}
      {data.banned && (
        <p>
          <Status text={d("ban_stands")} />
        </p>
      )}
      {data.bannable.length > 0 && (
        <details>
          <summary>{d("ban")}</summary>
          <form
            noValidate
            onSubmit={(event) => {
              event.preventDefault();
              if (by.length && why.trim().length >= 3) act("bans", { by, days: Number(days), reason: why.trim() });
            }}
          >
            <p class="hint">{d("ban_hint")}</p>
            {data.bannable.map((kind) => (
              <Pick
                key={kind}
                type="checkbox"
                name="ban"
                value={kind}
                checked={by.includes(kind)}
                label={d(`ban_${kind}`)}
                onPick={(on) => setBy(on ? [...by, kind] : by.filter((one) => one !== kind))}
              />
            ))}
            <Field id="ban-days" label={d("ban_days")}>
              {(ids) => (
                <input
                  {...ids}
                  inputMode="numeric"
                  value={days}
                  onInput={(event) => setDays(event.currentTarget.value.replace(/\D/g, ""))}
                />
              )}
            </Field>
            <Field id="ban-why" label={d("public_why")}>
              {(ids) => (
                <input {...ids} maxLength={300} value={why} onInput={(event) => setWhy(event.currentTarget.value)} />
              )}
            </Field>
            <button class="grave" disabled={!by.length || why.trim().length < 3}>
              {d("ban")}
            </button>
          </form>
        </details>
      )}
    </>
  );
}
