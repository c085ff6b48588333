import { useConnectionLost } from "../api/connection";
import { Icon } from "./Icon";
import "./banner.css";

/** Shown while the service does not respond; polling hooks detect when it is back. */
export function ConnectionBanner() {
  const disconnected = useConnectionLost();
  return (
    <div className="banner-place" role="status">
      {disconnected && (
        <p className="banner">
          <Icon name="warning" />
          <span>
            <strong>The service does not respond.</strong> Submitted registrations are safe; this page
            reconnects automatically.
          </span>
        </p>
      )}
    </div>
  );
}
