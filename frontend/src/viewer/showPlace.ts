import type { Camera } from "./camera";

const SHOW = "xebra:show-place";

/** Have the viewer show a place, and move the focus there. */
export function showPlace(camera: Camera): void {
  window.dispatchEvent(new CustomEvent(SHOW, { detail: camera }));
  document.querySelector<HTMLElement>(".stage")?.focus();
}

/** Call `listener` with each place that is to be shown; return the function that ends this. */
export function onPlace(listener: (camera: Camera) => void): () => void {
  const heard = (event: Event) => listener((event as CustomEvent<Camera>).detail);
  window.addEventListener(SHOW, heard);
  return () => window.removeEventListener(SHOW, heard);
}
