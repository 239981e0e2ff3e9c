import { useEffect, useState } from "preact/hooks";
import { ask, type Schemas } from "../api/client";
import { language } from "../lib/i18n";

export type Colleague = Schemas["Colleagues"]["officers"][number];

/** Who works in this officer's own office; asked for once somebody has to choose among them. */
export function useColleagues(wanted: boolean, token: string | undefined): Colleague[] {
  const [people, setPeople] = useState<Colleague[]>([]);
  useEffect(() => {
    if (!wanted) return;
    const stop = new AbortController();
    ask<Schemas["Colleagues"]>("/v1/office/colleagues", { token, language: language.value, signal: stop.signal }).then(
      (found) => setPeople(found.officers),
      () => undefined,
    );
    return () => stop.abort();
  }, [wanted, token]);
  return people;
}
