import { useEffect } from "react";

const SITE = "Xebra";

/** Title of the browser's tab: what the page shows, the most specific part first. */
export function useTitle(title: string | null): void {
  useEffect(() => {
    document.title = title === null ? SITE : `${title} – ${SITE}`;
  }, [title]);
}
