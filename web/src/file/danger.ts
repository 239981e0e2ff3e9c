/**
 * Words that mean danger at once, for a phone without a network; with one the service judges the whole text. Rather
 * once too often: the only thing that follows is a telephone number on the screen.
 */
const DANGER: [RegExp, string][] = [
  [/\b(kebakaran|terbakar|api besar|fire|burning)\b/i, "fire"],
  [/\b(bunuh diri|akhiri hidup|suicide|kill myself)\b/i, "crisis"],
  [/\b(pingsan|tidak sadar|sesak napas|berdarah|sekarat|unconscious|bleeding|heart attack)\b/i, "ambulance"],
  [/\b(tabrakan|kecelakaan|tenggelam|tersetrum|accident|drowning|electrocuted)\b/i, "general"],
  [/\b(perampokan|dirampok|begal|ditodong|dipukuli|robbery|robbed|assault|stabbed)\b/i, "police"],
  [/\b(kdrt|diperkosa|pemerkosaan|pelecehan|domestic violence|rape|raped)\b/i, "protection"],
  [/\b(tanah longsor|banjir bandang|tsunami|gempa|landslide|earthquake|gas bocor|gas leak)\b/i, "general"],
];

/** Id of the emergency number that the words ask for, or null. */
export function dangerIn(text: string): string | null {
  return DANGER.find(([words]) => words.test(text))?.[1] ?? null;
}
