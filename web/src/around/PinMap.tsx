import { useEffect, useRef, useState } from "preact/hooks";
import { useCity } from "../lib/city";
import { useWords } from "../lib/i18n";
import { Marker, openMap, type GlMap } from "./map";
import "./map.css";

interface Props {
  lat: number | null;
  lon: number | null;
  onPin: (lat: number, lon: number) => void;
}

/** A map to set one pin on, by a tap, or by keys and the button for the middle. */
export function PinMap({ lat, lon, onPin }: Props) {
  const t = useWords();
  const known = useCity();
  const box = useRef<HTMLDivElement>(null);
  const map = useRef<GlMap | null>(null);
  const pin = useRef<Marker | null>(null);
  const tell = useRef(onPin);
  tell.current = onPin;
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (!box.current || !known) return;
    let gone = false;
    openMap(box.current, known, t("map_label")).then(
      (made) => {
        if (gone) return made.remove();
        map.current = made;
        made.on("click", (event) => tell.current(event.lngLat.lat, event.lngLat.lng));
        made.getCanvas().addEventListener("keydown", (event) => {
          if (event.key !== "Enter") return;
          event.preventDefault();
          const middle = made.getCenter();
          tell.current(middle.lat, middle.lng);
        });
        setFailed(false);
        place(made, lat, lon, true);
      },
      () => gone || setFailed(true),
    );
    return () => {
      gone = true;
      map.current?.remove();
      map.current = null;
      pin.current = null;
    };
  }, [known?.id]);

  const place = (on: GlMap, at: number | null, east: number | null, near: boolean): void => {
    if (at === null || east === null) {
      pin.current?.remove();
      pin.current = null;
      return;
    }
    pin.current ??= new Marker({ color: "#a4001d" });
    pin.current.setLngLat([east, at]).addTo(on);
    if (near) on.jumpTo({ center: [east, at], zoom: Math.max(on.getZoom(), 13.5) });
  };
  useEffect(() => {
    if (map.current) place(map.current, lat, lon, false);
  }, [lat, lon]);

  if (failed) return <p class="box bad">{t("map_failed")}</p>;
  return (
    <>
      <p class="hint">{t("map_hint")}</p>
      <div class="map" ref={box} />
      <button
        type="button"
        class="plain"
        onClick={() => {
          const middle = map.current?.getCenter();
          if (middle) onPin(middle.lat, middle.lng);
        }}
      >
        {t("map_here")}
      </button>
    </>
  );
}
