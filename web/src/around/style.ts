/**
 * A style with whole addresses: MapLibre's worker knows no page that "/app/peta/…" could belong to. Only addresses of
 * our own are completed; others stay, and the page's policy refuses them.
 */
export function wholeAddresses<T>(style: T, origin: string): T {
  if (typeof style === "string") {
    return style.replace(/^((?:pmtiles:\/\/)?)(?=\/(?!\/))/, `$1${origin}`) as T;
  }
  if (Array.isArray(style)) return style.map((one: unknown) => wholeAddresses(one, origin)) as T;
  if (style && typeof style === "object") {
    return Object.fromEntries(Object.entries(style).map(([key, one]) => [key, wholeAddresses(one, origin)])) as T;
  }
  return style;
}
