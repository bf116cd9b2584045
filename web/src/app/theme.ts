// Dark or light: as the system has it, or as the reader chose.
import { computed, ref, watchEffect } from "vue";

const KEY = "schedules.theme";
export type Theme = "system" | "light" | "dark";

const system = window.matchMedia("(prefers-color-scheme: dark)");
const systemDark = ref(system.matches);
system.addEventListener("change", (change) => (systemDark.value = change.matches));

const stored = localStorage.getItem(KEY);
export const theme = ref<Theme>(stored === "light" || stored === "dark" ? stored : "system");
export const dark = computed(() => (theme.value === "system" ? systemDark.value : theme.value === "dark"));

watchEffect(() => {
  document.documentElement.classList.toggle("dark", dark.value);
  localStorage.setItem(KEY, theme.value);
}, { flush: "sync" });

export function toggleTheme(): void {
  theme.value = dark.value ? "light" : "dark";
}
