import { readResponse, unreachable } from "./errors";
import { sessionVersion } from "./session";
import type { Application } from "./types";

/** Put a result on further images; return the file and the name that the service gives it. */
export async function applyToImages(
  registration: string,
  application: Application,
): Promise<{ file: Blob; name: string }> {
  const session = sessionVersion();
  const path = `/api/v1/registrations/${encodeURIComponent(registration)}/apply`;
  const response = await fetch(path, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(application),
  }).catch(() => {
    throw unreachable();
  });
  if (!response.ok) readResponse(response.status, await response.text(), session); // throws the problem
  return { file: await response.blob(), name: nameOf(response.headers.get("Content-Disposition") ?? "") };
}

/** The content of a file that the service makes. */
export async function fetchFile(url: string): Promise<Blob> {
  const session = sessionVersion();
  const response = await fetch(url).catch(() => {
    throw unreachable();
  });
  if (!response.ok) readResponse(response.status, await response.text(), session); // throws the problem
  return response.blob();
}

/** Save a file as a download of the browser. */
export function save(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  window.setTimeout(() => URL.revokeObjectURL(url), 60_000); // the browser reads it after the click
}

/** The file name of a Content-Disposition header. */
export function nameOf(header: string): string {
  const encoded = /filename\*=UTF-8''([^;]+)/.exec(header)?.[1];
  return encoded === undefined ? "channels.tif" : decodeURIComponent(encoded);
}
