import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Offline, Refused, type Call } from "../api/client";
import { useCity, zoneOf } from "../lib/city";
import { language, say, useWords, type Key } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { absolute, relative } from "../lib/time";

/** A moment in the city's own time, with how far off it is. */
export function Moment({ at, plain = false }: { at: string; plain?: boolean }) {
  const chosen = useObservable(language);
  const zone = zoneOf(useCity());
  const whole = absolute(at, zone, chosen);
  return (
    <time dateTime={at} title={whole}>
      {plain ? whole : `${whole} (${relative(at, Date.now(), chosen)})`}
    </time>
  );
}

export interface Fault {
  /** Id of the input that can mend it. */
  field: string;
  words: string;
}

/** All faults at once, each a link to its field; takes the focus, so that nobody overlooks it. */
export function Faults({ faults, onGo }: { faults: Fault[]; onGo?: (field: string) => void }) {
  const t = useWords();
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (faults.length) box.current?.focus();
  }, [faults]);
  if (!faults.length) return null;
  return (
    <div class="box bad" role="alert" tabIndex={-1} ref={box} aria-labelledby="faults">
      <h2 id="faults">{t("faults_title")}</h2>
      <ul>
        {faults.map((fault) => (
          <li key={fault.field + fault.words}>
            <a
              href={`#${fault.field}`}
              onClick={(event) => {
                event.preventDefault();
                onGo?.(fault.field);
                // The screen that holds the field may have to be drawn first.
                setTimeout(() => document.getElementById(fault.field)?.focus());
              }}
            >
              {fault.words}
            </a>
          </li>
        ))}
      </ul>
    </div>
  );
}

type FieldProps = {
  id: string;
  label: string;
  hint?: string | undefined;
  fault?: string | undefined;
  children: (ids: { id: string; "aria-describedby"?: string; "aria-invalid"?: "true" }) => ComponentChildren;
};

/** A label, a hint and what is wrong, tied to one input. */
export function Field({ id, label, hint, fault, children }: FieldProps) {
  const described = [hint && `${id}-hint`, fault && `${id}-fault`].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {fault && (
        <p class="fault" id={`${id}-fault`}>
          {fault}
        </p>
      )}
      {children({
        id,
        ...(described ? { "aria-describedby": described } : {}),
        ...(fault ? { "aria-invalid": "true" as const } : {}),
      })}
    </div>
  );
}

export function Pick({
  name,
  value,
  checked,
  label,
  hint,
  type = "radio",
  onPick,
}: {
  name: string;
  value: string;
  checked: boolean;
  label: string;
  hint?: string | undefined;
  type?: "radio" | "checkbox";
  onPick: (checked: boolean) => void;
}) {
  return (
    <label class="pick">
      <input
        type={type}
        name={name}
        value={value}
        checked={checked}
        onChange={(event) => onPick(event.currentTarget.checked)}
      />
      <span>
        {label}
        {hint && <small>{hint}</small>}
      </span>
    </label>
  );
}

/** The number to call before anything else. */
export function Alarm({ call }: { call: Call }) {
  const t = useWords();
  return (
    <div class="box sos" role="alert">
      <p>
        <strong>{call.notice}</strong>
      </p>
      <a class="call" href={call.tel}>
        <span aria-hidden="true">☎</span> {call.number} <small>{call.label}</small>
      </a>
      {call.others.map((other) => (
        <p key={other.number}>
          <a href={other.tel}>{other.number}</a> {other.label}
        </p>
      ))}
      <p class="hint">{t("alarm_then")}</p>
    </div>
  );
}

/** What a person should read about a failure. */
export function wordsOf(error: unknown): string {
  if (error instanceof Offline) return say("offline_now");
  if (error instanceof Refused) {
    if (error.status === 401) return say("signed_out");
    if (error.status === 412) return say("changed_meanwhile");
    const said = error.problem?.errors?.map((fault) => fault.reason).join("; ");
    return said || error.problem?.detail || error.problem?.title || say("failed");
  }
  return say("failed");
}

export function Failure({ error, again }: { error: unknown; again?: () => void }) {
  const t = useWords();
  return (
    <div class="box bad" role="alert">
      <p>{wordsOf(error)}</p>
      {again && (
        <button type="button" class="plain" onClick={again}>
          {t("try_again")}
        </button>
      )}
    </div>
  );
}

export function Busy({ words }: { words?: Key }) {
  const t = useWords();
  return (
    <p class="busy" role="status">
      {t(words ?? "loading")}
    </p>
  );
}

/** A load that can fail, be repeated, and be overtaken by a newer one. */
export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  on: unknown[],
): { data: T | null; error: unknown; busy: boolean; again: () => void; put: (data: T) => void } {
  const [state, setState] = useState<{ data: T | null; error: unknown; busy: boolean }>({
    data: null,
    error: null,
    busy: true,
  });
  const [round, setRound] = useState(0);
  useEffect(() => {
    const stop = new AbortController();
    setState((before) => ({ ...before, busy: true }));
    load(stop.signal).then(
      (data) => stop.signal.aborted || setState({ data, error: null, busy: false }),
      (error: unknown) => stop.signal.aborted || setState((before) => ({ ...before, error, busy: false })),
    );
    return () => stop.abort();
  }, [...on, round]);
  return {
    ...state,
    again: () => setRound((n) => n + 1),
    put: (data) => setState({ data, error: null, busy: false }),
  };
}

export function Status({ text, late, good }: { text: string; late?: boolean; good?: boolean }) {
  return <span class={`badge${late ? " late" : good ? " good" : ""}`}>{text}</span>;
}

export const GOOD = new Set(["resolved", "closed"]);

export function Heading(props: JSX.IntrinsicElements["h1"]) {
  const heading = useRef<HTMLHeadingElement>(null);
  // Moving the focus tells a screen reader that the page is another one.
  useEffect(() => heading.current?.focus({ preventScroll: true }), []);
  return <h1 {...props} tabIndex={-1} ref={heading} />;
}
