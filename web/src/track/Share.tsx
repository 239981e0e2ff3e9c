import { useEffect, useState } from "preact/hooks";
import { useWords } from "../lib/i18n";

/** Hands the public link on, by the phone's own menu or the clipboard. */
export function Share({ code, words }: { code: string; words: string }) {
  const t = useWords();
  const [told, setTold] = useState("");
  const url = `${location.origin}/l/${code}`;
  const share = async (): Promise<void> => {
    try {
      if (navigator.share) await navigator.share({ title: code, text: words, url });
      else {
        await navigator.clipboard.writeText(url);
        setTold(t("copied"));
      }
    } catch (error) {
      // Whoever closed the menu wants nothing told.
      if (!(error instanceof DOMException && error.name === "AbortError")) setTold(url);
    }
  };
  return (
    <>
      <button type="button" class="plain" onClick={() => void share()}>
        {t("share")}
      </button>{" "}
      <span role="status">{told}</span>
    </>
  );
}

export interface Squares {
  size: number;
  path: string;
}

/** A QR code as one SVG path of unit squares with the four-module quiet zone that scanners need. */
export async function squares(url: string): Promise<Squares> {
  const { default: qrcode } = await import("qrcode-generator");
  const code = qrcode(0, "M");
  code.addData(url);
  code.make();
  const count = code.getModuleCount();
  let path = "";
  for (let y = 0; y < count; y++) {
    for (let x = 0; x < count; x++) if (code.isDark(y, x)) path += `M${x + 4} ${y + 4}h1v1h-1z`;
  }
  return { size: count + 8, path };
}

/** The slip that a counter prints: the code to type, the picture to scan. Only the public link is on it. */
export function Slip({ code }: { code: string }) {
  const t = useWords();
  const [picture, setPicture] = useState<Squares | null>(null);
  const [open, setOpen] = useState(false);
  useEffect(() => {
    if (open && !picture) squares(`${location.origin}/l/${code}`).then(setPicture, () => setOpen(false));
  }, [open, code, picture]);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("slip")}</summary>
      {picture && (
        <>
          <svg class="qr" viewBox={`0 0 ${picture.size} ${picture.size}`} role="img" aria-label={t("slip_picture")}>
            <path d={picture.path} fill="#000" />
          </svg>
          <p class="code">{code}</p>
          <p>{t("slip_words", { where: location.host })}</p>
          <button type="button" class="plain noprint" onClick={() => print()}>
            {t("print")}
          </button>
        </>
      )}
    </details>
  );
}
