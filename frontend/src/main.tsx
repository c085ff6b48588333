import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import "./frame/tokens.css"; // before the rules of the components
import "./frame/base.css";
import "./frame/buttons.css";
import "./frame/fields.css";
import "./frame/segments.css";
import "./frame/progress.css";
import "./frame/pieces.css";
import { App } from "./App";

// After an update of the service the scripts of the page that is open are gone.
window.addEventListener("vite:preloadError", () => window.location.reload());

const root = document.getElementById("root");
if (!root) throw new Error("index.html has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
