import { useEffect, useState } from "preact/hooks";
import { useWords } from "../lib/i18n";
import { useCity } from "../lib/city";
import { install } from "../lib/install";
import { useObservable } from "../lib/observable";
import { discard, mine, type Mine } from "../lib/outbox";
import { Link, useTitle } from "../lib/router";
import { outbox, refreshOutbox, sendNow, sent } from "../lib/sending";
import { reportToDraft } from "../file/FilePage";
import { Heading, Moment } from "./parts";

export function Home() {
  const t = useWords();
  const known = useCity();
  const rows = useObservable(outbox);
  const done = useObservable(sent);
  const putOnScreen = useObservable(install);
  const [cases, setCases] = useState<Mine[]>([]);
  useTitle("", known?.service ?? t("service"));
  useEffect(() => void mine().then(setCases, () => setCases([])), [done, rows]);
  return (
    <>
      <Heading>{t("home_title", { city: known?.name ?? "" })}</Heading>
      <p class="lead">{t("home_lead")}</p>
      <p>
        <Link to="/lapor" class="button big">
          {t("menu_report")}
        </Link>
      </p>
      <div class="doors">
        <Link to="/lacak" class="door">
          <strong>{t("menu_track")}</strong>
          <span>{t("door_track")}</span>
        </Link>
        <Link to="/sekitar" class="door">
          <strong>{t("menu_around")}</strong>
          <span>{t("door_around")}</span>
        </Link>
      </div>
      {rows.length > 0 && (
        <section aria-labelledby="waiting">
          <h2 id="waiting">{t("waiting_title")}</h2>
          <ul class="rows">
            {rows.map((row) => (
              <li key={row.id}>
                <p class="words">{row.body.text.slice(0, 120)}</p>
                {row.state === "waiting" && <p class="hint">{t("waiting_row")}</p>}
                {row.state === "sign-in" && <p class="fault">{t("waiting_sign_in")}</p>}
                {row.state === "refused" && (
                  <>
                    <p class="fault">
                      {row.problem?.errors?.map((fault) => fault.reason).join("; ") ||
                        row.problem?.detail ||
                        row.problem?.title ||
                        t("refused_old")}
                    </p>
                    <button type="button" class="plain" onClick={() => void reportToDraft(row)}>
                      {t("mend")}
                    </button>
                  </>
                )}
                {row.state === "waiting" && (
                  <button type="button" class="plain" onClick={() => void sendNow()}>
                    {t("send_now")}
                  </button>
                )}{" "}
                <button
                  type="button"
                  class="plain grave"
                  onClick={() => confirm(t("discard_sure")) && void discard(row.id).then(refreshOutbox)}
                >
                  {t("discard")}
                </button>
              </li>
            ))}
          </ul>
        </section>
      )}
      {cases.length > 0 && (
        <section aria-labelledby="mine">
          <h2 id="mine">{t("mine_title")}</h2>
          <ul class="rows">
            {cases.map((one) => (
              <li key={one.code}>
                <Link to={one.secret ? `/k/${one.code}#${one.secret}` : `/l/${one.code}`} class="row">
                  <span class="code small">{one.code}</span>
                  <span class="words">{one.words}</span>
                  <small>
                    {one.joined ? `${t("joined_badge")} · ` : ""}
                    <Moment at={one.at} />
                  </small>
                </Link>
              </li>
            ))}
          </ul>
        </section>
      )}
      {putOnScreen && (
        <p>
          <button type="button" class="plain" onClick={putOnScreen}>
            {t("install")}
          </button>
        </p>
      )}
    </>
  );
}
