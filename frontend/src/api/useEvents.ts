import { useEffect } from "react";
import { type RegistrationEvent, subscribe } from "./events";

const DEBOUNCE_MS = 120; // events of one burst cause one refresh

/** Call `refresh` after each event that matches, and when the connection changes. */
export function useEvents(matches: (event: RegistrationEvent) => boolean, refresh: () => void): void {
  useEffect(() => {
    let timer = 0;
    const schedule = () => {
      timer ||= window.setTimeout(() => {
        timer = 0;
        refresh();
      }, DEBOUNCE_MS);
    };
    const stop = subscribe((event) => (event === null || matches(event)) && schedule());
    window.addEventListener("offline", schedule);
    window.addEventListener("online", schedule);
    return () => {
      stop();
      window.clearTimeout(timer);
      window.removeEventListener("offline", schedule);
      window.removeEventListener("online", schedule);
    };
  }, [matches, refresh]);
}
