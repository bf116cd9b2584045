// The views. Their addresses are behind the #, so that the server needs no rule for them.
import { createRouter, createWebHashHistory, type RouteRecordRaw } from "vue-router";

const routes: RouteRecordRaw[] = [
  { path: "/", redirect: "/overview" },
  { path: "/overview", component: () => import("../overview/OverviewView.vue"), meta: { title: "Overview" } },
  { path: "/schedules", component: () => import("../schedules/ScheduleList.vue"), meta: { title: "Schedules" } },
  { path: "/schedules/new", component: () => import("../schedules/ScheduleEditor.vue"), meta: { title: "New schedule" } },
  { path: "/schedules/:id", component: () => import("../schedules/ScheduleView.vue"), props: true, meta: { title: "Schedule" } },
  { path: "/schedules/:id/edit", component: () => import("../schedules/ScheduleEditor.vue"), props: true,
    meta: { title: "Edit schedule" } },
  { path: "/events", component: () => import("../events/EventList.vue"), meta: { title: "Events" } },
  { path: "/events/new", component: () => import("../events/EventComposer.vue"), meta: { title: "New event" } },
  { path: "/events/:id", component: () => import("../events/EventView.vue"), props: true, meta: { title: "Event" } },
  { path: "/dead-letters", component: () => import("../deadletters/DeadLetters.vue"), meta: { title: "Dead letters" } },
  { path: "/definitions", component: () => import("../definitions/DefinitionList.vue"), meta: { title: "Definitions" } },
  { path: "/analytics", component: () => import("../analytics/AnalyticsView.vue"), meta: { title: "Analytics" } },
  { path: "/cluster", component: () => import("../cluster/ClusterView.vue"), meta: { title: "Cluster" } },
  { path: "/settings", component: () => import("../settings/SettingsView.vue"), meta: { title: "Settings" } },
  { path: "/:rest(.*)*", component: () => import("./NotFound.vue"), meta: { title: "Not found" } },
];

export const router = createRouter({ history: createWebHashHistory(), routes, scrollBehavior: () => ({ top: 0 }) });

router.afterEach((to) => {
  document.title = `${String(to.meta.title ?? "")} · Stufio Schedules`;
});
