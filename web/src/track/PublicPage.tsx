import { useEffect, useState } from "preact/hooks";
import { ask, codePath, Refused, type PublicCase } from "../api/client";
import { Join } from "../file/NearbyOffers";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { useObservable } from "../lib/observable";
import { mine } from "../lib/outbox";
import { inAddress, Link, useTitle } from "../lib/router";
import { Busy, Failure, GOOD, Heading, Moment, Status, useLoad } from "../ui/parts";
import { Gallery } from "./Gallery";
import { Share, Slip } from "./Share";
import { PromiseList, Timeline } from "./Story";

/** A case as anybody may see it. */
export function PublicPage({ code }: { code: string }) {
  const t = useWords();
  const known = useCity();
  const chosen = useObservable(language);
  const [own, setOwn] = useState<string | null>(null);
  const { data, error, busy, again } = useLoad(
    (signal) => ask<PublicCase>(`/v1/complaints/${codePath(code)}`, { language: chosen, signal }),
    [code, chosen],
  );
  useTitle(data?.code ?? code, known?.service ?? t("service"));
  useEffect(() => {
    if (data) void mine().then((cases) => setOwn(cases.find((c) => c.code === data.code)?.secret ?? null));
  }, [data]);
  if (error instanceof Refused && error.status === 404) {
    return (
      <>
        <Heading>{t("no_such_case")}</Heading>
        <p>{t("no_such_case_words")}</p>
        <p>
          <Link to="/lacak">{t("track_title")}</Link>
        </p>
      </>
    );
  }
  if (error !== null) return <Failure error={error} again={again} />;
  if (!data) return busy ? <Busy /> : null;
  return (
    <>
      <Heading>{data.category?.label ?? t("unsorted")}</Heading>
      <p class="code">{data.code}</p>
      <CaseHead data={data} />
      {own && (
        <p class="box">
          <Link to={`/k/${data.code}#${own}`}>{t("open_own")}</Link>
        </p>
      )}
      <div class="box">
        <h2>{t("next_step")}</h2>
        <p>{data.next_step}</p>
      </div>
      {data.text && <p class="said">{data.text}</p>}
      <Gallery path={`/v1/complaints/${codePath(data.code)}/photos`} />
      <dl>
        <Facts data={data} />
      </dl>
      <PromiseList promised={data.promised} />
      <Timeline lines={data.timeline} />
      {data.may_join && !own && (
        <section aria-labelledby="join">
          <h2 id="join">{t("join_title")}</h2>
          <p>{t("join_lead")}</p>
          <Join code={data.code} words={data.text?.slice(0, 80) || (data.category?.label ?? "")} />
        </section>
      )}
      <p>
        <Share code={data.code} words={data.status_text} />
      </p>
      <Slip code={data.code} />
    </>
  );
}

type Headed = Pick<PublicCase, "status" | "status_text" | "overdue" | "marked"> & { joined?: number };

export function CaseHead({ data }: { data: Headed }) {
  const t = useWords();
  return (
    <p class="top">
      <Status text={data.status_text} good={GOOD.has(data.status)} />
      {data.overdue && <Status text={t("late")} late />}
      {data.marked && <Status text={data.marked} late />}
      {data.joined ? <small>{t("joined_n", { n: data.joined })}</small> : null}
    </p>
  );
}

export function Facts({
  data,
}: {
  data: {
    filed_at: string;
    area: { code: string; name: string } | null;
    office?: { id: string; name: string } | null;
  };
}) {
  const t = useWords();
  return (
    <>
      {data.office && (
        <div>
          <dt>{t("fact_office")}</dt>
          <dd>
            <Link to={`/kantor/${inAddress(data.office.id)}`}>{data.office.name}</Link>
          </dd>
        </div>
      )}
      {data.area && (
        <div>
          <dt>{t("fact_area")}</dt>
          <dd>
            <Link to={`/wilayah/${inAddress(data.area.code)}`}>{data.area.name}</Link>
          </dd>
        </div>
      )}
      <div>
        <dt>{t("fact_filed")}</dt>
        <dd>
          <Moment at={data.filed_at} />
        </dd>
      </div>
    </>
  );
}
