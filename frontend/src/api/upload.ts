import { listImages } from "./client";
import { readResponse, unreachable } from "./errors";
import { sessionVersion } from "./session";
import type { Image } from "./types";

const MAX_HASHED_BYTES = 256e6; // the browser hashes a file as a whole, in memory

/** Return the image of a file: the one that the service has already, or a new upload. */
export async function uploadImage(
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Image> {
  return (await uploadedBefore(file, signal)) ?? (await send(file, onProgress, signal));
}

/** The image with the same content and name, if the service has one. */
async function uploadedBefore(file: File, signal: AbortSignal): Promise<Image | null> {
  const { subtle } = window.crypto; // undefined unless the page is loaded from this machine or by https
  if (subtle === undefined || file.size > MAX_HASHED_BYTES) return null;
  const digest = new Uint8Array(await subtle.digest("SHA-256", await file.arrayBuffer()));
  const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const found = await listImages({ sha256, name: file.name, limit: "1" }, signal);
  return found.items[0] ?? null;
}

/** Upload a file; with XMLHttpRequest because fetch reports no upload progress. */
async function send(file: File, onProgress: (share: number) => void, signal: AbortSignal): Promise<Image> {
  const session = sessionVersion();
  const request = new XMLHttpRequest();
  const finished = new Promise<void>((resolve, reject) => {
    request.onload = () => resolve();
    request.onerror = () => reject(unreachable());
    request.onabort = () => reject(new DOMException("The upload was cancelled.", "AbortError"));
  });
  request.open("POST", "/api/v1/images");
  request.setRequestHeader("Accept", "application/json");
  request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(event.total, 1));
  signal.addEventListener("abort", () => request.abort());
  const form = new FormData();
  form.append("file", file);
  request.send(form);
  await finished;
  return readResponse(request.status, request.responseText, session) as Image;
}
