import type { ReactNode } from "react";

export type Role = "fixed" | "moving";

const NAMES: Record<Role, string> = { fixed: "Fixed", moving: "Moving" };

/** The name of a role or of its image, in its colour of the magenta-green overlay. */
export function RoleName({ role, children = NAMES[role] }: { role: Role; children?: ReactNode }) {
  return <span className={`role role-${role}`}>{children}</span>;
}
