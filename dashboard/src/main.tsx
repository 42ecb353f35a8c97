// Starts the dashboard in the page.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { retryFailure } from "./api/retry.js";
import { makeRouter } from "./router.js";
import { applyTheme } from "./shell/theme.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import "./range/range.css";

function start(place: HTMLElement): void {
  applyTheme();
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        refetchOnWindowFocus: false,
        retry: retryFailure,
      },
    },
  });
  createRoot(place).render(
    <QueryClientProvider client={queries}>
      <RouterProvider router={makeRouter()} />
    </QueryClientProvider>,
  );
}

const place = document.getElementById("root");
if (place !== null) start(place);
