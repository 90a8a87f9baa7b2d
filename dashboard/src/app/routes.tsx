import { createHashRouter } from "react-router";
import { TodayPage } from "~/features/today/TodayPage";
import { NotFound, RouteError } from "./RouteError";
import { Shell } from "./Shell";

/** The pages; each but the first comes in its own file. Hash addresses, since the pages are static files. */
export function createRoutes() {
  return createHashRouter([
    {
      element: <Shell />,
      errorElement: <RouteError />,
      children: [
        {
          errorElement: <RouteError />,
          children: [
            { index: true, element: <TodayPage /> },
            {
              path: "accounts",
              lazy: async () => ({ Component: (await import("~/features/portfolio/PortfolioPage")).PortfolioPage }),
            },
            {
              path: "accounts/:id",
              lazy: async () => ({ Component: (await import("~/features/account/AccountPage")).AccountPage }),
            },
            {
              path: "white-space",
              lazy: async () => ({ Component: (await import("~/features/whiteSpace/WhiteSpacePage")).WhiteSpacePage }),
            },
            {
              path: "alerts/:id?",
              lazy: async () => ({ Component: (await import("~/features/alerts/AlertsPage")).AlertsPage }),
            },
            {
              path: "imports/:id?",
              lazy: async () => ({ Component: (await import("~/features/imports/ImportPage")).ImportPage }),
            },
            {
              path: "integrations/:source?",
              lazy: async () => ({
                Component: (await import("~/features/integrations/IntegrationsPage")).IntegrationsPage,
              }),
            },
            {
              path: "accuracy",
              lazy: async () => ({ Component: (await import("~/features/accuracy/AccuracyPage")).AccuracyPage }),
            },
            {
              path: "accuracy/backtests",
              lazy: async () => ({ Component: (await import("~/features/accuracy/backtests/BacktestsPage")).BacktestsPage }),
            },
            {
              path: "accuracy/backtests/:id",
              lazy: async () => ({ Component: (await import("~/features/accuracy/backtests/BacktestPage")).BacktestPage }),
            },
            {
              path: "settings",
              lazy: async () => ({ Component: (await import("~/features/settings/SettingsPage")).SettingsPage }),
            },
            {
              path: "settings/profiles",
              lazy: async () => ({ Component: (await import("~/features/profiles/ProfilesPage")).ProfilesPage }),
            },
            {
              path: "settings/models",
              lazy: async () => ({ Component: (await import("~/features/models/ModelsPage")).ModelsPage }),
            },
            { path: "*", element: <NotFound /> },
          ],
        },
      ],
    },
  ]);
}
