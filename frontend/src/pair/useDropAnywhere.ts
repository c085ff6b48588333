import { useEffect, useRef } from "react";
import { droppedFiles } from "./droppedFiles";

/** Accept files that are pasted, or dropped outside the drop areas; prevents that the browser opens them. */
export function useDropAnywhere(onFiles: (files: File[]) => void): void {
  const latest = useRef(onFiles);
  useEffect(() => {
    latest.current = onFiles;
  });
  useEffect(() => {
    const allow = (event: DragEvent) => event.preventDefault();
    const take = (event: DragEvent) => {
      event.preventDefault();
      void droppedFiles(event.dataTransfer).then((files) => files.length > 0 && latest.current(files));
    };
    const paste = (event: ClipboardEvent) => {
      const files = [...(event.clipboardData?.files ?? [])];
      if (files.length > 0) latest.current(files);
    };
    window.addEventListener("dragover", allow);
    window.addEventListener("drop", take);
    window.addEventListener("paste", paste);
    return () => {
      window.removeEventListener("dragover", allow);
      window.removeEventListener("drop", take);
      window.removeEventListener("paste", paste);
    };
  }, []);
}
