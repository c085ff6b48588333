import type { DragEvent } from "react";
import type { Place } from "./useBatch";

const KIND = "application/x-xebra-place";

/** The handler of a drag that starts at a place. */
export function dragged(place: Place): (event: DragEvent) => void {
  return (event) => {
    event.dataTransfer.setData(KIND, JSON.stringify(place));
    event.dataTransfer.effectAllowed = "move";
  };
}

/** Handlers of an element onto which a file of another place is dropped. */
export function droppable(onDrop: (from: Place) => void) {
  return {
    onDragOver: (event: DragEvent) => event.dataTransfer.types.includes(KIND) && event.preventDefault(),
    onDrop: (event: DragEvent) => {
      const text = event.dataTransfer.getData(KIND);
      if (text === "") return; // files of the computer
      event.preventDefault();
      event.stopPropagation();
      onDrop(JSON.parse(text) as Place);
    },
  };
}
