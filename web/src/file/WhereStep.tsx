import { useState } from "preact/hooks";
import { ask, type Schemas } from "../api/client";
import { useCity } from "../lib/city";
import { language, useWords } from "../lib/i18n";
import { Link } from "../lib/router";
import { lazy } from "../ui/lazy";
import { Field, Pick, wordsOf } from "../ui/parts";
import type { StepProps } from "./FilePage";

const PinMap = lazy(() => import("../around/PinMap").then((m) => m.PinMap));

/** A browser gives up on a satellite that nobody hears, and so do we. */
const PATIENCE = 15_000;

export function WhereStep({ draft, change, fault, category }: StepProps) {
  const t = useWords();
  const known = useCity();
  const [told, setTold] = useState<{ words: string; bad: boolean } | null>(null);
  const [candidates, setCandidates] = useState<Schemas["Area"][]>([]);
  const [map, setMap] = useState(false);
  const [busy, setBusy] = useState(false);

  const placed = async (lat: number, lon: number, accuracy: number | null): Promise<void> => {
    // Six digits are ten centimetres; a phone knows no better.
    const point = { lat: Number(lat.toFixed(6)), lon: Number(lon.toFixed(6)) };
    change({ ...point, accuracy });
    try {
      const ground = await ask<Schemas["Located"]>("/v1/locate", { query: point, language: language.value });
      setCandidates(ground.candidates);
      if (ground.area) {
        change({ area: ground.area.code, hamlet: "" });
        setTold({ words: t("located", { area: ground.area.name }), bad: false });
      } else {
        change({ lat: null, lon: null, accuracy: null });
        setTold({ words: t("outside", { place: ground.outside || t("elsewhere") }), bad: true });
      }
    } catch (error) {
      setTold({ words: `${t("located_roughly")} ${wordsOf(error)}`, bad: false });
    }
  };

  const locate = (): void => {
    if (!navigator.geolocation) {
      setTold({ words: t("locate_failed"), bad: true });
      return;
    }
    setBusy(true);
    setTold({ words: t("locating"), bad: false });
    navigator.geolocation.getCurrentPosition(
      (found) => {
        setBusy(false);
        void placed(found.coords.latitude, found.coords.longitude, found.coords.accuracy);
      },
      (error) => {
        setBusy(false);
        setTold({ words: t(error.code === error.PERMISSION_DENIED ? "locate_denied" : "locate_failed"), bad: true });
      },
      { enableHighAccuracy: true, timeout: PATIENCE, maximumAge: 60_000 },
    );
  };

  if (category?.place === "none") return <p class="box">{t("no_place")}</p>;
  const villages = known?.areas.filter((a) => a.kind !== "kecamatan") ?? [];
  const districts = known?.areas.filter((a) => a.kind === "kecamatan") ?? [];
  const hamlets = villages.find((a) => a.code === draft.area)?.hamlets ?? [];
  const need = category?.place === "required" ? "" : ` ${t("optional")}`;
  return (
    <>
      <h2>{t("where_title") + need}</h2>
      <p class="hint">{t("where_hint")}</p>
      <div class="chips">
        <button type="button" onClick={locate} disabled={busy}>
          {t("locate_me")}
        </button>
        <button type="button" class="plain" aria-expanded={map} onClick={() => setMap(!map)}>
          {t(map ? "map_close" : "map_open")}
        </button>
      </div>
      <p role="status" class={told?.bad ? "fault" : undefined}>
        {told?.words}
      </p>
      {draft.lat !== null && (
        <p>
          {t("point_kept")}{" "}
          <button
            type="button"
            class="plain tiny"
            onClick={() => {
              change({ lat: null, lon: null, accuracy: null });
              setTold(null);
              setCandidates([]);
            }}
          >
            {t("point_drop")}
          </button>
        </p>
      )}
      {map && <PinMap lat={draft.lat} lon={draft.lon} onPin={(lat, lon) => void placed(lat, lon, null)} />}
      {candidates.length > 1 && (
        <fieldset>
          <legend>{t("border")}</legend>
          {candidates.map((one) => (
            <Pick
              key={one.code}
              name="candidate"
              value={one.code}
              checked={draft.area === one.code}
              label={one.name}
              onPick={() => change({ area: one.code, hamlet: "" })}
            />
          ))}
        </fieldset>
      )}
      <Field id="place.area" label={t("area_label")} fault={fault("place.area")}>
        {(ids) => (
          <select
            {...ids}
            value={draft.area}
            onChange={(event) => change({ area: event.currentTarget.value, hamlet: "" })}
          >
            <option value="">{t("area_none")}</option>
            {districts.map((district) => (
              <optgroup key={district.code} label={district.name}>
                {villages
                  .filter((a) => a.parent === district.code)
                  .map((a) => (
                    <option key={a.code} value={a.code}>
                      {a.name}
                    </option>
                  ))}
              </optgroup>
            ))}
          </select>
        )}
      </Field>
      {hamlets.length > 0 && (
        <Field id="place.hamlet" label={`${t("hamlet_label")} ${t("optional")}`}>
          {(ids) => (
            <select {...ids} value={draft.hamlet} onChange={(event) => change({ hamlet: event.currentTarget.value })}>
              <option value="">{t("area_none")}</option>
              {hamlets.map((h) => (
                <option key={h.id} value={h.id}>
                  {h.name}
                </option>
              ))}
            </select>
          )}
        </Field>
      )}
      <Field id="place.words" label={`${t("words_label")} ${t("optional")}`} hint={t("words_hint")}>
        {(ids) => (
          <input
            {...ids}
            value={draft.words}
            maxLength={300}
            onInput={(event) => change({ words: event.currentTarget.value })}
          />
        )}
      </Field>
      <p class="hint">
        {t("point_coarse")} <Link to="/sekitar">{t("menu_around")}</Link>
      </p>
    </>
  );
}
