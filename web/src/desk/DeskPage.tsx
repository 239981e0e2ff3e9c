import { ask, Refused, type Schemas } from "../api/client";
import { language } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { usePlace } from "../lib/router";
import { session, signOut, tokenNow } from "../lib/session";
import { SignIn } from "../track/SignInPage";
import { Failure, Heading, useLoad } from "../ui/parts";
import { Desk } from "./Desk";
import { DeskMap } from "./DeskMap";
import { Caller } from "./Caller";
import { Manage } from "./Manage";
import { Search } from "./Search";
import { Self } from "./Self";
import { TaskPage, Work } from "./Work";
import { useDeskWords } from "./words";
import "./desk.css";

export function DeskPage({ code }: { code: string }) {
  const who = useObservable(session);
  if (who?.as !== "officer") return <SignIn as="officer" onDone={() => undefined} />;
  return <Inside part={code} />;
}

function Inside({ part }: { part: string }) {
  const d = useDeskWords();
  const chosen = useObservable(language);
  const token = tokenNow("officer") ?? undefined;
  const [, , , third = "", fourth = ""] = usePlace().path.split("/");
  const { data, error, again } = useLoad(
    (signal) => ask<Schemas["Officer"]>("/v1/office/me", { token, language: chosen, signal }),
    [token, chosen],
  );
  if (error instanceof Refused && error.status === 401) {
    return (
      <>
        <Heading>{d("title")}</Heading>
        <Failure error={error} again={() => signOut()} />
      </>
    );
  }
  switch (part) {
    case "cari":
      return <Search me={data} />;
    case "tugas":
      return third ? <TaskPage me={data} code={third} number={fourth} /> : <Work me={data} />;
    case "peta":
      return <DeskMap me={data} />;
    case "lapor":
      return <Caller me={data} />;
    case "kelola":
      return <Manage me={data} part={third} />;
    case "saya":
      return <Self me={data} onChanged={again} />;
    default:
      return <Desk code={part} me={data} />;
  }
}
