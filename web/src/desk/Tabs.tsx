import type { ComponentChildren } from "preact";
import type { Schemas } from "../api/client";
import { Link } from "../lib/router";
import { useDeskWords, type DeskKey } from "./words";

export type Tab = "inbox" | "search" | "work" | "map" | "caller" | "self" | "manage";

const PLACES: Record<Tab, string> = {
  inbox: "/meja",
  search: "/meja/cari",
  work: "/meja/tugas",
  map: "/meja/peta",
  caller: "/meja/lapor",
  self: "/meja/saya",
  manage: "/meja/kelola",
};

export const rolesOf = (me: Schemas["Officer"] | null): Set<string> =>
  new Set((me?.duties ?? []).map(({ post }) => post.split("@")[0] ?? ""));

/** The parts of the desk that somebody's duties give them. */
export const tabsFor = (roles: ReadonlySet<string>): Tab[] =>
  (Object.keys(PLACES) as Tab[]).filter((tab) => tab !== "caller" || roles.has("operator"));

/** Whether there is more to look after than the city's rules to read. */
const looksAfter = (roles: ReadonlySet<string>): boolean =>
  ["administrator", "auditor", "triage"].some((role) => roles.has(role));

export function Tabs({ at, me }: { at: Tab; me: Schemas["Officer"] | null }) {
  const d = useDeskWords();
  return (
    <nav class="tabs" aria-label={d("tabs")}>
      {tabsFor(rolesOf(me)).map((tab) => (
        <Link key={tab} to={PLACES[tab]} aria-current={tab === at ? "page" : undefined}>
          {d(tab === "manage" && !looksAfter(rolesOf(me)) ? "tab_rules" : (`tab_${tab}` as DeskKey))}
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
