// Calls of the REST interface. Every failure is an ApiError that says in words what was wrong, and in which field.
import { reportLost } from "./connection";
import { askForToken, session } from "./session";

export interface FieldFault {
  field: string;
  message: string;
  /** Zero-based place inside the field's text, where the server tells it. */
  column?: number | undefined;
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly faults: FieldFault[],
    readonly requestId: string,
    readonly body: unknown,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

type Query = Record<string, string | number | boolean | null | undefined>;

export interface CallOptions {
  query?: Query;
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal | undefined;
}

export function withQuery(path: string, query: Query = {}): string {
  const given = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== "") given.set(name, String(value));
  }
  const text = given.toString();
  return text === "" ? path : `${path}?${text}`;
}

export function authorization(): Record<string, string> {
  return session.token === "" ? {} : { Authorization: `Bearer ${session.token}` };
}

/** One path segment. */
export const segment = (text: string): string => encodeURIComponent(text);

interface ContractDetail {
  loc: (string | number)[];
  msg: string;
}

function faultsOf(body: Record<string, unknown>): FieldFault[] {
  if (Array.isArray(body.errors)) {
    return (body.errors as { field: string; detail: string; column?: number }[]).map((each) => ({
      field: each.field, message: each.detail, column: each.column,
    }));
  }
  if (Array.isArray(body.detail)) {
    return (body.detail as ContractDetail[]).map((each) => ({ field: each.loc.slice(1).join("."), message: each.msg }));
  }
  return [];
}

/** Reads an answer in either of the two forms that the server has for errors. */
export function errorOf(status: number, text: string): ApiError {
  let body: Record<string, unknown> = {};
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null) body = read as Record<string, unknown>;
  } catch {
    // Not ours: a proxy's page, or nothing.
  }
  const faults = faultsOf(body);
  const told = typeof body.detail === "string" ? body.detail : "";
  const message = told || faults.map((each) => each.message).join("; ") || `The server answered ${status}.`;
  return new ApiError(status, String(body.code ?? ""), message, faults, String(body.request_id ?? ""), body);
}

async function send(method: string, path: string, options: CallOptions): Promise<Response> {
  const headers: Record<string, string> = { Accept: "application/json", ...authorization(), ...options.headers };
  const init: RequestInit = { method, headers, cache: "no-store", signal: options.signal ?? null };
  if (options.body !== undefined) {
    headers["Content-Type"] ??= "application/json";
    init.body = JSON.stringify(options.body);
  }
  try {
    return await fetch(withQuery(path, options.query), init);
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    reportLost();
    throw new ApiError(0, "unreachable", "The server cannot be reached.", [], "", null);
  }
}

async function answered(method: string, path: string, options: CallOptions): Promise<{ text: string; headers: Headers }> {
  const answer = await send(method, path, options);
  const text = await answer.text();
  if (answer.ok) return { text, headers: answer.headers };
  const error = errorOf(answer.status, text);
  // 403 of a token that is there but bad or expired; that of a weak role leaves the page as it is.
  if (answer.status === 401) askForToken(error.message);
  else if (answer.status === 403 && session.token !== "" && /token/i.test(error.message)) askForToken(error.message);
  throw error;
}

export async function callText(method: string, path: string, options: CallOptions = {}): Promise<string> {
  return (await answered(method, path, options)).text;
}

export async function call<T>(method: string, path: string, options: CallOptions = {}): Promise<T> {
  const text = await callText(method, path, options);
  return (text === "" ? undefined : JSON.parse(text)) as T;
}

export const get = <T>(path: string, query?: Query, signal?: AbortSignal): Promise<T> =>
  call<T>("GET", path, query ? { query, signal } : { signal });
/** One page of a list, and how long the list is. */
export interface Counted<T> {
  items: T[];
  total: number;
}
export async function getCounted<T>(path: string, query: Query, signal?: AbortSignal): Promise<Counted<T>> {
  const { text, headers } = await answered("GET", path, { query: { ...query, total: true }, signal });
  return { items: JSON.parse(text) as T[], total: Number(headers.get("X-Total-Count")) };
}
export const post = <T>(path: string, body?: unknown): Promise<T> => call<T>("POST", path, { body });
export const put = <T>(path: string, body?: unknown): Promise<T> => call<T>("PUT", path, { body });

/** A sentence for any failure. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
