import { addProtocol, LngLatBounds, Map as GlMap, Marker, NavigationControl, setWorkerUrl } from "maplibre-gl";
import "maplibre-gl/dist/maplibre-gl.css";
import type { GeoJSONSourceSpecification, StyleSpecification } from "maplibre-gl";
import workerUrl from "maplibre-gl/dist/maplibre-gl-worker.mjs?url";
import type { City } from "../api/client";
import { wholeAddresses } from "./style";

// The worker is a file of ours: a strict Content-Security-Policy allows no blob.
setWorkerUrl(new URL(workerUrl, location.href).href);

export { Marker, type GlMap };

/** Where a city puts a MapLibre style of its own, beside the app; without one there are names, borders and pins. */
const STYLE = "/app/peta/gaya.json";
const BORDERS = "/app/peta/batas.geojson";

async function read<T>(url: string): Promise<T | null> {
  try {
    const answer = await fetch(url, { credentials: "omit" });
    const json = answer.ok && /json/.test(answer.headers.get("Content-Type") ?? "");
    return json ? ((await answer.json()) as T) : null;
  } catch {
    return null;
  }
}

let tiles: Promise<void> | undefined;

/** Archives of tiles are read by parts, straight from the bucket; the reader is fetched where a style names one. */
function readArchives(style: StyleSpecification): Promise<void> {
  if (!JSON.stringify(style).includes('"pmtiles://')) return Promise.resolve();
  tiles ??= import("pmtiles").then(({ Protocol }) => addProtocol("pmtiles", new Protocol().tile));
  return tiles;
}

function plainStyle(dark: boolean): StyleSpecification {
  const color = dark ? "#16201b" : "#e9f0ec";
  return {
    version: 8,
    sources: {},
    layers: [{ id: "ground", type: "background", paint: { "background-color": color } }],
  };
}

export const hasWebGl = (): boolean => {
  try {
    return document.createElement("canvas").getContext("webgl2") !== null;
  } catch {
    return false;
  }
};

type Area = City["areas"][number];
/** The outlines of villages, as a city may install them. */
type Borders = Exclude<GeoJSONSourceSpecification["data"], string>;

/** A map of the city in `container`. Throws where there is no WebGL. */
export async function openMap(container: HTMLElement, city: City, label: string): Promise<GlMap> {
  if (!hasWebGl()) throw new Error("no WebGL");
  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  const found = await read<StyleSpecification>(STYLE);
  const own = found && wholeAddresses(found, location.origin);
  if (own) await readArchives(own);
  const areas = city.areas;
  const bounds = new LngLatBounds();
  areas.forEach((area) => bounds.extend([area.center.lon, area.center.lat]));
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const map = new GlMap({
    container,
    style: own ?? plainStyle(dark),
    bounds,
    fitBoundsOptions: { padding: 48 },
    attributionControl: own ? { compact: true } : false,
    dragRotate: false,
    pitchWithRotate: false,
    fadeDuration: calm ? 0 : 200,
    maxZoom: 18,
  });
  map.touchZoomRotate.disableRotation();
  map.addControl(new NavigationControl({ showCompass: false }), "top-right");
  map.getCanvas().setAttribute("aria-label", label);
  if (!own) {
    const borders = await read<Borders>(BORDERS);
    if (borders) {
      const draw = (): void => {
        map.addSource("borders", { type: "geojson", data: borders });
        const paint = { "line-color": dark ? "#4f6a5d" : "#9db3a7", "line-width": 1.5 };
        map.addLayer({ id: "borders", type: "line", source: "borders", paint });
      };
      if (map.isStyleLoaded()) draw();
      else map.once("load", draw);
    }
    nameAreas(map, areas);
  }
  return map;
}

/** Names of districts, and from a closer look of villages, so that one finds one's way without tiles. */
function nameAreas(map: GlMap, areas: Area[]): void {
  const names = areas.map((area) => {
    const element = document.createElement("span");
    const district = area.kind === "kecamatan";
    element.className = district ? "map-name large" : "map-name";
    element.textContent = area.name;
    element.setAttribute("aria-hidden", "true");
    new Marker({ element }).setLngLat([area.center.lon, area.center.lat]).addTo(map);
    return { element, district };
  });
  const show = (): void => {
    const close = map.getZoom() > 12.2;
    names.forEach(({ element, district }) => (element.hidden = district ? close : !close));
  };
  map.on("zoom", show);
  show();
}
