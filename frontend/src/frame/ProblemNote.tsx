import type { ReactNode } from "react";
import { Icon } from "./Icon";

/** What went wrong, beside the thing that it went wrong with. */
export function ProblemNote({ title, children }: { title?: string; children: ReactNode }) {
  return (
    <div className="problem" role="alert">
      <Icon name="refuse" />
      <p>
        {title && <strong>{title} </strong>}
        {children}
      </p>
    </div>
  );
}
