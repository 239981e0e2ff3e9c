/** Milliseconds after which what is on the screen is asked for again, while somebody looks at it. */
export const REFRESH = 30_000;
