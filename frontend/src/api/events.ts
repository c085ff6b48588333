/** Server-sent events of registrations and series: one stream for the whole page, open while the page is visible. */
export interface RegistrationEvent {
  registration_id: string;
  batch_id: string | null;
  series_id?: string; // of a series: further frames, or its end; then there is no registration
}

type Listener = (event: RegistrationEvent | null) => void; // null: the stream opened or broke, so that anything may have changed

const RECONNECT_MS = 8000; // after an error that the browser does not retry, such as a proxy's

const listeners = new Set<Listener>();
let stream: EventSource | null = null;

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  updateStream();
  return () => {
    listeners.delete(listener);
    updateStream();
  };
}

/** Whether events arrive at present; otherwise polling replaces them. */
export function isStreamOpen(): boolean {
  return stream?.readyState === EventSource.OPEN;
}

/** Browsers allow six connections per host for all pages: hidden pages close their stream. */
function updateStream(): void {
  if (listeners.size > 0 && !document.hidden) {
    stream ??= open();
  } else {
    stream?.close();
    stream = null;
  }
}

document.addEventListener("visibilitychange", updateStream);

function open(): EventSource {
  const source = new EventSource("/api/v1/events"); // reconnects automatically with Last-Event-ID
  for (const kind of ["registration", "series"])
    source.addEventListener(kind, (event: MessageEvent<string>) =>
      publish({ registration_id: "", batch_id: null, ...(JSON.parse(event.data) as object) }),
    );
  source.addEventListener("open", () => publish(null));
  source.addEventListener("error", () => {
    publish(null);
    if (source.readyState === EventSource.CLOSED) window.setTimeout(() => reconnect(source), RECONNECT_MS);
  });
  return source;
}

function reconnect(closed: EventSource): void {
  if (stream !== closed) return;
  stream = null;
  updateStream();
}

function publish(event: RegistrationEvent | null): void {
  for (const listener of listeners) listener(event);
}
