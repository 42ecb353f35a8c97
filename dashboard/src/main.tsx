// Starts the dashboard in the page.
import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { createRoot } from "react-dom/client";
import { ApiFailure } from "./api/ask.js";
import { makeRouter } from "./router.js";
import { applyTheme } from "./shell/theme.js";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/parts.css";
import "./styles/shell.css";
import "./range/range.css";

const triesMax = 2;

function start(place: HTMLElement): void {
  applyTheme();
  const queries = new QueryClient({
    defaultOptions: {
      queries: {
        refetchOnWindowFocus: false,
        // What the gateway refused, it will refuse again; a gateway that is away may come back.
        retry: (failures, error) =>
          failures < triesMax && (!(error instanceof ApiFailure) || error.status === 0 || error.status >= 500),
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
