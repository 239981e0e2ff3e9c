import type { ComponentChildren } from "preact";
import type { Schemas } from "../api/client";
import { Link } from "../lib/router";
import { useDeskWords, type DeskKey } from "./words";

export type Tab = "inbox" | "search" | "work" | "self";

const PLACES: Record<Tab, string> = {
  inbox: "/meja",
  search: "/meja/cari",
  work: "/meja/tugas",
  self: "/meja/saya",
};

export function Tabs({ at }: { at: Tab; me: Schemas["Officer"] | null }) {
  const d = useDeskWords();
  return (
    <nav class="tabs" aria-label={d("tabs")}>
      {(Object.keys(PLACES) as Tab[]).map((tab) => (
        <Link key={tab} to={PLACES[tab]} aria-current={tab === at ? "page" : undefined}>
          {d(`tab_${tab}` as DeskKey)}
        </Link>
      ))}
    </nav>
  );
}

/** One part of the desk that is no list beside a case. */
export function Part({ at, me, children }: { at: Tab; me: Schemas["Officer"] | null; children: ComponentChildren }) {
  return (
    <div class="part">
      <Tabs at={at} me={me} />
      {children}
    </div>
  );
}
