import { createTheme, type CSSVariablesResolver, type MantineColorsTuple } from "@mantine/core";

const ink: MantineColorsTuple = [
  "#eef1ff", "#dee4fd", "#bcc8fa", "#95a7f5", "#7089ef", "#4f6ae6", "#3a53d0", "#3044ac", "#28398a", "#1f2c6a",
];
const slate: MantineColorsTuple = [
  "#f7f8fa", "#f0f2f5", "#e4e7ec", "#d2d7df", "#b3bbc8", "#8b95a5", "#667085", "#475467", "#2f3a4b", "#1a2331",
];
const night: MantineColorsTuple = [
  "#e4e8ee", "#c5ccd7", "#9ba5b5", "#6c7687", "#353e4c", "#29313d", "#1f2630", "#161b23", "#10141a", "#0b0e13",
];

export const theme = createTheme({
  primaryColor: "ink",
  primaryShade: { light: 6, dark: 5 },
  colors: { ink, gray: slate, dark: night },
  fontFamily: '"Inter", system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SF Mono", Menlo, Consolas, monospace',
  fontSizes: { xs: "0.75rem", sm: "0.8125rem", md: "0.875rem", lg: "1rem", xl: "1.125rem" },
  headings: {
    fontWeight: "600",
    sizes: {
      h1: { fontSize: "1.375rem", lineHeight: "1.3" },
      h2: { fontSize: "1rem", lineHeight: "1.4" },
      h3: { fontSize: "0.875rem", lineHeight: "1.4" },
    },
  },
  defaultRadius: "md",
  radius: { sm: "4px", md: "6px", lg: "10px" },
  cursorType: "pointer",
  focusRing: "auto",
  components: {
    Button: { defaultProps: { size: "xs" }, styles: { label: { fontWeight: 550 }, section: { marginInlineEnd: 6 } } },
    Tooltip: { defaultProps: { openDelay: 250, withArrow: true, events: { hover: true, focus: true, touch: true } } },
    Skeleton: { defaultProps: { radius: "sm" } },
    Menu: { defaultProps: { shadow: "md", withinPortal: true, withInitialFocusPlaceholder: false } },
    Modal: {
      defaultProps: {
        centered: true, overlayProps: { backgroundOpacity: 0.4 }, closeButtonProps: { "aria-label": "Close" },
        // A second <header> would be a second banner of the page.
        attributes: { header: { role: "presentation" } },
      },
    },
    Notification: { defaultProps: { closeButtonProps: { "aria-label": "Close" } } },
  },
});

/** Secondary text dark enough for 4.5 : 1 on every surface, and the surfaces themselves. */
export const cssVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    "--mantine-color-body": "#ffffff",
    "--mantine-color-dimmed": "#566073",
    "--mantine-color-placeholder": "#667085",
    "--mantine-color-text": "#1a2331",
    "--mantine-color-anchor": "#3044ac",
    "--mantine-color-error": "#b42323",
    "--mantine-color-default-border": "#d2d7df",
    "--mantine-color-default-color": "#1a2331",
  },
  dark: {
    "--mantine-color-dimmed": "#a3adbc",
    "--mantine-color-placeholder": "#8d97a6",
    "--mantine-color-anchor": "#95a7f5",
    "--mantine-color-error": "#ff9a9a",
    "--mantine-color-default-border": "#353e4c",
  },
});
