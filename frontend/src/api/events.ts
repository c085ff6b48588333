/** News of registrations as the service sends it; one stream for the whole page, open while it is looked at. */
export interface News {
  registration_id: string;
}

type Listener = (news: News | null) => void; // null: the stream began or broke, so that anything may have changed

const AGAIN_MS = 8000; // after an answer that the browser takes as final, such as that of a proxy

const listeners = new Set<Listener>();
let stream: EventSource | null = null;

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  attend();
  return () => {
    listeners.delete(listener);
    attend();
  };
}

/** Whether news come by themselves at present; while they do not, asking now and again has to do. */
export function isListening(): boolean {
  return stream?.readyState === EventSource.OPEN;
}

/** Browsers hold six connections to a service for all its pages: those that nobody looks at leave theirs to others. */
function attend(): void {
  if (listeners.size > 0 && !document.hidden) {
    stream ??= open();
  } else {
    stream?.close();
    stream = null;
  }
}

document.addEventListener("visibilitychange", attend);

function open(): EventSource {
  const source = new EventSource("/api/v1/events"); // reconnects by itself, and says what it saw last
  source.addEventListener("registration", (event) => tell(JSON.parse(event.data) as News));
  source.addEventListener("open", () => tell(null));
  source.addEventListener("error", () => {
    tell(null);
    if (source.readyState === EventSource.CLOSED) window.setTimeout(() => renew(source), AGAIN_MS);
  });
  return source;
}

function renew(closed: EventSource): void {
  if (stream !== closed) return;
  stream = null;
  attend();
}

function tell(news: News | null): void {
  for (const listener of listeners) listener(news);
}
