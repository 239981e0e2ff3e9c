import { useObservable } from "../lib/observable";
import { session, signOut } from "../lib/session";
import { SignIn } from "../track/SignInPage";
import { Desk } from "./Desk";

export function DeskPage({ code }: { code: string }) {
  const who = useObservable(session);
  if (who?.as !== "officer") return <SignIn as="officer" onDone={() => undefined} />;
  return <Desk code={code} onSignOut={signOut} />;
}
