import { reportAnswer } from "./connection";
import { noteUnknown } from "./session";
import type { Problem } from "./types";

/** The service answered, and what it says is a problem. */
export class ServiceProblem extends Error {
  constructor(readonly problem: Problem) {
    super(problem.detail ?? problem.title);
    this.name = "ServiceProblem";
  }
}

/** No answer came: the service is down, or the way to it. */
export class ServiceGone extends Error {
  constructor() {
    super("The service did not answer.");
    this.name = "ServiceGone";
  }
}

const KEY_UNKNOWN = "/problems/api-key-unknown"; // the one that was typed: whoever is signed in still is
const GATEWAY_STATUSES = new Set([502, 503, 504]); // a proxy that stands before a dead service

/** Read the body of an answer that was asked for in a session, or throw what it says went wrong. */
export function readAnswer(status: number, body: string, session: number): unknown {
  const parsed = parse(body);
  if (GATEWAY_STATUSES.has(status) && !isProblem(parsed)) throw gone();
  reportAnswer(true);
  if (status === 204) return null;
  if (status >= 200 && status < 300 && parsed !== undefined) return parsed;
  const refusal = new ServiceProblem(isProblem(parsed) ? parsed : unexplained(status));
  if (status === 401 && refusal.problem.type !== KEY_UNKNOWN) noteUnknown(refusal.message, session);
  throw refusal;
}

export function gone(): ServiceGone {
  reportAnswer(false);
  return new ServiceGone();
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

function unexplained(status: number): Problem {
  return { type: "about:blank", title: `The service answered with status ${status} and no explanation.`, status };
}
