import { KEYS } from "./keys";
import "./help.css";

export function ViewerHelp() {
  return (
    <details className="viewer-help">
      <summary>Keys</summary>
      <p id="viewer-help">Drag to pan, scroll or pinch to zoom. Shortcuts while the image has the focus:</p>
      <dl>
        {KEYS.map(([keys, what]) => (
          <div key={keys}>
            <dt>
              <kbd>{keys}</kbd>
            </dt>
            <dd>{what}</dd>
          </div>
        ))}
      </dl>
    </details>
  );
}
