import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "@mantine/spotlight/styles.css";
import "./app/styles.css";
import { createRoot } from "react-dom/client";
import { App } from "./app/App";

const root = document.querySelector("#root");
if (root !== null) createRoot(root).render(<App />);
