/** Server-sent events of registrations: one stream for the whole page, open while the page is visible. */
export interface RegistrationEvent {
  registration_id: string;
  batch_id: string | null;
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
  source.addEventListener("registration", (event: MessageEvent<string>) =>
    publish(JSON.parse(event.data) as RegistrationEvent),
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
