import { useRef, useState } from "preact/hooks";
import type { Schemas } from "../api/client";
import { Failure } from "../ui/parts";
import { useDeskWords } from "./words";

export type Box = Schemas["PhotoBox"];

/** As many as the service covers on one photo. */
const MOST = 20;
/** The smallest side, as a part of the picture's: a slip of the finger is no box. */
const LEAST = 0.02;
/** How far one press of an arrow moves. */
const STEP = 0.02;

const within = (value: number, most = 1): number => Math.min(most, Math.max(0, value));
const round = (value: number): number => Math.round(value * 1000) / 1000;

/** The box between two corners, in whatever direction it was drawn; null where it is too small to be meant. */
export function drawn(fromX: number, fromY: number, toX: number, toY: number): Box | null {
  const [left, right] = [within(Math.min(fromX, toX)), within(Math.max(fromX, toX))];
  const [top, bottom] = [within(Math.min(fromY, toY)), within(Math.max(fromY, toY))];
  if (right - left < LEAST || bottom - top < LEAST) return null;
  return { left: round(left), top: round(top), width: round(right - left), height: round(bottom - top) };
}

/** A box after an arrow key: moved, or with Shift made larger or smaller; it never leaves the picture. */
export function nudged(box: Box, key: string, resize: boolean): Box {
  const dx = key === "ArrowLeft" ? -STEP : key === "ArrowRight" ? STEP : 0;
  const dy = key === "ArrowUp" ? -STEP : key === "ArrowDown" ? STEP : 0;
  if (resize) {
    return {
      ...box,
      width: round(Math.max(LEAST, within(box.width + dx, 1 - box.left))),
      height: round(Math.max(LEAST, within(box.height + dy, 1 - box.top))),
    };
  }
  return { ...box, left: round(within(box.left + dx, 1 - box.width)), top: round(within(box.top + dy, 1 - box.height)) };
}

const percent = (value: number): number => Math.round(value * 100);

/** Boxes over a photo, by finger, mouse or keys; they are drawn black on it when they are saved. */
export function Boxes({
  picture,
  start,
  onSave,
  onCancel,
}: {
  picture: Schemas["PhotoSize"];
  start: readonly Box[];
  onSave: (boxes: Box[]) => Promise<void>;
  onCancel: () => void;
}) {
  const d = useDeskWords();
  const [boxes, setBoxes] = useState<Box[]>([...start]);
  const [draft, setDraft] = useState<Box | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const from = useRef<[number, number] | null>(null);
  const at = (event: PointerEvent): [number, number] => {
    const frame = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return [(event.clientX - frame.left) / frame.width, (event.clientY - frame.top) / frame.height];
  };
  const change = (index: number, next: Box | null): void =>
    setBoxes((before) => before.flatMap((box, other) => (other === index ? (next ?? []) : box)));
  return (
    <div class="redact">
      <p class="hint">{d("photo_boxes_hint")}</p>
      {error !== null && <Failure error={error} />}
      <div
        class="canvas"
        onPointerDown={(event) => {
          if (boxes.length >= MOST || (event.target as HTMLElement).tagName === "BUTTON") return;
          event.preventDefault();
          event.currentTarget.setPointerCapture?.(event.pointerId);
          from.current = at(event);
        }}
        onPointerMove={(event) => {
          if (from.current) setDraft(drawn(...from.current, ...at(event)));
        }}
        onPointerUp={(event) => {
          const made = from.current && drawn(...from.current, ...at(event));
          from.current = null;
          setDraft(null);
          if (made) setBoxes([...boxes, made]);
        }}
        onPointerCancel={() => {
          from.current = null;
          setDraft(null);
        }}
      >
        <img src={picture.jpeg} alt="" draggable={false} />
        {[...boxes, ...(draft ? [draft] : [])].map((box, index) => (
          <button
            key={index}
            type="button"
            class="cover"
            style={{
              left: `${box.left * 100}%`,
              top: `${box.top * 100}%`,
              width: `${box.width * 100}%`,
              height: `${box.height * 100}%`,
            }}
            aria-label={d("photo_box", {
              n: index + 1,
              left: percent(box.left),
              top: percent(box.top),
              width: percent(box.width),
              height: percent(box.height),
            })}
            onKeyDown={(event) => {
              if (event.key === "Delete" || event.key === "Backspace") {
                event.preventDefault();
                change(index, null);
              } else if (event.key.startsWith("Arrow")) {
                event.preventDefault();
                change(index, nudged(box, event.key, event.shiftKey));
              }
            }}
          />
        ))}
      </div>
      <p class="acts">
        <button
          type="button"
          class="plain tiny"
          disabled={boxes.length >= MOST}
          onClick={() => setBoxes([...boxes, { left: 0.4, top: 0.4, width: 0.2, height: 0.2 }])}
        >
          {d("photo_box_add")}
        </button>
        <button
          type="button"
          class="plain tiny"
          disabled={boxes.length === 0}
          onClick={() => setBoxes(boxes.slice(0, -1))}
        >
          {d("photo_box_drop")}
        </button>
        <button
          type="button"
          class="tiny"
          disabled={busy}
          onClick={() => {
            setBusy(true);
            setError(null);
            onSave(boxes)
              .catch(setError)
              .finally(() => setBusy(false));
          }}
        >
          {d("photo_boxes_save")}
        </button>
        <button type="button" class="plain tiny" onClick={onCancel}>
          {d("cancel")}
        </button>
      </p>
    </div>
  );
}
