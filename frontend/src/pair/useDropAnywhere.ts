import { useEffect, useRef } from "react";
import { droppedFiles } from "./droppedFiles";

type Take = (files: File[]) => void;

const takers = new Set<Take>(); // of the forms that are displayed
let early: Promise<File[]> | null = null; // dropped before the form was displayed

/** Accept files that are pasted, or dropped outside the drop areas, while the calling form is displayed. */
export function useDropAnywhere(onFiles: Take): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const take: Take = (files) => latest.current(files);
    takers.add(take);
    void early?.then((files) => give(files, [take]));
    early = null;
    return () => void takers.delete(take);
  }, []);
}

/**
 * Give dropped and pasted files to the form that is displayed, and keep those that come before it, as long as
 * `formFollows`. Where the page has no form files are not accepted; the browser would open them in its place.
 */
export function useFileDrops(formFollows: boolean): void {
  useEffect(() => {
    if (!formFollows) early = null; // what is displayed has no form
    const receive = (found: Promise<File[]>) => {
      if (takers.size > 0) void found.then((files) => give(files, takers));
      else if (formFollows) early = found;
    };
    const allow = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      if (takers.size === 0 && !formFollows) event.dataTransfer.dropEffect = "none";
    };
    const drop = (event: DragEvent) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      receive(droppedFiles(event.dataTransfer));
    };
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) receive(Promise.resolve(files));
    };
    window.addEventListener("dragover", allow);
    window.addEventListener("drop", drop);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("dragover", allow);
      window.removeEventListener("drop", drop);
      window.removeEventListener("paste", paste);
    };
  }, [formFollows]);
}

function give(files: File[], to: Iterable<Take>): void {
  if (files.length > 0) for (const take of to) take(files);
}
