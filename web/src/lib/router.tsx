import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { observable, useObservable } from "./observable";

export const BASE = "/app";

export interface Place {
  /** Below /app, without the slash at the end: "" is the first screen. */
  path: string;
  query: URLSearchParams;
  /** What stands after #: a secret never leaves the browser in a request. */
  hash: string;
}

function here(): Place {
  const path = location.pathname.startsWith(BASE) ? location.pathname.slice(BASE.length) : "";
  return {
    path: path.replace(/\/+$/, ""),
    query: new URLSearchParams(location.search),
    hash: decodeURIComponent(location.hash.slice(1)),
  };
}

export const place = observable<Place>(here());
addEventListener("popstate", () => place.set(here()));
addEventListener("hashchange", () => place.set(here()));

/** `to` is below /app, such as `/lapor`. */
export function go(to: string, replace = false): void {
  const target = `${BASE}${to === "" ? "/" : to}`;
  if (replace) history.replaceState(null, "", target);
  else history.pushState(null, "", target);
  place.set(here());
  if (!replace) scrollTo(0, 0);
}

/** An id as an address holds it: what stands behind the last point of an address would pass for a kind of file. */
export const inAddress = (id: string): string => id.replace(/\./g, "-");

export const usePlace = (): Place => useObservable(place);

interface LinkProps {
  to: string;
  class?: string;
  id?: string;
  children?: ComponentChildren;
  "aria-current"?: "page" | "true" | undefined;
  onFocus?: () => void;
}

export function Link({ to, children, ...rest }: LinkProps) {
  return (
    <a
      {...rest}
      href={`${BASE}${to === "" ? "/" : to}`}
      onClick={(event) => {
        // A new tab or window is the browser's own affair.
        if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
        event.preventDefault();
        go(to);
      }}
    >
      {children}
    </a>
  );
}

/** Names the page and moves the reader to its heading, as a loaded page would. */
export function useTitle(title: string, service: string): void {
  useEffect(() => {
    document.title = title ? `${title} – ${service}` : service;
  }, [title, service]);
}
