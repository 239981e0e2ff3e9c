import { useEffect, useRef, useState } from "preact/hooks";
import type { Card, PublicCard } from "../api/client";
import { useCity } from "../lib/city";
import { useWords } from "../lib/i18n";
import { clusters } from "./cluster";
import { Marker, openMap, type GlMap } from "./map";
import "./map.css";

/** What the map needs of a case, of the public's as of an officer's. */
export type Spotted = Pick<Card, "code" | "category" | "late"> & Pick<PublicCard, "point">;

/** Cases on the map: near ones in a group with its number; a press opens the group's cases below the map. */
export function SpotMap({
  cards,
  label,
  onChoose,
}: {
  cards: Spotted[];
  label?: string;
  onChoose: (cards: Spotted[]) => void;
}) {
  const t = useWords();
  const known = useCity();
  const box = useRef<HTMLDivElement>(null);
  const [map, setMap] = useState<GlMap | null>(null);
  const [failed, setFailed] = useState(false);
  const choose = useRef(onChoose);
  choose.current = onChoose;
  useEffect(() => {
    if (!box.current || !known) return;
    let gone = false;
    let made: GlMap | null = null;
    openMap(box.current, known, label ?? t("around_map_label")).then(
      (opened) => {
        made = opened;
        if (gone) opened.remove();
        else setMap(opened);
      },
      () => gone || setFailed(true),
    );
    return () => {
      gone = true;
      made?.remove();
      setMap(null);
    };
  }, [known?.id]);
  useEffect(() => {
    if (!map) return;
    let drawn: Marker[] = [];
    const draw = (): void => {
      drawn.forEach((marker) => marker.remove());
      const spots = cards.flatMap((card) => {
        if (!card.point) return [];
        const { x, y } = map.project([card.point.lon, card.point.lat]);
        return [{ x, y, one: card }];
      });
      drawn = clusters(spots).map(({ x, y, all }) => {
        const element = document.createElement("button");
        element.type = "button";
        element.className = `spot${all.length > 1 ? " many" : ""}${all.some((c) => c.late) ? " late" : ""}`;
        element.textContent = all.length > 1 ? String(all.length) : "";
        const first = all[0];
        element.setAttribute(
          "aria-label",
          all.length > 1 ? t("around_count", { n: all.length }) : (first?.category?.label ?? first?.code ?? ""),
        );
        element.addEventListener("click", (event) => {
          event.stopPropagation();
          choose.current(all);
        });
        return new Marker({ element }).setLngLat(map.unproject([x, y])).addTo(map);
      });
    };
    draw();
    map.on("zoomend", draw);
    return () => {
      map.off("zoomend", draw);
      drawn.forEach((marker) => marker.remove());
    };
  }, [map, cards]);
  if (failed) return <p class="box bad">{t("map_failed")}</p>;
  return <div class="map" ref={box} />;
}
