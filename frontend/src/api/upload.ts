import { gone, readAnswer } from "./problems";
import { sessionTurn } from "./session";
import type { Image } from "./types";

/** Send a file; XMLHttpRequest because fetch tells no progress of what it sends. */
export function uploadImage(
  file: File,
  onProgress: (share: number) => void,
  signal: AbortSignal,
): Promise<Image> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const session = sessionTurn();
    request.open("POST", "/api/v1/images");
    request.setRequestHeader("Accept", "application/json");
    request.upload.onprogress = (event) => onProgress(event.loaded / Math.max(event.total, 1));
    request.onerror = () => reject(gone());
    request.onabort = () => reject(new DOMException("The upload was given up.", "AbortError"));
    request.onload = () => {
      try {
        resolve(readAnswer(request.status, request.responseText, session) as Image);
      } catch (error) {
        reject(error);
      }
    };
    signal.addEventListener("abort", () => request.abort());
    const form = new FormData();
    form.append("file", file);
    request.send(form);
  });
}
