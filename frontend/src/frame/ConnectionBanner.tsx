import { useConnectionLost } from "../api/connection";
import { Icon } from "./Icon";
import "./banner.css";

/** Says that the service is gone for as long as it is; whoever polls finds out when it is back. */
export function ConnectionBanner() {
  const lost = useConnectionLost();
  return (
    <div className="banner-place" role="status">
      {lost && (
        <p className="banner">
          <Icon name="warning" />
          <span>
            <strong>The service does not answer.</strong> Accepted registrations are kept; this page keeps
            trying and goes on by itself.
          </span>
        </p>
      )}
    </div>
  );
}
