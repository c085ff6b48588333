import { unreachable, isAbort, readResponse } from "./errors";
import { sessionVersion } from "./session";
import type {
  Batch,
  Correction,
  Corrections,
  Drift,
  Figures,
  FramePage,
  Image,
  ImagePage,
  ImageValues,
  NewBatch,
  NewCorrection,
  NewRegistration,
  NewReview,
  PointMatch,
  PointToMatch,
  RegistrationUpdate,
  Registration,
  RegistrationList,
  Review,
  Series,
  SeriesPage,
  Service,
  SignedIn,
  ValuesAt,
} from "./types";

const BASE = "/api/v1";

export function getService(signal: AbortSignal): Promise<Service> {
  return send("GET", "/service", { signal });
}

export function getRegistration(id: string, signal: AbortSignal): Promise<Registration> {
  return send("GET", `/registrations/${encodeURIComponent(id)}`, { signal });
}

export function listRegistrations(
  limit: number,
  filter: Record<string, string>,
  signal: AbortSignal,
): Promise<RegistrationList> {
  return send("GET", `/registrations?${new URLSearchParams({ ...filter, limit: String(limit) })}`, {
    signal,
  });
}

export function listImages(query: Record<string, string>, signal: AbortSignal): Promise<ImagePage> {
  return send("GET", `/images?${new URLSearchParams(query)}`, { signal });
}

export function getImage(id: string, signal: AbortSignal): Promise<Image> {
  return send("GET", `/images/${encodeURIComponent(id)}`, { signal });
}

/** Have a preview drawn; fails with the reason where the file has no such image. */
export async function checkPreview(url: string): Promise<void> {
  const session = sessionVersion();
  const response = await fetch(url).catch(() => {
    throw unreachable();
  });
  if (!response.ok) readResponse(response.status, await response.text(), session);
}

export function setModality(id: string, modality: string | null): Promise<Image> {
  return send("PATCH", `/images/${id}`, { body: { modality } });
}

export function createRegistration(submission: NewRegistration): Promise<Registration> {
  return send("POST", "/registrations", { body: submission });
}

export function cancelRegistration(id: string): Promise<Registration> {
  return send("DELETE", `/registrations/${id}`);
}

export function listCorrections(id: string, signal: AbortSignal): Promise<Corrections> {
  return send("GET", `/registrations/${id}/corrections`, { signal });
}

export function createCorrection(id: string, correction: NewCorrection): Promise<Correction> {
  return send("POST", `/registrations/${id}/corrections`, { body: correction });
}

/** The point of the moving image that shows the same as a point of the fixed image. */
export function matchPoint(id: string, point: PointToMatch): Promise<PointMatch> {
  return send("POST", `/registrations/${id}/matches`, { body: point });
}

/** Original values at points; `query` names the channel and frame, with its question mark. */
export function readImageValues(
  id: string,
  query: string,
  at: ValuesAt,
  signal: AbortSignal,
): Promise<ImageValues> {
  return send("POST", `/images/${id}/values${query}`, { body: at, signal });
}

export function getBatch(id: string, signal: AbortSignal): Promise<Batch> {
  return send("GET", `/batches/${encodeURIComponent(id)}`, { signal });
}

export function createReview(id: string, review: NewReview): Promise<Review> {
  return send("POST", `/registrations/${id}/reviews`, { body: review });
}

export function updateTags(id: string, tags: RegistrationUpdate): Promise<Registration> {
  return send("PATCH", `/registrations/${encodeURIComponent(id)}`, { body: tags });
}

export function renameImage(id: string, name: string): Promise<Image> {
  return send("PATCH", `/images/${id}`, { body: { name } });
}

export function deleteImage(id: string): Promise<null> {
  return send("DELETE", `/images/${id}`);
}

export function createBatch(batch: NewBatch): Promise<Batch> {
  return send("POST", "/batches", { body: batch });
}

export function listSeries(signal: AbortSignal): Promise<SeriesPage> {
  return send("GET", "/series", { signal });
}

export function getSeries(id: string, signal: AbortSignal): Promise<Series> {
  return send("GET", `/series/${encodeURIComponent(id)}`, { signal });
}

export function listFrames(
  id: string,
  after: number,
  limit: number,
  signal: AbortSignal,
): Promise<FramePage> {
  return send("GET", `/series/${encodeURIComponent(id)}/frames?after=${after}&limit=${limit}`, { signal });
}

export function finishSeries(id: string): Promise<Series> {
  return send("POST", `/series/${encodeURIComponent(id)}/finish`);
}

export function getSession(): Promise<SignedIn> {
  return send("GET", "/session");
}

export function createSession(key: string): Promise<SignedIn> {
  return send("POST", "/session", { body: { key } });
}

export function switchInstrument(instrument: string): Promise<SignedIn> {
  return send("PUT", "/session", { body: { instrument } });
}

export function deleteSession(): Promise<null> {
  return send("DELETE", "/session");
}

export function getDrift(signal: AbortSignal): Promise<Drift> {
  return send("GET", "/drift?windows=0", { signal });
}

export function acknowledgeDrift(): Promise<Drift> {
  return send("POST", "/drift/acknowledge");
}

export function getStatistics(signal: AbortSignal): Promise<Figures> {
  return send("GET", "/administration", { signal });
}

interface SendOptions {
  body?: unknown;
  signal?: AbortSignal;
}

export async function send<T>(method: string, path: string, { body, signal }: SendOptions = {}): Promise<T> {
  const request: RequestInit = { method, headers: { Accept: "application/json" } };
  if (signal) request.signal = signal;
  if (body !== undefined) {
    request.headers = { ...request.headers, "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const session = sessionVersion();
  const [status, text] = await fetchText(BASE + path, request);
  return readResponse(status, text, session) as T;
}

async function fetchText(url: string, request: RequestInit): Promise<[number, string]> {
  try {
    const response = await fetch(url, request);
    return [response.status, await response.text()];
  } catch (error) {
    throw isAbort(error) ? error : unreachable();
  }
}
