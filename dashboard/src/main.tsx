// Starts the dashboard in the page.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { useState } from "react";
import { createRoot } from "react-dom/client";
import { useKey } from "./api/key-store.js";
import { retryFailure } from "./api/retry.js";
import { makeRouter } from "./router.js";
import { applyTheme } from "./shell/theme.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./parts/button.css";
import "./parts/badge.css";
import "./styles/field.css";
import "./styles/card.css";
import "./parts/menu.css";
import "./parts/dialog.css";
import "./parts/tabs.css";
import "./parts/states.css";
import "./styles/list.css";
import "./styles/code.css";
import "./styles/shell.css";
import "./range/range.css";

type Router = ReturnType<typeof makeRouter>;

function makeQueries(): QueryClient {
  return new QueryClient({ defaultOptions: { queries: { refetchOnWindowFocus: false, retry: retryFailure } } });
}

/** What was answered to one key is never shown to the next: with the key, all of the pages and their answers change. */
function Dashboard({ router }: { readonly router: Router }) {
  return <Pages key={useKey()} router={router} />;
}

function Pages({ router }: { readonly router: Router }) {
  const [queries] = useState(makeQueries);
  return (
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  );
}

function start(place: HTMLElement): void {
  applyTheme();
  createRoot(place).render(<Dashboard router={makeRouter()} />);
}

const place = document.getElementById("root");
if (place !== null) start(place);
