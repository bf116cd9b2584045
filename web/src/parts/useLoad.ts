// Loads what a view shows: again when asked, when its inputs change, at an interval, and when the server is back.
import { onScopeDispose, ref, shallowRef, watch, type Ref, type ShallowRef } from "vue";

import { messageOf } from "../api/client";
import { connection } from "../api/connection";
import { session } from "../api/session";

export interface Loading<T> {
  data: ShallowRef<T | undefined>;
  error: Ref<string>;
  /** True before the first answer; later loads leave what is shown in place. */
  pending: Ref<boolean>;
  busy: Ref<boolean>;
  reload: () => Promise<void>;
}

export function useLoad<T>(
  load: (signal: AbortSignal) => Promise<T>,
  options: { on?: () => unknown; everyMs?: number } = {},
): Loading<T> {
  const data = shallowRef<T>();
  const error = ref("");
  const pending = ref(true);
  const busy = ref(false);
  let current: AbortController | null = null;

  async function reload(): Promise<void> {
    current?.abort();
    const mine = (current = new AbortController());
    busy.value = true;
    try {
      const loaded = await load(mine.signal);
      if (mine.signal.aborted) return;
      data.value = loaded;
      error.value = "";
    } catch (failure) {
      if (mine.signal.aborted) return;
      error.value = messageOf(failure);
    }
    pending.value = false;
    busy.value = false;
  }

  watch(() => [options.on?.(), session.generation, connection.generation], () => void reload(), { immediate: true, deep: true });
  if (options.everyMs) {
    const ticking = setInterval(() => {
      if (!document.hidden && !connection.lost && !session.wanted && !busy.value) void reload();
    }, options.everyMs);
    onScopeDispose(() => clearInterval(ticking));
  }
  onScopeDispose(() => current?.abort());
  return { data, error, pending, busy, reload };
}
