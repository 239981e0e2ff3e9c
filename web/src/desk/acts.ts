import type { Act, City, OfficeCase } from "../api/client";
import { deskSay, type DeskKey } from "./words";

export interface Choice {
  value: string;
  label: string;
}

export interface Asked {
  name: string;
  label: DeskKey;
  kind: "text" | "line" | "choice" | "tick" | "day" | "person" | "people" | "photos";
  required: boolean;
  least?: number;
  most?: number;
  hint?: DeskKey;
  choices?: (city: City, seen: OfficeCase) => Choice[];
}

/** An act of an officer: where it goes, what it asks, and the key that begins it. */
export interface OfficeAct {
  act: Act;
  path: string;
  key?: string;
  asks: Asked[];
  grave?: boolean;
}

const text = (label: DeskKey = "text", least = 3, required = true): Asked => ({
  name: "text",
  label,
  kind: "text",
  required,
  least: required ? least : 0,
});

const categories = (city: City): Choice[] => city.categories.map((c) => ({ value: c.id, label: c.label }));
const offices = (city: City): Choice[] =>
  city.offices.filter((o) => !o.outside).map((o) => ({ value: o.id, label: o.name }));
const agencies = (city: City): Choice[] =>
  city.offices.filter((o) => o.outside).map((o) => ({ value: o.id, label: o.name }));
const villages = (city: City): Choice[] =>
  city.areas.filter((a) => a.kind !== "kecamatan").map((a) => ({ value: a.code, label: a.name }));
const dangers = (city: City): Choice[] =>
  city.emergency_numbers.map((n) => ({ value: n.id, label: `${n.number} ${n.label}` }));

const REASONS = ["duplicate", "not_city", "unclear", "court", "abuse", "other"] as const;

/** A hidden identity is shown for a reason alone; a contact that may be shown needs none. */
export const REVEAL_WITH_REASON: Asked[] = [
  { name: "reason", label: "unmask_reason", hint: "unmask_hint", kind: "line", required: true, least: 3, most: 300 },
];

/** In the order in which a desk needs them. `split` has a form of its own; `moderate` stands with the public text. */
export const ACTS: OfficeAct[] = [
  { act: "acknowledge", path: "acknowledgement", key: "a", asks: [] },
  { act: "acknowledge_rung", path: "rung-acknowledgement", key: "u", asks: [] },
  { act: "confirm", path: "confirmation", key: "c", asks: [] },
  { act: "reply", path: "replies", key: "r", asks: [text()] },
  { act: "ask", path: "questions", key: "q", asks: [text()] },
  { act: "start", path: "start", key: "s", asks: [] },
  {
    act: "resolve",
    path: "resolution",
    key: "d",
    asks: [
      text(),
      { name: "photos", label: "proof_photos", kind: "photos", required: false },
      { name: "proof", label: "proof", kind: "text", required: false },
    ],
  },
  { act: "draft", path: "drafts", asks: [{ ...text(), hint: "draft_hint" }] },
  { act: "release_draft", path: "draft-release", asks: [text("draft_text")] },
  { act: "return_draft", path: "draft-return", asks: [text("draft_why")] },
  {
    act: "instruct",
    path: "disposition",
    key: "i",
    asks: [
      { name: "to", label: "to", kind: "person", required: true },
      text("instruction"),
      { name: "due", label: "internal_due", kind: "day", required: true },
      { name: "copies", label: "copies", kind: "people", required: false },
    ],
  },
  { act: "take", path: "disposition-acknowledgement", asks: [] },
  { act: "split", path: "tasks", asks: [] },
  { act: "approve", path: "approval", key: "y", asks: [] },
  { act: "send_back", path: "return", asks: [text()] },
  {
    act: "pass_on",
    path: "transfer",
    key: "p",
    asks: [{ name: "office", label: "office", kind: "choice", required: true, choices: offices }, text()],
  },
  {
    act: "refer",
    path: "referral",
    asks: [{ name: "agency", label: "agency", kind: "choice", required: true, choices: agencies }, text()],
  },
  {
    act: "sort",
    path: "sorting",
    key: "t",
    asks: [
      { name: "category", label: "category", kind: "choice", required: true, choices: categories },
      { name: "office", label: "office", kind: "choice", required: false, choices: offices },
      { name: "area", label: "area", kind: "choice", required: false, choices: villages },
      { name: "accusation", label: "accusation", kind: "tick", required: false },
      { name: "accused", label: "accused", kind: "line", required: false },
      text("text", 0, false),
      { name: "longer", label: "longer", kind: "text", required: false },
    ],
  },
  { act: "release", path: "release", key: "l", asks: [] },
  { act: "hide", path: "hiding", asks: [{ name: "reason", label: "reason", kind: "line", required: false }] },
  {
    act: "tighten",
    path: "tightening",
    grave: true,
    asks: [
      {
        name: "publication",
        label: "publication",
        kind: "choice",
        required: false,
        choices: () => [{ value: "private", label: deskSay("tighten_publication") }],
      },
      {
        name: "identity",
        label: "identity",
        kind: "choice",
        required: false,
        choices: () => [{ value: "hidden", label: deskSay("tighten_identity") }],
      },
      { name: "reason", label: "reason", kind: "line", required: true, least: 3 },
    ],
  },
  {
    act: "reject",
    path: "rejection",
    grave: true,
    asks: [
      {
        name: "reason",
        label: "reason",
        kind: "choice",
        required: true,
        choices: () => REASONS.map((value) => ({ value, label: deskSay(`reason_${value}`) })),
      },
      text("text", 10),
    ],
  },
  {
    act: "uphold",
    path: "appeal-decision",
    asks: [
      {
        name: "decision",
        label: "decision",
        kind: "choice",
        required: true,
        choices: () => (["grant", "uphold"] as const).map((value) => ({ value, label: deskSay(`decision_${value}`) })),
      },
      text("text", 10),
    ],
  },
  { act: "continue", path: "continuation", asks: [] },
  {
    act: "schedule",
    path: "schedule",
    asks: [
      { name: "until", label: "new_date", hint: "new_date_hint", kind: "day", required: true },
      { name: "reason", label: "date_reason", kind: "choice", required: true },
      text("text", 10),
      { name: "interim", label: "interim", kind: "text", required: false },
    ],
  },
  { act: "grant_date", path: "schedule-grant", asks: [] },
  { act: "decline_date", path: "schedule-refusal", asks: [text()] },
  {
    act: "raise",
    path: "raising",
    grave: true,
    asks: [{ name: "danger", label: "danger", kind: "choice", required: true, choices: dangers }, text()],
  },
  {
    act: "lower",
    path: "lowering",
    asks: [
      text(),
      { name: "category", label: "category", kind: "choice", required: false, choices: categories },
      { name: "misuse", label: "misuse", kind: "tick", required: false },
    ],
  },
  { act: "merge", path: "merge", asks: [{ name: "master", label: "master", kind: "line", required: true, least: 1 }] },
  { act: "unmerge", path: "unmerge", asks: [] },
  { act: "reveal", path: "contact", asks: [] },
  {
    act: "note",
    path: "notes",
    key: "n",
    asks: [text("note_text"), { name: "mentions", label: "mentions", kind: "people", required: false }],
  },
];

/** Those that the officer may do now, and whether the plain page has more. */
export function openActs(may: readonly Act[]): { here: OfficeAct[]; elsewhere: boolean } {
  const here = ACTS.filter((one) => may.includes(one.act) || (one.act === "uphold" && may.includes("grant")));
  const known = new Set<Act>([...ACTS.map((one) => one.act), "grant", "read", "moderate", "revert", "unmask", "cancel_task"]);
  return { here, elsewhere: may.some((act) => !known.has(act)) };
}

export type Given = Record<string, string | boolean | string[]>;

/** What is missing before it can be sent, by the field's name. */
export function missing(act: OfficeAct, given: Given): string[] {
  return act.asks
    .filter(({ name, required, least, kind }) => {
      const value = given[name];
      if (kind === "tick") return false;
      const length = typeof value === "string" ? value.trim().length : 0;
      if (kind === "day" || kind === "person") return required && length === 0;
      return required ? length < (least ?? 1) || length === 0 : false;
    })
    .map(({ name }) => name);
}

/** The body as the API takes it: nothing that was left empty. An accusation must be decided where a case is sealed. */
export function bodyOf(act: OfficeAct, given: Given, sealed: boolean): Record<string, unknown> {
  const body: Record<string, unknown> = {};
  for (const { name, kind } of act.asks) {
    const value = given[name];
    if (Array.isArray(value)) {
      if (value.length) body[name] = value;
    } else if (kind === "tick") {
      if (value === true || (name === "accusation" && sealed)) body[name] = value === true;
    } else if (typeof value === "string" && value.trim()) {
      body[name] = value.trim();
    }
  }
  return body;
}
