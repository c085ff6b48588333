import { readResponse, unreachable } from "./errors";
import { sessionVersion } from "./session";
import type { Image } from "./types";

/** Upload a file; with XMLHttpRequest because fetch reports no upload progress. */
export async function uploadImage(
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Image> {
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
