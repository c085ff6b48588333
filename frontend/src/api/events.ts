/** News of registrations as the service sends it; one stream for the whole page, opened when first needed. */
export interface News {
  registration_id: string;
}

type Listener = (news: News | null) => void; // null: the stream began or broke, so that anything may have changed

const listeners = new Set<Listener>();
let stream: EventSource | null = null;

export function subscribe(listener: Listener): () => void {
  listeners.add(listener);
  stream ??= open();
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    stream?.close();
    stream = null;
  };
}

/** Whether news come by themselves at present; while they do not, asking now and again has to do. */
export function isListening(): boolean {
  return stream?.readyState === EventSource.OPEN;
}

function open(): EventSource {
  const source = new EventSource("/api/v1/events"); // reconnects by itself, and says what it saw last
  source.addEventListener("registration", (event) => tell(JSON.parse(event.data) as News));
  source.addEventListener("open", () => tell(null));
  source.addEventListener("error", () => tell(null));
  return source;
}

function tell(news: News | null): void {
  for (const listener of listeners) listener(news);
}
