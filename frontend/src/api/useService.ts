import { useEffect, useState } from "react";
import { getService } from "./client";
import { useConnectionLost } from "./connection";
import type { Service } from "./types";

/** Version, networks and limits of the service; null until they are known. */
export function useService(): Service | null {
  const [service, setService] = useState<Service | null>(null);
  const disconnected = useConnectionLost();
  useEffect(() => {
    if (disconnected) return;
    const abort = new AbortController();
    getService(abort.signal).then(setService, () => undefined); // the version is optional
    return () => abort.abort();
  }, [disconnected]);
  return service;
}
