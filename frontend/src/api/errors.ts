import { setReachable } from "./connection";
import { handleUnauthorized } from "./session";
import type { Problem } from "./types";

/** The service responded with an error. */
export class ServiceError extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "ServiceError";
  }
}

/** No response: the service or the network is down. */
export class ServiceUnreachable extends Error {
  constructor() {
    super("The service did not respond.");
    this.name = "ServiceUnreachable";
  }
}

const KEY_UNKNOWN = "/problems/api-key-unknown"; // of the key in the sign-in form; an existing session stays valid
const GATEWAY_STATUSES = new Set([502, 503, 504]); // from a proxy in front of a service that is down

/** Parse the response to a request that was sent in the given session; throw the error that it reports. */
export function readResponse(status: number, body: string, session: number): unknown {
  const parsed = parse(body);
  if (GATEWAY_STATUSES.has(status) && !isProblem(parsed)) throw unreachable();
  setReachable(true);
  if (status === 204) return null;
  if (status >= 200 && status < 300 && parsed !== undefined) return parsed;
  const refusal = new ServiceError(isProblem(parsed) ? parsed : withoutDetails(status));
  if (status === 401 && refusal.problem.type !== KEY_UNKNOWN) handleUnauthorized(refusal.message, session);
  throw refusal;
}

export function unreachable(): ServiceUnreachable {
  setReachable(false);
  return new ServiceUnreachable();
}

/** Whether the same request may succeed later: not where the service has refused its content. */
export function mayPass(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return error instanceof ServiceUnreachable;
  const { status } = error.problem;
  return status >= 500 || status === 429 || status === 408;
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === "AbortError";
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

function isProblem(value: unknown): value is Problem {
  return typeof value === "object" && value !== null && "title" in value && "status" in value;
}

function withoutDetails(status: number): Problem {
  return {
    type: "about:blank",
    title: `The service responded with status ${status} without details.`,
    status,
  };
}
