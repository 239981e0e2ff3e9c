import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Busy, Failure } from "./parts";
import { Offline } from "../api/client";

/** A page whose code is fetched when somebody first opens it; says so, and can be asked again, where that fails. */
export function lazy<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let known: ComponentType<P> | null = null;
  return function Lazy(props: P) {
    const [state, setState] = useState<{ error: unknown; round: number }>({ error: null, round: 0 });
    useEffect(() => {
      if (known) return;
      let gone = false;
      load().then(
        (found) => {
          known = found;
          if (!gone) setState({ error: null, round: -1 });
        },
        () => gone || setState((s) => ({ ...s, error: new Offline("code") })),
      );
      return () => {
        gone = true;
      };
    }, [state.round]);
    if (known) {
      const Found = known;
      return <Found {...props} />;
    }
    if (state.error) {
      return <Failure error={state.error} again={() => setState((s) => ({ error: null, round: s.round + 1 }))} />;
    }
    return <Busy />;
  };
}
