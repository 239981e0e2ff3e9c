import { useCity } from "../lib/city";
import { useWords } from "../lib/i18n";
import { inAddress, Link, useTitle } from "../lib/router";
import { Busy, Heading } from "../ui/parts";
import { PublicList } from "./AroundPage";

const fromAddress = (id: string): string => id.replace(/-/g, ".");

/** A village or district, and what was reported there. */
export function AreaPage({ code }: { code: string }) {
  const t = useWords();
  const known = useCity();
  const area = known?.areas.find((one) => one.code === fromAddress(code));
  useTitle(area?.name ?? t("around_title"), known?.service ?? t("service"));
  if (!known) return <Busy />;
  if (!area) return <Heading>{t("not_found")}</Heading>;
  const district = known.areas.find((one) => one.code === area.parent);
  const inside = known.areas.filter((one) => one.parent === area.code);
  return (
    <>
      <Heading>{area.name}</Heading>
      <p class="hint">
        {area.kind.charAt(0).toUpperCase() + area.kind.slice(1)}
        {district && (
          <>
            {" · "}
            <Link to={`/wilayah/${inAddress(district.code)}`}>{district.name}</Link>
          </>
        )}
        {area.postal_code && ` · ${area.postal_code}`}
      </p>
      {inside.length > 0 && (
        <details>
          <summary>{t("area_villages", { n: inside.length })}</summary>
          <ul class="columns">
            {inside.map((one) => (
              <li key={one.code}>
                <Link to={`/wilayah/${inAddress(one.code)}`}>{one.name}</Link>
              </li>
            ))}
          </ul>
        </details>
      )}
      {area.hamlets.length > 0 && (
        <details>
          <summary>{t("area_hamlets", { n: area.hamlets.length })}</summary>
          <p>{area.hamlets.map((one) => one.name).join(", ")}</p>
        </details>
      )}
      <h2>{t("around_title_here")}</h2>
      <PublicList within={{ area: area.code }} />
    </>
  );
}

/** An office, what it looks after, and what was reported to it. */
export function OfficePage({ id }: { id: string }) {
  const t = useWords();
  const known = useCity();
  const office = known?.offices.find((one) => one.id === id || inAddress(one.id) === id);
  useTitle(office?.short ?? t("around_title"), known?.service ?? t("service"));
  if (!known) return <Busy />;
  if (!office) return <Heading>{t("not_found")}</Heading>;
  return (
    <>
      <Heading>{office.name}</Heading>
      {office.handles && <p class="lead">{office.handles}</p>}
      {office.outside && <p class="hint">{t("office_outside")}</p>}
      {known.areas.some((one) => one.code === office.id) && (
        <p>
          <Link to={`/wilayah/${inAddress(office.id)}`}>{t("office_area")}</Link>
        </p>
      )}
      {!office.outside && (
        <>
          <h2>{t("around_title_here")}</h2>
          <PublicList within={{ office: office.id }} />
        </>
      )}
    </>
  );
}
