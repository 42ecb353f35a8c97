// Which page stands at which address. Every page but the frame is fetched when it is first wanted.
import { createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect } from "@tanstack/react-router";
import { Empty, Failure, Waiting } from "./parts/states.js";
import { Shell } from "./shell/shell.js";
import { parseSearchText, printSearchText, readSearch } from "./shell/view.js";

const root = createRootRoute({
  component: Shell,
  validateSearch: readSearch,
  notFoundComponent: () => <Empty title="There is no such page">The address may be mistyped.</Empty>,
});

const home = createRoute({
  getParentRoute: () => root,
  path: "/",
  beforeLoad: () => {
    // oxlint-disable-next-line typescript/only-throw-error -- the way of the router
    throw redirect({ to: "/overview", replace: true });
  },
});

const at = { getParentRoute: () => root } as const;
const routes = [
  home,
  createRoute({
    ...at,
    path: "/overview",
    component: lazyRouteComponent(() => import("./overview/overview-page.js"), "OverviewPage"),
  }),
  createRoute({
    ...at,
    path: "/traces",
    component: lazyRouteComponent(() => import("./traces/traces-page.js"), "TracesPage"),
  }),
  createRoute({
    ...at,
    path: "/traces/$id",
    component: lazyRouteComponent(() => import("./trace/trace-page.js"), "TracePage"),
  }),
  createRoute({
    ...at,
    path: "/compare/$left/$right",
    component: lazyRouteComponent(() => import("./compare/compare-page.js"), "ComparePage"),
  }),
  createRoute({
    ...at,
    path: "/sessions",
    component: lazyRouteComponent(() => import("./sessions/sessions-page.js"), "SessionsPage"),
  }),
  createRoute({
    ...at,
    path: "/playground",
    component: lazyRouteComponent(() => import("./playground/playground-page.js"), "PlaygroundPage"),
  }),
  createRoute({
    ...at,
    path: "/keys",
    component: lazyRouteComponent(() => import("./keys/keys-page.js"), "KeysPage"),
  }),
];

export function makeRouter() {
  return createRouter({
    routeTree: root.addChildren(routes),
    basepath: "/dashboard",
    parseSearch: parseSearchText,
    stringifySearch: printSearchText,
    defaultPendingComponent: () => <Waiting />,
    defaultErrorComponent: ({ error }) => <Failure error={error} onRetry={() => location.reload()} />,
  });
}
