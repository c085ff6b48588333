import { unreachable } from "./errors";

const NAMES = ["sample_fixed.tif", "sample_moving.tif"];

/** The files of the pair that the service brings along, the fixed one first. */
export function getSamplePair(): Promise<File[]> {
  return Promise.all(NAMES.map(getFile));
}

async function getFile(name: string): Promise<File> {
  const response = await fetch(`/sample/${name}`).catch(() => {
    throw unreachable();
  });
  if (!response.ok) throw new Error(`${name} could not be read.`);
  return new File([await response.blob()], name, { type: "image/tiff" });
}
