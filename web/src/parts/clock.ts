// The time, once a second, for "in 5 s".
import { ref } from "vue";

export const now = ref(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1000);
