import { lazy } from "./lazy";
import { FilePage } from "../file/FilePage";
import { useCity } from "../lib/city";
import { chooseLanguage, language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { Link, usePlace } from "../lib/router";
import { online, outbox } from "../lib/sending";
import { Home } from "./Home";
import { Heading } from "./parts";

const TrackPage = lazy(() => import("../track/TrackPage").then((m) => m.TrackPage));
const PublicPage = lazy(() => import("../track/PublicPage").then((m) => m.PublicPage));
const OwnPage = lazy(() => import("../track/OwnPage").then((m) => m.OwnPage));
const SignInPage = lazy(() => import("../track/SignInPage").then((m) => m.SignInPage));
const AroundPage = lazy(() => import("../around/AroundPage").then((m) => m.AroundPage));
const AreaPage = lazy(() => import("../around/PlacePage").then((m) => m.AreaPage));
const OfficePage = lazy(() => import("../around/PlacePage").then((m) => m.OfficePage));
const MyDataPage = lazy(() => import("../track/MyDataPage").then((m) => m.MyDataPage));
const DeskPage = lazy(() => import("../desk/DeskPage").then((m) => m.DeskPage));

function Page() {
  const t = useWords();
  const { path, query, hash } = usePlace();
  const [, first = "", second = ""] = path.split("/");
  switch (first) {
    case "":
      return <Home />;
    case "lapor":
      return <FilePage />;
    case "lacak":
      return <TrackPage />;
    case "l":
      return <PublicPage code={second} key={second} />;
    case "k":
      return <OwnPage code={second} secret={hash} fresh={query.has("baru")} key={second} />;
    case "masuk":
      return <SignInPage />;
    case "sekitar":
      return <AroundPage />;
    case "wilayah":
      return <AreaPage code={second} key={second} />;
    case "kantor":
      return <OfficePage id={second} key={second} />;
    case "data":
      return <MyDataPage code={second} secret={hash} key={second} />;
    case "meja":
      return <DeskPage code={second} />;
    default:
      return (
        <>
          <Heading>{t("not_found")}</Heading>
          <p>
            <Link to="">{t("to_start")}</Link>
          </p>
        </>
      );
  }
}

function Network() {
  const t = useWords();
  const connected = useObservable(online);
  const rows = useObservable(outbox);
  const waits = rows.filter((row) => row.state === "waiting").length;
  const refused = rows.length - waits;
  // One region that stays, so that what changes in it is read out.
  return (
    <div class="network" role="status">
      {!connected && <p>{t("offline_bar")}</p>}
      {waits > 0 && <p>{t("waits_bar", { n: waits })}</p>}
      {refused > 0 && (
        <p>
          <Link to="">{t("refused_bar", { n: refused })}</Link>
        </p>
      )}
    </div>
  );
}

export function App() {
  const t = useWords();
  const chosen = useObservable(language);
  const known = useCity();
  const { path } = usePlace();
  const [, first = ""] = path.split("/");
  const other = chosen === "id" ? "en" : "id";
  const general = known?.emergency_numbers.find((n) => n.id === "general")?.number ?? "112";
  const item = (to: string, name: string, words: string) => (
    <Link to={to} aria-current={first === name ? "page" : undefined}>
      {words}
    </Link>
  );
  return (
    <>
      <a class="skip" href="#isi">
        {t("skip")}
      </a>
      <header class={first === "meja" ? "wide" : undefined}>
        <div class="bar">
          <Link to="" class="brand">
            {known?.service ?? t("service")}
          </Link>
          <a class="sos-number" href={`tel:${general}`}>
            {t("danger_short")} <strong>{general}</strong>
          </a>
        </div>
        <nav aria-label={t("menu")}>
          {item("/lapor", "lapor", t("menu_report"))}
          {item("/lacak", "lacak", t("menu_track"))}
          {item("/sekitar", "sekitar", t("menu_around"))}
          <button type="button" class="language" lang={other} onClick={() => chooseLanguage(other)}>
            {other === "en" ? "English" : "Indonesia"}
          </button>
        </nav>
      </header>
      <Network />
      <main id="isi" tabIndex={-1} class={first === "meja" ? "wide" : undefined}>
        <Page />
      </main>
      <footer>
        <p>{known ? t("run_by", { city: known.name }) : ""}</p>
        <p>
          <Link to="/data">{t("data_title")}</Link> · <Link to="/meja">{t("for_officers")}</Link> · <a href={`/polos?lang=${chosen}`}>{t("plain_pages")}</a>
        </p>
      </footer>
    </>
  );
}
