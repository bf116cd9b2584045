// The access token, for as long as the tab is open. It is sent in a header only, never in an address.
import { reactive } from "vue";

const KEY = "schedules.token";

export const session = reactive({
  token: sessionStorage.getItem(KEY) ?? "",
  /** The server wants a token, or another one. */
  wanted: false,
  reason: "",
  /** Grows with each sign-in and sign-out, so that views load again. */
  generation: 0,
});

export function signIn(token: string): void {
  session.token = token.trim().replace(/^Bearer\s+/i, "");
  sessionStorage.setItem(KEY, session.token);
  session.wanted = false;
  session.reason = "";
  session.generation++;
}

export function signOut(): void {
  session.token = "";
  sessionStorage.removeItem(KEY);
  session.generation++;
}

export function askForToken(reason: string): void {
  session.reason = session.token === "" ? "" : reason;
  session.wanted = true;
}
