import { useState } from "preact/hooks";
import { ask, codePath, type Schemas, type StaffCard } from "../api/client";
import { language } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { CardRow } from "../ui/CardRow";
import { Busy, Failure, useLoad } from "../ui/parts";
import { useDeskWords } from "./words";

/** What else was reported close by, and by the same reporter where this officer may know them. */
export function Around({ code, token }: { code: string; token: string | undefined }) {
  const d = useDeskWords();
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{d("near")}</summary>
      {open && <Rows code={code} token={token} />}
    </details>
  );
}

function Rows({ code, token }: { code: string; token: string | undefined }) {
  const d = useDeskWords();
  const chosen = useObservable(language);
  const { data, error, again } = useLoad(
    (signal) => ask<Schemas["Context"]>(`/v1/office/complaints/${codePath(code)}/context`, { token, language: chosen, signal }),
    [code, chosen],
  );
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return <Busy />;
  // The document leaves a near row's other fields open; they are a staff row's.
  const near = data.nearby as unknown as (StaffCard & { metres: number })[];
  return (
    <>
      {near.length === 0 && <p class="hint">{d("near_none")}</p>}
      <ul class="rows">
        {near.map((one) => (
          <CardRow key={one.code} card={one} to={`/meja/${one.code}`}>
            <small>{d("near_m", { n: one.metres })}</small>
          </CardRow>
        ))}
      </ul>
      {data.same_reporter && data.same_reporter.length > 0 && (
        <>
          <h3>{d("same_reporter")}</h3>
          <ul class="rows">
            {data.same_reporter.map((one) => (
              <CardRow key={one.code} card={one as StaffCard} to={`/meja/${one.code}`} />
            ))}
          </ul>
        </>
      )}
    </>
  );
}
