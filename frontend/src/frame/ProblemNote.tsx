import type { ReactNode } from "react";
import { Icon } from "./Icon";

/** An error message, placed next to the element that it concerns. */
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
