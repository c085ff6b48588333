import { gone, isAbort, readAnswer } from "./problems";
import { sessionTurn } from "./session";
import type {
  Batch,
  Correction,
  Corrections,
  Figures,
  Image,
  ImagePage,
  NewBatch,
  NewCorrection,
  NewRegistration,
  Registration,
  RegistrationList,
  Service,
  SignedIn,
} from "./types";

const BASE = "/api/v1";

export function getService(signal: AbortSignal): Promise<Service> {
  return ask("GET", "/service", { signal });
}

export function getRegistration(id: string, signal: AbortSignal): Promise<Registration> {
  return ask("GET", `/registrations/${encodeURIComponent(id)}`, { signal });
}

export function listRegistrations(
  limit: number,
  filter: Record<string, string>,
  signal: AbortSignal,
): Promise<RegistrationList> {
  return ask("GET", `/registrations?${new URLSearchParams({ ...filter, limit: String(limit) })}`, { signal });
}

export function listImages(cursor: string | null, signal: AbortSignal): Promise<ImagePage> {
  const query = new URLSearchParams({ limit: "24", ...(cursor !== null && { cursor }) });
  return ask("GET", `/images?${query}`, { signal });
}

export function describeImage(id: string, modality: string | null): Promise<Image> {
  return ask("PATCH", `/images/${id}`, { body: { modality } });
}

export function createRegistration(submission: NewRegistration): Promise<Registration> {
  return ask("POST", "/registrations", { body: submission });
}

export function cancelRegistration(id: string): Promise<Registration> {
  return ask("DELETE", `/registrations/${id}`);
}

export function listCorrections(id: string, signal: AbortSignal): Promise<Corrections> {
  return ask("GET", `/registrations/${id}/corrections`, { signal });
}

export function correct(id: string, correction: NewCorrection): Promise<Correction> {
  return ask("POST", `/registrations/${id}/corrections`, { body: correction });
}

export function createBatch(batch: NewBatch): Promise<Batch> {
  return ask("POST", "/batches", { body: batch });
}

export function getSession(): Promise<SignedIn> {
  return ask("GET", "/session");
}

export function newSession(key: string): Promise<SignedIn> {
  return ask("POST", "/session", { body: { key } });
}

export function putSession(instrument: string): Promise<SignedIn> {
  return ask("PUT", "/session", { body: { instrument } });
}

export function endSession(): Promise<null> {
  return ask("DELETE", "/session");
}

export function getFigures(signal: AbortSignal): Promise<Figures> {
  return ask("GET", "/administration", { signal });
}

interface Extras {
  body?: unknown;
  signal?: AbortSignal;
}

async function ask<T>(method: string, path: string, { body, signal }: Extras = {}): Promise<T> {
  const request: RequestInit = { method, headers: { Accept: "application/json" } };
  if (signal) request.signal = signal;
  if (body !== undefined) {
    request.headers = { ...request.headers, "Content-Type": "application/json" };
    request.body = JSON.stringify(body);
  }
  const session = sessionTurn();
  const [status, text] = await fetchText(BASE + path, request);
  return readAnswer(status, text, session) as T;
}

async function fetchText(url: string, request: RequestInit): Promise<[number, string]> {
  try {
    const response = await fetch(url, request);
    return [response.status, await response.text()];
  } catch (error) {
    throw isAbort(error) ? error : gone();
  }
}
