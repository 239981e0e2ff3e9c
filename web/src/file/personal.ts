/** Something in a text that tells who somebody is, and where it stands. */
export interface Personal {
  kind: "phone" | "nik" | "email" | "plate" | "account";
  words: string;
  at: number;
}

// The longest first: a NIK is also a row of digits, and a phone number is part of many.
const PATTERNS: [Personal["kind"], RegExp][] = [
  ["email", /[\w.+-]+@[\w-]+(?:\.[\w-]+)+/g],
  // A NIK or KK number: sixteen digits, written in one or in groups of four.
  ["nik", /(?<!\d)\d{4}[ .-]?\d{4}[ .-]?\d{4}[ .-]?\d{4}(?!\d)/g],
  ["phone", /(?<![\d.])(?:\+?62|0)[ -]?8\d{1,2}(?:[ -]?\d{2,5}){2,3}(?!\d)/g],
  // Ten digits and more that are no phone: an account, a customer number, a BPJS card.
  ["account", /(?<!\d)\d{10,15}(?!\d)/g],
  // Plates: a letter or two, up to four digits, up to three letters; RT 04 RW 12 is an address.
  ["plate", /\b(?!R[TW]\b)[A-Z]{1,2} ?\d{2,4} ?(?!R[TW]\b)[A-Z]{2,3}\b/g],
];

export function personalIn(text: string): Personal[] {
  const found: Personal[] = [];
  let rest = text;
  for (const [kind, pattern] of PATTERNS) {
    for (const match of rest.matchAll(pattern)) found.push({ kind, words: match[0], at: match.index });
    // What one pattern took is not looked at again; the places of the rest stay as they are.
    rest = rest.replace(pattern, (taken) => " ".repeat(taken.length));
  }
  return found.sort((a, b) => a.at - b.at);
}

/** The text without that piece. */
export function without(text: string, piece: Personal): string {
  return text.slice(0, piece.at) + "…" + text.slice(piece.at + piece.words.length);
}
