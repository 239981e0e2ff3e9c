/** As many as the service takes with a report. */
export const PHOTOS_MOST = 5;
export const LONGEST_SIDE = 1600;

/** Width and height after shrinking so that the longest side fits; never larger than it was. */
export function fitted(width: number, height: number, most = LONGEST_SIDE): { width: number; height: number } {
  const scale = Math.min(1, most / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** What a phone keeps of a picture that was chosen: small enough for a poor line, without what the camera wrote in it. */
export async function shrink(file: Blob): Promise<Blob> {
  const picture = await decode(file);
  const size = fitted(picture.width, picture.height);
  const canvas = document.createElement("canvas");
  canvas.width = size.width;
  canvas.height = size.height;
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("no canvas");
  // A see-through picture becomes JPEG, which has no holes.
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, size.width, size.height);
  pen.drawImage(picture, 0, 0, size.width, size.height);
  const made = await new Promise<Blob | null>((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.82));
  if (!made) throw new Error("no picture");
  return made;
}

/** Upright, as the camera's own mark says. Throws where the browser cannot read it. */
async function decode(file: Blob): Promise<ImageBitmap | HTMLImageElement> {
  if ("createImageBitmap" in window) {
    try {
      return await createImageBitmap(file, { imageOrientation: "from-image" });
    } catch {
      // Some browsers read through an element what they refuse here.
    }
  }
  const url = URL.createObjectURL(file);
  try {
    const image = new Image();
    image.src = url;
    await image.decode();
    return image;
  } finally {
    URL.revokeObjectURL(url);
  }
}
